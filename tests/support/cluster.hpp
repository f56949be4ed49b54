// SPDX-License-Identifier: MIT
// Real servers for the tests: one cluster per test program, and standbys of it.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "support/certificates.hpp"
#include "support/client.hpp"
#include "support/process.hpp"

namespace dbup_test {

class Cluster {
public:
    /// The cluster of this test program; started by the first who asks, stopped by the sandbox.
    static Cluster& shared();

    [[nodiscard]] std::string get(const std::string& name) const; // a line of the script's env file
    [[nodiscard]] std::string port() const { return get("PORT"); }
    [[nodiscard]] std::string socket_folder() const { return get("SOCKET_DIR"); }
    [[nodiscard]] std::string ca_file() const { return get("CA_FILE"); }
    [[nodiscard]] std::string password_file() const { return get("PASSWORD_FILE"); }
    [[nodiscard]] std::string password() const { return password_; }
    [[nodiscard]] std::filesystem::path data_folder() const { return get("DATA_DIR"); }

    /// The user to run server programs as: empty when it is the caller.
    [[nodiscard]] std::optional<User> server_user() const;

    /// For a Client: the superuser over the socket, without password.
    [[nodiscard]] Parameters superuser(const std::string& database = "postgres") const;
    void execute(const std::string& statements, const std::string& database = "postgres") const;
    [[nodiscard]] std::string value(const std::string& statement) const;
    /// A position in the write-ahead log that standbys will come to. What has been written of a
    /// record that nobody flushes yet (of a page that was pruned while somebody read) is not sent.
    [[nodiscard]] std::string flushed_position() const;

    /// Sessions of our program that the server still has, whatever they do.
    [[nodiscard]] int sessions_of(const std::string& application = "db-up") const;
    void wait_until_gone(const std::string& application = "db-up") const;

    /// Text that the server writes to its log from now on.
    [[nodiscard]] std::uintmax_t log_position() const;
    [[nodiscard]] std::string log_since(std::uintmax_t position) const;

    void reload() const; // returns when new sessions see the change
    void restart() const;
    void start() const;

    /// Stops it in that mode of pg_ctl; without waiting it is still there when this returns.
    void stop(const std::string& mode, bool wait = true) const;

    /// Runs a program as the server's user, throws when it fails; a bare name is one of
    /// PostgreSQL's.
    void run_as_server(Strings argv) const;

    [[nodiscard]] KeyPair authority() const;

private:
    Cluster();

    std::map<std::string, std::string> values_ = {};
    std::string password_ = {};
};

/// Lines of pg_hba.conf before all others, until the end of the scope. The superuser keeps the
/// socket and the database postgres.
class HbaLines {
public:
    explicit HbaLines(const std::string& lines);
    HbaLines(const HbaLines&) = delete;
    HbaLines(HbaLines&&) = delete;
    HbaLines& operator=(const HbaLines&) = delete;
    HbaLines& operator=(HbaLines&&) = delete;
    ~HbaLines();

private:
    std::string before_ = {};
};

/// Another server certificate, until the end of the scope.
class ServerCertificate {
public:
    explicit ServerCertificate(const KeyPair& pair);
    ServerCertificate(const ServerCertificate&) = delete;
    ServerCertificate(ServerCertificate&&) = delete;
    ServerCertificate& operator=(const ServerCertificate&) = delete;
    ServerCertificate& operator=(ServerCertificate&&) = delete;
    ~ServerCertificate();

private:
    std::string certificate_before_ = {};
    std::string key_before_ = {};
};

/// A setting of the server (ALTER SYSTEM, reload), until the end of the scope.
class Setting {
public:
    Setting(std::string name, const std::string& value);
    Setting(const Setting&) = delete;
    Setting(Setting&&) = delete;
    Setting& operator=(const Setting&) = delete;
    Setting& operator=(Setting&&) = delete;
    ~Setting();

private:
    std::string name_ = {};
};

/// SQL of the superuser now, and its undoing at the end of the scope.
class Undoable {
public:
    Undoable(const std::string& now, std::string undo, std::string database = "postgres");
    Undoable(const Undoable&) = delete;
    Undoable(Undoable&&) = delete;
    Undoable& operator=(const Undoable&) = delete;
    Undoable& operator=(Undoable&&) = delete;
    ~Undoable();

private:
    std::string undo_ = {};
    std::string database_ = {};
};

enum class StandbyKind {
    hot,          // streams and answers
    not_hot,      // refuses every session: "hot standby mode is disabled"
    inconsistent, // has not got the log it needs, recovery cannot end
};

/// A second server made from a base backup of the shared cluster.
class Standby {
public:
    explicit Standby(StandbyKind kind, const std::string& name = "standby");
    Standby(const Standby&) = delete;
    Standby(Standby&&) = delete;
    Standby& operator=(const Standby&) = delete;
    Standby& operator=(Standby&&) = delete;
    ~Standby();

    [[nodiscard]] std::string port() const { return port_; }
    [[nodiscard]] Parameters superuser() const;

    /// Ends when the last session has ended; until then new ones are refused.
    void begin_smart_shutdown() const;

    /// Makes it a primary; returns when it is one.
    void promote() const;

private:
    std::filesystem::path data_ = {};
    std::string port_ = {};
};

/// A port of 127.0.0.1 and ::1 on which nobody listens, outside the range of outgoing connections.
/// No test gets it a second time, not in another program either, until this program ends.
std::string free_port();

} // namespace dbup_test
