// SPDX-License-Identifier: MIT
#pragma once

#include "actions/attempts.hpp"
#include "actions/rights.hpp"
#include "core/failure.hpp"

#include <optional>
#include <string>
#include <vector>

namespace dbup {

/// The role of a session, as the server knows it.
struct RoleFacts {
    std::string name = {};
    std::vector<std::string> powers = {}; ///< attributes and memberships that no check needs
    bool bootstrap = false; ///< the superuser that initdb has made, and that must remain one
    int backend_pid = 0;    ///< of the process that answers
    Standing standing = {};
};

/// Whether the role has what a check needs.
struct PrivilegeFact {
    std::string_view check = {};
    std::string name = {};         ///< completes "the role has …"
    std::string_view pattern = {}; ///< of the GRANT, with {role_ident} and {database_ident}; or
    Words grant = {};              ///< what gives it, where there is no pattern
    bool granted = false;
};

/// What --validate has learned from a session.
struct Survey {
    Answer answer = {};
    RoleFacts role = {};
    std::vector<PrivilegeFact> privileges = {};
    std::optional<Failure> objection = {}; ///< to what the check would ask
};

/// Opens the session that a check would open, with its retries and its hardening, and asks about
/// the role and the privileges of every check of the table in one round trip. A check of
/// PgBouncer's console looks at the console instead: there is no more to ask about.
/// \throws Failure as a check would
Survey survey_of(const Config& config, const Surroundings& around, const Deadline& deadline);

} // namespace dbup
