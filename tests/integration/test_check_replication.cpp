// SPDX-License-Identifier: MIT
// --check replication against a real pair of servers, in the order of their life: alone, healthy,
// paused, cut off, stopped. The test cases share the pair, because it takes seconds to make.
#include <optional>

#include "support/catch.hpp"
#include "support/cluster.hpp"
#include "support/network.hpp"
#include "support/plugin.hpp"
#include "support/sandbox.hpp"

namespace dbup_test {

namespace {

const Cluster& primary()
{
    static const Cluster& cluster = [&]() -> const Cluster& {
        Cluster::shared().execute("GRANT pg_monitor TO db_monitor");
        return Cluster::shared();
    }();
    return cluster;
}

/// As long as one lives, the role may look at nothing but itself.
class NoRight {
public:
    NoRight() { primary(); }

private:
    Undoable revoked_{"REVOKE pg_monitor FROM db_monitor", "GRANT pg_monitor TO db_monitor"};
};

StatusLine look_at(const std::string& port, const Strings& more = {})
{
    return check(cluster_arguments(Strings{"--port", port, "--check", "replication"} + more));
}

StatusLine look_at_primary(const Strings& more = {})
{
    return look_at(primary().port(), more);
}

/// A standby that follows the primary by a slot and under a name.
class Follower {
public:
    Follower()
    {
        primary().execute("SELECT pg_create_physical_replication_slot('followed', true)");
        follow();
    }

    [[nodiscard]] std::string port() const { return standby_.port(); }
    [[nodiscard]] Client client() const { return Client{standby_.superuser()}; }
    [[nodiscard]] std::string value(const std::string& sql) const { return client().value(sql); }

    /// Another place to receive from; empty: none.
    void receive_from(const std::string& conninfo) const
    {
        auto session = client();
        session.sql("ALTER SYSTEM SET primary_conninfo = '" + conninfo + "'");
        session.sql("SELECT pg_reload_conf()");
    }

    void follow() const
    {
        client().sql("ALTER SYSTEM SET primary_slot_name = 'followed'");
        receive_from("host=" + primary().socket_folder() + " port=" + primary().port() +
                     " user=" + primary().get("SUPERUSER") + " application_name=standby1");
        wait_until("the standby streams", [&] {
            return primary().value("SELECT count(*) FROM pg_stat_replication r JOIN "
                                   "pg_replication_slots s ON s.active_pid = r.pid WHERE state = "
                                   "'streaming' AND application_name = 'standby1' AND replay_lsn "
                                   "IS NOT NULL") == "1";
        });
    }

    void wait_for_replay() const
    {
        const auto position = primary().flushed_position();
        wait_until("all is replayed", [&] {
            return value("SELECT pg_last_wal_replay_lsn() >= '" + position +
                         "'::pg_lsn AND pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()") ==
                   "t";
        });
    }

private:
    Standby standby_{StandbyKind::hot, "follower"};
};

std::optional<Follower>& pair()
{
    static std::optional<Follower> follower;
    return follower;
}

const Follower& follower()
{
    if (!pair()) {
        primary();
        pair().emplace();
    }
    return *pair();
}

/// Log of about `megabytes`, in segments of one.
void write_log(int megabytes)
{
    for (int written = 0; written < megabytes; ++written) {
        primary().execute("SELECT pg_logical_emit_message(true, 'test', 'x'); "
                          "SELECT pg_switch_wal()");
    }
}

TEST_CASE("a server without standbys and slots says so, whatever the role may see", "[replication]")
{
    const StatusLine line = look_at_primary();
    CHECK(line.state == "OK");
    CHECK_THAT(line.text, has("no standby, no slot"));
    CHECK(line.perf.at("standbys").value == "0");
    CHECK(line.perf.at("slots").value == "0");
    CHECK_FALSE(line.measured("replay_lag"));
    CHECK_FALSE(line.measured("missing_standbys"));

    const NoRight unprivileged;
    CHECK(look_at_primary().state == "OK");
    const StatusLine missing = look_at_primary({"--expect-standby", "standby1, standby2"});
    CHECK(missing.state == "CRITICAL");
    CHECK(missing.perf.at("missing_standbys").value == "2");
    CHECK_THAT(missing.all_text(), has("not connected: standby1, standby2"));
    const StatusLine twice = look_at_primary({"--expect-standby", "standby1,standby1, standby1"});
    CHECK(twice.perf.at("missing_standbys").value == "1");
    CHECK_THAT(twice.all_text(),
               has("not connected: standby1") && !has("not connected: standby1, "));
}

TEST_CASE("a pair is OK at both ends", "[replication]")
{
    const auto& standby = follower();
    standby.wait_for_replay();

    const StatusLine from = look_at_primary({"--expect-standby", "standby1"});
    CHECK(from.state == "OK");
    CHECK_THAT(from.text, has("1 standby") && has("1 slot, 0 inactive"));
    CHECK(from.perf.at("standbys").value == "1");
    CHECK(from.perf.at("missing_standbys").value == "0");
    CHECK(from.perf.at("replay_lag").number() < 1);
    CHECK_FALSE(from.measured("paused"));
    CHECK_FALSE(from.measured("sync_standbys"));

    const StatusLine at = look_at(standby.port());
    CHECK(at.state == "OK");
    CHECK_THAT(at.text, has("receiver streaming") && has("standby"));
    CHECK(at.perf.at("replay_lag").value == "0");
    CHECK(at.perf.at("replay_bytes").value == "0");
    CHECK(at.perf.at("receiver_up").value == "1");
    CHECK(at.perf.at("receiver_age").number() >= 0);
    CHECK(at.perf.at("paused").value == "0");

    // Nobody feeds from the standby.
    CHECK(look_at(standby.port(), {"--expect-standby", "standby2"}).state == "CRITICAL");
}

TEST_CASE("without the right to see it, replication is UNKNOWN at both ends", "[replication]")
{
    const auto& standby = follower();
    const NoRight unprivileged;
    standby.wait_for_replay();
    for (const auto& port : {primary().port(), standby.port()}) {
        const StatusLine line = look_at(port);
        CHECK(line.state == "UNKNOWN");
        CHECK(line.code == "PRIVILEGE_MISSING");
        CHECK_THAT(line.all_text(), has("GRANT pg_monitor TO \"db_monitor\";"));
    }
}

TEST_CASE("a standby on which nothing happens does not lag, however old the last commit is",
          "[replication]")
{
    const auto& standby = follower();
    standby.wait_for_replay();
    const StatusLine line = look_at(standby.port(), {"-c", "replay_lag=0"});
    CHECK(line.state == "OK");
    CHECK(line.perf.at("replay_age").number() > 0);
}

TEST_CASE("paused replay lags, in seconds and bytes, and is told", "[replication]")
{
    const auto& standby = follower();
    standby.wait_for_replay();
    standby.client().sql("SELECT pg_wal_replay_pause()");
    const auto position = primary().value("SELECT pg_logical_emit_message(true, 'test', 'x')");
    wait_until("it is received", [&] {
        return standby.value("SELECT pg_last_wal_receive_lsn() >= '" + position + "'::pg_lsn") ==
               "t";
    });

    const StatusLine paused = look_at(standby.port());
    CHECK(paused.state == "WARNING");
    CHECK(paused.perf.at("paused").value == "1");
    CHECK(paused.perf.at("replay_bytes").number() > 0);
    CHECK(paused.perf.at("replay_lag").number() > 0);
    CHECK_THAT(paused.all_text(), has("replay is paused") && has("pg_wal_replay_resume()"));
    CHECK(look_at(standby.port(), {"-c", "0"}).state == "CRITICAL");

    const StatusLine from = look_at_primary({"-c", "replay_bytes=0"});
    CHECK(from.state == "CRITICAL");
    CHECK_THAT(from.all_text(), has("- standby1 (socket, pid ") && has("streaming, async"));

    standby.client().sql("SELECT pg_wal_replay_resume()");
    standby.wait_for_replay();
    CHECK(look_at(standby.port()).state == "OK");
}

TEST_CASE("a receiver of the log that replays nothing is no standby", "[replication]")
{
    follower();
    const std::string its_lag = "SELECT replay_lag > '1 s' FROM pg_stat_replication WHERE "
                                "application_name = 'pg_receivewal'";
    const std::filesystem::path folder = Sandbox::shared().make_folder("received");
    Process receiver{{.argv = {primary().get("BIN_DIR") + "/pg_receivewal",
                               "-D",
                               folder,
                               "-h",
                               primary().socket_folder(),
                               "-p",
                               primary().port(),
                               "-U",
                               primary().get("SUPERUSER"),
                               "--status-interval=1"},
                      .environment = {"PATH=/usr/bin:/bin"}}};
    wait_until("it receives", [] {
        return primary().value("SELECT count(*) FROM pg_stat_replication WHERE state = "
                               "'streaming' AND application_name = 'pg_receivewal'") == "1";
    });
    primary().execute("SELECT pg_logical_emit_message(true, 'test', 'x')");
    follower().wait_for_replay();
    wait_until("the server tells a lag of it", [&] { return primary().value(its_lag) == "t"; });
    const StatusLine line = look_at_primary({"-c", "replay_lag=1", "-c", "standbys=2:"});
    CHECK(line.perf.at("standbys").value == "1");
    CHECK(line.perf.at("replay_lag").number() < 1);
    CHECK_THAT(line.all_text(),
               has("- pg_receivewal (socket, pid ") && has("async, replays nothing, "));
    receiver.send(15);
    receiver.wait();
}

TEST_CASE("commits that wait for a standby that is not there are CRITICAL", "[replication]")
{
    follower();
    {
        const Setting names{"synchronous_standby_names", "standby1"};
        wait_until("the standby is synchronous", [] {
            return primary().value("SELECT sync_state FROM pg_stat_replication") == "sync";
        });
        const StatusLine line = look_at_primary();
        CHECK(line.perf.at("sync_standbys").value == "1");
        CHECK(line.perf.at("missing_sync").value == "0");
    }
    for (const std::string two :
         {"FIRST 2 (standby1, nobody)", "any 2(standby1,nobody)", "2 (*)"}) {
        CAPTURE(two);
        const Setting names{"synchronous_standby_names", two};
        wait_until("the standby is synchronous", [] {
            return primary().value("SELECT sync_state IN ('sync', 'quorum') FROM "
                                   "pg_stat_replication") == "t";
        });
        const StatusLine line = look_at_primary();
        CHECK(line.state == "CRITICAL");
        CHECK_THAT(line.text, has("missing_sync is 1 (above 0)"));
        CHECK(line.perf.at("sync_standbys").value == "1");
    }
    for (const std::string one : {"FIRST 1 (standby1, nobody)", "standby1, \"2 (x\"", "2, *"}) {
        CAPTURE(one);
        const Setting names{"synchronous_standby_names", one};
        wait_until("the standby is synchronous", [] {
            return primary().value("SELECT sync_state FROM pg_stat_replication") == "sync";
        });
        CHECK(look_at_primary().state == "OK");
    }
    const Setting names{"synchronous_standby_names", "nobody"};
    wait_until("no standby is synchronous", [] {
        return primary().value("SELECT sync_state FROM pg_stat_replication") == "async";
    });
    const StatusLine line = look_at_primary();
    CHECK(line.state == "CRITICAL");
    CHECK(line.perf.at("sync_standbys").value == "0");
    CHECK(line.perf.at("missing_sync").value == "1");
}

TEST_CASE("a standby that receives nothing is CRITICAL, unless an archive feeds it",
          "[replication]")
{
    const auto& standby = follower();
    const auto receivers = [&] {
        return standby.value("SELECT count(*) FROM pg_stat_wal_receiver");
    };
    standby.receive_from("host=127.0.0.1 port=" + free_port());
    wait_until("there is no receiver", [&] { return receivers() == "0"; });
    const StatusLine cut_off = look_at(standby.port());
    CHECK(cut_off.state == "CRITICAL");
    CHECK(cut_off.perf.at("receiver_up").value == "0");
    CHECK_FALSE(cut_off.measured("receiver_age"));
    CHECK_THAT(cut_off.all_text(), has("no receiver"));

    standby.receive_from("");
    wait_until("nobody is named", [&] { return standby.value("SHOW primary_conninfo").empty(); });
    const StatusLine archived = look_at(standby.port());
    CHECK(archived.state == "OK");
    CHECK_FALSE(archived.measured("receiver_up"));
    CHECK_THAT(archived.text, has("fed from an archive"));
}

TEST_CASE("a stopped standby is missing, and its slot holds the log back until it is lost",
          "[replication]")
{
    follower();
    pair().reset(); // stops it
    wait_until("the slot is free",
               [] { return primary().value("SELECT active FROM pg_replication_slots") == "f"; });
    CHECK(look_at_primary({"--expect-standby", "standby1"}).state == "CRITICAL");

    write_log(3);
    const StatusLine held = look_at_primary({"-w", "inactive_retained=1MB"});
    CHECK(held.state == "WARNING");
    CHECK(held.perf.at("inactive_slots").value == "1");
    CHECK(held.perf.at("inactive_retained").number() > 2'000'000);
    CHECK_THAT(held.all_text(), has("- slot followed (physical): inactive, retains "));
    CHECK(look_at_primary().state == "OK"); // a gigabyte is allowed

    const Setting limit{"max_slot_wal_keep_size", "1MB"};
    write_log(3);
    const StatusLine doomed = look_at_primary();
    CHECK(doomed.state == "WARNING");
    CHECK(doomed.perf.at("unreserved_slots").value == "1");
    CHECK_THAT(doomed.all_text(), has("unreserved"));

    primary().execute("CHECKPOINT");
    const StatusLine lost = look_at_primary();
    CHECK(lost.state == "CRITICAL");
    CHECK(lost.perf.at("lost_slots").value == "1");
    CHECK(lost.perf.at("inactive_slots").value == "0");
    CHECK_THAT(lost.all_text(), has("- slot followed (physical): inactive, lost"));

    primary().execute("SELECT pg_drop_replication_slot('followed')");
    CHECK(look_at_primary().state == "OK");
}

} // namespace

} // namespace dbup_test
