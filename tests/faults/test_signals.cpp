// SPDX-License-Identifier: MIT
// The scheduler loses patience: one line that says where the run stood, and nothing left behind.
#include <fcntl.h>
#include <sys/stat.h>

#include <csignal>
#include <map>
#include <memory>
#include <utility>

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

/// A place where the run is held, and how to see that it has come there.
class Hold {
public:
    Hold() = default;
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    virtual ~Hold() = default;

    [[nodiscard]] virtual Command command() const = 0;
    virtual void wait_until_held() = 0;
};

class HeldByPeer final : public Hold {
public:
    HeldByPeer(const std::string& mode, Script script, const Strings& more = {})
        : server_{std::move(script)}, arguments_{Strings{"--ssl-mode", mode} + more}
    {
    }
    [[nodiscard]] Command command() const override
    {
        return plugin(peer_arguments(server_.port(), arguments_));
    }
    void wait_until_held() override { server_.wait_until_arrived(); }

private:
    ScriptedServer server_;
    Strings arguments_;
};

class HeldByFile final : public Hold {
public:
    HeldByFile()
    {
        static int number = 0;
        path_ = Sandbox::shared().folder() / ("password" + std::to_string(++number));
        checked(::mkfifo(path_.c_str(), 0600), "mkfifo");
    }
    [[nodiscard]] Command command() const override
    {
        return plugin(peer_arguments("1", {"--password-file", path_}));
    }
    void wait_until_held() override
    {
        wait_until("the file is read", [this] { // a FIFO without reader cannot be opened
            writer_ = Descriptor{::open(path_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC)};
            return writer_.open();
        });
    }

private:
    std::string path_ = {};
    Descriptor writer_ = {};
};

class HeldByNetwork final : public Hold {
public:
    [[nodiscard]] Command command() const override
    {
        return plugin({"-H", "127.0.0.2", "-p", dead_.port(), "-d", "mydb", "-t", "20"});
    }
    void wait_until_held() override
    {
        wait_until("the connection is tried",
                   [this] { return connecting_to(dead_.port()) > before_; });
    }

private:
    DeadAddress dead_{"127.0.0.2"};
    int before_ = connecting_to(dead_.port()); // those that fill its queue
};

class HeldByNameServer final : public Hold {
public:
    [[nodiscard]] bool possible() const { return server_.listening() && can_mount(); }
    [[nodiscard]] Command command() const override
    {
        const auto resolv = Sandbox::shared().make_file(
            "resolv.conf", "nameserver " + server_.address() + "\n", 0644);
        Command command = plugin({"-H", "db.example.org", "-d", "mydb"});
        command.mounts = {{resolv, "/etc/resolv.conf"}};
        return command;
    }
    void wait_until_held() override
    {
        wait_until("the name server is asked", [this] { return server_.was_asked(); });
    }

private:
    SilentNameServer server_ = {};
};

/// The holds of a run, by the stage that it names when it is ended there.
std::unique_ptr<Hold> hold_at(const std::string& stage)
{
    if (stage == "--password-file '") {
        return std::make_unique<HeldByFile>();
    }
    if (stage == "the TCP connection") {
        return std::make_unique<HeldByNetwork>();
    }
    // clang-format off
    static const std::map<std::string, std::pair<std::string, Script>> peers{
        {"the TLS handshake", {"require", {read_startup(), send_bytes("S"), read_bytes(1), stay_silent()}}},
        {"TLS", {"require", {read_startup(), stay_silent()}}}, // the answer to the request for it
        {"authentication and session start", {"disable", {read_startup(), stay_silent()}}},
        {"the answer to the check's query", {"disable", {read_startup(), send_bytes(logged_in), read_message(), stay_silent()}}},
    };
    // clang-format on
    const auto& [mode, script] = peers.at(stage);
    return std::make_unique<HeldByPeer>(mode, script);
}

TEST_CASE("every signal ends the run at every stage, and the stage is told", "[signals]")
{
    const std::string stage = GENERATE(as<std::string>{},
                                       "--password-file '",
                                       "the TCP connection",
                                       "TLS",
                                       "the TLS handshake",
                                       "authentication and session start",
                                       "the answer to the check's query");
    const int signal = GENERATE(SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGALRM);
    CAPTURE(stage, signal);
    const auto hold = hold_at(stage);
    Process process{hold->command()};
    hold->wait_until_held();
    CHECK_THAT(interrupted(process, signal).all_text(), has(stage));
}

TEST_CASE("every signal ends the wait for a name", "[signals]")
{
    const int signal = GENERATE(SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGALRM);
    HeldByNameServer hold;
    if (!hold.possible()) {
        WARN("no name server can be put in place here: this case needs root");
        CHECK_FALSE(is_root());
        return;
    }
    Process process{hold.command()};
    hold.wait_until_held();
    CHECK_THAT(interrupted(process, signal).all_text(), has("name resolution"));
}

TEST_CASE("every signal ends the pause between two attempts", "[signals]")
{
    const int signal = GENERATE(SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGALRM);
    HeldByPeer hold{"disable", {reset_connection()}, {"--retry-delay", "8s", "-t", "30"}};
    Process process{hold.command()};
    hold.wait_until_held();
    CHECK(interrupted(process, signal).measured("retries"));
}

TEST_CASE("a signal that the parent ignores stays ignored, but SIGTERM ends every run", "[signals]")
{
    const ScriptedServer server{{read_startup(), stay_silent()}};
    Command command = plugin(peer_arguments(server.port()));
    command.ignored_signals = {
        SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGALRM}; // as nohup and background jobs do
    Process process{std::move(command)};
    server.wait_until_arrived();
    process.send(SIGINT);
    process.send(SIGQUIT);
    process.send(SIGHUP);
    CHECK(process.running());
    CHECK_THAT(interrupted(process).all_text(), has("authentication"));
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
    CHECK_THAT(interrupted(process).all_text(), has("the answer to the check's query"));
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
    command.blocked_signals = {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGALRM};
    Process process{std::move(command)};
    server.wait_until_arrived();
    CHECK_THAT(interrupted(process).all_text(), has("authentication"));
}

} // namespace

} // namespace dbup_test
