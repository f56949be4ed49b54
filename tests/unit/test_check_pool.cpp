// SPDX-License-Identifier: MIT
// The check `pool`: what consoles of all versions say, without a PgBouncer.
#include "support/catch.hpp"
#include "unit/fakes.hpp"

namespace dbup_test {

namespace {

using Line = std::vector<std::string>;

dbup::Rows rows_of(const Line& columns, const std::vector<Line>& lines)
{
    dbup::Rows rows{columns};
    for (const auto& line : lines) {
        rows.add({line.begin(), line.end()});
    }
    return rows;
}

// 1.15 and before have fewer columns, 1.24 more.
const Line old_columns{"database",
                       "user",
                       "cl_active",
                       "cl_waiting",
                       "sv_active",
                       "sv_idle",
                       "sv_used",
                       "sv_tested",
                       "sv_login",
                       "maxwait",
                       "maxwait_us",
                       "pool_mode"};
const Line new_columns{"database",
                       "user",
                       "cl_active",
                       "cl_waiting",
                       "cl_active_cancel_req",
                       "cl_waiting_cancel_req",
                       "sv_active",
                       "sv_active_cancel",
                       "sv_being_canceled",
                       "sv_idle",
                       "sv_used",
                       "sv_tested",
                       "sv_login",
                       "maxwait",
                       "maxwait_us",
                       "pool_mode",
                       "load_balance_hosts"};
const Line own_pool{
    "pgbouncer", "pgbouncer", "1", "0", "0", "0", "0", "0", "0", "0", "0", "statement"};

dbup::Rows old_pools(std::vector<Line> lines)
{
    lines.push_back(own_pool);
    return rows_of(old_columns, lines);
}

dbup::Rows databases(std::vector<Line> lines)
{
    lines.push_back({"pgbouncer", "2", "0", "0"});
    return rows_of({"name", "pool_size", "paused", "disabled"}, lines);
}

/// A console of 1.18 with two databases and one pool of each.
Server console()
{
    Server server;
    server.facts.version = "1.18.0/bouncer";
    server.facts.version_number = 11'800;
    server.facts.console = true;
    server.named_answers["pools"] =
        old_pools({{"shop", "app", "9", "0", "2", "1", "0", "0", "0", "0", "0", "transaction"},
                   {"mail", "post", "1", "0", "0", "1", "0", "0", "0", "0", "0", "session"}});
    server.named_answers["databases"] =
        databases({{"shop", "4", "0", "0"}, {"mail", "20", "0", "0"}});
    server.named_answers["lists"] =
        rows_of({"list", "items"}, {{"pools", "3"}, {"used_clients", "11"}});
    server.named_answers["config"] = rows_of(
        {"key", "value", "default", "changeable"},
        {{"job_name", "pgbouncer", "pgbouncer", "no"}, {"max_client_conn", "100", "100", "yes"}});
    return server;
}

dbup::Outcome asked(const Server& server, std::vector<std::string> more = {})
{
    Scene scene;
    scene.connector.servers = {server};
    more.insert(more.begin(), {"-H", "db1", "-p", "6432", "-d", "pgbouncer", "--check", "pool"});
    return scene.run(std::move(more));
}

TEST_CASE("a port that is PostgreSQL's own is told as such", "[pool]")
{
    const auto outcome = asked(
        failing(Stage::auth,
                dbup::Failure{ErrorClass::database_missing, "database \"pgbouncer\" does not exist"}
                    .with_sqlstate("3D000")));
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(outcome.text,
               has("\nFix: This is not PgBouncer, ") && has("--port") && !has("CREATE DATABASE"));
}

TEST_CASE("the version of the pooler is the same in every form", "[pool]")
{
    CHECK_THAT(asked(console(), {"--output", "prometheus"}).text, has(R"(,version="1.18.0"} 1)"));
    CHECK_THAT(asked(console(), {"--output", "json"}).text,
               has(R"("database_version":"1.18.0")") && !has("/bouncer"));
}

TEST_CASE("a pooler without a queue is fine", "[pool]")
{
    const auto outcome = asked(console());
    CHECK(outcome.exit_code == 0);
    CHECK_THAT(headline(outcome.text),
               has("DB-UP OK - pool: 11 of 100 clients, 0 waiting (pgbouncer at db1:6432) "
                   "(PgBouncer 1.18.0, TLSv1.3)"));
    CHECK_THAT(perfdata_of(outcome.text),
               has("max_wait=0s;5;30 clients_waiting=0 clients_active=10 servers_active=2 "
                   "servers_used=50% pools=2 clients_used=11%;80;90 paused_databases=0;0;;0;2 "
                   "disabled_databases=0;0;;0;2 databases=2"));
    CHECK_THAT(perfdata_of(outcome.text), !has("skew=") && !has("paused="));
}

TEST_CASE("nothing is invented that a console does not tell", "[pool]")
{
    const auto text = asked(console(), {"--output", "json"}).text;
    CHECK_THAT(text,
               has("\"database_version\":\"1.18.0\"") && has("\"database_time\":null") &&
                   has("\"is_replica\":null"));
}

TEST_CASE("a queue alerts with its age, and names its pool", "[pool]")
{
    auto server = console();
    server.named_answers["pools"] = old_pools(
        {{"mail", "post", "1", "1", "0", "1", "0", "0", "0", "2", "0", "session"},
         {"shop", "app", "9", "7", "4", "0", "0", "0", "0", "6", "250000", "transaction"}});
    const auto outcome = asked(server);
    CHECK(outcome.exit_code == 1);
    CHECK_THAT(headline(outcome.text), has("max_wait is 6.25 s (above 5 s)") && has("8 waiting"));
    CHECK_THAT(outcome.text,
               has("\n- shop/app: 7 waiting, longest 6.25 s; 9 active, 4 of 4 servers in use "
                   "(transaction mode)\n- mail/post: 1 waiting, longest 2 s"));
    CHECK_THAT(perfdata_of(outcome.text), has("servers_used=100%"));
    CHECK(asked(server, {"-c", "6s"}).exit_code == 2);
    CHECK(asked(server, {"-w", "clients_waiting=5", "-w", "10"}).exit_code == 1);
}

TEST_CASE("filters leave out databases and users, in sums and lists", "[pool]")
{
    auto server = console();
    server.named_answers["pools"] =
        old_pools({{"shop", "app", "1", "1", "0", "1", "0", "0", "0", "60", "0", "session"},
                   {"shop", "batch_1", "1", "2", "0", "1", "0", "0", "0", "90", "0", "session"},
                   {"mail", "app", "1", "4", "0", "1", "0", "0", "0", "120", "0", "session"}});
    struct Case {
        std::vector<std::string> options = {};
        std::string words = {};
    };
    const auto c = GENERATE(values<Case>({
        {{}, "clients_waiting=7 "},
        {{"--include-database", "shop"}, "clients_waiting=3 "},
        {{"--include-database", "s*p,other"}, "clients_waiting=3 "},
        {{"--exclude-database", "m*"}, "clients_waiting=3 "},
        {{"--exclude-user", "batch_*"}, "clients_waiting=5 "},
        {{"--include-user", "*"}, "clients_waiting=7 "},
        {{"--include-user", "app", "--exclude-database", "shop"}, "clients_waiting=4 "},
        {{"--include-user", "ap"}, "clients_waiting=0 "},
        {{"--include-user", "*a*c*_1"}, "clients_waiting=2 "},
        {{"--include-user", "a*p"}, "clients_waiting=5 "},
    }));
    CAPTURE(c.options);
    CHECK_THAT(perfdata_of(asked(server, c.options).text), has(c.words));
}

TEST_CASE("blanks in a list of names are none of the names", "[pool]")
{
    CHECK_THAT(asked(console(), {"--include-database", "shop, mail"}).text, has(" databases=2"));
    CHECK_THAT(asked(console(), {"--exclude-user", "app , post"}).text, has(" pools=0"));
}

TEST_CASE("a filter that leaves nothing is no clean bill", "[pool]")
{
    const auto outcome = asked(console(), {"--include-database", "shopp"});
    CHECK(outcome.exit_code == 3);
    CHECK_THAT(outcome.text, has("no database of PgBouncer passes") && has("[CONFIG_ERROR]"));
}

TEST_CASE("what is paused or disabled alerts by name", "[pool]")
{
    auto server = console();
    server.named_answers["databases"] =
        databases({{"shop", "4", "1", "0"}, {"mail", "20", "0", "1"}});
    const auto outcome = asked(server);
    CHECK(outcome.exit_code == 1);
    CHECK_THAT(outcome.text,
               has("\n- database shop is paused\n") && has("\n- database mail is disabled\n"));
    CHECK(asked(server, {"-w", "paused_databases=1", "-w", "disabled_databases=1"}).exit_code == 0);
    CHECK_THAT(perfdata_of(asked(server, {"--exclude-database", "shop"}).text),
               has("paused_databases=0;0;;0;1 disabled_databases=1;0;;0;1 databases=1"));
}

TEST_CASE("newer versions tell more, the unknown columns do not matter", "[pool]")
{
    auto server = console();
    server.facts.version = "1.25.0/bouncer";
    server.facts.version_number = 12'500;
    server.named_answers["pools"] = rows_of(new_columns,
                                            {{"shop",
                                              "app",
                                              "9",
                                              "0",
                                              "0",
                                              "0",
                                              "1",
                                              "1",
                                              "1",
                                              "0",
                                              "0",
                                              "0",
                                              "0",
                                              "0",
                                              "0",
                                              "transaction",
                                              "round-robin"}});
    const auto active = [](const std::string& yes) {
        return rows_of(
            {"key", "value"},
            {{"active", yes}, {"paused", yes == "yes" ? "no" : "yes"}, {"suspended", "no"}});
    };
    server.named_answers["state"] = active("yes");
    const auto outcome = asked(server);
    CHECK(outcome.exit_code == 0);
    CHECK_THAT(perfdata_of(outcome.text),
               has("servers_active=3 servers_used=75%") && has("paused=0;0;;0;1"));

    server.named_answers["state"] = active("no");
    const auto paused = asked(server);
    CHECK(paused.exit_code == 1);
    CHECK_THAT(paused.text, has("paused is 1 (above 0)") && has("Fix: RESUME in the console"));
}

TEST_CASE("what a version does not tell is not there", "[pool]")
{
    auto server = console();
    server.named_answers["pools"] =
        rows_of({"database", "user", "cl_active", "cl_waiting", "sv_active", "maxwait"},
                {{"shop", "app", "1", "1", "1", "3"}});
    server.named_answers["databases"] = rows_of({"name", "pool_size"}, {{"shop", "0"}});
    server.named_answers["lists"] = rows_of({"list", "items"}, {});
    server.named_answers["config"] = rows_of({"key", "value"}, {});
    const auto outcome = asked(server);
    CHECK(outcome.exit_code == 0);
    const auto perfdata = perfdata_of(outcome.text);
    CHECK_THAT(perfdata, has("max_wait=3s;5;30 clients_waiting=1") && has("pools=1"));
    CHECK_THAT(perfdata, !has("paused") && !has("disabled") && !has("_used="));
    CHECK(asked(server, {"-w", "clients_used=10"}).exit_code == 3);
}

TEST_CASE("the pool check is for the console, and says so before it connects", "[pool]")
{
    Scene scene;
    const auto outcome = scene.run({"-H", "db1", "-d", "mydb", "--check", "pool"});
    CHECK(outcome.exit_code == 3);
    CHECK_THAT(outcome.text, has("use --database pgbouncer (not 'mydb')") && has("[CONFIG_ERROR]"));
    CHECK(scene.connector.opened.empty());
    CHECK_THAT(asked(console(), {"--role", "standby"}).text,
               has("--role: PgBouncer is neither primary nor standby [CONFIG_ERROR]"));
}

TEST_CASE("validation looks at the console instead of asking for SQL", "[pool]")
{
    const auto outcome = asked(console(), {"--validate"});
    CAPTURE(outcome.text);
    CHECK_THAT(
        outcome.text,
        has("ok    server: admin console of PgBouncer 1.18.0; postgres may see its pools and "
            "databases\n"));
    CHECK_THAT(outcome.text, !has("pooler:") && !has("transaction,") && !has("role:"));
}

TEST_CASE("a user whom the console does not let in gets the line of the configuration", "[pool]")
{
    const auto outcome = asked(failing(
        Stage::auth, dbup::Failure{ErrorClass::permission, "not allowed"}.with_sqlstate("08P01")));
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(outcome.text, has("[PERMISSION_ERROR]") && has("Fix: Add the user to stats_users"));
}

} // namespace

} // namespace dbup_test
