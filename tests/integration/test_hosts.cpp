// SPDX-License-Identifier: MIT
// Which server is looked at: primary or standby, lists of hosts, IPv6, socket folders.
#include "support/catch.hpp"
#include "support/cluster.hpp"
#include "support/network.hpp"
#include "support/plugin.hpp"

namespace dbup_test {

namespace {

const Standby& standby()
{
    static const Standby hot{StandbyKind::hot};
    return hot;
}

Strings at(const std::string& hosts, const std::string& ports, const Strings& more = {})
{
    return cluster_arguments(Strings{"--host", hosts, "--port", ports} + more);
}

TEST_CASE("the role of the server is reported, and judged when asked for", "[hosts]")
{
    struct Case {
        const char* says = "";
        bool on_standby = false;
        const char* role = "";
        const char* state = "";
        const char* code = "";
    };
    // clang-format off
    const auto c = GENERATE(values<Case>({
        {"any role is fine unless said otherwise, primary", false, "",        "OK",       ""},
        {"any role is fine unless said otherwise, standby", true,  "",        "OK",       ""},
        {"any takes the standby",                           true,  "any",     "OK",       ""},
        {"a primary is wanted and there",                   false, "primary", "OK",       ""},
        {"a primary is wanted, a standby is there",         true,  "primary", "CRITICAL", "ROLE_MISMATCH"},
        {"a standby is wanted and there",                   true,  "standby", "OK",       ""},
        {"a standby is wanted, a primary is there",         false, "standby", "CRITICAL", "ROLE_MISMATCH"},
    }));
    // clang-format on
    INFO(c.says);
    const std::string port = c.on_standby ? standby().port() : Cluster::shared().port();
    const std::string role = c.role;
    const StatusLine line =
        check(at("localhost", port, role.empty() ? Strings{} : Strings{"--role", role}));
    CHECK(line.state == c.state);
    CHECK(line.code == c.code);
    CHECK_THAT(line.all_text(), has(c.on_standby ? "standby" : "primary"));
}

TEST_CASE("the role can be made a warning", "[hosts]")
{
    const StatusLine line =
        check(at("localhost", standby().port(), {"--role", "primary", "--state", "role=warning"}));
    CHECK(line.state == "WARNING");
    CHECK(line.code == "ROLE_MISMATCH");
}

TEST_CASE("a list of hosts is tried in order until one fits", "[hosts]")
{
    const std::string primary = Cluster::shared().port();
    const std::string other = standby().port();
    const std::string nobody = free_port();
    struct Case {
        const char* says = "";
        std::string ports = {};
        const char* role = "";
        std::string found = {};
    };
    const auto c = GENERATE_COPY(values<Case>({
        {"a dead host is passed over", nobody + "," + primary, "any", primary},
        {"the first that answers is taken", other + "," + primary, "any", other},
        {"the primary behind a standby", other + "," + primary, "primary", primary},
        {"the standby behind a primary", primary + "," + other, "standby", other},
        {"the standby behind a primary and a dead host",
         nobody + "," + primary + "," + other,
         "standby",
         other},
    }));
    INFO(c.says);
    const auto count = static_cast<std::size_t>(std::count(c.ports.begin(), c.ports.end(), ','));
    std::string hosts = "localhost";
    for (std::size_t more = 0; more < count; ++more) {
        hosts += ",localhost";
    }
    const StatusLine line = check(at(hosts, c.ports, {"--role", c.role}));
    CHECK(line.state == "OK");
    CHECK_THAT(line.text, has("localhost:" + c.found));
    CHECK(line.perf.at("retries").value == "0");
}

TEST_CASE("a list of hosts without the wanted role is a mismatch", "[hosts]")
{
    const std::string port = standby().port();
    const StatusLine line =
        check(at("localhost,127.0.0.1", port + "," + port, {"--role", "primary"}));
    CHECK(line.state == "CRITICAL");
    CHECK(line.code == "ROLE_MISMATCH");
}

TEST_CASE("a host that swallows packets does not eat the time of the next one", "[hosts]")
{
    const DeadAddress dead{"127.0.0.2"};
    const Finished finished =
        run(plugin(at("127.0.0.2,127.0.0.1", dead.port() + "," + Cluster::shared().port())));
    const StatusLine line = read_status(finished);
    CHECK(line.state == "OK");
    CHECK(finished.seconds < in_time(6));
}

TEST_CASE("all hosts of a list are dead", "[hosts]")
{
    const StatusLine line =
        check(at("127.0.0.1,localhost", free_port() + "," + free_port(), {"--max-retries", "0"}));
    CHECK(line.state == "CRITICAL");
    CHECK(line.code == "CONNECTION_REFUSED");
}

TEST_CASE("a host is found by every kind of name", "[hosts]")
{
    const HbaLines door{"local mydb db_monitor scram-sha-256"};
    struct Case {
        const char* says = "";
        std::string host = {};
        bool encrypted = false;
    };
    const std::string any_v6 = has_ipv6() ? "::1" : "127.0.0.1";
    const auto c = GENERATE_COPY(values<Case>({
        {"a name", "localhost", true},
        {"an IPv4 address", "127.0.0.1", true},
        {"an IPv6 address", any_v6, true},
        {"the folder of the socket", Cluster::shared().socket_folder(), false},
    }));
    INFO(c.says);
    const StatusLine line = check(at(c.host, Cluster::shared().port()));
    CHECK(line.state == "OK");
    CHECK(line.measured("tls") == c.encrypted);
}

TEST_CASE("an IPv6 address is shown so that its port can be told from it", "[hosts]")
{
    if (has_ipv6()) {
        CHECK_THAT(check(at("::1", Cluster::shared().port())).text,
                   has("[::1]:" + Cluster::shared().port()));
    } else {
        CHECK(check(at("::1", free_port(), {"--max-retries", "0"})).state == "CRITICAL");
    }
}

TEST_CASE("a name that does not exist is a matter of name resolution", "[hosts]")
{
    const StatusLine line = check(at("no-such-host.invalid", "5432", {"-t", "3"}));
    CHECK(line.state == "CRITICAL");
    CHECK_THAT(line.code, has_either("DNS_ERROR", "TIMEOUT"));
    CHECK_THAT(line.all_text(), has("no-such-host.invalid") || has("name resolution"));
}

TEST_CASE("hosts are hidden when that is asked for", "[hosts]")
{
    const StatusLine line =
        check(at("127.0.0.1", free_port(), {"--redact-hosts", "--max-retries", "0"}));
    CHECK(line.code == "CONNECTION_REFUSED");
    CHECK_THAT(line.all_text(), !has("127.0.0.1"));
}

} // namespace

} // namespace dbup_test
