// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "support/client.hpp"
#include "support/process.hpp"

namespace dbup_test {

/// A PgBouncer with one server connection before the shared cluster, TLS on both sides, SCRAM. The
/// monitoring role is its administrator; `watcher` may look at its console, `stranger` may not;
/// all have the same password.
class PgBouncer {
public:
    /// `target_port`: the server behind it; the shared cluster when empty. `settings`: more lines
    /// of its configuration.
    explicit PgBouncer(const std::string& pool_mode,
                       const std::string& target_port = {},
                       const Strings& settings = {});

    [[nodiscard]] std::string port() const { return port_; }

    /// For a Client: the monitoring role, through the pooler.
    [[nodiscard]] Parameters client() const;

    /// A command of the admin console: PAUSE, DISABLE mydb, …
    void command(const std::string& words) const;

private:
    std::string port_ = {};
    std::optional<Process> process_ = {};
};

} // namespace dbup_test
