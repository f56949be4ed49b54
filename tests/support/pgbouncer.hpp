// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "support/client.hpp"
#include "support/process.hpp"

namespace dbup_test {

/// A PgBouncer with one server connection before the shared cluster, TLS on both sides, SCRAM.
class PgBouncer {
public:
    /// `target_port`: the server behind it; the shared cluster when empty.
    explicit PgBouncer(const std::string& pool_mode, const std::string& target_port = {});

    [[nodiscard]] std::string port() const { return port_; }

    /// For a Client: the monitoring role, through the pooler.
    [[nodiscard]] Parameters client() const;

private:
    std::string port_ = {};
    std::optional<Process> process_ = {};
};

} // namespace dbup_test
