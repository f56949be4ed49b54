// SPDX-License-Identifier: MIT
// --check write: the table's name, what is refused before a packet is sent, and what is proven.
#include "config/write_table.hpp"

#include "support/catch.hpp"
#include "unit/fakes.hpp"

namespace dbup_test {

namespace {

dbup::Rows written(const std::string& persistence = "p")
{
    dbup::Rows row{{"checked_at", "persistence"}};
    row.add({"2026-11-21 10:00:00+00", persistence});
    return row;
}

Server healthy(const std::string& standby = "f")
{
    dbup::Rows place{{"standby", "fsync", "synchronous_commit", "read_only"}};
    place.add({standby, "on", "on", "f"});
    Server server;
    server.named_answers = {{"place", place},
                            {"message", single("pg_logical_emit_message", "0/5000")},
                            {"exists", single("there", "t")},
                            {"upsert", written()},
                            {"read_back", single("found", "1")}};
    return server;
}

std::string look(const Server& server, std::vector<std::string> more = {})
{
    Scene scene;
    scene.connector.servers = {server};
    more.insert(more.begin(), {"--check", "write"});
    return scene.run(command_line(more)).text;
}

TEST_CASE("the name of a table is taken literally", "[write]")
{
    struct Case {
        const char* text = "";
        const char* name = "";
    };
    const auto c = GENERATE(values<Case>({
        {"probe", R"("public"."probe")"},
        {"ops.probe", R"("ops"."probe")"},
        {"Ops.Probe", R"("Ops"."Probe")"},
        {R"(o"ps.pro"be)", R"("o""ps"."pro""be")"},
        {"pr be; DROP TABLE x", R"("public"."pr be; DROP TABLE x")"},
    }));
    CHECK(dbup::write_table_of(c.text).name == c.name);
}

TEST_CASE("what is no name of a table is refused before a packet is sent", "[write]")
{
    const auto* const name = GENERATE("a.b.c", ".", "a.", ".b", "a\nb");
    Scene scene;
    const auto outcome = scene.run(command_line({"--check", "write", "--write-table", name}));
    CHECK(outcome.exit_code == 3);
    CHECK_THAT(outcome.text, has("--write-table: '") && has("is not [schema.]table"));
    CHECK(scene.connector.resolved == 0);
}

TEST_CASE("the option --create-table needs a table to create", "[write]")
{
    Scene scene;
    CHECK(scene.run(command_line({"--check", "write", "--create-table"})).text ==
          config_line("--create-table: has no effect without --write-table"));
}

TEST_CASE("both times are those of their transactions", "[write]")
{
    auto server = healthy();
    server.query = std::chrono::milliseconds{3};
    CHECK(headline(look(server)) ==
          "DB-UP OK - write: committed in 3 ms, read in 3 ms (mydb at db1:5432) (PostgreSQL "
          "15.18, primary, TLSv1.3)");
    CHECK_THAT(look(server, {"--write-table", "probe", "--create-table"}),
               has("committed in 3 ms, read back in 3 ms") &&
                   has(" write_time=0.003s;0.2;2 read_time=0.003s;0.1;2 default_read_only=0;;0"));
    server.query = std::chrono::milliseconds{150};
    CHECK_THAT(look(server), has("DB-UP WARNING - read_time is 150 ms (above 100 ms)"));
}

TEST_CASE("a row that is not the one written is CRITICAL", "[write]")
{
    auto server = healthy();
    server.named_answers["read_back"] = single("found", "0");
    CHECK_THAT(look(server, {"--write-table", "probe"}),
               has("DB-UP CRITICAL - read test failed: ") && has("[UNEXPECTED_RESULT]"));
}

TEST_CASE("a role that may not write a message is told the GRANT", "[write]")
{
    auto server = healthy();
    server.failures.emplace("message",
                            dbup::Failure{ErrorClass::privilege_missing,
                                          "permission denied for function pg_logical_emit_message"}
                                .with_sqlstate("42501"));
    CHECK_THAT(look(server),
               has("[PRIVILEGE_MISSING]") &&
                   has("Fix: GRANT EXECUTE ON FUNCTION pg_logical_emit_message(boolean, text, "
                       "text) TO \"postgres\";\n"));
}

TEST_CASE("a commit that is not confirmed in time names what has ended the wait", "[write]")
{
    auto server = healthy();
    server.failures.emplace("message", dbup::Failure{ErrorClass::timeout});
    const auto by_deadline = look(server);
    CHECK_THAT(by_deadline,
               has("write test failed: no commit was confirmed in ") && has("[QUERY_TIMEOUT]") &&
                   has("Reason: the answer to COMMIT did not come\n") && !has("the Reason names"));
    server.failures.clear();
    server.failures.emplace("message",
                            dbup::Failure{ErrorClass::timeout, "nothing (--read-timeout)"}.with_fix(
                                "increase --read-timeout"));
    CHECK_THAT(look(server),
               has("write test failed: no commit was confirmed in ") && has("[QUERY_TIMEOUT]") &&
                   has("Reason: nothing (--read-timeout)\n") &&
                   has("hangs; or increase the limit that the Reason names\n"));
}

TEST_CASE("nothing is written on a standby, and the next server of a list is tried", "[write]")
{
    Scene scene;
    scene.connector.servers = {healthy("t"), healthy()};
    CHECK_THAT(scene.run({"-H", "db1,db2", "-d", "mydb", "--check", "write"}).text,
               has("DB-UP OK - ") && has("db2:5432"));
    CHECK_THAT(look(healthy("t")),
               has("DB-UP CRITICAL - write test failed: the server is a "
                   "standby, where nothing can be written"));
}

TEST_CASE("the SQL of --generate has the table and its least grants", "[write]")
{
    Scene scene;
    const auto text = scene
                          .run(command_line({"-U",
                                             "db_monitor",
                                             "--check",
                                             "write",
                                             "--write-table",
                                             "ops.probe",
                                             "--generate",
                                             "sql"}))
                          .text;
    CHECK_THAT(text,
               has("\\connect \"mydb\"\n"
                   "CREATE TABLE IF NOT EXISTS \"ops\".\"probe\" (id integer PRIMARY KEY CHECK "
                   "(id = 1), checked_at timestamptz NOT NULL, token text NOT NULL);\n"
                   "GRANT USAGE ON SCHEMA \"ops\" TO \"db_monitor\";\n"
                   "GRANT SELECT, INSERT, UPDATE ON \"ops\".\"probe\" TO \"db_monitor\";\n"));
    CHECK_THAT(scene.run(command_line({"-U", "db_monitor", "--generate", "sql"})).text,
               !has("CREATE TABLE"));
}

} // namespace

} // namespace dbup_test
