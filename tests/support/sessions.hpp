// SPDX-License-Identifier: MIT
// Sessions of the shared cluster that somebody else would call stuck.
#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "support/cluster.hpp"

namespace dbup_test {

/// Makes a role with a password that may connect to the cluster's database and create tables in
/// its schema public; `more` is what else is said of it ("SUPERUSER").
void make_role(const std::string& name, const std::string& more = {});

/// For a Client: a role of make_role() in the cluster's database, over TCP.
Parameters role_parameters(const std::string& role, const std::string& application);

/// Options for the program under test to be that role.
Strings role_options(const std::string& role);

/// An open session and its process on the server.
class OpenSession {
public:
    /// Opens it and runs `statements`.
    explicit OpenSession(const Parameters& parameters, const std::string& statements = {});

    Client& client() { return client_; }
    [[nodiscard]] const std::string& pid() const { return pid_; }
    /// Whether the server still has it.
    [[nodiscard]] bool there() const;

private:
    Client client_;
    std::string pid_;
};

/// A session that runs one more statement until that ends, or the session does.
class BusySession {
public:
    BusySession(const Parameters& parameters,
                const std::string& statements,
                const std::string& last);
    BusySession(const BusySession&) = delete;
    BusySession(BusySession&&) = delete;
    BusySession& operator=(const BusySession&) = delete;
    BusySession& operator=(BusySession&&) = delete;
    ~BusySession();

    [[nodiscard]] const std::string& pid() const { return session_.pid(); }
    [[nodiscard]] bool there() const { return session_.there(); }
    /// Whether the last statement is over.
    [[nodiscard]] bool over() const { return over_; }

private:
    OpenSession session_;
    std::atomic<bool> over_ = false;
    std::thread thread_;
};

/// Returns when the session runs a query, or waits for a lock.
void wait_until_active(const std::string& pid);
void wait_until_blocked(const std::string& pid);

} // namespace dbup_test
