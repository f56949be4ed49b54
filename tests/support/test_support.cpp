// SPDX-License-Identifier: MIT
// The helpers decide whether a test means anything, so they are tested themselves.
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <stdexcept>

#include "support/catch.hpp"
#include "support/certificates.hpp"
#include "support/cluster.hpp"
#include "support/name_server.hpp"
#include "support/netns.hpp"
#include "support/network.hpp"
#include "support/process.hpp"
#include "support/sandbox.hpp"
#include "support/status_line.hpp"

namespace dbup_test {

namespace {

using namespace std::string_literals;

Finished shell(const std::string& script)
{
    return run({.argv = {"/bin/sh", "-c", script}});
}

TEST_CASE("the process runner reports what a program did", "[support]")
{
    const Finished finished = run({.argv = {"/bin/sh", "-c", "cat; echo \"$A\" >&2; exit 7"},
                                   .environment = {"A=b"},
                                   .input = "in"});
    CHECK(finished.exit_code == 7);
    CHECK(finished.out == "in");
    CHECK(finished.err == "b\n");
    CHECK_FALSE(finished.killed);

    CHECK(finished.max_rss > 100);

    CHECK(shell("kill -TERM $$").signal == SIGTERM);
    CHECK(shell("env").out == "PWD=/\n");
    CHECK(shell("head -c 300000 /dev/zero").out.size() == 300000);
}

TEST_CASE("a port that a test has got is nobody else's", "[support]")
{
    const std::string port = free_port();
    CHECK(can_listen("127.0.0.1", port));
    CHECK_FALSE(mark_name("db-up test port " + port).open());

    {
        const Descriptor mark = mark_name("db-up test mark");
        CHECK(mark.open());
        CHECK_FALSE(mark_name("db-up test mark").open());
    }
    CHECK(mark_name("db-up test mark").open());
}

TEST_CASE("a program that does not end is killed in time", "[support]")
{
    const Finished finished = run({.argv = {"/bin/sleep", "30"}, .kill_after = Millis{200}});
    CHECK(finished.killed);
    CHECK(finished.signal == SIGKILL);
    CHECK(finished.seconds < 5);
}

TEST_CASE("the process runner sets up stdout as asked for", "[support]")
{
    struct Case {
        Stdout output = Stdout::read;
        const char* script = "";
        int exit_code = 0;
    };
    const auto c = GENERATE(values<Case>({
        {Stdout::closed, "[ ! -e /proc/$$/fd/1 ] && exit 5", 5},
        {Stdout::full_device, "printf x 2>/dev/null || exit 5", 5},
        {Stdout::no_reader, "trap '' PIPE; printf x 2>/dev/null || exit 5", 5},
    }));
    CAPTURE(c.script);
    CHECK(run({.argv = {"/bin/sh", "-c", c.script}, .output = c.output}).exit_code == c.exit_code);
}

TEST_CASE("a write to a pipe that nobody reads blocks", "[support]")
{
    CHECK(run({.argv = {"/bin/echo", "x"}, .output = Stdout::never_read, .kill_after = Millis{300}})
              .killed);
}

TEST_CASE("limits, blocked signals and mounts reach the program", "[support]")
{
    CHECK(run({.argv = {"/bin/sh", "-c", "ulimit -n"}, .limits = {{RLIMIT_NOFILE, 8}}}).out ==
          "8\n");
    CHECK_THAT(
        run({.argv = {"/bin/grep", "SigBlk", "/proc/self/status"}, .blocked_signals = {SIGALRM}})
            .out,
        has("0000000000002000"));
    const auto hosts = Sandbox::shared().make_file("hosts", "192.0.2.1 here\n", 0644);
    if (can_mount()) {
        CHECK(run({.argv = {"/bin/cat", "/etc/hosts"}, .mounts = {{hosts, "/etc/hosts"}}}).out ==
              "192.0.2.1 here\n");
    } else {
        CHECK_THROWS(run({.argv = {"/bin/true"}, .mounts = {{hosts, "/etc/hosts"}}}));
    }
}

Finished printed(const std::string& out, int exit_code, const std::string& err = "")
{
    return {.exit_code = exit_code, .out = out, .err = err};
}

TEST_CASE("a status line is read into its parts", "[support]")
{
    const StatusLine line =
        read_status(printed("DB-UP CRITICAL - connection refused at db1:5432 [CONNECTION_REFUSED] "
                            "| time=3.6s;1;3;0;10 up=0;;;0;1\n"
                            "Reason: x\nFix: y\n",
                            2));
    CHECK(line.state == "CRITICAL");
    CHECK(line.text == "connection refused at db1:5432");
    CHECK(line.code == "CONNECTION_REFUSED");
    CHECK(line.perf.at("time").number() == 3.6);
    CHECK(line.perf.at("time").uom == "s");
    CHECK(line.perf.at("time").warn == "1");
    CHECK(line.perf.at("time").crit == "3");
    CHECK(line.perf.at("time").max == "10");
    CHECK(line.more == Strings{"Reason: x", "Fix: y"});

    const StatusLine bad =
        read_status(printed("DB-UP UNKNOWN - no such option [CONFIG_ERROR]\n", 3));
    CHECK(bad.perf.empty());
}

TEST_CASE("a line that would hurt a monitoring host is refused", "[support]")
{
    struct Case {
        const char* what = "";
        const char* out = "";
        int exit_code = 0;
        const char* err = "";
    };
    const auto c = GENERATE(values<Case>({
        {"nothing at all", "", 0, ""},
        {"no newline", "DB-UP OK - x | time=1s up=1", 0, ""},
        {"two newlines", "DB-UP OK - x | time=1s up=1\n\n", 0, ""},
        {"two bars", "DB-UP OK - x | y | time=1s up=1\n", 0, ""},
        {"a bar in the second line", "DB-UP OK - x | time=1s up=1\na | b\n", 0, ""},
        {"no perfdata", "DB-UP OK - x\n", 0, ""},
        {"a label twice", "DB-UP OK - x | time=1s up=1 up=1\n", 0, ""},
        {"two blanks", "DB-UP OK - x | time=1s  up=1\n", 0, ""},
        {"not a number", "DB-UP OK - x | time=nan up=1\n", 0, ""},
        {"an exponent", "DB-UP OK - x | time=1e-5s up=1\n", 0, ""},
        {"seven decimals", "DB-UP OK - x | time=0.1234567s up=1\n", 0, ""},
        {"the wrong exit code", "DB-UP OK - x | time=1s up=1\n", 2, ""},
        {"no such state", "DB-UP FINE - x | time=1s up=1\n", 3, ""},
        {"words on stderr", "DB-UP OK - x | time=1s up=1\n", 0, "warning"},
        {"an escape", "DB-UP OK - \033[1m | time=1s up=1\n", 0, ""},
        {"a failure without code", "DB-UP CRITICAL - x | time=1s up=0\n", 2, ""},
    }));
    CAPTURE(c.what);
    CHECK_THROWS_AS(read_status(printed(c.out, c.exit_code, c.err)), std::runtime_error);
}

TEST_CASE("1000 bytes are too many", "[support]")
{
    const std::string filling(1000, 'x');
    CHECK_THROWS(read_status(printed("DB-UP OK - " + filling + " | time=1s up=1\n", 0)));
}

TEST_CASE("a scripted server plays one script per connection", "[support]")
{
    ScriptedServer server{
        std::vector<Script>{{send_bytes("one"), close_connection()}, {reset_connection()}}};
    std::string text(3, ' ');
    const Descriptor first = connect_to("127.0.0.1", server.port());
    Peer peer{connect_to("127.0.0.1", server.port()), -1};
    wait_until("both are accepted", [&] { return server.accepted() == 2; });
    CHECK_FALSE(peer.receive(text, 1));
}

TEST_CASE("a relay passes both directions on", "[support]")
{
    ScriptedServer echo{{read_bytes(3), send_bytes("yes"), close_connection()}};
    ScriptedServer relay{{forward_to("127.0.0.1", echo.port())}};
    const Pipe never = make_pipe();
    Peer peer{connect_to("127.0.0.1", relay.port()), never.read.number()};
    std::string answer;
    CHECK(peer.transmit("you"));
    CHECK(peer.receive(answer, 3));
    CHECK(answer == "yes");
}

TEST_CASE("runs at the same time keep their order", "[support]")
{
    const auto sleep = [](const std::string& seconds) {
        return Command{.argv = {"/bin/sh", "-c", "sleep " + seconds + "; echo " + seconds}};
    };
    const std::vector<Finished> finished = run_all({sleep("0.3"), sleep("0.1")});
    CHECK(finished.at(0).out == "0.3\n");
    CHECK(finished.at(1).out == "0.1\n");
    CHECK(finished.at(1).seconds < finished.at(0).seconds);
}

/// Seconds until somebody in the near host is connected with the far one; negative: refused.
double knock(const FarNetwork& network, const std::string& seconds)
{
    const std::string script = "exec 3<>/dev/tcp/10.9.0.2/5432; read -r word <&3; echo $word";
    const Finished finished =
        run(network.inside({.argv = {"/usr/bin/timeout", seconds, "/bin/bash", "-c", script}}));
    return finished.out == "hello\n" ? finished.seconds : -1;
}

TEST_CASE("a network of the test's own is slow, lossy or cut", "[support]")
{
    if (!can_make_networks()) {
        CHECK_THROWS(Netns{});
        return;
    }
    const std::vector<Script> greeting{{send_bytes("hello\n"), stay_silent()}};
    FarNetwork slow{{Millis{100}}};
    const ScriptedServer behind_slow{greeting, slow.listen()};
    CHECK(knock(slow, "20") >= 0.3); // SYN, SYN and ACK, hello
    slow.wire().cut();
    CHECK(knock(slow, "1") < 0);

    FarNetwork lossy{{Millis{0}, 5}};
    const ScriptedServer behind_lossy{greeting, lossy.listen()};
    for (int round = 0; round < 3; ++round) { // what is lost is sent again
        CHECK(knock(lossy, "20") >= 0);
    }
    CHECK(lossy.wire().lost() > 0);

    const FarNetwork good;
    const ScriptedServer behind_good{greeting, good.listen()};
    CHECK(knock(good, "20") >= 0);
}

TEST_CASE("a name server says what it is told to", "[support]")
{
    Descriptor socket{checked(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket")};
    bind_socket(socket, "127.0.0.1", "0");
    const std::string port = port_of(socket);
    const NameServer server{std::move(socket),
                            {{"db.test", {.addresses = {"10.1.2.3", "fd00::1"}}}}};
    const Descriptor client = connect_to("127.0.0.1", port, SOCK_DGRAM);
    const auto ask = [&client](const std::string& name, char type) {
        const std::string question = "\7\7\1\0\0\1\0\0\0\0\0\0"s + name + "\0\0"s + type + "\0\1"s;
        checked(static_cast<int>(::send(client.number(), question.data(), question.size(), 0)),
                "send");
        std::array<char, 512> reply{};
        const ssize_t size = ::recv(client.number(), reply.data(), reply.size(), 0);
        return std::string{reply.data(), static_cast<std::size_t>(std::max<ssize_t>(0, size))};
    };
    CHECK_THAT(ask("\2db\4test", '\1'), has("\0\4\x0a\1\2\3"s));
    CHECK_THAT(ask("\2db\4test", '\x1c'), has("\0\x10\xfd\0"s));
    CHECK(ask("\2no\4test", '\1').at(3) == '\x83'); // NXDOMAIN
    CHECK(server.questions() == 3);
}

TEST_CASE("the throw-away cluster answers, reloads and takes other settings", "[support]")
{
    const Cluster& cluster = Cluster::shared();
    CHECK(cluster.value("SELECT 1") == "1");
    {
        const Setting setting{"work_mem", "1234kB"};
        CHECK(cluster.value("SHOW work_mem") == "1234kB");
    }
    CHECK(cluster.value("SHOW work_mem") == "4MB");

    Parameters tcp{{"host", "localhost"},
                   {"port", cluster.port()},
                   {"user", cluster.get("USER")},
                   {"dbname", cluster.get("DATABASE")},
                   {"password", cluster.password()},
                   {"sslmode", "verify-full"},
                   {"sslrootcert", cluster.ca_file()}};
    CHECK(Client{tcp}.value("SELECT current_user") == cluster.get("USER"));

    const KeyPair expired = make_certificate(
        {.file = "expired", .common_name = "localhost", .names = "DNS:localhost", .days = -1},
        cluster.authority());
    {
        const ServerCertificate other{expired};
        CHECK_THROWS_WITH(Client{tcp}, has("certificate verify failed"));
    }
    {
        const HbaLines lines{"host all all all reject"};
        CHECK_THROWS_WITH(Client{tcp}, has("reject"));
    }
    CHECK_NOTHROW(Client{tcp});
}

} // namespace

} // namespace dbup_test
