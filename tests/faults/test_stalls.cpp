// SPDX-License-Identifier: MIT
// --read-timeout and --write-timeout: a server that goes silent, or takes nothing more, is given up
// before the deadline; one that is only slow is not.
#include "support/catch.hpp"
#include "support/cluster.hpp"
#include "support/network.hpp"
#include "support/plugin.hpp"
#include "support/protocol_server.hpp"

namespace dbup_test {

namespace {

using namespace std::string_literals;

constexpr double long_before_the_deadline = 6; // of ten seconds, on a machine that is busy

struct Stalled {
    StatusLine line = {};
    double seconds = 0;
};

Stalled run_against(const ScriptedServer& server,
                    const Strings& more,
                    const Strings& environment = {"DB_PASSWORD=Open-Sesame-4711"})
{
    const Finished finished = run(
        plugin(peer_arguments(server.port(), Strings{"--max-retries", "0"} + more), environment));
    UNSCOPED_INFO(finished.out);
    return {read_status(finished), finished.seconds};
}

void check_given_up(const Stalled& stalled, const std::string& waiting_for, const char* reason)
{
    const auto& [line, seconds] = stalled;
    CHECK(line.state == "CRITICAL");
    CHECK(line.code == "TIMEOUT");
    CHECK_THAT(line.text, has("no answer from ") && has("waiting for ") && has(waiting_for));
    CHECK_THAT(line.all_text(), has(reason));
    CHECK(line.perf.at("up").value == "0");
}

KeyPair identity()
{
    static const KeyPair pair =
        make_certificate({.file = "stalls", .common_name = "stalls", .names = "IP:127.0.0.1"});
    return pair;
}

Conversation deviating(bool tls, const std::string& place, Behaviour behaviour)
{
    Conversation talk;
    talk.tls = tls;
    talk.identity = identity();
    talk.deviations = {{place, std::move(behaviour)}};
    return talk;
}

TEST_CASE("a silent server is given up at the stage where it fell silent", "[stalls]")
{
    struct Case {
        const char* place = "";
        bool tls = false;
        const char* waiting_for = "";
    };
    const auto c = GENERATE(values<Case>({
        {"accept", true, "TLS"},
        {"tls request", true, "TLS"},
        {"tls hello", true, "TLS"},
        {"startup", false, "authentication"},
        {"sasl challenge", false, "authentication"},
        {"sasl final", true, "authentication"},
        {"ready", true, "authentication"},
        {"BEGIN CommandComplete", false, "the check's query"},
        {"query DataRow", true, "query"},
        {"sync ReadyForQuery", false, "query"},
    }));
    CAPTURE(c.place);
    const ScriptedServer server{{converse(deviating(c.tls, c.place, silent()))}};
    const Strings mode{"--ssl-mode", c.tls ? "require" : "disable"};
    const auto stalled = run_against(server, mode + Strings{"--read-timeout", "400ms"});
    check_given_up(stalled, c.waiting_for, "Reason: the server sent nothing for 400ms");
    CHECK_THAT(stalled.line.all_text(), has("Fix: ") && has("increase --read-timeout"));
    CHECK(stalled.seconds > 0.4);
    CHECK(stalled.seconds < in_time(long_before_the_deadline));
}

TEST_CASE("bytes that come slowly are no silence", "[stalls]")
{
    struct Case {
        const char* says = "";
        bool with_password = false;
        const char* mode = "";
        Script script = {};
    };
    const Millis slow{100};
    const std::string record_begins = "\x16\x03\x03\x40\0"s; // of 16 KB
    const std::string error_begins = "E\0\0\x10\0"s;         // of 4 KB
    // clang-format off
    const auto c = GENERATE_COPY(values<Case>({
        {"a handshake", false, "require",
            {read_startup(), send_bytes("S"), read_bytes(1), send_bytes(record_begins), drip("\x02", slow)}},
        {"an answer", false, "disable", {read_startup(), send_bytes(error_begins), drip("S", slow)}},
        {"an answer that is looked at first", true, "disable",
            {read_startup(), send_bytes(error_begins), drip("S", slow)}},
    }));
    // clang-format on
    INFO(c.says);
    const ScriptedServer server{c.script};
    const auto stalled = run_against(
        server,
        {"--ssl-mode", c.mode, "--read-timeout", "1500ms", "-t", "3", "--connect-timeout", "9s"},
        c.with_password ? Strings{"DB_PASSWORD=x"} : Strings{});
    check_given_up(stalled, "", "");
    CHECK_THAT(stalled.line.all_text(), !has("--read-timeout"));
    CHECK(stalled.seconds > 2.9);
}

TEST_CASE("a request that comes byte by byte is no silence before its end", "[stalls]")
{
    const ScriptedServer server{
        {converse(deviating(false, "startup", dripped(Millis{100})))}}; // 24 bytes and more
    const auto stalled = run_against(server,
                                     {"--ssl-mode",
                                      "disable",
                                      "--read-timeout",
                                      "1500ms",
                                      "-t",
                                      "20",
                                      "--connect-timeout",
                                      "15s"});
    check_given_up(stalled, "authentication", "the server sent nothing for 1500ms");
    CHECK(stalled.seconds > 3.8);
    CHECK(stalled.seconds < 15);
}

TEST_CASE("what is no server yet has --connect-timeout only", "[stalls]")
{
    const DeadAddress dead{"127.0.0.1"};
    const Finished finished = run(plugin(peer_arguments(
        dead.port(), {"--read-timeout", "50ms", "--write-timeout", "50ms", "-t", "1"})));
    const StatusLine line = read_status(finished);
    CHECK(line.code == "TIMEOUT");
    CHECK_THAT(line.all_text(), has("TCP connection") && !has("e-timeout)"));
    CHECK(finished.seconds > 0.9);
}

TEST_CASE("the deadline is nearer than a limit that is longer", "[stalls]")
{
    const ScriptedServer server{{stay_silent()}};
    const auto stalled =
        run_against(server, {"--ssl-mode", "require", "--read-timeout", "30s", "-t", "700ms"});
    check_given_up(stalled, "TLS", "");
    CHECK_THAT(stalled.line.all_text(), !has("--read-timeout"));
    CHECK(stalled.seconds < in_time(3));
}

TEST_CASE("a server that was silent once is asked again", "[stalls]")
{
    const ScriptedServer server{
        std::vector<Script>{{stay_silent()}, {forward_to("127.0.0.1", Cluster::shared().port())}}};
    const StatusLine line = check(cluster_arguments({"--host",
                                                     "127.0.0.1",
                                                     "--port",
                                                     server.port(),
                                                     "--ssl-mode",
                                                     "verify-ca",
                                                     "--read-timeout",
                                                     "1s",
                                                     "--retry-delay",
                                                     "50ms"}));
    CHECK(line.state == "OK");
    CHECK_THAT(line.text, has("recovered after 1 retry"));
}

TEST_CASE("a statement that says nothing for too long is left, and is gone on the server",
          "[stalls]")
{
    const Finished finished = run(plugin(cluster_arguments(
        {"--query", "SELECT pg_sleep(4)::text", "--read-timeout", "700ms", "--max-retries", "0"})));
    const StatusLine line = read_status(finished);
    CHECK(line.state == "CRITICAL");
    CHECK(line.code == "TIMEOUT");
    CHECK_THAT(line.all_text(), has("waiting for ") && has("increase --read-timeout"));
    CHECK(finished.seconds < in_time(4));
    Cluster::shared().wait_until_gone();
}

TEST_CASE("what the server says in time is heard", "[stalls]")
{
    CHECK(check_cluster({"--read-timeout", "5s", "--write-timeout", "5s"}).state == "OK");
}

/// Says what is honest and then neither reads nor speaks.
Behaviour deaf_from_then_on()
{
    return [](Peer& peer, const std::string& honest) {
        return peer.transmit(honest) && peer.pause(Millis{6'000}) && peer.until_gone();
    };
}

TEST_CASE("a server that takes nothing more is given up", "[stalls]")
{
    Conversation talk = deviating(false, "ready", deaf_from_then_on());
    talk.extended = true;
    const ScriptedServer server{{converse(talk)}};
    // More than the two ends of a connection hold; an argument may have 128 KB.
    const std::string names(120'000, 'x');
    const Strings activity{"--check",
                           "activity",
                           "--exclude-user",
                           names,
                           "--exclude-database",
                           names,
                           "--exclude-application",
                           names};
    const auto stalled = run_against(
        server,
        activity + Strings{"--ssl-mode", "disable", "--write-timeout", "400ms"},
        Strings{"DB_PASSWORD=" + talk.password} + (sanitized ? Strings{} : small_buffers()));
    if (sanitized) { // they do not bear what is loaded before them, and larger buffers take all
        check_given_up(stalled, "", "");
        return;
    }
    check_given_up(stalled, "read-only transaction", "the server took nothing for 400ms");
    CHECK_THAT(stalled.line.all_text(), has("increase --write-timeout"));
    CHECK(stalled.seconds < in_time(long_before_the_deadline));
}

} // namespace

} // namespace dbup_test
