// SPDX-License-Identifier: MIT
// --check activity against a server on which everything that it looks for really happens.
#include <memory>
#include <vector>

#include "support/catch.hpp"
#include "support/cluster.hpp"
#include "support/plugin.hpp"
#include "support/sessions.hpp"

namespace dbup_test {

namespace {

/// The cluster with the roles of these tests; ours is a member of pg_monitor.
const Cluster& cluster()
{
    static const Cluster& ready = [&]() -> const Cluster& {
        const Cluster& shared = Cluster::shared();
        shared.execute("ALTER SYSTEM SET max_prepared_transactions = 2");
        shared.restart();
        shared.execute("GRANT pg_monitor TO " + shared.get("USER"));
        make_role("app");
        make_role("stranger");
        make_role("deaf", "NOINHERIT");
        shared.execute("GRANT pg_monitor TO deaf");
        make_role("boss", "SUPERUSER");
        shared.execute("CREATE TABLE stock (n int); GRANT ALL ON stock TO app",
                       shared.get("DATABASE"));
        return shared;
    }();
    return ready;
}

StatusLine look(const Strings& more, const Strings& environment = {})
{
    cluster();
    return check_cluster(Strings{"--check", "activity"} + more, environment);
}

/// Only sessions of this application: those of the test before may take a moment to go.
StatusLine look_at(const std::string& application, const Strings& more = {})
{
    return look(Strings{"--include-application", application} + more);
}

Parameters app(const std::string& application)
{
    cluster();
    return role_parameters("app", application);
}

TEST_CASE("a server where nothing is stuck is OK, with every number", "[activity]")
{
    const StatusLine line = look({});
    CHECK(line.state == "OK");
    CHECK_THAT(line.text,
               has(" of 17 connections, 0 blocked, 0 idle in transaction (mydb at localhost:"));
    for (const auto* const label : {"total_connections",
                                    "connections_used",
                                    "free_slots",
                                    "total_locks",
                                    "all_locks",
                                    "blocked_locks",
                                    "longest_wait",
                                    "idle_transactions",
                                    "long_queries",
                                    "long_transactions",
                                    "prepared",
                                    "prepared_age",
                                    "xmin_age",
                                    "untracked"}) {
        CAPTURE(label);
        CHECK(line.measured(label));
    }
    CHECK(line.perf.at("total_connections").warn == "29");
    CHECK(line.perf.at("total_connections").crit == "49");
    CHECK(line.perf.at("connections_used").uom == "%");
    CHECK(line.more.empty());
    cluster().wait_until_gone();
}

TEST_CASE("a role that cannot see the others does not say that they are fine", "[activity]")
{
    const OpenSession stuck{app("stuck"), "BEGIN"};
    const StatusLine line = look(Strings{"--idle-transaction-age", "0"} + role_options("stranger"));
    CHECK(line.state == "UNKNOWN");
    CHECK(line.code == "PRIVILEGE_MISSING");
    CHECK_THAT(line.all_text(),
               has("user \"stranger\" may not look at what this check needs") &&
                   has("Fix: GRANT pg_monitor TO \"stranger\";"));
    CHECK_FALSE(line.measured("idle_transactions"));
}

TEST_CASE("the fix for a member without INHERIT does help it", "[activity]")
{
    const StatusLine line = look(role_options("deaf"));
    CHECK(line.code == "PRIVILEGE_MISSING");
    const std::string fix = R"(GRANT pg_monitor TO "deaf"; ALTER ROLE "deaf" INHERIT;)";
    CHECK_THAT(line.all_text(), has("Fix: " + fix));
    const auto validated = run(plugin(
        cluster_arguments(Strings{"--check", "activity", "--validate"} + role_options("deaf"))));
    CHECK_THAT(validated.out, has(fix));
    cluster().execute(fix);
    CHECK(look(role_options("deaf")).code.empty());
    cluster().execute("ALTER ROLE deaf NOINHERIT");
}

TEST_CASE("sessions idle in transaction are counted from an age on, aborted ones too", "[activity]")
{
    const OpenSession stuck{app("idler"), "BEGIN; SELECT 1 AS secret"};
    OpenSession aborted{app("idler"), "BEGIN"};
    CHECK_THROWS(aborted.client().sql("no SQL"));
    const Strings at_once{"--idle-transaction-age", "0"};

    CHECK(look_at("idler").state == "OK");
    const StatusLine two = look_at("idler", at_once);
    CHECK(two.state == "WARNING");
    CHECK(two.perf.at("idle_transactions").value == "2");
    CHECK_THAT(two.text, has("idle_transactions is 2 (above 0)"));
    CHECK_THAT(two.all_text(),
               has("- pid " + stuck.pid() + " app@mydb (idler, 127.0.0.1): idle in transaction") &&
                   has("- pid " + aborted.pid() +
                       " app@mydb (idler, 127.0.0.1): idle in transaction (aborted) for ") &&
                   has("Fix: Let the application commit") && !has("secret"));
    CHECK_THAT(look_at("idler", at_once + Strings{"--show-queries"}).all_text(),
               has(": BEGIN; SELECT 1 AS secret"));

    const OpenSession third{app("idler"), "BEGIN"};
    CHECK(look_at("idler", at_once).state == "CRITICAL");
}

TEST_CASE("a session that waits for a lock is told with whom it waits for", "[activity]")
{
    const OpenSession blocker{app("blocker"), "BEGIN; LOCK TABLE stock"};
    const BusySession victim{app("victim"), "", "SELECT * FROM stock"};
    wait_until_blocked(victim.pid());

    CHECK(look_at("victim").state == "OK"); // not for five seconds yet
    const StatusLine line = look_at("victim", {"--blocked-age", "0"});
    CHECK(line.state == "WARNING");
    CHECK(line.perf.at("blocked_locks").value == "1");
    CHECK(line.perf.at("longest_wait").number() > 0);
    CHECK_THAT(
        line.all_text(),
        has("- pid " + victim.pid() + " app@mydb (victim, 127.0.0.1) has waited ") &&
            has(" for a lock of " + blocker.pid() + " (app, blocker, idle in transaction)") &&
            has("--cleanup --cleanup-kinds blocker"));
    CHECK(look_at("victim", {"--blocked-age", "0", "-c", "blocked_locks=0"}).state == "CRITICAL");
    CHECK(look_at("blocker", {"--blocked-age", "0"}).state == "OK"); // the filter holds for it, too
}

TEST_CASE("long queries and transactions are counted, locks of old transactions too", "[activity]")
{
    const BusySession query{
        app("worker"),
        "BEGIN; SELECT pg_advisory_xact_lock(n) FROM generate_series(1, 60) AS n",
        "SELECT pg_sleep(60) AS private"};
    const Strings at_once{"--long-query-age", "0", "--long-transaction-age", "0"};
    wait_until("the query runs",
               [&] { return look_at("worker", at_once).perf.at("long_queries").value == "1"; });
    const StatusLine later = look_at("worker");
    CHECK(later.state == "OK");
    CHECK(later.perf.at("total_locks").value == "0"); // a young transaction may hold many
    CHECK(later.perf.at("all_locks").number() >= 60);

    const StatusLine line = look_at("worker", at_once + Strings{"--blocked-age", "0"});
    CHECK(line.state == "WARNING");
    CHECK(line.perf.at("long_transactions").value == "1");
    CHECK(line.perf.at("total_locks").value == "60");
    CHECK_THAT(line.all_text(),
               has("- pid " + query.pid() + " app@mydb (worker, 127.0.0.1): query runs for ") &&
                   has("- pid " + query.pid() + " app@mydb (worker, 127.0.0.1) holds 60 locks") &&
                   !has("private"));
    const StatusLine strict =
        look(at_once +
             Strings{"--blocked-age", "0", "--include-application", "work*", "--max-locks", "59"});
    CHECK(strict.state == "CRITICAL");
    CHECK_THAT(strict.text, has("total_locks is 60 (above 59)"));
}

TEST_CASE("sessions are chosen by database, user, application and type", "[activity]")
{
    const OpenSession one{app("shop_1"), "BEGIN"};
    const OpenSession two{app("shop_2")};
    struct Case {
        Strings options = {};
        const char* sessions = "";
    };
    const auto c = GENERATE(values<Case>({
        {{"--include-application", "shop_*"}, "2"},
        {{"--include-application", "shop_1, shop_2"}, "2"},
        {{"--include-application", "shop_*", "--exclude-application", "*_1"}, "1"},
        {{"--include-application", "shop_"}, "0"},
        {{"--include-application", "shop%"}, "0"}, // no wildcard here
        {{"--include-application", "shop\\_*"}, "0"},
        {{"--include-application", "shop_*", "--include-user", "a*p"}, "2"},
        {{"--include-application", "shop_*", "--exclude-user", "app,boss"}, "0"},
        {{"--include-application", "shop_*", "--include-database", "other"}, "0"},
        {{"--include-application", "shop_*", "--exclude-database", "my*"}, "0"},
        {{"--include-application", "shop_*", "--include-type", "client*"}, "2"},
        {{"--include-application", "shop_*", "--exclude-type", "client backend"}, "0"},
        {{"--include-type", "checkpointer"}, "1"},
    }));
    CAPTURE(c.options);
    CHECK(look(c.options).perf.at("total_connections").value == c.sessions);
}

TEST_CASE("too many connections are told with who has them", "[activity]")
{
    const OpenSession one{app("crowd")};
    const OpenSession two{app("crowd")};
    const StatusLine line = look_at("crowd", {"-w", "1", "-c", "9"});
    CHECK(line.state == "WARNING");
    CHECK_THAT(line.all_text(),
               has("total_connections is 2 (above 1)") && has("- sessions of app@mydb (crowd): 2"));
    const StatusLine named = look({"--include-application", "crowd"},
                                  {"DB_MONITOR_MAX_CONNECTIONS=1", "DB_MONITOR_MAX_LOCKS=1000"});
    CHECK(named.state == "CRITICAL");
    CHECK(named.perf.at("total_locks").crit == "1000");
}

TEST_CASE("the limit of role or database counts where it is the tighter one", "[activity]")
{
    const OpenSession one{app("one")};
    const OpenSession two{app("two")};
    {
        const Undoable of_database{"ALTER DATABASE mydb CONNECTION LIMIT 10",
                                   "ALTER DATABASE mydb CONNECTION LIMIT -1"};
        CHECK_THAT(look({}).text, has(" of 10 connections of the database, "));
    }
    const Undoable of_role{"ALTER ROLE app CONNECTION LIMIT 3; GRANT pg_monitor TO app",
                           "ALTER ROLE app CONNECTION LIMIT -1; REVOKE pg_monitor FROM app"};
    wait_until("only these two are left", [&] {
        return cluster().value("SELECT count(*) FROM pg_stat_activity WHERE usename "
                               "= 'app'") == "2";
    });
    const StatusLine line = look(role_options("app"));
    CHECK_THAT(line.text, has("2 of 3 connections of the role, "));
    CHECK(line.perf.at("connections_used").value == "66.7");
    CHECK(line.perf.at("free_slots").value == "1");
}

TEST_CASE("when the ordinary slots are used up, a role with reserved ones still answers",
          "[activity]")
{
    std::vector<std::unique_ptr<OpenSession>> crowd;
    wait_until("all slots are used", [&] {
        try {
            crowd.push_back(std::make_unique<OpenSession>(app("crowd")));
        } catch (const std::runtime_error&) {
            return true;
        }
        return false;
    });
    const StatusLine ordinary = look({"--max-retries", "0"});
    CHECK(ordinary.state == "CRITICAL");
    CHECK(ordinary.code == "TOO_MANY_CONNECTIONS");

    const StatusLine reserved = look(role_options("boss"));
    CHECK(reserved.state == "WARNING"); // 17 of the 20 that a superuser can have
    CHECK(reserved.perf.at("connections_used").value == "85");
    CHECK(reserved.perf.at("free_slots").value == "3");
    CHECK_THAT(reserved.all_text(),
               has("17 of 20 connections") && has("- connections from 127.0.0.1: 17"));
}

TEST_CASE("prepared transactions and the oldest snapshot are measured", "[activity]")
{
    cluster().execute("BEGIN; CREATE TABLE forgotten (); PREPARE TRANSACTION 'left over'");
    const Undoable undo{"SELECT 1", "ROLLBACK PREPARED 'left over'"};
    cluster().execute("CREATE TABLE one_more (); DROP TABLE one_more");
    const StatusLine line = look({"-c", "prepared_age=0", "-w", "xmin_age=0"});
    CHECK(line.state == "CRITICAL");
    CHECK(line.perf.at("prepared").value == "1");
    CHECK(line.perf.at("xmin_age").number() >= 1);
    CHECK_THAT(line.all_text(),
               has("- prepared transaction left over of postgres in postgres, ") &&
                   has("- prepared transaction left over: ") && has(" transactions") &&
                   has("ROLLBACK PREPARED"));
}

TEST_CASE("a prepared transaction that blocks is told as one", "[activity]")
{
    cluster().execute("BEGIN; LOCK TABLE stock; PREPARE TRANSACTION 'left over'",
                      cluster().get("DATABASE"));
    const Undoable undo{"SELECT 1", "ROLLBACK PREPARED 'left over'", cluster().get("DATABASE")};
    const BusySession victim{app("victim"), "", "SELECT * FROM stock"};
    wait_until_blocked(victim.pid());
    const Strings at_once{"--blocked-age", "0"};
    CHECK_THAT(look_at("victim", at_once).all_text(),
               has(" has waited ") && has(" for a lock of a prepared transaction") &&
                   has("ROLLBACK PREPARED"));
    // Whoever limits the wait reads the same names.
    const StatusLine waits = look_at(
        "victim",
        at_once +
            Strings{"-w", "blocked_locks=~:", "-c", "blocked_locks=~:", "-w", "longest_wait=0"});
    CHECK_THAT(waits.all_text(), has("longest_wait is ") && has(" of a prepared transaction"));
}

TEST_CASE("a session that hides what it does is not taken for an idle one", "[activity]")
{
    cluster();
    const Undoable off{"ALTER ROLE app SET track_activities = off",
                       "ALTER ROLE app RESET track_activities"};
    const OpenSession hidden{app("hidden"), "BEGIN"};
    const StatusLine line = look_at("hidden");
    CHECK(line.state == "WARNING");
    CHECK(line.perf.at("untracked").value == "1");
    CHECK_THAT(line.all_text(), has("(hidden, 127.0.0.1): track_activities is off"));
}

TEST_CASE("--health-check is this check as JSON", "[activity]")
{
    const OpenSession stuck{app("idler"), "BEGIN"};
    const auto health = [](const Strings& more) {
        Finished finished = run(plugin(
            cluster_arguments(Strings{"--health-check", "--include-application", "idler"} + more)));
        UNSCOPED_INFO(finished.out);
        CHECK(finished.err.empty());
        return finished;
    };
    const Finished healthy = health({});
    CHECK(healthy.exit_code == 0);
    CHECK_THAT(healthy.out,
               has("\"status\":\"healthy\"") && has("\"alerts\":[]") &&
                   has("\"total_connections\":1,") && has("\"total_locks\":0,") &&
                   has("\"blocked_locks\":0,") && has("\"idle_transactions\":0,") &&
                   has("\"long_running_queries\":0,"));
    const Finished warning = health({"--idle-transaction-age", "0"});
    CHECK(warning.exit_code == 1);
    CHECK_THAT(warning.out,
               has("\"status\":\"warning\"") && has("\"idle_transactions\":1,") &&
                   has("\"alerts\":[\"idle_transactions is 1 (above 0)\"]") &&
                   has("pid " + stuck.pid()) && !has("healthy"));
    const Finished critical = health({"--idle-transaction-age", "0", "-c", "idle_transactions=0"});
    CHECK(critical.exit_code == 2);
    CHECK_THAT(critical.out, has("\"status\":\"critical\"") && !has("healthy"));
    const Finished unknown = health(role_options("stranger"));
    CHECK(unknown.exit_code == 3);
    CHECK_THAT(unknown.out,
               has("\"status\":\"unknown\"") && has("\"PRIVILEGE_MISSING\"") && !has("healthy"));
}

} // namespace

} // namespace dbup_test
