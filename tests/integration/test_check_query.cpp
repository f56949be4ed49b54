// SPDX-License-Identifier: MIT
// A query of the user's own, on a real server.
#include "support/catch.hpp"
#include "support/cluster.hpp"
#include "support/pgbouncer.hpp"
#include "support/plugin.hpp"
#include "support/sandbox.hpp"

namespace dbup_test {

namespace {

/// A table that the monitoring role may read and write.
Undoable orders()
{
    return {"CREATE TABLE public.orders (id int, state text, late numeric); "
            "INSERT INTO public.orders VALUES (1, 'new', 2.5), (2, 'sent', NULL); "
            "GRANT SELECT, INSERT, DELETE ON public.orders TO db_monitor",
            "DROP TABLE public.orders",
            "mydb"};
}

StatusLine asked(const std::string& sql, const Strings& more = {})
{
    return check_cluster(Strings{"--query", sql} + more);
}

TEST_CASE("the numbers of a real row, by their types", "[query]")
{
    const Undoable domain{
        "CREATE DOMAIN public.share AS numeric", "DROP DOMAIN public.share", "mydb"};
    const StatusLine line =
        asked("SELECT 1::int2 AS a, 2::int4 AS b, 3000000000::int8 AS c, 4.5::float4 AS d, "
              "5.25::float8 AS e, 6.125::numeric AS f, true AS g, 7::public.share AS h, "
              "'8'::text AS i, interval '9 s' AS j, 'NaN'::numeric AS k, NULL::int AS l, "
              "'infinity'::float8 AS m");
    CHECK(line.state == "OK");
    CHECK(line.perf.at("a").number() == 1);
    CHECK(line.perf.at("c").number() == 3'000'000'000);
    CHECK(line.perf.at("d").number() == 4.5);
    CHECK(line.perf.at("f").number() == 6.125);
    CHECK(line.perf.at("g").number() == 1);
    CHECK(line.perf.at("h").number() == 7);
    for (const auto* const none : {"i", "j", "k", "l", "m"}) {
        CAPTURE(none);
        CHECK_FALSE(line.measured(none));
    }
}

TEST_CASE("a table's numbers and words against what they should be", "[query]")
{
    const Undoable table = orders();
    struct Case {
        const char* sql = "";
        Strings more = {};
        const char* state = "";
        const char* words = "";
    };
    const auto c = GENERATE(values<Case>({
        {"SELECT count(*) AS open FROM public.orders",
         {"-w", "1", "-c", "5"},
         "WARNING",
         "open is 2 (above 1)"},
        {"SELECT max(late) AS late, count(*) AS open FROM public.orders;",
         {"-c", "open=1"},
         "CRITICAL",
         "open is 2 (above 1)"},
        {"SELECT late FROM public.orders WHERE id = 2",
         {"-w", "1"},
         "UNKNOWN",
         "late was not measured"},
        {"SELECT state FROM public.orders WHERE id = 1",
         {"--expect", "new"},
         "OK",
         "'new' as expected"},
        {"SELECT state FROM public.orders WHERE id = 2",
         {"--expect", "new"},
         "CRITICAL",
         "'sent' where 'new' is expected"},
        {"SELECT state FROM public.orders WHERE id = 2",
         {"--expect-regex", "^(new|sent)$"},
         "OK",
         "'sent' as expected"},
        {"SHOW server_encoding", {"--expect", "UTF8"}, "OK", "'UTF8' as expected"},
    }));
    CAPTURE(c.sql);
    const StatusLine line = asked(c.sql, c.more);
    CHECK(line.state == c.state);
    CHECK_THAT(line.text, has(c.words));
}

TEST_CASE("what goes wrong with a query is told with what to do", "[query]")
{
    const Undoable table = orders();
    const Undoable secret{
        "CREATE TABLE public.salaries (id int)", "DROP TABLE public.salaries", "mydb"};
    struct Case {
        const char* sql = "";
        const char* state = "";
        const char* code = "";
        const char* words = "";
    };
    const auto c = GENERATE(values<Case>({
        {"SELECT 1 FROM public.orders", "CRITICAL", "UNEXPECTED_RESULT", "returned 2 rows"},
        {"SELECT 1 FROM public.orders WHERE id = 9",
         "CRITICAL",
         "UNEXPECTED_RESULT",
         "returned no row"},
        {"SELECT 1 FROM orders", "CRITICAL", "QUERY_ERROR", "Write names with their schema"},
        {"SELECT 1; SELECT 2", "UNKNOWN", "CONFIG_ERROR", "more than one statement"},
        {"SELECT $1", "UNKNOWN", "CONFIG_ERROR", "Write the value into the query"},
        {"SELECT $1 IS NULL", "UNKNOWN", "CONFIG_ERROR", "Write the value into the query"},
        {"SELECT 1 FROM public.salaries",
         "UNKNOWN",
         "PRIVILEGE_MISSING",
         "permission denied for table salaries"},
        {"SELECT 1 FROM public.salaries",
         "UNKNOWN",
         "PRIVILEGE_MISSING",
         "Fix: GRANT SELECT ON \"salaries\" TO \"db_monitor\""},
        {"SELECT pg_read_file('postgresql.conf') IS NULL",
         "UNKNOWN",
         "PRIVILEGE_MISSING",
         "Fix: GRANT EXECUTE ON FUNCTION \"pg_read_file\" TO \"db_monitor\""},
        {"/* a /* b */ c */ SELECT 1 / 0", "CRITICAL", "QUERY_ERROR", "division by zero"},
        {"SELECT 1 / 0", "CRITICAL", "QUERY_ERROR", "division by zero"},
        {"SELECT pg_sleep(60)", "CRITICAL", "QUERY_TIMEOUT", "time limit"},
        {"SELECT set_config('statement_timeout', '0', true)",
         "CRITICAL",
         "HARDENING_FAILED",
         "Leave the settings of the transaction"},
        {"SELECT set_config('transaction_read_only', 'off', true)",
         "CRITICAL",
         "QUERY_ERROR",
         "must be set before any query"},
    }));
    CAPTURE(c.sql);
    const StatusLine line = asked(c.sql, {"--statement-timeout", "300ms"});
    CHECK(line.state == c.state);
    CHECK(line.code == c.code);
    CHECK_THAT(line.all_text(), has(c.words));
    CHECK(line.perf.at("retries").value == "0");
}

TEST_CASE("a query that returns very much is like one that returns two rows", "[query]")
{
    const auto* const sql =
        GENERATE("SELECT 1 FROM pg_catalog.generate_series(1, 200000)",
                 "SELECT pg_catalog.repeat('x', 5000000)",
                 "SELECT pg_catalog.repeat('x', 50000000)",
                 "SELECT pg_catalog.repeat('x', 1000) FROM pg_catalog.generate_series(1, 20000)");
    CAPTURE(sql);
    const StatusLine line = asked(sql);
    CHECK(line.state == "CRITICAL");
    CHECK(line.code == "UNEXPECTED_RESULT");
    CHECK_THAT(line.all_text(),
               has("the query returns more than db-up takes") &&
                   has("Fix: Add LIMIT 1, or let an aggregate"));
    CHECK(line.perf.at("up").value == "1");
    CHECK(line.perf.at("retries").value == "0");
}

/// What it takes to ask another server: the foreign server `far` on a port with a password, and
/// dblink with the same.
Undoable far_server(const std::string& port, const std::string& password)
{
    return {"CREATE EXTENSION postgres_fdw; CREATE EXTENSION dblink; "
            "CREATE VIEW public.broken AS SELECT 1 / 0 AS one; "
            "GRANT SELECT ON public.broken TO db_monitor; "
            "CREATE FUNCTION public.gone(code text) RETURNS int LANGUAGE plpgsql AS "
            "$$BEGIN RAISE EXCEPTION 'the end' USING ERRCODE = code; END$$; "
            "CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw "
            "OPTIONS (host '127.0.0.1', port '" +
                port +
                "', dbname 'mydb'); "
                "GRANT USAGE ON FOREIGN SERVER far TO db_monitor; "
                "CREATE USER MAPPING FOR db_monitor SERVER far "
                "OPTIONS (user 'db_monitor', password '" +
                password +
                "'); "
                "CREATE FOREIGN TABLE public.far_broken (one int) SERVER far "
                "OPTIONS (schema_name 'public', table_name 'broken'); "
                "GRANT SELECT ON public.far_broken TO db_monitor",
            "DROP FOREIGN TABLE public.far_broken; DROP SERVER far CASCADE; "
            "DROP VIEW public.broken; DROP FUNCTION public.gone; "
            "DROP EXTENSION dblink; DROP EXTENSION postgres_fdw",
            "mydb"};
}

TEST_CASE("the error of a foreign server is no outage of this one", "[query]")
{
    const std::string password = Cluster::shared().password();
    const std::string port = Cluster::shared().port();
    struct Case {
        const char* says = "";
        std::string port = {};
        std::string password = {};
        std::string sql = {};
        const char* words = "";
    };
    const std::string by_table = "SELECT one FROM public.far_broken";
    const auto by_link = [](const std::string& sql) {
        return "SELECT one FROM public.dblink('far', $x$" + sql + "$x$) AS t (one int)";
    };
    const auto c = GENERATE_COPY(values<Case>({
        {"nobody listens", free_port(), password, by_table, "SQLSTATE 08001"},
        {"nobody listens, by dblink", free_port(), password, by_link("SELECT 1"), "SQLSTATE 08001"},
        {"a wrong password", port, "wrong", by_table, "SQLSTATE 08001"},
        {"a wrong password, by dblink", port, "wrong", by_link("SELECT 1"), "SQLSTATE 08001"},
        {"an error of its query", port, password, by_table, "SQLSTATE 22012"},
        {"the same by dblink", port, password, by_link("SELECT 1 / 0"), "SQLSTATE 22012"},
        {"it goes", port, password, by_link("SELECT public.gone('57P01')"), "SQLSTATE 57P01"},
        {"it crashes", port, password, by_link("SELECT public.gone('57P02')"), "SQLSTATE 57P02"},
        {"it starts", port, password, by_link("SELECT public.gone('57P03')"), "SQLSTATE 57P03"},
        {"it was idle", port, password, by_link("SELECT public.gone('57P05')"), "SQLSTATE 57P05"},
        {"it lost another",
         port,
         password,
         by_link("SELECT public.gone('08006')"),
         "SQLSTATE 08006"},
    }));
    CAPTURE(c.says);
    const Undoable far = far_server(c.port, c.password);
    const StatusLine line = asked(c.sql);
    CHECK(line.state == "CRITICAL");
    CHECK(line.code == "QUERY_ERROR");
    CHECK_THAT(line.all_text(), has(c.words));
    CHECK(line.perf.at("up").value == "1");
    CHECK(line.perf.at("retries").value == "0");
}

TEST_CASE("a foreign server that is ended in the middle is no outage of this one", "[query]")
{
    const Undoable far = far_server(Cluster::shared().port(), Cluster::shared().password());
    Process process{plugin(cluster_arguments(
        {"--query",
         "SELECT one FROM public.dblink('far', 'SELECT 1 FROM pg_sleep(60)') AS t (one int)",
         "--statement-timeout",
         "1m",
         "-t",
         "50s"}))};
    Client watcher{Cluster::shared().superuser("mydb")};
    wait_until("the other session sleeps, and is ended", [&] {
        watcher.sql("SELECT pg_stat_clear_snapshot()");
        return watcher.value("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                             "WHERE wait_event = 'PgSleep'") == "1";
    });
    const Finished finished = process.wait();
    CAPTURE(finished.out);
    const StatusLine line = read_status(finished);
    CHECK(line.code == "QUERY_ERROR");
    CHECK(line.perf.at("up").value == "1");
    CHECK(line.perf.at("retries").value == "0");
}

TEST_CASE("nothing is written, even by a role that may", "[query]")
{
    const Undoable table = orders();
    const auto* const sql =
        GENERATE("WITH gone AS (DELETE FROM public.orders RETURNING id) SELECT count(*) FROM gone",
                 "WITH more AS (INSERT INTO public.orders VALUES (3) RETURNING id) SELECT 1",
                 "SELECT id INTO public.copy FROM public.orders");
    CAPTURE(sql);
    const StatusLine line = asked(sql);
    CHECK(line.state == "CRITICAL");
    CHECK(line.code == "QUERY_ERROR");
    CHECK_THAT(line.all_text(), has("the query wants to write, and queries are read-only"));
    Client reader{Cluster::shared().superuser("mydb")};
    CHECK(reader.value("SELECT count(*) FROM public.orders") == "2");
}

TEST_CASE("through a pooler a query leaves no trace", "[query]")
{
    const PgBouncer pooler{"transaction"};
    const StatusLine line = check(cluster_arguments({"--host",
                                                     "localhost",
                                                     "--port",
                                                     pooler.port(),
                                                     "--query",
                                                     "SELECT 5 AS five, 'x' AS word",
                                                     "-c",
                                                     "4"}));
    CHECK(line.state == "CRITICAL");
    CHECK_THAT(line.text, has("five is 5 (above 4)"));
    CHECK(Client{pooler.client()}.value("SHOW statement_timeout") == "0");
}

TEST_CASE("the query of the environment and of the file", "[query]")
{
    CHECK_THAT(check_cluster({}, {"DB_QUERY=SELECT 6 AS six"}).text, has("query: six 6"));
    CHECK_THAT(check_cluster({}, {"DB_QUERY=SELECT 1"}).text, has("answers in"));

    const auto file = Sandbox::shared().make_folder("query") / "config.yaml";
    write_file(file, "monitor:\n  health_check_query: SELECT 7 AS seven\n");
    std::filesystem::permissions(file, std::filesystem::perms{0600});
    const StatusLine line = check_cluster({"--config", file, "-w", "6"});
    CHECK(line.state == "WARNING");
    CHECK_THAT(line.text, has("seven is 7 (above 6)"));
}

} // namespace

} // namespace dbup_test
