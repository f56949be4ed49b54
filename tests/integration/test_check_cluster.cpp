// SPDX-License-Identifier: MIT
// --check cluster: who is primary, who follows, who is missing, who belongs to somebody else.
#include <csignal>
#include <fstream>

#include "support/catch.hpp"
#include "support/cluster.hpp"
#include "support/network.hpp"
#include "support/plugin.hpp"
#include "support/sandbox.hpp"

namespace dbup_test {

namespace {

constexpr double allowed_excess = 0.5; // on a busy machine

const Standby& standby()
{
    static const Standby hot = [] {
        // Segments have a megabyte only, and a checkpoint removes those that it does not need.
        Cluster::shared().execute("ALTER SYSTEM SET wal_keep_size = '64MB'");
        Cluster::shared().execute("SELECT pg_reload_conf()");
        return Standby{StandbyKind::hot};
    }();
    return hot;
}

/// Arguments for the servers of these ports, all of this host.
Strings on(const Strings& ports, const Strings& more = {})
{
    std::string hosts;
    std::string list;
    for (const auto& port : ports) {
        hosts += hosts.empty() ? "localhost" : ",localhost";
        list += list.empty() ? port : "," + port;
    }
    return cluster_arguments(Strings{"--check", "cluster", "--host", hosts, "--port", list} + more);
}

/// A primary that has nothing to do with the shared cluster, with the same role and password.
class Stranger {
public:
    Stranger()
    {
        run_or_throw({.argv = {DBUP_THROWAWAY, "start", folder_},
                      .environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
                      .kill_after = Millis{90'000}});
        std::ifstream lines{folder_ / "env"};
        for (std::string line; std::getline(lines, line);) {
            values_[line.substr(0, line.find('='))] = line.substr(line.find('=') + 1);
        }
        Client{{{"host", values_["SOCKET_DIR"]}, {"port", port()}, {"user", "postgres"}}}.sql(
            "ALTER ROLE db_monitor PASSWORD '" + Cluster::shared().password() + "'");
    }
    Stranger(const Stranger&) = delete;
    Stranger(Stranger&&) = delete;
    Stranger& operator=(const Stranger&) = delete;
    Stranger& operator=(Stranger&&) = delete;
    ~Stranger()
    {
        run({.argv = {DBUP_THROWAWAY, "stop", folder_},
             .environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}});
    }

    [[nodiscard]] std::string port() const { return values_.at("PORT"); }

    /// What trusts both clusters.
    [[nodiscard]] std::string both_authorities() const
    {
        return Sandbox::shared()
            .make_file(
                "both.crt",
                read_file(Cluster::shared().ca_file()).append(read_file(values_.at("CA_FILE"))),
                0644)
            .string();
    }

private:
    std::filesystem::path folder_ = Sandbox::shared().make_folder("stranger");
    std::map<std::string, std::string> values_ = {};
};

/// A server that is there and does nothing, until the end of the scope.
class Stopped {
public:
    explicit Stopped(const Standby& standby)
        : pid_{std::stoi(Client{standby.superuser()}.value(
              "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)"))}
    {
        ::kill(pid_, SIGSTOP);
    }
    Stopped(const Stopped&) = delete;
    Stopped(Stopped&&) = delete;
    Stopped& operator=(const Stopped&) = delete;
    Stopped& operator=(Stopped&&) = delete;
    ~Stopped() { ::kill(pid_, SIGCONT); }

private:
    pid_t pid_ = 0;
};

void wait_until_caught_up(const Standby& follower)
{
    const auto position = Cluster::shared().flushed_position();
    wait_until("the standby has replayed what there is", [&] {
        return Client{follower.superuser()}.value("SELECT pg_last_wal_replay_lsn() >= '" +
                                                  position + "'") == "t";
    });
}

double number(const StatusLine& line, const std::string& label)
{
    return line.perf.at(label).number();
}

TEST_CASE("one primary and its standby are OK, for a role without rights", "[cluster]")
{
    const auto primary = Cluster::shared().port();
    wait_until_caught_up(standby());
    const StatusLine line = check(on({primary, standby().port()}, {"--min-standbys", "1"}));
    CHECK(line.state == "OK");
    CHECK_THAT(line.text,
               has("cluster: primary localhost:" + primary + ", 1 standby (mydb on 2 servers)"));
    CHECK(number(line, "primaries") == 1);
    CHECK(number(line, "standbys") == 1);
    CHECK(number(line, "missing_standbys") == 0);
    CHECK(number(line, "unreachable") == 0);
    CHECK(number(line, "system_ids") == 1);
    CHECK(number(line, "versions") == 1);
    CHECK(number(line, "lag") == 0);
    CHECK(line.perf.at("lag").warn == "60");
    CHECK(line.perf.at("lag").crit == "300");
    CHECK(line.perf.at("lag_bytes").uom == "B");
    CHECK(number(line, "up") == 1);
    CHECK(line.measured("cert_days"));
    CHECK(line.more.empty());
    // The order of the list does not matter.
    CHECK(check(on({standby().port(), primary})).text ==
          "cluster: primary localhost:" + primary + ", 1 standby (mydb on 2 servers)");
}

TEST_CASE("each server is told of with -v", "[cluster]")
{
    wait_until_caught_up(standby());
    const auto primary = Cluster::shared().port();
    const auto finished = run(plugin(on({primary, standby().port()}, {"-vv"})));
    CHECK(finished.exit_code == 0);
    CHECK_THAT(finished.out, has("\n- localhost:" + primary + " primary, PostgreSQL 15."));
    CHECK_THAT(finished.out, has("\n- localhost:" + standby().port() + " standby, PostgreSQL 15."));
    CHECK_THAT(finished.out, has(", lag 0 ms, 0 B behind\n"));
    CHECK_THAT(finished.out, has("\nAttempt 1: localhost:" + primary));
    CHECK_THAT(finished.out, has("\nAttempt 1: localhost:" + standby().port()));
    CHECK_THAT(finished.out, has("\nFact: localhost:" + primary + ": PostgreSQL 15."));
}

TEST_CASE("a standby that does not replay lags, until it does", "[cluster]")
{
    const auto& follower = standby();
    const Client at_standby{follower.superuser()};
    Client{follower.superuser()}.sql("SELECT pg_wal_replay_pause()");
    wait_until("replay is paused", [&] {
        return Client{follower.superuser()}.value("SELECT pg_get_wal_replay_pause_state()") ==
               "paused";
    });
    Cluster::shared().execute("CREATE TABLE lagging (); DROP TABLE lagging");
    wait_until("the standby has received what it does not replay", [&] {
        return Client{follower.superuser()}.value(
                   "SELECT pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn()") == "t";
    });
    const auto ports = Strings{Cluster::shared().port(), follower.port()};
    const StatusLine line = check(on(ports, {"-w", "lag=0", "-c", "lag_bytes=100"}));
    CHECK(line.state == "CRITICAL");
    CHECK_THAT(line.text, has("lag is ") && has("lag_bytes is "));
    CHECK(number(line, "lag") > 0);
    CHECK(number(line, "lag_bytes") > 100);
    CHECK_THAT(line.all_text(), has("- localhost:" + follower.port() + " standby, PostgreSQL 15."));
    CHECK_THAT(line.all_text(), has("Fix: Look at --check replication of the standby"));

    Client{follower.superuser()}.sql("SELECT pg_wal_replay_resume()");
    wait_until_caught_up(follower);
    const StatusLine after = check(on(ports, {"-w", "lag=0"}));
    CHECK(after.state == "OK");
    CHECK(number(after, "lag") == 0);
}

TEST_CASE("a dead server is a warning, a missing standby more than that", "[cluster]")
{
    const auto primary = Cluster::shared().port();
    const auto nobody = free_port();
    const Strings quickly{"--max-retries", "0"};
    const StatusLine dead = check(on({nobody, primary, standby().port()}, quickly));
    CHECK(dead.state == "WARNING");
    CHECK_THAT(dead.text,
               has("unreachable is 1 (above 0), cluster: primary localhost:" + primary +
                   ", 1 standby, no answer from localhost:" + nobody + " (mydb on 3 servers)"));
    CHECK_THAT(dead.all_text(),
               has("- localhost:" + nobody +
                   " CONNECTION_REFUSED: connection refused at localhost:" + nobody));
    CHECK_THAT(dead.all_text(), has("Fix: Check host, network and PostgreSQL of the servers"));

    const StatusLine missing =
        check(on({nobody, primary, standby().port()}, quickly + Strings{"--min-standbys", "2"}));
    CHECK(missing.state == "CRITICAL");
    CHECK_THAT(missing.text, has("missing_standbys is 1 (above 0), unreachable is 1 (above 0)"));

    const StatusLine allowed =
        check(on({nobody, primary}, quickly + Strings{"-w", "unreachable=1"}));
    CHECK(allowed.state == "OK");
    CHECK_FALSE(allowed.measured("lag")); // no standby: nothing that could lag
}

TEST_CASE("without a primary the cluster is down", "[cluster]")
{
    const StatusLine line = check(on({standby().port(), free_port()}, {"--max-retries", "0"}));
    CHECK(line.state == "CRITICAL");
    CHECK_THAT(line.text,
               has("primaries is 0 (below 1), unreachable is 1 (above 0), cluster: no "
                   "primary, 1 standby, no answer from localhost:"));
    CHECK_THAT(line.all_text(),
               has("- localhost:" + standby().port() + " standby, PostgreSQL 15."));
    CHECK_THAT(line.all_text(), has("promote a standby"));
    CHECK_FALSE(line.measured("lag_bytes"));
}

TEST_CASE("a standby that was promoted is a split brain", "[cluster]")
{
    const Standby promoted{StandbyKind::hot, "promoted"};
    promoted.promote();
    const auto primary = Cluster::shared().port();
    const StatusLine line = check(on({primary, promoted.port(), standby().port()}));
    CHECK(line.state == "CRITICAL");
    CHECK(number(line, "primaries") == 2);
    CHECK(number(line, "system_ids") == 1);
    CHECK_THAT(line.text,
               has("primaries is 2 (above 1), cluster: primaries localhost:" + primary +
                   ", localhost:" + promoted.port() + ", 1 standby (mydb on 3 servers)"));
    CHECK_THAT(line.all_text(), has("- localhost:" + primary + " primary"));
    CHECK_THAT(line.all_text(), has("- localhost:" + promoted.port() + " primary"));
    CHECK_THAT(line.all_text(), has("fence the others"));
}

// The standby goes on following the shared cluster, which is not in the list.
TEST_CASE("a standby of another primary is none of this one's", "[cluster]")
{
    const Standby promoted{StandbyKind::hot, "elsewhere"};
    promoted.promote();
    Cluster::shared().execute("SELECT pg_logical_emit_message(true, 'test', repeat('x', 500000))");
    wait_until_caught_up(standby());
    const auto both = on({promoted.port(), standby().port()}, {"--min-standbys", "1"});
    const StatusLine ahead = check(both);
    CHECK(ahead.state == "CRITICAL");
    CHECK(number(ahead, "primaries") == 1);
    CHECK(number(ahead, "standbys") == 0);
    CHECK(number(ahead, "missing_standbys") == 1);
    CHECK(number(ahead, "diverged") == 1);
    CHECK_FALSE(ahead.measured("lag"));
    CHECK_THAT(ahead.text, has("0 standbys, diverged: localhost:" + standby().port()));
    CHECK_THAT(ahead.all_text(), has(", ahead of the primary by ") && has("pg_rewind"));

    // Who may see the receiver sees it however far the primary is.
    Client{promoted.superuser()}.sql("GRANT pg_monitor TO db_monitor");
    const Undoable granted{"GRANT pg_monitor TO db_monitor", "REVOKE pg_monitor FROM db_monitor"};
    for (int segments = 0; segments < 3; ++segments) {
        Client{promoted.superuser()}.sql("SELECT pg_logical_emit_message(true, 'test', 'x')");
        Client{promoted.superuser()}.sql("SELECT pg_switch_wal()");
    }
    wait_until_caught_up(standby());
    const StatusLine behind = check(both);
    CHECK(number(behind, "standbys") == 0);
    CHECK(number(behind, "diverged") == 1);
    CHECK_THAT(behind.all_text(),
               has("on timeline 1, where the primary writes 2: it follows another one, or none"));
}

TEST_CASE("a server of another cluster is told from the own ones", "[cluster]")
{
    const Stranger stranger;
    const StatusLine line = check(on({Cluster::shared().port(), standby().port(), stranger.port()},
                                     {"--ssl-root-cert", stranger.both_authorities()}));
    CHECK(line.state == "CRITICAL");
    CHECK(number(line, "primaries") == 2);
    CHECK(number(line, "system_ids") == 2);
    CHECK(number(line, "standbys") == 1);
    CHECK_THAT(line.text, has("primaries is 2 (above 1), system_ids is 2 (above 1)"));
    CHECK_THAT(line.all_text(), has("- localhost:" + stranger.port() + " is of cluster "));
}

TEST_CASE("two names of one server are not two primaries", "[cluster]")
{
    const auto port = Cluster::shared().port();
    const StatusLine line =
        check(cluster_arguments({"--check", "cluster", "--host", "localhost,127.0.0.1"}));
    CHECK(line.state == "OK");
    CHECK(number(line, "primaries") == 1);
    const auto verbose = run(
        plugin(cluster_arguments({"--check", "cluster", "--host", "localhost,127.0.0.1", "-v"})));
    CHECK_THAT(verbose.out,
               has("- 127.0.0.1:" + port + " is localhost:" + port + " by another name"));
}

TEST_CASE("one server alone may be looked at, and the role that is wanted has no say", "[cluster]")
{
    const auto arguments = on({Cluster::shared().port()}, {"--role", "standby", "-v"});
    const auto finished = run(plugin(arguments));
    CHECK(finished.exit_code == 0);
    CHECK_THAT(finished.out, has("0 standbys (mydb on 1 server)"));
    CHECK_THAT(finished.out, has("Note: only one server is named"));
    CHECK_THAT(finished.out, has("Note: --role has no effect"));
}

TEST_CASE("where no server answers the failure that came furthest is told", "[cluster]")
{
    const auto nobody = free_port();
    const StatusLine refused = check(on({free_port(), nobody}, {"--max-retries", "0"}));
    CHECK(refused.state == "CRITICAL");
    CHECK(refused.code == "CONNECTION_REFUSED");
    CHECK_THAT(refused.all_text(), has("also tried localhost:" + nobody + " "));
    CHECK(number(refused, "up") == 0);

    const auto wrong = Sandbox::shared().make_file("wrong", "not-the-password\n");
    const StatusLine locked = check(on({nobody, Cluster::shared().port(), standby().port()},
                                       {"--password-file", wrong, "--max-retries", "0"}));
    CHECK(locked.state == "CRITICAL");
    CHECK(locked.code == "AUTHENTICATION_ERROR");
}

TEST_CASE("a server that hangs does not keep the others from being judged", "[cluster]")
{
    const Standby hanging{StandbyKind::hot, "hanging"};
    const auto ports = Strings{Cluster::shared().port(), hanging.port(), standby().port()};
    const Stopped stopped{hanging};
    struct Case {
        const char* says = "";
        Strings limits = {};
        double seconds = 0;
    };
    const auto c = GENERATE(values<Case>({
        {"the time to connect", {"--connect-timeout", "1"}, 1},
        {"the deadline", {"--timeout", "1"}, 1},
    }));
    INFO(c.says);
    const auto finished = run(plugin(on(ports, c.limits)));
    const StatusLine line = read_status(finished);
    CHECK(line.state == "WARNING");
    CHECK(finished.seconds < in_time(c.seconds + allowed_excess));
    CHECK(number(line, "primaries") == 1);
    CHECK(number(line, "standbys") == 1);
    CHECK(number(line, "unreachable") == 1);
    CHECK_THAT(line.all_text(), has("- localhost:" + hanging.port() + " TIMEOUT: no answer from"));
}

TEST_CASE("servers that are all silent end with the deadline", "[cluster]")
{
    const ScriptedServer one{Script{stay_silent()}};
    const ScriptedServer other{Script{stay_silent()}};
    const auto finished = run(plugin(on({one.port(), other.port()}, {"-t", "1"})));
    const StatusLine line = read_status(finished);
    CHECK(line.state == "CRITICAL");
    CHECK(line.code == "TIMEOUT");
    CHECK(finished.seconds < in_time(1 + allowed_excess));
    CHECK_THAT(line.text, has("waiting for the TLS handshake"));
}

TEST_CASE("a name that is never looked up does not keep the others from being judged", "[cluster]")
{
    const SilentNameServer silent;
    if (!silent.listening() || !can_mount()) {
        const StatusLine line = check(cluster_arguments({"--check",
                                                         "cluster",
                                                         "--host",
                                                         "localhost,no-such.invalid",
                                                         "--connect-timeout",
                                                         "1"}));
        CHECK(number(line, "unreachable") == 1);
        return;
    }
    const auto resolver =
        Sandbox::shared().make_file("resolv.conf", "nameserver " + silent.address() + "\n", 0644);
    const auto order = Sandbox::shared().make_file("nsswitch.conf", "hosts: files dns\n", 0644);
    auto command = plugin(cluster_arguments({"--check",
                                             "cluster",
                                             "--host",
                                             "localhost,silent.example.com",
                                             "--connect-timeout",
                                             "1"}));
    command.mounts = {{resolver, "/etc/resolv.conf"}, {order, "/etc/nsswitch.conf"}};
    const auto finished = run(command);
    const StatusLine line = read_status(finished);
    CHECK(silent.was_asked());
    CHECK(line.state == "WARNING");
    CHECK(finished.seconds < in_time(1 + allowed_excess));
    CHECK(number(line, "primaries") == 1);
    CHECK_THAT(line.all_text(), has("waiting for name resolution"));
}

TEST_CASE("a role that may not read the system identifier gets no OK", "[cluster]")
{
    const Undoable closed{"REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC",
                          "GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC",
                          "mydb"};
    const StatusLine line = check(on({Cluster::shared().port()}));
    CHECK(line.state == "UNKNOWN");
    CHECK_THAT(line.text, has("system_ids was not measured"));
    CHECK_THAT(line.all_text(),
               has("Fix: GRANT EXECUTE ON FUNCTION pg_catalog.pg_control_system() TO \"" +
                   Cluster::shared().get("USER") + "\";"));
    CHECK(number(line, "primaries") == 1);
}

TEST_CASE("more servers than fit are refused, as many as fit are asked", "[cluster]")
{
    const Strings many(16, Cluster::shared().port());
    const StatusLine line = check(on(many));
    CHECK(line.state == "OK");
    CHECK(number(line, "primaries") == 1);
    const StatusLine refused = check(on(many + Strings{Cluster::shared().port()}));
    CHECK(refused.state == "UNKNOWN");
    CHECK(refused.code == "CONFIG_ERROR");
    CHECK_THAT(refused.text, has("at most 16 servers, not 17"));
}

TEST_CASE("nothing is left of a survey on the servers", "[cluster]")
{
    static_cast<void>(check(on({Cluster::shared().port(), standby().port()})));
    Cluster::shared().wait_until_gone();
}

} // namespace

} // namespace dbup_test
