// SPDX-License-Identifier: MIT
// Networks that are broken, slow or lossy: told in time where they are broken, no alarm where they
// are only slow. Real packets in namespaces of the tests' own; where those are not allowed, what
// can be seen without them.
#include <sys/socket.h>

#include <deque>

#include "support/catch.hpp"
#include "support/cluster.hpp"
#include "support/name_server.hpp"
#include "support/netns.hpp"
#include "support/network.hpp"
#include "support/plugin.hpp"
#include "support/sandbox.hpp"

namespace dbup_test {

namespace {

using namespace std::string_literals;

constexpr double allowed_excess = 0.5; // on a busy machine

Script relay()
{
    return {forward_to("127.0.0.1", Cluster::shared().port())};
}

/// The shared cluster as it is seen over a network: by other addresses than its certificate's.
Strings over_network(const std::string& hosts, const Strings& more = {})
{
    return cluster_arguments(Strings{"--host", hosts, "--port", "5432", "--ssl-mode", "verify-ca"} +
                             more);
}

/// One attempt that may use all of the time.
Strings patient(const std::string& timeout)
{
    return {"-t", timeout, "--connect-timeout", "60s", "--max-retries", "0"};
}

struct Case {
    std::string says = {};
    Command command = {};
    double timeout = 10;
    std::string state = {};
    std::string code = {};
    std::string words = {};
    double least_seconds = 0;
};

/// What the state says of the database, `up` says, too; nothing where it was not judged.
void check_up(const StatusLine& line)
{
    const std::string up = line.measured("up") ? line.perf.at("up").value : "";
    CHECK(up == (line.state == "OK" ? "1" : line.state == "CRITICAL" ? "0" : ""));
}

/// Runs all of them at the same time, then judges them one by one.
void check_all(const std::vector<Case>& cases)
{
    std::vector<Command> commands;
    commands.reserve(cases.size());
    for (const Case& c : cases) {
        commands.push_back(c.command);
    }
    const std::vector<Finished> finished = run_all(std::move(commands));
    for (std::size_t index = 0; index < cases.size(); ++index) {
        const Case& c = cases[index];
        const Finished& one = finished[index];
        CAPTURE(c.says, one.out, one.err, one.seconds);
        CHECK_FALSE(one.killed);
        CHECK(one.seconds < in_time(c.timeout + allowed_excess));
        CHECK(one.seconds >= c.least_seconds);
        const StatusLine line = read_status(one);
        CHECK(line.state == c.state);
        CHECK(line.code == c.code);
        CHECK_THAT(line.all_text(), has(c.words));
        check_up(line);
    }
}

TEST_CASE("hosts that cannot be reached are told apart", "[network]")
{
    if (!can_make_networks()) {
        const StatusLine line = check(peer_arguments(free_port(), {"--max-retries", "0"}));
        CHECK(line.code == "CONNECTION_REFUSED");
        return;
    }
    const FarNetwork network;
    network.near().ip("route add unreachable 10.8.1.0/24\nroute add blackhole 10.8.2.0/24\n"
                      "route add prohibit 10.8.3.0/24\n");
    const auto at = [&network](const std::string& host, const Strings& more) {
        return network.inside(plugin(Strings{"-H", host, "-d", "mydb"} + more));
    };
    const Strings once{"--max-retries", "0", "-t", "4"};
    // clang-format off
    check_all({
        {"a host where nobody listens", at("10.9.0.2", once), 4, "CRITICAL", "CONNECTION_REFUSED", "10.9.0.2:5432"},
        {"no route at all", at("192.0.2.1", once), 4, "CRITICAL", "NETWORK_ERROR", "unreachable"},
        {"no route at all, IPv6", at("2001:db8::1", once), 4, "CRITICAL", "NETWORK_ERROR", "[2001:db8::1]:5432"},
        {"nobody with that address", at(FarNetwork::absent_address, once), 4, "CRITICAL", "NETWORK_ERROR", "No route to host"},
        {"a router says unreachable", at("10.8.1.1", once), 4, "CRITICAL", "NETWORK_ERROR", "No route to host"},
        {"a route of this host into nothing", at("10.8.2.1", once), 4, "CRITICAL", "NETWORK_ERROR", "10.8.2.1"},
        {"a route that this host forbids", at("10.8.3.1", once), 4, "UNKNOWN", "LOCAL_ERROR", "Permission denied"},
        {"dropped packets", at(FarNetwork::dead_address, patient("1")), 1, "CRITICAL", "TIMEOUT", "waiting for the TCP connection", 0.9},
        {"dropped packets, with the defaults", at(FarNetwork::dead_address, {}), 10, "CRITICAL", "TIMEOUT", "2 attempts in 10", 9.5},
        {"no route, with the defaults", at("192.0.2.1", {}), 10, "CRITICAL", "NETWORK_ERROR", "4 attempts", 2.7},
    });
    // clang-format on
}

/// A network whose wire is cut when the peer of the far host comes to that step.
class DyingLink {
public:
    explicit DyingLink(Script before)
        : server_{std::vector<Script>{cutting(std::move(before))}, listen()}
    {
    }

    [[nodiscard]] Command inside(Command command) const
    {
        return network_.inside(std::move(command));
    }

private:
    Script cutting(Script before)
    {
        before.emplace_back([this](Peer& /*peer*/) {
            network_.wire().cut();
            return true;
        });
        before.push_back(stay_silent());
        return before;
    }

    [[nodiscard]] Descriptor listen() const { return network_.listen(); }

    FarNetwork network_;
    ScriptedServer server_;
};

TEST_CASE("a link that dies is told with the stage where it died", "[network]")
{
    const std::string trusted = message('R', "\0\0\0\0"s);
    const std::string ready = message('S', "server_version\00015.18\0"s) + message('Z', "I");
    struct Death {
        const char* says = "";
        const char* mode = "disable";
        Script before = {};
        const char* waiting_for = "";
    };
    // clang-format off
    const std::vector<Death> deaths{
        {"before the answer to the TLS request", "require", {read_startup()}, "TLS"},
        {"before the answer to the start", "disable", {read_startup()}, "authentication"},
        {"in the middle of the login", "disable", {read_startup(), send_bytes(trusted)}, "authentication"},
        {"between login and query", "disable", {read_startup(), send_bytes(trusted + ready), read_message()}, "the check's query"},
    };
    // clang-format on
    std::deque<DyingLink> links;
    std::deque<ScriptedServer> silent; // where there is no wire to cut
    std::vector<Case> cases;
    for (const Death& death : deaths) {
        const Strings more = patient("2") + Strings{"--ssl-mode", death.mode};
        Command command;
        if (can_make_networks()) {
            command = links.emplace_back(death.before)
                          .inside(plugin(Strings{"-H", "10.9.0.2", "-d", "mydb"} + more));
        } else {
            Script script = death.before;
            script.push_back(stay_silent());
            command = plugin(peer_arguments(silent.emplace_back(std::move(script)).port(), more));
        }
        cases.push_back(
            {death.says, std::move(command), 2, "CRITICAL", "TIMEOUT", death.waiting_for, 1.9});
    }
    check_all(cases);
}

TEST_CASE("a link that dies under a query leaves no session on the server", "[network]")
{
    const Cluster& cluster = Cluster::shared();
    Client holder{cluster.superuser("mydb")};
    holder.sql("BEGIN; LOCK TABLE pg_catalog.pg_proc IN ACCESS EXCLUSIVE MODE");
    const auto sessions = [&holder](const std::string& condition) {
        holder.sql("SELECT pg_stat_clear_snapshot()");
        return holder.value("SELECT count(*) FROM pg_stat_activity WHERE application_name = "
                            "'db-up' AND " +
                            condition);
    };
    std::optional<FarNetwork> network;
    if (can_make_networks()) {
        network.emplace();
    }
    const ScriptedServer server{std::vector<Script>{relay()},
                                network ? network->listen() : listen_on("127.0.0.1", "0")};
    Command command = plugin(over_network(
        network ? "10.9.0.2" : "127.0.0.1",
        patient("3") +
            Strings{"--lock-timeout", "1m", "--port", server.port(), "--statement-timeout", "1m"}));
    Process process{network ? network->inside(std::move(command)) : std::move(command)};
    wait_until("the check waits", [&] { return sessions("wait_event_type = 'Lock'") == "1"; });
    if (network) {
        network->wire().cut();
    }
    const Finished finished = process.wait();
    CAPTURE(finished.out, finished.seconds);
    CHECK(finished.seconds < in_time(3 + allowed_excess));
    const StatusLine line = read_status(finished);
    CHECK(line.state == "CRITICAL");
    CHECK_THAT(line.code, has_either("TIMEOUT", "QUERY_TIMEOUT"));
    wait_until("the server has ended the statement",
               [&] { return sessions("state = 'active'") == "0"; });
    holder.sql("ROLLBACK");
}

/// Runs with the default options through networks that are slow or lossy, or both.
TEST_CASE("a slow or lossy network is no reason for an alarm", "[network]")
{
    struct Slow {
        const char* says = "";
        WireQuality quality = {};
        const char* hosts = "10.9.0.2";
        double least_seconds = 0;
    };
    // clang-format off
    const std::vector<Slow> slow{
        {"20 ms", {Millis{10}}, "10.9.0.2", 0.1},
        {"300 ms", {Millis{150}}, "10.9.0.2", 2},
        {"300 ms to each of four addresses", {Millis{150}}, "10.9.0.2,10.9.0.3,10.9.0.4,10.9.0.5", 2},
        {"300 ms to a server behind a dead one", {Millis{150}}, "10.9.0.9,10.9.0.2", 4},
        {"20 ms, 10 % of all packets lost", {Millis{10}, 10}, "10.9.0.2", 0.1},
        {"300 ms, 10 % of the round trips lost", {Millis{150}, 20}, "10.9.0.2", 2},
    };
    // clang-format on
    std::deque<FarNetwork> networks;
    std::deque<ScriptedServer> relays;
    std::vector<Case> cases;
    for (const Slow& one : slow) {
        if (!can_make_networks()) {
            relays.emplace_back(relay());
            cases.push_back({one.says,
                             plugin(over_network("127.0.0.1", {"--port", relays.back().port()})),
                             10,
                             "OK",
                             "",
                             "answers in"});
            continue;
        }
        const FarNetwork& network = networks.emplace_back(one.quality);
        relays.emplace_back(std::vector<Script>{relay()}, network.listen());
        for (int run = 0; run < 2; ++run) {
            cases.push_back({one.says,
                             network.inside(plugin(over_network(one.hosts))),
                             10,
                             "OK",
                             "",
                             "answers in",
                             one.least_seconds});
        }
    }
    check_all(cases);
}

/// A network with a name server; programs in it ask nobody else.
class NamedNetwork {
public:
    explicit NamedNetwork(std::map<std::string, NameAnswer> names)
        : names_{listening(), std::move(names)}
    {
    }

    [[nodiscard]] Command inside(Command command) const
    {
        command.mounts = {{resolv_, "/etc/resolv.conf"}, {switch_, "/etc/nsswitch.conf"}};
        return network_.inside(std::move(command));
    }

    [[nodiscard]] int questions() const { return names_.questions(); }

private:
    [[nodiscard]] Descriptor listening() const
    {
        Descriptor socket = network_.near().socket(AF_INET, SOCK_DGRAM);
        bind_socket(socket, "127.0.0.53", "53");
        return socket;
    }

    FarNetwork network_ = FarNetwork{};
    ScriptedServer relay_{std::vector<Script>{relay()}, network_.listen()};
    NameServer names_;
    std::filesystem::path resolv_ =
        Sandbox::shared().make_file("resolv.conf", "nameserver 127.0.0.53\n", 0644);
    std::filesystem::path switch_ =
        Sandbox::shared().make_file("nsswitch.conf", "hosts: dns\n", 0644);
};

TEST_CASE("name servers fail in their ways", "[network][dns]")
{
    if (!can_make_networks() || !can_mount()) {
        const StatusLine line = check({"-H", "no-such-host.invalid", "-d", "mydb", "-t", "2"});
        CHECK_THAT(line.code, has_either("DNS_ERROR", "TIMEOUT"));
        return;
    }
    using Kind = NameAnswer::Kind;
    const Strings dead{"10.9.0.9", "10.9.0.10", "10.9.0.11", "10.9.0.12"};
    const NamedNetwork network{{
        {"servfail.test", {Kind::failure, {}, {}}},
        {"empty.test", {Kind::addresses, {}, {}}},
        {"silent.test", {Kind::silence, {}, {}}},
        {"late.test", {Kind::addresses, {"10.9.0.2"}, Millis{1'500}}},
        {"too-late.test", {Kind::addresses, {"10.9.0.2"}, Millis{4'000}}},
        {"dead.test", {Kind::addresses, dead, {}}},
        {"half.test", {Kind::addresses, {"10.9.0.2", "10.9.0.9"}, {}}},
        {"v6-unreachable.test", {Kind::addresses, {"10.9.0.2", "2001:db8::1"}, {}}},
        {"v6-dead.test", {Kind::addresses, {"10.9.0.2", FarNetwork::dead_v6_address}, {}}},
    }};
    const auto at = [&network](const std::string& host, const Strings& more = {}) {
        return network.inside(plugin(over_network(host, more)));
    };
    const Strings once{"--max-retries", "0"};
    const std::string dns = "DNS_ERROR";
    // clang-format off
    check_all({
        {"NXDOMAIN", at("no-such.test", once), 10, "CRITICAL", dns, "cannot resolve hostname no-such.test"},
        {"NXDOMAIN, with the defaults", at("no-such.test"), 10, "CRITICAL", dns, "4 attempts", 2.7},
        {"SERVFAIL", at("servfail.test", once), 10, "CRITICAL", dns, "cannot resolve hostname servfail.test"},
        {"a name without address", at("empty.test", once), 10, "CRITICAL", dns, "cannot resolve hostname empty.test"},
        {"no answer", at("silent.test", {"-t", "2"}), 2, "CRITICAL", "TIMEOUT", "name resolution", 1.9},
        {"an answer that is late", at("late.test"), 10, "OK", "", "late.test", 1.5},
        {"an answer that is too late", at("too-late.test", {"-t", "2"}), 2, "CRITICAL", "TIMEOUT", "name resolution", 1.9},
        {"four dead addresses", at("dead.test", {"-t", "3"}), 3, "CRITICAL", "TIMEOUT", "TCP connection", 2.9},
        {"a dead address before a living one", at("half.test"), 10, "OK", "", "half.test", 2.4},
        {"IPv6 without route beside IPv4", at("v6-unreachable.test"), 10, "OK", "", "v6-unreachable.test"},
        {"IPv6 without route before IPv4", at("2001:db8::1,10.9.0.2"), 10, "OK", "", "10.9.0.2"},
        {"IPv6 into nothing beside IPv4", at("v6-dead.test"), 10, "OK", "", "v6-dead.test", has_ipv6() ? 2.4 : 0},
        {"a name that fails before one that lives", at("servfail.test,half.test"), 10, "OK", "", "half.test"},
    });
    // clang-format on
    CHECK(network.questions() > 20);
}

} // namespace

} // namespace dbup_test
