// SPDX-License-Identifier: MIT
// The check `query`: what becomes of settings and of answers, without a server.
#include "actions/reporting.hpp"
#include "checks/expectation.hpp"

#include <utility>

#include "support/catch.hpp"
#include "unit/fakes.hpp"

namespace dbup_test {

namespace {

using Cells = std::vector<dbup::Rows::Cell>;

constexpr unsigned of_bool = 16;
constexpr unsigned of_int4 = 23;
constexpr unsigned of_text = 25;
constexpr unsigned of_float8 = 701;
constexpr unsigned of_interval = 1186;

struct Column {
    std::string name = {};
    unsigned type = of_int4;
    dbup::Rows::Cell cell = {};
};

dbup::Rows row_of(const std::vector<Column>& columns)
{
    std::vector<std::string> names;
    std::vector<unsigned> types;
    Cells cells;
    for (const auto& column : columns) {
        names.push_back(column.name);
        types.push_back(column.type);
        cells.push_back(column.cell);
    }
    dbup::Rows rows{names, types};
    rows.add(cells);
    return rows;
}

/// A run that asks "SELECT x" and gets that answer.
dbup::Outcome answered(dbup::Rows rows, std::vector<std::string> more = {})
{
    Scene scene;
    scene.connector.servers.front().named_answers["user"] = std::move(rows);
    more.insert(more.begin(), {"--query", "SELECT x"});
    return scene.run(command_line(std::move(more)));
}

std::string own_perfdata(const dbup::Outcome& outcome)
{
    const auto all = perfdata_of(outcome.text);
    const std::string last_of_run = "cert_days=80;14:;7:";
    const auto at = all.find(last_of_run);
    return at == std::string::npos ? all : all.substr(at + last_of_run.size());
}

TEST_CASE("every numeric column of the row is a metric with a label of its own", "[query]")
{
    struct Case {
        std::string says = {};
        std::vector<Column> columns = {};
        std::string perfdata = {};
    };
    const auto c = GENERATE(values<Case>({
        {"two numbers",
         {{"sessions", of_int4, "3"}, {"lag", of_float8, "1.5"}},
         " sessions=3 lag=1.5"},
        {"text and intervals are none",
         {{"a", of_text, "3"}, {"b", of_interval, "00:00:01"}, {"c", of_int4, "-7"}},
         " c=-7"},
        {"truth is 1 or 0", {{"a", of_bool, "t"}, {"b", of_bool, "f"}}, " a=1 b=0"},
        {"NULL is no 0", {{"a", of_int4, {}}, {"b", of_int4, "1"}}, " b=1"},
        {"what is no number",
         {{"a", of_float8, "NaN"},
          {"b", of_float8, "-Infinity"},
          {"c", of_float8, "1e999"},
          {"d", of_float8, "1e3"}},
         " d=1000"},
        {"capitals, blanks, letters of others",
         {{"Total Size", of_int4, "1"}, {"?column?", of_int4, "2"}, {"Größe", of_int4, "3"}},
         " total_size=1 column=2 gr_e=3"},
        {"nineteen characters",
         {{"abcdefghijklmnopqrstuvwxyz", of_int4, "1"}, {"abcdefghijklmnopqrs_2", of_int4, "2"}},
         " abcdefghijklmnopqrs=1 abcdefghijklmnopq_2=2"},
        {"twice the same name", {{"a", of_int4, "1"}, {"A", of_int4, "2"}}, " a=1 a_2=2"},
        {"no name at all", {{"", of_int4, "1"}, {"___", of_int4, "2"}}, " column=1 column_2=2"},
    }));
    INFO(c.says);
    const auto outcome = answered(row_of(c.columns));
    CHECK(outcome.exit_code == 0);
    CHECK(own_perfdata(outcome) == c.perfdata);
}

TEST_CASE("a column never takes the label of another metric", "[query]")
{
    std::vector<Column> columns;
    for (const auto& limit : dbup::limits_of(dbup::check_of(dbup::CheckKind::query)).limits) {
        columns.push_back({std::string{limit.label}, of_int4, "8"});
    }
    const auto outcome = answered(row_of(columns), {"--expect", "8"});
    CAPTURE(outcome.text);
    CHECK(outcome.exit_code == 0);
    for (const auto& column : columns) {
        const auto suffix = column.name == "value" ? "=8" : "_2=8";
        CHECK_THAT(own_perfdata(outcome), has(" " + column.name + suffix));
    }
}

TEST_CASE("a limit that a metric of every run would take from a column is refused", "[query]")
{
    const std::vector<Column> columns{{"a", of_int4, "3"}, {"time", of_int4, "100"}};
    const auto refused = answered(row_of(columns), {"-c", "time=5"});
    CHECK(refused.exit_code == 3);
    CHECK_THAT(refused.text,
               has("[CONFIG_ERROR]") && has("'time' is a column of the query and a metric of") &&
                   has("\nFix: Give the column another name: AS name"));
    CHECK(answered(row_of(columns), {"-c", "a=5"}).exit_code == 0);
}

TEST_CASE("thresholds of columns, by name and without one", "[query]")
{
    struct Case {
        std::string says = {};
        std::vector<Column> columns = {};
        std::vector<std::string> options = {};
        int exit_code = 0;
        std::string words = {};
    };
    const std::vector<Column> two{{"a", of_int4, "3"}, {"b", of_int4, "9"}};
    const auto c = GENERATE_COPY(values<Case>({
        {"none", two, {}, 0, "query: a 3, b 9"},
        {"the first numeric column", two, {"-w", "2", "-c", "5"}, 1, "a is 3 (above 2)"},
        {"behind a text", {{"t", of_text, "x"}, two[1]}, {"-c", "5"}, 2, "b is 9 (above 5)"},
        {"by name", two, {"-c", "b=5"}, 2, "b is 9 (above 5)"},
        {"of the run", two, {"-w", "time=0"}, 1, "time is"},
        {"there is no such column", two, {"-w", "c=5"}, 3, "c was not measured"},
        {"the first one is NULL: not the second one's",
         {{"a", of_int4, {}}, {"b", of_int4, "9"}},
         {"-w", "2"},
         3,
         "a was not measured"},
        {"no numeric column", {{"t", of_text, "5"}}, {"-w", "9"}, 3, "value was not measured"},
    }));
    INFO(c.says);
    const auto outcome = answered(row_of(c.columns), c.options);
    CHECK(outcome.exit_code == c.exit_code);
    CHECK_THAT(headline(outcome.text), has(c.words));
}

TEST_CASE("a limit for a text is told as what it is", "[query]")
{
    struct Case {
        std::vector<Column> columns = {};
        std::vector<std::string> options = {};
        bool told = false;
    };
    const Column state{"State", of_text, "abc"};
    const Column number{"n", of_int4, "5"};
    const auto c = GENERATE_COPY(values<Case>({
        {{state}, {"-w", "3"}, true},
        {{state}, {"-c", "value=3"}, true},
        {{state, number}, {"-c", "state=3"}, true},
        {{state, number}, {"-c", "3:"}, false},
        {{number, state}, {"-c", "other=3"}, false},
        {{state}, {"-c", "time=9"}, false},
        {{{"n", of_int4, {}}, state}, {"-w", "3"}, false},
    }));
    CAPTURE(c.options);
    const auto outcome = answered(row_of(c.columns), c.options);
    const bool told =
        outcome.text.find("\n- column 'State' is no number for the server\n") != std::string::npos;
    const bool mended = outcome.text.find("\nFix: Let the column be a number") != std::string::npos;
    CHECK(told == c.told);
    CHECK(mended == c.told);
}

TEST_CASE("a NULL that was wanted is told", "[query]")
{
    const auto outcome = answered(row_of({{"a", of_int4, {}}}), {"-w", "2"});
    CHECK_THAT(outcome.text, has("\n- a is NULL\n"));
}

TEST_CASE("text decides only where it is expected", "[query]")
{
    struct Case {
        dbup::Rows::Cell text = {};
        std::vector<std::string> options = {};
        int exit_code = 0;
        std::string words = {};
    };
    const auto c = GENERATE(values<Case>({
        {"CRITICAL", {}, 0, "query: one row"},
        {"ok", {"--expect", "ok"}, 0, "query: 'ok' as expected"},
        {"OK", {"--expect", "ok"}, 2, "match is 0 (below 1), query: 'OK' where 'ok' is expected"},
        {"", {"--expect", "ok"}, 2, "query: '' where 'ok' is expected"},
        {{}, {"--expect", "ok"}, 2, "query: NULL where 'ok' is expected"},
        {{}, {"--expect-regex", ".*"}, 2, "query: NULL does not match '.*'"},
        {"streaming", {"--expect-regex", "^(streaming|catchup)$"}, 0, "'streaming' as expected"},
        {"stopped", {"--expect-regex", "^(streaming|catchup)$"}, 2, "'stopped' does not match"},
        {"ab", {"--expect", "ab", "--expect-regex", "c"}, 2, "'ab' does not match 'c'"},
        {"ok", {"--expect", "ok", "-c", "match=~:"}, 0, "as expected"},
        {"no", {"--expect", "ok", "-c", "match=~:"}, 0, "'no' where 'ok' is expected"},
    }));
    CAPTURE(c.options);
    const auto outcome = answered(row_of({{"t", of_text, c.text}}), c.options);
    CHECK(outcome.exit_code == c.exit_code);
    CHECK_THAT(headline(outcome.text), has(c.words));
}

TEST_CASE("what is not one row is not an answer", "[query]")
{
    struct Case {
        std::size_t rows = 0;
        std::vector<std::string> columns = {};
        std::string words = {};
    };
    const auto c = GENERATE(values<Case>({
        {0, {"a"}, "the query returned no row, and one is needed [UNEXPECTED_RESULT]"},
        {2, {"a"}, "the query returned 2 rows, and one is needed [UNEXPECTED_RESULT]"},
        {1, {}, "the query returned a row without columns [UNEXPECTED_RESULT]"},
    }));
    dbup::Rows rows{c.columns};
    for (std::size_t i = 0; i < c.rows; ++i) {
        rows.add(Cells(c.columns.size(), "1"));
    }
    const auto outcome = answered(rows);
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(headline(outcome.text), has(c.words));
}

TEST_CASE("a row of very many numbers does not fit a status line", "[query]")
{
    constexpr std::size_t most = 30;
    std::vector<Column> columns(most, Column{"c", of_int4, "1"});
    CHECK(answered(row_of(columns)).exit_code == 0);
    columns.push_back(columns.front());
    CHECK_THAT(answered(row_of(columns)).text, has("more than 30 numeric columns"));
}

TEST_CASE("a query that cannot be right is refused before a packet is sent", "[query]")
{
    struct Case {
        std::vector<std::string> options = {};
        std::string words = {};
    };
    const auto c = GENERATE(values<Case>({
        {{"--check", "query"}, "--check query needs a query"},
        {{"--query", " ; "}, "--query: there is no statement in it"},
        {{"--query", "-- nothing\n"}, "--query: there is no statement in it"},
        {{"--query", "UPDATE t SET a = 1"}, "--query: queries are read-only"},
        {{"--query", "COMMIT"}, "--query: queries are read-only"},
        {{"--query", "/* SELECT */ SET ROLE x"}, "--query: queries are read-only"},
        {{"--query", "/* a /* b */ */ SET ROLE x"}, "--query: queries are read-only"},
        {{"--query", "/* a /* b */ SELECT x"}, "--query: there is no statement in it"},
        {{"--query", "/*/ SELECT x"}, "--query: there is no statement in it"},
        {{"--query", "SELECTED"}, "--query: queries are read-only"},
        {{"--query", "SELECT x", "--expect-regex", "a(b"},
         "--expect-regex: no usable regular expression: "},
        {{"--query", "SELECT x", "--expect-regex", "(a)\\1"}, "back-references are not allowed"},
        {{"--query", "SELECT x", "--expect-regex", "((a{99}){99}){99}"}, "too many states"},
        {{"--query", "SELECT x", "--expect-regex", std::string(1'001, 'a')}, "longer than 1000"},
        {{"--expect", "1"}, "--expect: the check 'connection' does not use it"},
        {{"--check", "activity", "--query", "SELECT x"}, "--query: the check 'activity' does not"},
    }));
    CAPTURE(c.options);
    Scene scene;
    const auto outcome = scene.run(command_line(c.options));
    CHECK(outcome.exit_code == 3);
    CHECK_THAT(outcome.text, has(c.words) && has("[CONFIG_ERROR]"));
    CHECK(scene.connector.opened.empty());
}

TEST_CASE("statements that read are taken, however they begin", "[query]")
{
    const auto* const sql = GENERATE("SELECT x",
                                     "select x;",
                                     " ( SELECT x ) ; ;\n",
                                     "WITH a AS (SELECT 1) SELECT x FROM a",
                                     "-- why\nSELECT x",
                                     "/* why */ -- so\n/* and */SELECT x",
                                     "/* a /* b */ c */ SELECT x",
                                     "/*/* a */*//**/ /*** b **/ (/*/*/*/**/*/*/*/ SELECT x)",
                                     "-- a /*\rSELECT x",
                                     "VALUES (1)",
                                     "TABLE a.b",
                                     "show max_connections");
    CAPTURE(sql);
    Scene scene;
    scene.connector.servers.front().named_answers["user"] = row_of({{"x", of_int4, "1"}});
    CHECK(scene.run(command_line({"--query", sql})).exit_code == 0);
}

TEST_CASE("the usual query is that of the connection check, unless something is expected",
          "[query]")
{
    Scene scene;
    CHECK_THAT(scene.run(command_line({"--query", "SELECT 1"})).text,
               has("mydb at db1:5432 answers"));
    scene.connector.servers.front().named_answers["user"] = row_of({{"a", of_int4, "1"}});
    CHECK_THAT(scene.run(command_line({"--query", "SELECT 1", "--expect", "1"})).text,
               has("query: '1' as expected"));
    scene.environment.variables["DB_QUERY"] = "SELECT 2";
    CHECK_THAT(scene.run(command_line({})).text, has("query: a 1"));
}

TEST_CASE("the server's objection to a query, with what to do", "[query]")
{
    struct Case {
        std::string sqlstate = {};
        std::string said = {};
        ErrorClass error = ErrorClass::query;
        std::string words = {};
    };
    const auto c = GENERATE(values<Case>({
        {"25006",
         "cannot execute INSERT in a read-only transaction",
         ErrorClass::query,
         "the query wants to write, and queries are read-only [QUERY_ERROR]"},
        {"42601",
         "cannot insert multiple commands into a prepared statement",
         ErrorClass::query,
         "the query is more than one statement [CONFIG_ERROR]"},
        {"42P01",
         "relation \"t\" does not exist",
         ErrorClass::query,
         "Write names with their schema"},
        {"42501",
         "permission denied for table t",
         ErrorClass::privilege_missing,
         "Fix: GRANT SELECT ON \"t\" TO \"postgres\"; -- with its schema before the name"},
        {"42501",
         "permission denied for schema Own",
         ErrorClass::privilege_missing,
         "Fix: GRANT USAGE ON SCHEMA \"Own\" TO \"postgres\";\n"},
        {"42501",
         "permission denied for function pg_read_file",
         ErrorClass::privilege_missing,
         "Fix: GRANT EXECUTE ON FUNCTION \"pg_read_file\" TO \"postgres\""},
        {"42501",
         "keine Berechtigung für Tabelle t",
         ErrorClass::privilege_missing,
         "Fix: GRANT what the query uses to \"postgres\""},
        {"42501",
         "must be superuser",
         ErrorClass::privilege_missing,
         "Fix: GRANT what the query uses to \"postgres\""},
        {"22012", "division by zero", ErrorClass::query, "health check query failed at db1:5432"},
        {"",
         "statement_timeout is '0' and not '5s'",
         ErrorClass::hardening,
         "Leave the settings of the transaction as they are"},
    }));
    CAPTURE(c.sqlstate);
    Scene scene;
    scene.connector.servers = {
        failing(Stage::query, dbup::Failure{c.error, c.said}.with_sqlstate(c.sqlstate))};
    const auto outcome = scene.run(command_line({"--query", "SELECT x", "--max-retries", "0"}));
    CHECK_THAT(outcome.text, has(c.words) && has("Reason: " + c.said));
    CHECK(scene.connector.opened.size() == 1);
}

TEST_CASE("a server that objects to the query is up, one in trouble is not", "[query]")
{
    struct Case {
        std::string sqlstate = {};
        ErrorClass error = ErrorClass::query;
        const char* up = "";
        int exit_code = 2;
    };
    const auto c = GENERATE(values<Case>({
        {"42P01", ErrorClass::query, " up=1;"},
        {"42601", ErrorClass::query, " up=1;"},
        {"22012", ErrorClass::query, " up=1;"},
        {"25006", ErrorClass::query, " up=1;"},
        {"42501", ErrorClass::privilege_missing, " up=1;", 3},
        {"08001", ErrorClass::query, " up=1;"}, // of a foreign server
        {"57P01", ErrorClass::query, " up=1;"}, // ours would have ended the session
        {"57P03", ErrorClass::query, " up=1;"},
        {"57000", ErrorClass::query, " up=0;"},
        {"XX001", ErrorClass::query, " up=0;"},
        {"58030", ErrorClass::query, " up=0;"},
        {"53100", ErrorClass::query, " up=0;"},
        {"", ErrorClass::query, " up=0;"},
        {"57014", ErrorClass::query_timeout, " up=0;"},
        {"", ErrorClass::unexpected_result, " up=0;"},
    }));
    CAPTURE(c.sqlstate);
    Scene scene;
    scene.connector.servers = {
        failing(Stage::query, dbup::Failure{c.error, "why"}.with_sqlstate(c.sqlstate))};
    const auto outcome = scene.run(command_line({"--query", "SELECT x", "--max-retries", "0"}));
    CHECK_THAT(perfdata_of(outcome.text), has(c.up));
    CHECK(outcome.exit_code == c.exit_code);
    const auto rows = answered(dbup::Rows{{"a"}});
    CHECK_THAT(perfdata_of(rows.text), has(" up=1;"));
    CHECK(rows.exit_code == 2);
    // Without a query of the user it is the server that does not work.
    scene.connector.servers = {
        failing(Stage::query, dbup::Failure{ErrorClass::query, "why"}.with_sqlstate("42P01"))};
    CHECK_THAT(perfdata_of(scene.run(command_line({})).text), has(" up=0;"));
}

TEST_CASE("an answer of very many rows is like one of two, and no outage", "[query]")
{
    for (const auto error : {ErrorClass::unexpected_result, ErrorClass::protocol}) {
        CAPTURE(dbup::row_of(error).code);
        Scene scene;
        scene.connector.servers = {
            failing(Stage::query, dbup::Failure{error, "more than was asked for"}.with_excess())};
        const auto outcome = scene.run(command_line({"--query", "SELECT x", "--max-retries", "0"}));
        CHECK(outcome.exit_code == 2);
        CHECK_THAT(headline(outcome.text),
                   has("the query returns more than db-up takes, and one row is needed "
                       "[UNEXPECTED_RESULT]"));
        CHECK_THAT(outcome.text, has("Fix: Add LIMIT 1, or let an aggregate"));
        CHECK_THAT(perfdata_of(outcome.text), has(" up=1;"));
        // Who asks no query of the user has not asked for so much.
        CHECK_THAT(perfdata_of(scene.run(command_line({})).text), has(" up=0;"));
    }
}

TEST_CASE("an objection without words is told by its code", "[query]")
{
    Scene scene;
    scene.connector.servers = {
        failing(Stage::query, dbup::Failure{ErrorClass::query}.with_sqlstate("P0001"))};
    CHECK_THAT(scene.run(command_line({"--query", "SELECT x"})).text,
               has("Reason: an error without a text (SQLSTATE P0001)\n"));
}

TEST_CASE("more than one statement is a wrong setting", "[query]")
{
    Scene scene;
    scene.connector.servers = {
        failing(Stage::query,
                dbup::Failure{ErrorClass::query,
                              "cannot insert multiple commands into a prepared statement"}
                    .with_sqlstate("42601"))};
    const auto outcome = scene.run(command_line({"--query", "SELECT 1; SELECT 2"}));
    CHECK(outcome.exit_code == 3);
    CHECK_THAT(outcome.text, has("[CONFIG_ERROR]") && has("Fix: Give one statement\n"));
    CHECK_THAT(perfdata_of(outcome.text), has("time=") && !has(" up="));
}

TEST_CASE("a parameter without a value is a wrong setting, in whatever language", "[query]")
{
    struct Case {
        const char* sqlstate = "";
        const char* said = "";
        const char* query = "";
        ErrorClass error = ErrorClass::query;
        bool ours = true;
    };
    const auto c = GENERATE(values<Case>({
        {"08P01", "bind message supplies 0 parameters", "SELECT $1", ErrorClass::protocol, true},
        {"08P01", "Binden-Nachricht enthält 0", "SELECT a, $12", ErrorClass::protocol, true},
        {"42P18", "could not determine data type", "SELECT $1 IS NULL", ErrorClass::query, true},
        {"42P02", "there is no parameter $1", "SELECT $1", ErrorClass::query, true},
        {"08P01", "invalid message format", "SELECT 1", ErrorClass::protocol, false},
        {"08P01", "invalid message format", "SELECT '$', $$a$$", ErrorClass::protocol, false},
        {"08P01",
         "server conn crashed, query_wait_timeout",
         "SELECT $1",
         ErrorClass::timeout,
         false},
        {"22012", "division by zero", "SELECT 1 / 0 + $1", ErrorClass::query, false},
    }));
    CAPTURE(c.sqlstate, c.said, c.query);
    Scene scene;
    scene.connector.servers = {
        failing(Stage::query, dbup::Failure{c.error, c.said}.with_sqlstate(c.sqlstate))};
    const auto outcome = scene.run(command_line({"--query", c.query, "--max-retries", "0"}));
    CHECK((outcome.exit_code == 3) == c.ours);
    CHECK((outcome.text.find("[CONFIG_ERROR]") != std::string::npos) == c.ours);
    CHECK((outcome.text.find("Fix: Write the value into the query") != std::string::npos) ==
          c.ours);
    if (c.ours) {
        CHECK_THAT(perfdata_of(outcome.text), has("time=") && !has(" up="));
    }
}

TEST_CASE("a number that is no count any more does not fill the line", "[query]")
{
    const auto outcome = answered(row_of({{"a", of_float8, "1.5e300"}}), {"-c", "5"});
    CHECK_THAT(headline(outcome.text),
               has("DB-UP CRITICAL - a is 1.5e+300 (above 5), query: a 1.5e+300 (mydb at "));
    CHECK_THAT(perfdata_of(outcome.text), has(" a=15") && !has("a=1.5e"));
}

TEST_CASE("patterns that are dear are refused, usual ones are not", "[query]")
{
    const auto* const good = GENERATE("^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
                                      "^([0-9]{1,3}\\.){3}[0-9]{1,3}$",
                                      "^[]a]+$",
                                      "^[^]a]*$",
                                      "a|b|(c|d)+e?",
                                      "\\(literally\\)",
                                      "x{2}");
    CAPTURE(good);
    CHECK(dbup::pattern_objection(good).empty());

    std::string nested = "a";
    for (int i = 0; i < 20; ++i) {
        nested = "(" + nested;
        nested += ")+";
    }
    CHECK_THAT(dbup::pattern_objection(nested), has("too many states"));
    CHECK_FALSE(dbup::matches(nested, "a"));
}

TEST_CASE("a pattern sees the beginning of a long text only", "[query]")
{
    constexpr std::size_t seen = 10'000;
    std::string text(seen, 'a');
    text += "b";
    CHECK(dbup::matches("a$", text));
    CHECK_FALSE(dbup::matches("b", text));
}

} // namespace

} // namespace dbup_test
