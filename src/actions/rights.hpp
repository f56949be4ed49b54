// SPDX-License-Identifier: MIT
// What gives a role the rights of pg_monitor, so that they count.
#pragma once

#include "checks/check.hpp"

#include <string>
#include <string_view>

namespace dbup {

/// How the role of a session stands to pg_monitor. A member without INHERIT has none of its rights
/// until it says SET ROLE, which no check does.
struct Standing {
    bool member = false;
    bool inherits = true; ///< the role's own attribute, which from 16 on is the default of a GRANT
};

/// SQL for `groups` ("pg_monitor") with the place {role_ident}.
/// \param server_version as PostgreSQL counts: 150018
std::string grant_of(std::string_view groups, const Standing& standing, int server_version);

/// Asks the server; where that does not work, the usual standing is taken.
Standing standing_of(Session& session, const Deadline& deadline);

/// As `check.look`; where the role may not look, the fix is one that helps this role.
/// \throws Failure as it does
Evidence
look_of(const Check& check, Session& session, const Config& config, const Deadline& deadline);

} // namespace dbup
