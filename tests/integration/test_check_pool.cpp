// SPDX-License-Identifier: MIT
// PgBouncer's pools, with a real queue.
#include <optional>

#include "support/catch.hpp"
#include "support/cluster.hpp"
#include "support/pgbouncer.hpp"
#include "support/plugin.hpp"

namespace dbup_test {

namespace {

Strings console(const PgBouncer& pooler, const Strings& more = {})
{
    return cluster_arguments(Strings{"--host",
                                     "localhost",
                                     "--port",
                                     pooler.port(),
                                     "--database",
                                     "pgbouncer",
                                     "--user",
                                     "watcher"} +
                             more);
}

StatusLine pools(const PgBouncer& pooler, const Strings& more = {})
{
    return check(console(pooler, Strings{"--check", "pool"} + more));
}

/// A client that has the only server connection, and one that waits for it.
class Queue {
public:
    explicit Queue(const PgBouncer& pooler) : holder_{pooler.client()}
    {
        holder_.sql("BEGIN; SELECT 1");
        waiter_.emplace(plugin(cluster_arguments({"--host",
                                                  "localhost",
                                                  "--port",
                                                  pooler.port(),
                                                  "-t",
                                                  "30",
                                                  "--connect-timeout",
                                                  "30"})));
        Parameters admin = pooler.client();
        admin["dbname"] = "pgbouncer";
        Client console{admin};
        constexpr std::size_t cl_waiting = 3;
        wait_until("a client waits",
                   [&] { return console.sql("SHOW POOLS").at(0).at(cl_waiting) == "1"; });
    }

    /// Lets the waiting one through, and returns what it says.
    StatusLine end()
    {
        holder_.sql("ROLLBACK");
        return read_status(waiter_->wait());
    }

private:
    Client holder_;
    std::optional<Process> waiter_ = {};
};

TEST_CASE("a queue is seen with its age and its pool", "[pool]")
{
    const PgBouncer pooler{"transaction"};
    Queue queue{pooler};

    const StatusLine line = pools(pooler);
    CHECK(line.state == "OK"); // not for long enough
    CHECK_THAT(line.text,
               has(" clients, 1 waiting (pgbouncer at localhost:") && has("PgBouncer 1."));
    CHECK(line.perf.at("clients_waiting").value == "1");
    CHECK(line.perf.at("max_wait").number() > 0);
    CHECK(line.perf.at("max_wait").warn == "5");
    CHECK(line.perf.at("max_wait").crit == "30");
    CHECK(line.perf.at("clients_active").value == "1");
    CHECK(line.perf.at("servers_active").value == "1");
    CHECK(line.perf.at("servers_used").value == "100");
    CHECK(line.perf.at("clients_used").number() >= 3);
    CHECK(line.perf.at("pools").value == "1"); // not the console's own
    CHECK(line.perf.at("databases").value == "1");
    CHECK(line.measured("tls"));
    CHECK_FALSE(line.measured("skew"));

    const StatusLine alert = pools(pooler, {"-w", "1ms"});
    CHECK(alert.state == "WARNING");
    CHECK_THAT(alert.all_text(),
               has("- mydb/db_monitor: 1 waiting, longest ") &&
                   has("1 of 1 servers in use (transaction mode)") && has("Fix: Look for long"));
    CHECK(pools(pooler, {"-c", "clients_waiting=0"}).state == "CRITICAL");
    CHECK(pools(pooler, {"-c", "clients_waiting=0", "--exclude-user", "db_*"}).state == "OK");
    CHECK(pools(pooler, {"-c", "clients_waiting=0", "--include-database", "mydb"}).state ==
          "CRITICAL");
    CHECK(pools(pooler, {"--exclude-database", "*"}).code == "CONFIG_ERROR");

    CHECK(queue.end().state == "OK");
    CHECK(pools(pooler, {"-c", "clients_waiting=0"}).state == "OK");
}

TEST_CASE("a database that is paused or disabled", "[pool]")
{
    const PgBouncer pooler{"transaction"};
    CHECK(pools(pooler).state == "OK");
    pooler.command("PAUSE mydb");
    const StatusLine paused = pools(pooler);
    CHECK(paused.state == "WARNING");
    CHECK_THAT(paused.all_text(), has("- database mydb is paused") && has("Fix: RESUME"));
    pooler.command("RESUME mydb");
    pooler.command("DISABLE mydb");
    const StatusLine disabled = pools(pooler);
    CHECK(disabled.state == "WARNING");
    CHECK_THAT(disabled.all_text(), has("- database mydb is disabled") && has("Fix: ENABLE"));
    pooler.command("ENABLE mydb");
    CHECK(pools(pooler).state == "OK");
}

TEST_CASE("clients are compared with what PgBouncer lets in", "[pool]")
{
    const PgBouncer pooler{"transaction", {}, {"max_client_conn = 2"}};
    const Client client{pooler.client()};
    const StatusLine line = pools(pooler); // is the second one itself
    CHECK(line.state == "CRITICAL");
    CHECK_THAT(line.text, has("clients_used is 100% (above 90%)") && has("2 of 2 clients"));
}

TEST_CASE("who may not look, and where there is nothing to look at", "[pool]")
{
    const PgBouncer pooler{"transaction"};
    const StatusLine stranger = pools(pooler, {"--user", "stranger"});
    CHECK(stranger.state == "CRITICAL");
    CHECK(stranger.code == "PERMISSION_ERROR");
    CHECK_THAT(stranger.all_text(), has("not allowed") && has("Fix: Add the user to stats_users"));
    CHECK(stranger.perf.at("retries").value == "0");

    const StatusLine database = pools(pooler, {"--database", "mydb"});
    CHECK(database.state == "UNKNOWN");
    CHECK(database.code == "CONFIG_ERROR");

    const Undoable namesake{"CREATE DATABASE pgbouncer", "DROP DATABASE pgbouncer"};
    const StatusLine server = check_cluster({"--check", "pool", "--database", "pgbouncer"});
    CHECK(server.state == "UNKNOWN");
    CHECK_THAT(server.all_text(),
               has("the database is not PgBouncer's admin console") &&
                   has("Fix: Connect to PgBouncer's port"));
}

TEST_CASE("other checks send the console's user to this one", "[pool]")
{
    const PgBouncer pooler{"transaction"};
    const StatusLine line = check(console(pooler));
    CHECK(line.state == "UNKNOWN");
    CHECK(line.code == "CONFIG_ERROR");
    CHECK_THAT(line.all_text(), has("PgBouncer's admin console") && has("use --check pool"));
}

TEST_CASE("--validate of a console", "[pool]")
{
    const PgBouncer pooler{"transaction"};
    const Finished good = run(plugin(console(pooler, {"--validate", "--check", "pool"})));
    CAPTURE(good.out);
    CHECK(good.exit_code == 0);
    CHECK_THAT(good.out,
               has("ok    authentication: SCRAM") &&
                   has("ok    server: admin console of PgBouncer 1."));
    const Finished bad =
        run(plugin(console(pooler, {"--validate", "--check", "pool", "--user", "stranger"})));
    CHECK(bad.exit_code == 2);
    CHECK_THAT(bad.out, has("Fix: Add the user to stats_users"));
}

} // namespace

} // namespace dbup_test
