// SPDX-License-Identifier: MIT
#pragma once

#include "pg/cleartext_guard.hpp"
#include "pg/connector.hpp"
#include "pg/libpq.hpp"

namespace dbup {

/// Connects to one candidate and logs in, without ever blocking but in libpq's own computing. Every
/// parameter is given, so that nothing of the environment reaches libpq.
class Login {
public:
    /// All of them must outlive the login.
    Login(const Config& config, const Candidate& candidate, Trace& trace, int stop_fd)
        : config_{config}, candidate_{candidate}, trace_{trace}, stop_fd_{stop_fd}
    {
    }

    /// Starts it; sends nothing yet but the first packet of the connection.
    void start();

    /// The password that libpq will use, also one from its password file; empty if there is none.
    [[nodiscard]] Secret password() const;

    /// Waits until it is done. \throws Failure{timeout} at the deadline, or of another class
    Connection finish(const Deadline& deadline);

private:
    [[nodiscard]] bool
    may_proceed(PostgresPollingStatusType wants, const Deadline& deadline, CleartextGuard* guard);

    const Config& config_;
    const Candidate& candidate_;
    Trace& trace_;
    int stop_fd_;
    Connection connection_;
};

} // namespace dbup
