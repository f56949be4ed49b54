// SPDX-License-Identifier: MIT
#pragma once

#include "pg/bounds.hpp"
#include "pg/certificate.hpp"
#include "pg/cleartext_guard.hpp"
#include "pg/connector.hpp"
#include "pg/libpq.hpp"
#include "pg/wait.hpp"

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

    /// How the server asked for the password; to be asked when the login is done.
    [[nodiscard]] Exchange exchange() const { return exchange_; }

    /// Waits until it is done.
    /// \throws Failure{timeout} when the patience is at its end, or of another class
    Connection finish(const Patience& patience);

private:
    [[nodiscard]] bool
    may_proceed(PostgresPollingStatusType wants, const Lull& lull, CleartextGuard* guard);
    [[nodiscard]] Lull lull_for(PostgresPollingStatusType wants, const Deadline& deadline) const;
    [[nodiscard]] Lull
    lull_after(const CleartextGuard& guard, const Lull& before, const Deadline& deadline) const;
    [[nodiscard]] Failure failure(const Overheard& overheard) const;

    const Config& config_;
    const Candidate& candidate_;
    Trace& trace_;
    int stop_fd_;
    Connection connection_;
    FloodGate flood_gate_{most_bytes_of_login};
    Exchange exchange_ = Exchange::unseen;
};

} // namespace dbup
