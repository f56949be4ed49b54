// SPDX-License-Identifier: MIT
// The scheduler loses patience: one line that says where the run stood, and nothing left behind.
#include <csignal>

#include "support/catch.hpp"
#include "support/cluster.hpp"
#include "support/network.hpp"
#include "support/plugin.hpp"
#include "support/sandbox.hpp"

namespace dbup_test {

namespace {

using namespace std::string_literals;

const std::string logged_in = message('R', "\0\0\0\0"s) +
                              message('S', "server_version\00015.18\0"s) +
                              message('S', "client_encoding\0UTF8\0"s) + message('Z', "I");

/// Sends the signal and judges the end of the program.
StatusLine interrupted(Process& process, int signal = SIGTERM)
{
    const auto before = std::chrono::steady_clock::now();
    process.send(signal);
    const Finished finished = process.wait();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - before;
    CAPTURE(finished.out, finished.signal, took.count());
    CHECK(took.count() < 0.5);
    if (took.count() > 0.1) {
        WARN("gone " << took.count() << " s after the signal");
    }
    CHECK(finished.exit_code == 3);
    StatusLine line = read_status(finished);
    CHECK(line.state == "UNKNOWN");
    CHECK(line.code == "INTERRUPTED");
    return line;
}

TEST_CASE("a signal ends the run at every stage that a peer can hold it in", "[signals]")
{
    struct Case {
        const char* says = "";
        const char* mode = "";
        Script script = {};
        const char* stage = "";
    };
    // clang-format off
    const auto c = GENERATE(values<Case>({
        {"before the answer to the TLS request", "require", {read_startup(), stay_silent()}, "TLS"},
        {"in the TLS handshake", "require", {read_startup(), send_bytes("S"), read_bytes(1), stay_silent()}, "TLS"},
        {"after the startup packet", "disable", {read_startup(), stay_silent()}, "authentication"},
        {"after the login", "disable", {read_startup(), send_bytes(logged_in), read_message(), stay_silent()}, "read-only transaction"},
    }));
    // clang-format on
    const int signal = GENERATE(SIGTERM, SIGINT, SIGHUP);
    INFO(c.says);
    CAPTURE(signal);
    const ScriptedServer server{c.script};
    Process process{plugin(peer_arguments(server.port(), {"--ssl-mode", c.mode}))};
    server.wait_until_arrived();
    CHECK_THAT(interrupted(process, signal).all_text(), has(c.stage));
}

/// Connections to the port of 127.0.0.2 that this host is just trying to open (state SYN_SENT).
int connecting_to(const std::string& port)
{
    std::string hex(4, '0');
    const auto number = static_cast<unsigned>(std::stoi(port));
    for (unsigned digit = 0; digit < 4; ++digit) {
        hex[digit] = "0123456789ABCDEF"[number >> (12 - 4 * digit) & 0xfU];
    }
    const std::string row = "0200007F:" + hex + " 02";
    const std::string table = read_file("/proc/net/tcp");
    int count = 0;
    for (auto at = table.find(row); at != std::string::npos; at = table.find(row, at + 1)) {
        ++count;
    }
    return count;
}

TEST_CASE("a signal ends a connection that is not answered", "[signals]")
{
    const DeadAddress dead{"127.0.0.2"};
    const int before = connecting_to(dead.port()); // those that fill its queue
    Process process{plugin({"-H", "127.0.0.2", "-p", dead.port(), "-d", "mydb", "-t", "20"})};
    wait_until("the connection is tried", [&] { return connecting_to(dead.port()) > before; });
    CHECK_THAT(interrupted(process).all_text(), has("TCP connection"));
}

TEST_CASE("a signal ends the wait for a name", "[signals]")
{
    const SilentNameServer server;
    if (!server.listening() || !can_mount()) {
        WARN("no name server can be put in place here: this case needs root");
        CHECK_FALSE(is_root());
        return;
    }
    const auto resolv =
        Sandbox::shared().make_file("resolv.conf", "nameserver " + server.address() + "\n", 0644);
    Command command = plugin({"-H", "db.example.org", "-d", "mydb"});
    command.mounts = {{resolv, "/etc/resolv.conf"}};
    Process process{std::move(command)};
    wait_until("the name server is asked", [&] { return server.was_asked(); });
    CHECK_THAT(interrupted(process).all_text(), has("name resolution"));
}

TEST_CASE("a signal ends the pause between two attempts", "[signals]")
{
    const ScriptedServer server{{reset_connection()}};
    Process process{plugin(peer_arguments(server.port(), {"--retry-delay", "8s", "-t", "30"}))};
    server.wait_until_arrived();
    const StatusLine line = interrupted(process);
    CHECK(line.perf.at("up").value == "0");
}

TEST_CASE("a signal ends a statement on the server, too", "[signals]")
{
    const Cluster& cluster = Cluster::shared();
    Client holder{cluster.superuser("mydb")};
    holder.sql("BEGIN; LOCK TABLE pg_catalog.pg_proc IN ACCESS EXCLUSIVE MODE");
    const auto sessions = [&](const std::string& condition) {
        holder.sql("SELECT pg_stat_clear_snapshot()");
        return holder.value(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'db-up'" + condition);
    };
    Process process{
        plugin(cluster_arguments({"--lock-timeout", "1m", "--statement-timeout", "1m"}))};
    wait_until("the check waits for the lock",
               [&] { return sessions(" AND wait_event_type = 'Lock'") == "1"; });
    CHECK_THAT(interrupted(process).all_text(), has("read-only transaction") || has("query"));
    wait_until(
        "its session is gone", [&] { return sessions("") == "0"; }, 1);
    holder.sql("ROLLBACK");
}

TEST_CASE("a second signal changes nothing", "[signals]")
{
    const ScriptedServer server{{read_startup(), stay_silent()}};
    Process process{plugin(peer_arguments(server.port()))};
    server.wait_until_arrived();
    process.send(SIGTERM);
    CHECK_THAT(interrupted(process).all_text(), has("authentication"));
}

TEST_CASE("a signal that comes blocked from the parent is heard", "[signals]")
{
    const ScriptedServer server{{read_startup(), stay_silent()}};
    Command command = plugin(peer_arguments(server.port()));
    command.blocked_signals = {SIGTERM, SIGINT, SIGHUP};
    Process process{std::move(command)};
    server.wait_until_arrived();
    CHECK_THAT(interrupted(process).all_text(), has("authentication"));
}

} // namespace

} // namespace dbup_test
