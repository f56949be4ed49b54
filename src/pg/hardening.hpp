// SPDX-License-Identifier: MIT
#pragma once

#include "config/config.hpp"
#include "core/deadline.hpp"
#include "pg/session.hpp"

#include <string>
#include <vector>

namespace dbup {

/// The statements that put a session into the state in which a check may look at a server, and the
/// proof that they hold. Everything is local to the transaction: a pooler passes nothing of it on
/// to the next client.
class Hardening {
public:
    /// The time limit of a statement is `config.statement_timeout`, but never more than what
    /// `deadline` leaves, so that the server itself ends what we cannot wait for.
    /// \param notice_lost_client let the server end a statement soon after we are gone; a server
    /// whose
    ///        platform cannot see that refuses it with SQLSTATE 22023
    Hardening(const Config& config, const Deadline& deadline, bool notice_lost_client);

    /// In order, before the first query. The first two need no look into the catalogs, so that even
    /// a locked catalog is waited for under the time limit.
    [[nodiscard]] const std::vector<std::string>& statements() const { return statements_; }

    /// The query that reads the settings back and, in the same statement, the facts of the server.
    [[nodiscard]] static Query proof();

    /// \throws Failure{hardening} unless the row of proof() shows every setting as demanded
    void verify(const Rows& proof) const;

private:
    struct Setting {
        std::string name;
        std::string value; ///< as current_setting() shows it
    };

    std::vector<Setting> settings_;
    std::vector<std::string> statements_;
};

/// A number of milliseconds as PostgreSQL shows it: the largest unit that divides it ("5s",
/// "1500ms", "2min").
std::string postgres_duration(Millis duration);

} // namespace dbup
