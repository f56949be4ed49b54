// SPDX-License-Identifier: MIT
// --check activity: what it makes of the rows that a server sends.
#include "checks/activity_queries.hpp"
#include "checks/activity_sql.hpp"
#include "checks/patterns.hpp"
#include "core/duration.hpp"

#include "support/catch.hpp"
#include "unit/fakes.hpp"

namespace dbup_test {

namespace {

using Cells = std::map<std::string, dbup::Rows::Cell>;

const Cells quiet{{"sees_all", "t"},           {"superuser", "f"},      {"max_connections", "100"},
                  {"superuser_reserved", "3"}, {"reserved", "0"},       {"may_use_reserved", "f"},
                  {"limit_of_database", "-1"}, {"limit_of_role", "-1"}, {"used", "12"},
                  {"used_of_database", "5"},   {"used_of_role", "2"},   {"total_connections", "12"},
                  {"idle_transactions", "0"},  {"long_queries", "0"},   {"long_transactions", "0"},
                  {"untracked", "0"},          {"all_locks", "30"},     {"total_locks", {}},
                  {"blocked_locks", "0"},      {"longest_wait", {}},    {"prepared", "0"},
                  {"prepared_age", {}},        {"session_xid", {}},     {"session_xmin", "3"},
                  {"prepared_xid", {}},        {"slot_xmin", "2"},      {"slot_catalog_xmin", {}}};

Cells with(Cells cells, const Cells& others)
{
    for (const auto& [column, value] : others) {
        cells[column] = value;
    }
    return cells;
}

Cells culprit(const std::string& label, const std::string& weight, const std::string& note)
{
    return {{"label", label},
            {"weight", weight},
            {"pid", "4711"},
            {"role", "app"},
            {"database", "shop"},
            {"application", "psql"},
            {"client", "10.0.0.5"},
            {"words", "SELECT 1"},
            {"note", note}};
}

dbup::Rows record_of(const Cells& cells)
{
    return record(cells, dbup::number_names);
}

dbup::Rows table_of(const std::vector<Cells>& rows)
{
    std::vector<std::string> columns;
    for (const auto& [column, value] : culprit("", "0", "")) {
        columns.push_back(column);
    }
    dbup::Rows table{columns};
    for (const auto& row : rows) {
        std::vector<dbup::Rows::Cell> cells;
        for (const auto& [column, value] : row) {
            cells.push_back(value);
        }
        table.add(cells);
    }
    return table;
}

/// A run against a server that answers so. One without culprits must not be asked for them.
dbup::Outcome look(const dbup::Rows& numbers,
                   const std::optional<std::vector<Cells>>& culprits = {},
                   const std::vector<std::string>& more = {})
{
    Scene scene;
    auto& answers = scene.connector.servers.front().named_answers;
    answers["activity"] = numbers;
    if (culprits) {
        answers["culprits"] = table_of(*culprits);
    }
    auto words = command_line({"-U", "mon", "--check", "activity"});
    words.insert(words.end(), more.begin(), more.end());
    return scene.run(words);
}

/// What a server of that version is asked.
dbup::ActivityQueries queries_for(const std::vector<std::string>& options, int version = 150'000)
{
    Scene scene;
    auto words = command_line({"--check", "activity"});
    words.insert(words.end(), options.begin(), options.end());
    return dbup::ActivityQueries{scene.load(words), version};
}

TEST_CASE("lists of patterns become arrays of patterns for LIKE", "[activity]")
{
    struct Case {
        const char* list = "";
        const char* array = "";
    };
    const auto c = GENERATE(values<Case>({
        {"", "{}"},
        {" , ,", "{}"},
        {"app", R"({"app"})"},
        {"pg_dump, app*", R"({"pg\\_dump","app%"})"},
        {"*", R"({"%"})"},
        {"client backend", R"({"client backend"})"},
        {"100%", R"({"100\\%"})"},
        {R"(a\b)", R"({"a\\\\b"})"},
        {R"(a"b{c})", R"({"a\"b{c}"})"},
        {"null", R"({"null"})"},
    }));
    CAPTURE(c.list);
    CHECK(dbup::like_patterns(c.list) == c.array);
}

TEST_CASE("ages are told in the unit that fits", "[activity]")
{
    struct Case {
        double seconds = 0;
        const char* text = "";
    };
    const auto c = GENERATE(values<Case>({{0, "0 s"},
                                          {0.04, "0 s"},
                                          {1.26, "1.3 s"},
                                          {59, "59 s"},
                                          {60, "1 min"},
                                          {754, "13 min"},
                                          {3'600, "1 h"},
                                          {11'500, "3.2 h"},
                                          {86'400, "1 d"},
                                          {8'640'000, "100 d"}}));
    CHECK(dbup::age_text(c.seconds) == c.text);
}

TEST_CASE("SQL is sent without what is only for its readers", "[activity]")
{
    constexpr dbup::LeanSql lean{R"(
SELECT count(*) FILTER (WHERE a = 'two  words, (and -- more)') AS "left  ",  -- the first
       b - c -- of (both)
  FROM t )"};
    CHECK(
        std::string_view{lean} ==
        R"(SELECT count(*)FILTER(WHERE a = 'two  words, (and -- more)')AS "left  ",b - c FROM t)");
}

TEST_CASE("only what is chosen is looked up", "[activity]")
{
    const auto plain = queries_for({});
    CHECK_THAT(plain.numbers(),
               !has("LIKE ANY") && !has("pg_database b") && !has("{") && !has("$"));
    CHECK(plain.parameters().empty());
    CHECK(plain.numbers().size() < 1'600);

    const auto chosen = queries_for({"--include-user", "app", "--exclude-type", "walsender"});
    CHECK_THAT(chosen.numbers(),
               has("backend_type='client backend' AND NOT COALESCE(backend_type,'') LIKE "
                   "ANY($1::text[]) AND COALESCE(pg_get_userbyid(usesysid),'')::text LIKE "
                   "ANY($2::text[]) seen") &&
                   !has("{"));
    CHECK(chosen.parameters() == std::vector<std::string>{R"({"walsender"})", R"({"app"})"});
    CHECK_THAT(chosen.culprits(dbup::culprit_kinds()), has("ANY($2::text[]) seen") && !has("{"));
}

TEST_CASE("an old server is asked for what it has", "[activity]")
{
    struct Case {
        int version = 0;
        bool waitstart = false;
        bool reserved = false;
    };
    const auto c = GENERATE(
        values<Case>({{130'000, false, false}, {140'000, true, false}, {160'000, true, true}}));
    const auto queries = queries_for({}, c.version);
    const auto both = queries.numbers() + queries.culprits(dbup::culprit_kinds());
    CHECK((both.find("waitstart") != std::string::npos) == c.waitstart);
    CHECK((both.find("'reserved_connections'") != std::string::npos) == c.reserved);
}

TEST_CASE("a quiet server has every number and nobody to name", "[activity]")
{
    const auto outcome = look(record_of(quiet));
    CHECK(outcome.exit_code == 0);
    CHECK_THAT(headline(outcome.text),
               has("activity: 12 of 97 connections, 0 blocked, 0 idle in transaction (mydb at "));
    CHECK_THAT(perfdata_of(outcome.text),
               has(" total_connections=12;29;49 connections_used=12.4%;80;90 free_slots=85 "
                   "total_locks=0;49;99 all_locks=30 blocked_locks=0;0;4 longest_wait=0s "
                   "idle_transactions=0;0;2 long_queries=0;0;4 long_transactions=0 prepared=0 "
                   "prepared_age=0s;300;3600 xmin_age=3 untracked=0;0"));
}

TEST_CASE("a role that does not see the others gets no number", "[activity]")
{
    const auto outcome = look(record_of(with(quiet, {{"sees_all", "f"}})));
    CHECK(outcome.exit_code == 3);
    CHECK_THAT(perfdata_of(outcome.text), has(" up=1;;;0;1")); // it is not down
    CHECK_THAT(outcome.text,
               has("[PRIVILEGE_MISSING]") && has("Fix: GRANT pg_monitor TO \"mon\";") &&
                   !has("total_connections"));
}

TEST_CASE("a backend type that there is not is refused", "[activity]")
{
    CHECK_THAT(
        look(record_of(quiet), std::nullopt, {"--include-type", "client backned"}).text,
        has("--include-type: 'client backned' is no backend type of PostgreSQL; did you mean "
            "'client backend'?") &&
            has("[CONFIG_ERROR]"));
    CHECK_THAT(look(record_of(quiet), std::nullopt, {"--exclude-type", "nosuchtype"}).text,
               has("--exclude-type: 'nosuchtype' is no backend type") &&
                   has("write 'nosuchtype*' [CONFIG_ERROR]"));
    CHECK(look(record_of(quiet),
               std::nullopt,
               {"--include-type", "walsender, client*,,pg_cron launcher*"})
              .exit_code == 0);
    Scene scene;
    const auto outcome = scene.run(command_line({"--cleanup", "--include-type", "nosuchtype"}));
    CHECK_THAT(outcome.text, has("is no backend type") && has("[CONFIG_ERROR]"));
    CHECK(scene.connector.opened.empty());
}

TEST_CASE("what is not there is not taken for nothing", "[activity]")
{
    CHECK_THAT(look(record_of(with(quiet, {{"blocked_locks", {}}}))).text,
               has("[UNEXPECTED_RESULT]"));
    for (const auto* const record : {"", "()", "(t,f,1", "no record"}) {
        CHECK_THAT(look(single("row", std::string{record})).text, has("[UNEXPECTED_RESULT]"));
    }
    CHECK_THAT(look(single("row", {})).text, has("[UNEXPECTED_RESULT]"));
}

TEST_CASE("each kind of culprit has its words", "[activity]")
{
    struct Case {
        const char* label = "";
        const char* note = "";
        const char* line = "";
    };
    const std::string who = "pid 4711 app@shop (psql, 10.0.0.5)";
    const auto c = GENERATE(values<Case>({
        {"blocked_locks", "42 (boss, psql, active)", " has waited 12 min for a lock of 42 (boss, "},
        {"idle_transactions", "idle in transaction", ": idle in transaction for 12 min: SELECT 1"},
        {"long_queries", "", ": query runs for 12 min: SELECT 1"},
        {"long_transactions", "active", ": transaction open for 12 min, active: SELECT 1"},
        {"total_locks", "", " holds 720 locks"},
        {"untracked", "", ": track_activities is off"},
        {"xmin_age", "", ": 720 transactions"},
    }));
    CAPTURE(c.label);
    const auto outcome = look(record_of(quiet), {{culprit(c.label, "720", c.note)}}, {"-v"});
    CHECK_THAT(outcome.text, has("\n- " + who + c.line));
}

TEST_CASE("one is not told as many", "[activity]")
{
    const auto outcome = look(record_of(quiet),
                              {{culprit("xmin_age", "1", ""), culprit("total_locks", "1", "")}},
                              {"-v"});
    CHECK_THAT(outcome.text, has(" holds 1 lock: ") && has(": 1 transaction: "));
}

TEST_CASE("the worst come first: who waits, who idles, who is slow", "[activity]")
{
    const auto outcome = look(record_of(quiet),
                              {{culprit("xmin_age", "9", ""),
                                culprit("idle_transactions", "90", "idle"),
                                culprit("blocked_locks", "10", "42")}},
                              {"-v"});
    const auto at = [&](const char* words) { return outcome.text.find(words); };
    CHECK(at(" for a lock of 42") < at(": idle for "));
    CHECK(at(": idle for ") < at(": 9 transactions"));
}

TEST_CASE("a group of sessions without an application name is named so", "[activity]")
{
    auto group = culprit("total_connections", "31", "");
    group["application"] = "";
    group["pid"] = {};
    const auto outcome = look(record_of(with(quiet, {{"total_connections", "31"}})), {{group}});
    CHECK(outcome.exit_code == 1);
    CHECK_THAT(outcome.text, has("\n- sessions of app@shop (no name): 31"));
}

TEST_CASE("whoever is gone when his name is asked for is no error", "[activity]")
{
    const auto outcome =
        look(record_of(with(quiet, {{"idle_transactions", "3"}})), std::vector<Cells>{});
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(outcome.text,
               has("idle_transactions is 3 (above 2)") && has("Fix: Let the application commit"));
}

TEST_CASE("names are asked for only where they are told", "[activity]")
{
    struct Case {
        std::vector<std::string> options = {};
        bool asked = false;
    };
    const auto c = GENERATE(values<Case>({
        {{}, false},
        {{"-w", "idle_transactions=1"}, false},
        {{"-w", "idle_transactions=0"}, true},
        {{"-w", "time=0", "-c", "20"}, false}, // what is broken has no names
        {{"-w", "11"}, true},
        {{"--max-connections", "11"}, true},
        {{"-v"}, true},
        {{"--output", "text"}, false},
        {{"--output", "json"}, true},
        {{"--output", "http"}, true},
        {{"--output", "prometheus", "-w", "11"}, false},
        {{"--output", "value", "-w", "11"}, false},
    }));
    CAPTURE(c.options);
    // The fake server does not know the question for the names.
    const auto numbers = record_of(with(quiet, {{"idle_transactions", "1"}}));
    const auto limits = std::vector<std::string>{"-w", "idle_transactions=1"};
    auto options = limits;
    options.insert(options.end(), c.options.begin(), c.options.end());
    const auto outcome = look(numbers, {}, options);
    CHECK((outcome.text.find("INTERNAL_ERROR") != std::string::npos) == c.asked);
}

TEST_CASE("the tightest limit is told, and what it leaves", "[activity]")
{
    struct Case {
        Cells cells = {};
        const char* summary = "";
        const char* perfdata = "";
    };
    const auto c = GENERATE(values<Case>({
        {{{"reserved", "7"}},
         "12 of 90 connections,",
         "connections_used=13.3%;80;90 free_slots=78"},
        {{{"reserved", "7"}, {"may_use_reserved", "t"}},
         "12 of 97 connections,",
         "connections_used=12.4%;80;90 free_slots=85"},
        {{{"superuser", "t"}, {"reserved", "7"}, {"limit_of_role", "2"}},
         "12 of 100 connections,",
         "connections_used=12%;80;90 free_slots=88"},
        {{{"limit_of_database", "10"}, {"limit_of_role", "5"}},
         "5 of 10 connections of the database,",
         "connections_used=50%;80;90 free_slots=3"},
        {{{"limit_of_database", "50"}, {"limit_of_role", "3"}},
         "2 of 3 connections of the role,",
         "connections_used=66.7%;80;90 free_slots=1"},
        {{{"limit_of_role", "1"}},
         "2 of 1 connections of the role,",
         "connections_used=200%;80;90 free_slots=0"},
        {{{"limit_of_database", "0"}, {"used_of_database", "0"}},
         "0 of 0 connections of the database,",
         "connections_used=100%;80;90 free_slots=0"},
    }));
    CAPTURE(c.summary);
    const auto outcome = look(record_of(with(quiet, c.cells)), std::vector<Cells>{});
    CHECK_THAT(outcome.text, has(c.summary) && has(c.perfdata));
}

} // namespace

} // namespace dbup_test
