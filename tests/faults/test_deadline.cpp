// SPDX-License-Identifier: MIT
// Whatever a peer does, the program is gone by its deadline and has said where it stood.
#include <csignal>

#include "support/catch.hpp"
#include "support/cluster.hpp"
#include "support/network.hpp"
#include "support/plugin.hpp"
#include "support/sandbox.hpp"

namespace dbup_test {

namespace {

using namespace std::string_literals;

constexpr double allowed_excess = 0.5; // on a busy machine; on an idle one 0.1 s is the aim

const std::string trusted = message('R', "\0\0\0\0"s);
const std::string logged_in = trusted + message('S', "server_version\00015.18\0"s) +
                              message('S', "client_encoding\0UTF8\0"s) + message('Z', "I");
const std::string scram_wanted = message('R', "\0\0\0\x0aSCRAM-SHA-256\0\0"s);
const std::string notice = message('N', "SNOTICE\0C00000\0Mhey\0\0"s);
const std::string record_begins = "\x16\x03\x03\x40\0"s; // of 16 KB
const std::string error_begins = "E\0\0\x10\0"s;         // of 4 KB

struct Timed {
    StatusLine line = {};
    double seconds = 0;
};

/// Runs with `-t timeout` and checks from outside that it was gone in time.
Timed run_in_time(Command command, double timeout)
{
    command.kill_after = Millis{static_cast<long>(timeout * 1000) + 15'000};
    const Finished finished = run(std::move(command));
    const double excess = finished.seconds - timeout;
    CAPTURE(finished.out, finished.err, finished.seconds, excess);
    CHECK_FALSE(finished.killed);
    CHECK(excess < in_time(allowed_excess));
    if (excess > 0.1) {
        WARN("gone " << excess << " s after the deadline of " << timeout << " s");
    }
    return {read_status(finished), finished.seconds};
}

/// One attempt that may use the whole time.
Strings patient(const std::string& timeout, const Strings& more = {})
{
    return Strings{"-t", timeout, "--connect-timeout", "60s"} + more;
}

void check_timed_out(const Timed& timed, const std::string& waiting_for)
{
    CHECK(timed.line.state == "CRITICAL");
    CHECK(timed.line.code == "TIMEOUT");
    CHECK_THAT(timed.line.all_text(), has(waiting_for));
    CHECK(timed.line.perf.at("up").value == "0");
    CHECK(timed.seconds > 0.9);
}

TEST_CASE("a peer that stops at a stage is named with the stage", "[deadline]")
{
    struct Case {
        const char* says = "";
        const char* mode = "";
        Script script = {};
        const char* waiting_for = "";
    };
    const Millis slow{100};
    // clang-format off
    const auto c = GENERATE_COPY(values<Case>({
        {"silent after the connection, TLS wanted", "require", {stay_silent()}, "TLS"},
        {"silent after its answer to the TLS request", "require", {read_startup(), send_bytes("S"), stay_silent()}, "TLS"},
        {"drips instead of a handshake", "require", {read_startup(), send_bytes("S"), read_bytes(1), send_bytes(record_begins), drip("\x02", slow)}, "TLS"},
        {"silent after the connection, no TLS", "disable", {stay_silent()}, "authentication"},
        {"silent after the startup packet", "disable", {read_startup(), stay_silent()}, "authentication"},
        {"silent after its request for a password", "disable",
            {read_startup(), send_bytes(scram_wanted), read_message(), stay_silent()}, "authentication"},
        {"drips its answer to the startup packet", "disable", {read_startup(), send_bytes(error_begins), drip("S", slow)}, "authentication"},
        {"drips notices", "disable",
            {read_startup(), send_bytes(trusted), drip(notice, Millis{10})}, "authentication"},
        {"silent after the login", "disable", {read_startup(), send_bytes(logged_in), stay_silent()}, "the check's query"},
        {"drips after the login", "disable", {read_startup(), send_bytes(logged_in), drip(notice, Millis{10})}, "the check's query"},
    }));
    // clang-format on
    INFO(c.says);
    const ScriptedServer server{c.script};
    const Timed timed =
        run_in_time(plugin(peer_arguments(server.port(), patient("1", {"--ssl-mode", c.mode})),
                           {"DB_PASSWORD=x"}),
                    1);
    check_timed_out(timed, c.waiting_for);
}

TEST_CASE("connection requests that are swallowed end in time", "[deadline]")
{
    const DeadAddress dead{"127.0.0.1"};
    check_timed_out(run_in_time(plugin(peer_arguments(dead.port(), patient("1"))), 1),
                    "TCP connection");
}

TEST_CASE("the defaults hold, too: ten seconds and retries", "[deadline]")
{
    const ScriptedServer server{{stay_silent()}};
    const Timed timed =
        run_in_time(plugin(peer_arguments(server.port(), {"--ssl-mode", "require"})), 10);
    check_timed_out(timed, "TLS");
    CHECK(timed.line.perf.at("time").max == "10");
}

TEST_CASE("four dead addresses behind one name share the time", "[deadline]")
{
    const DeadAddress first{"127.0.0.2"};
    const std::string port = first.port();
    const DeadAddress second{"127.0.0.3", port};
    const DeadAddress third{"127.0.0.4", port};
    const DeadAddress fourth{"127.0.0.5", port};
    const auto hosts = Sandbox::shared().make_file(
        "dead-hosts",
        "127.0.0.2 dead.test\n127.0.0.3 dead.test\n127.0.0.4 dead.test\n127.0.0.5 dead.test\n",
        0644);
    const bool one_name = can_mount();
    Command command = plugin({"-H",
                              one_name ? "dead.test" : "127.0.0.2,127.0.0.3,127.0.0.4,127.0.0.5",
                              "-p",
                              port,
                              "-d",
                              "mydb",
                              "-t",
                              "2"});
    if (one_name) {
        command.mounts = {{hosts, "/etc/hosts"}};
    }
    check_timed_out(run_in_time(std::move(command), 2), "TCP connection");
}

TEST_CASE("a living address behind three dead ones is found in time", "[deadline]")
{
    const std::string port = Cluster::shared().port();
    const DeadAddress first{"127.0.0.2", port};
    const DeadAddress second{"127.0.0.3", port};
    const DeadAddress third{"127.0.0.4", port};
    const auto hosts = Sandbox::shared().make_file(
        "mixed-hosts",
        "127.0.0.2 mixed.test\n127.0.0.3 mixed.test\n127.0.0.4 mixed.test\n127.0.0.1 mixed.test\n",
        0644);
    const bool one_name = can_mount();
    Command command = plugin(
        cluster_arguments({"--host",
                           one_name ? "mixed.test" : "127.0.0.2,127.0.0.3,127.0.0.4,127.0.0.1",
                           "--ssl-mode",
                           "verify-ca",
                           "-t",
                           "10"}));
    if (one_name) {
        command.mounts = {{hosts, "/etc/hosts"}};
    }
    const Timed timed = run_in_time(std::move(command), 10);
    CHECK_THAT(timed.line.state, has_either("OK", "WARNING"));
    CHECK(timed.line.perf.at("up").value == "1");
}

TEST_CASE("a name server that does not answer does not hold the run", "[deadline]")
{
    const SilentNameServer server;
    const auto resolv =
        Sandbox::shared().make_file("resolv.conf", "nameserver " + server.address() + "\n", 0644);
    Command command = plugin({"-H", "db.example.org", "-d", "mydb", "-t", "1"});
    const bool silent = server.listening() && can_mount();
    if (silent) {
        command.mounts = {{resolv, "/etc/resolv.conf"}};
    } else { // an ordinary user cannot put a name server there: this name at least never exists
        command.argv.at(2) = "db.example.invalid";
    }
    const Timed timed = run_in_time(std::move(command), 1);
    if (silent) {
        CHECK(server.was_asked());
        check_timed_out(timed, "name resolution");
    } else {
        CHECK_THAT(timed.line.code, has_either("TIMEOUT", "DNS_ERROR"));
    }
}

TEST_CASE("blocked signals of the parent change nothing", "[deadline]")
{
    const ScriptedServer server{{stay_silent()}};
    Command command =
        plugin(peer_arguments(server.port(), patient("1", {"--ssl-mode", "require"})));
    command.blocked_signals = {SIGALRM, SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGPIPE, SIGUSR1};
    check_timed_out(run_in_time(std::move(command), 1), "TLS");
}

TEST_CASE("the state at the deadline is the user's", "[deadline]")
{
    const ScriptedServer server{{stay_silent()}};
    const std::string state = GENERATE(as<std::string>{}, "warning", "unknown", "ok");
    CAPTURE(state);
    const Timed timed = run_in_time(
        plugin(peer_arguments(server.port(),
                              patient("0.5", {"--ssl-mode", "require", "--timeout-state", state}))),
        0.5);
    const std::map<std::string, std::string> words{
        {"warning", "WARNING"}, {"unknown", "UNKNOWN"}, {"ok", "OK"}};
    CHECK(timed.line.state == words.at(state));
    CHECK(timed.line.code == "TIMEOUT");
}

TEST_CASE("an attempt has a limit of its own and the next one is made", "[deadline]")
{
    const ScriptedServer server{
        std::vector<Script>{{stay_silent()}, {forward_to("127.0.0.1", Cluster::shared().port())}}};
    const Timed timed = run_in_time(plugin(cluster_arguments({"--host",
                                                              "127.0.0.1",
                                                              "--port",
                                                              server.port(),
                                                              "--connect-timeout",
                                                              "500ms",
                                                              "--retry-delay",
                                                              "50ms",
                                                              "-t",
                                                              "8"})),
                                    8);
    CHECK(timed.line.state == "OK");
    CHECK_THAT(timed.line.text, has("recovered after 1 retry"));
    CHECK(timed.seconds < in_time(4));
}

TEST_CASE("a statement that hangs on the server is gone soon after the program", "[deadline]")
{
    Client holder{Cluster::shared().superuser("mydb")};
    holder.sql("BEGIN; LOCK TABLE pg_catalog.pg_proc IN ACCESS EXCLUSIVE MODE");
    const Timed timed = run_in_time(
        plugin(cluster_arguments({"-t", "1", "--lock-timeout", "1m", "--statement-timeout", "1m"})),
        1);
    CHECK(timed.line.state == "CRITICAL");
    CHECK_THAT(timed.line.code, has_either("TIMEOUT", "QUERY_TIMEOUT"));
    const auto left = [&] {
        holder.sql("SELECT pg_stat_clear_snapshot()");
        return holder.value(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'db-up'");
    };
    wait_until(
        "no session of ours waits for the lock", [&] { return left() == "0"; }, 1);
    holder.sql("ROLLBACK");
}

TEST_CASE("a server that is stopped, not dead, leaves no session when it goes on", "[deadline]")
{
    const Cluster& cluster = Cluster::shared();
    const pid_t postmaster = std::stoi(read_file(cluster.data_folder() / "postmaster.pid"));
    checked(::kill(postmaster, SIGSTOP), "kill");
    Timed timed;
    try {
        timed = run_in_time(plugin(cluster_arguments(patient("1"))), 1);
    } catch (...) {
        ::kill(postmaster, SIGCONT);
        throw;
    }
    checked(::kill(postmaster, SIGCONT), "kill");
    check_timed_out(timed, "TLS");
    cluster.wait_until_gone();
}

} // namespace

} // namespace dbup_test
