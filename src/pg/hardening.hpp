// SPDX-License-Identifier: MIT
#pragma once

#include "config/config.hpp"
#include "core/deadline.hpp"
#include "core/failure.hpp"
#include "pg/session.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace dbup {

/// The statements that put a session into the state in which a check may look at a server, and the
/// proof that they hold. Everything is local to the transaction: a pooler passes nothing of it on
/// to the next client.
class Hardening {
public:
    struct Ways {
        /// Let the server end a statement soon after we are gone; a server whose platform cannot
        /// see that refuses it with SQLSTATE 22023.
        bool notices_lost_client = false;
        bool writes = false; ///< the transaction is READ WRITE
        /// The server writes dates as ISO 8601 does, and no statement of a user's can change that:
        /// its clock need not be asked for a number, which costs it a tenth of a millisecond.
        bool iso_dates = false;
    };

    /// The time limit of a statement is `config.statement_timeout`, but never more than what
    /// `deadline` leaves, so that the server itself ends what we cannot wait for.
    Hardening(const Config& config, const Deadline& deadline, const Ways& ways);

    /// In order, before the first query. The first two need no look into the catalogs, so that even
    /// a locked catalog is waited for under the time limit.
    [[nodiscard]] const std::vector<std::string>& statements() const { return statements_; }

    /// What verify() demands.
    [[nodiscard]] const std::vector<HeldSetting>& settings() const { return settings_; }

    /// The query that reads the settings back and, in the same statement, the facts of the server;
    /// with -vv also those that cost bytes and that few need. It must live until the query is sent.
    [[nodiscard]] Query proof() const;

    /// The failure of a statement under these limits; of one that a limit has ended, with the
    /// option that set the limit.
    [[nodiscard]] Failure explained(const Failure& failure) const;

    /// \throws Failure{hardening} unless the row of proof() shows every setting as demanded
    void verify(const Rows& proof) const;

private:
    std::vector<HeldSetting> settings_;
    std::vector<std::string> statements_;
    std::string proof_;
    std::string_view limit_option_ = {}; ///< what has set the time limit of a statement
    std::string_view lock_option_ = {};  ///< what has set that of the wait for a lock
};

/// A number of milliseconds as PostgreSQL shows it: the largest unit that divides it ("5s",
/// "1500ms", "2min").
std::string postgres_duration(Millis duration);

} // namespace dbup
