// SPDX-License-Identifier: MIT
#include "core/failure.hpp"
#include "pg/hardening.hpp"

#include "support/catch.hpp"
#include "unit/fakes.hpp"

namespace dbup_test {

namespace {

using dbup::Hardening;

dbup::Config limited(Millis statement, Millis lock, Millis idle = Millis{60'000})
{
    dbup::Config config;
    config.statement_timeout = statement;
    config.lock_timeout = lock;
    config.idle_timeout = idle;
    return config;
}

/// What a server answers to proof(), with the settings as they are written in an array.
dbup::Rows proof(const dbup::Rows::Cell& held = R"({on,5s,2s,5s,"pg_catalog, pg_temp"})")
{
    dbup::Rows rows{{"held", "standby", "server_time"}};
    rows.add({held, "f", "1800003600.5"});
    return rows;
}

TEST_CASE("the transaction is read-only and limited before anything looks into a catalog",
          "[hardening]")
{
    FakeClock clock;
    const Hardening hardening{limited(Millis{5'000}, Millis{2'000}), {clock, Millis{10'000}}, {}};
    CHECK(hardening.statements() ==
          std::vector<std::string>{"BEGIN ISOLATION LEVEL READ COMMITTED,READ ONLY",
                                   "SET LOCAL statement_timeout=5000",
                                   "SET LOCAL lock_timeout=2000",
                                   "SET LOCAL idle_in_transaction_session_timeout=5000",
                                   "SET LOCAL search_path=pg_catalog,pg_temp"});
}

TEST_CASE("the server's time limit is never longer than what is left", "[hardening]")
{
    struct Case {
        Millis statement = {};
        Millis lock = {};
        Millis left = {};
        const char* statement_limit = "";
        const char* lock_limit = "";
    };
    const auto c = GENERATE(values<Case>({
        {Millis{5'000}, Millis{2'000}, Millis{10'000}, "5000", "2000"},
        {Millis{5'000}, Millis{2'000}, Millis{5'000}, "4950", "2000"},
        {Millis{5'000}, Millis{2'000}, Millis{1'000}, "950", "950"},
        {Millis{1}, Millis{2'000}, Millis{1'000}, "1", "1"},
        {Millis{5'000}, Millis{2'000}, Millis{51}, "1", "1"},
        {Millis{5'000}, Millis{2'000}, Millis{20}, "1", "1"},
        {Millis{5'000}, Millis{2'000}, Millis{0}, "1", "1"},
    }));
    CAPTURE(c.left.count());
    FakeClock clock;
    const Hardening hardening{limited(c.statement, c.lock), {clock, c.left}, {}};
    CHECK(hardening.statements().at(1) ==
          std::string{"SET LOCAL statement_timeout="} + c.statement_limit);
    CHECK(hardening.statements().at(2) == std::string{"SET LOCAL lock_timeout="} + c.lock_limit);
}

TEST_CASE("what a limit has ended is told with the option that was the limit", "[hardening]")
{
    struct Case {
        Millis statement = {};
        Millis lock = {};
        Millis left = {};
        const char* of_statement = "";
        const char* of_lock = "";
    };
    const auto c = GENERATE(values<Case>({
        {Millis{5'000}, Millis{2'000}, Millis{10'000}, "--statement-timeout", "--lock-timeout"},
        {Millis{5'000},
         Millis{9'000},
         Millis{10'000},
         "--statement-timeout",
         "--statement-timeout"},
        {Millis{20'000}, Millis{2'000}, Millis{10'000}, "--timeout", "--lock-timeout"},
        {Millis{20'000}, Millis{12'000}, Millis{10'000}, "--timeout", "--timeout"},
    }));
    CAPTURE(c.statement.count(), c.lock.count());
    FakeClock clock;
    const Hardening hardening{limited(c.statement, c.lock), {clock, c.left}, {}};
    const auto fix_of = [&hardening](ErrorClass error, const char* sqlstate) {
        return hardening.explained(dbup::Failure{error, "why"}.with_sqlstate(sqlstate)).fix();
    };
    const auto increase = [](const char* option) {
        return Catch::Matchers::EndsWith(std::string{"increase "} + option);
    };
    CHECK_THAT(fix_of(ErrorClass::query_timeout, "57014"), increase(c.of_statement));
    CHECK_THAT(fix_of(ErrorClass::query_timeout, "55P03"), increase(c.of_lock));
    CHECK(fix_of(ErrorClass::query_timeout, "25P04").empty()); // a limit of the server's own
    CHECK(fix_of(ErrorClass::conflict, "57014").empty());
    const auto told = dbup::Failure{ErrorClass::query_timeout}.with_fix("do that");
    CHECK(hardening.explained(told).fix() == "do that");
}

TEST_CASE("an idle transaction has a limit of its own, within that of a statement", "[hardening]")
{
    FakeClock clock;
    const auto limit = [&clock](Millis idle) {
        return Hardening{limited(Millis{5'000}, Millis{2'000}, idle), {clock, Millis{10'000}}, {}}
            .statements()
            .at(3);
    };
    CHECK(limit(Millis{700}) == "SET LOCAL idle_in_transaction_session_timeout=700");
    CHECK(limit(Millis{9'000}) == "SET LOCAL idle_in_transaction_session_timeout=5000");
    Scene scene;
    scene.environment.variables["DB_IDLE_TIMEOUT"] = "700ms";
    CHECK(scene.load(command_line({})).idle_timeout == Millis{700});
    scene.environment.variables["DB_IDLE_TIMEOUT"] = "60000"; // milliseconds, elsewhere
    CHECK_THAT(refusal(scene, command_line({})), has("write 60000ms or 60s"));
}

TEST_CASE("a server that can notices when its client is gone", "[hardening]")
{
    const bool notices = GENERATE(false, true);
    FakeClock clock;
    const Hardening hardening{limited(Millis{5'000}, Millis{2'000}),
                              {clock, Millis{10'000}},
                              {.notices_lost_client = notices}};
    const bool set =
        hardening.statements().back().starts_with("SET LOCAL client_connection_check_interval=");
    CHECK(set == notices);
}

TEST_CASE("no setting outlives the transaction", "[hardening]")
{
    FakeClock clock;
    const Hardening hardening{limited(Millis{5'000}, Millis{2'000}),
                              {clock, Millis{10'000}},
                              {.notices_lost_client = true}};
    for (const auto& statement : hardening.statements()) {
        CAPTURE(statement);
        CHECK((statement.starts_with("BEGIN ") || statement.starts_with("SET LOCAL ")));
        CHECK(statement.find(';') == std::string::npos);
    }
}

TEST_CASE("the proof asks for every setting by qualified names", "[hardening]")
{
    FakeClock clock;
    const Hardening hardening{limited(Millis{5'000}, Millis{2'000}),
                              {clock, Millis{10'000}},
                              {.notices_lost_client = true}};
    const std::string sql{hardening.proof().sql};
    for (const auto* const name : {"transaction_read_only",
                                   "statement_timeout",
                                   "lock_timeout",
                                   "idle_in_transaction_session_timeout",
                                   "search_path"}) {
        CHECK_THAT(sql, has("pg_catalog.current_setting('" + std::string{name} + "')"));
    }
    CHECK_THAT(sql, has("pg_catalog.pg_is_in_recovery() AS standby") && has("AS server_time"));
    CHECK(sql.find(';') == std::string::npos);
}

TEST_CASE("a server that writes ISO dates is not asked for a number", "[hardening]")
{
    FakeClock clock;
    const bool iso = GENERATE(true, false);
    const Hardening hardening{
        limited(Millis{5'000}, Millis{2'000}), {clock, Millis{10'000}}, {.iso_dates = iso}};
    const auto sql = hardening.proof().sql;
    CHECK(sql.ends_with("pg_catalog.clock_timestamp() AS server_time") == iso);
    CHECK(sql.ends_with("EXTRACT(EPOCH FROM pg_catalog.clock_timestamp()) AS server_time") == !iso);
}

TEST_CASE("the server's own address is asked for with -vv only", "[hardening]")
{
    FakeClock clock;
    auto config = limited(Millis{5'000}, Millis{2'000});
    config.verbosity = GENERATE(0, 1, 2, 3);
    const Hardening hardening{config, {clock, Millis{10'000}}, {.notices_lost_client = true}};
    const auto sql = hardening.proof().sql;
    CHECK((sql.find("inet_server_addr()") != std::string_view::npos) == (config.verbosity > 1));
    CHECK((sql.find("inet_server_port()") != std::string_view::npos) == (config.verbosity > 1));
    CHECK(sql.ends_with("AS server_time") == (config.verbosity < 2));
}

TEST_CASE("durations are compared as PostgreSQL shows them", "[hardening]")
{
    struct Case {
        Millis::rep millis = 0;
        const char* text = "";
    };
    const auto c = GENERATE(values<Case>({
        {1, "1ms"},
        {999, "999ms"},
        {1'000, "1s"},
        {1'500, "1500ms"},
        {5'000, "5s"},
        {60'000, "1min"},
        {90'000, "90s"},
        {3'600'000, "1h"},
        {3'601'000, "3601s"},
        {5'400'000, "90min"},
        {86'400'000, "1d"},
    }));
    CHECK(dbup::postgres_duration(Millis{c.millis}) == c.text);
}

TEST_CASE("a hardening that holds is accepted", "[hardening]")
{
    FakeClock clock;
    const Hardening hardening{limited(Millis{5'000}, Millis{2'000}), {clock, Millis{10'000}}, {}};
    CHECK_NOTHROW(hardening.verify(proof()));
    // quote_all_identifiers
    CHECK_NOTHROW(hardening.verify(proof(R"({on,5s,2s,5s,"\"pg_catalog\", \"pg_temp\""})")));
}

TEST_CASE("a single setting that does not hold is refused", "[hardening]")
{
    struct Case {
        const char* says = "";
        const char* held = "";
    };
    const auto c = GENERATE(values<Case>({
        {"transaction_read_only is 'off'", R"({off,5s,2s,5s,"pg_catalog, pg_temp"})"},
        {"transaction_read_only is ''", R"({"",5s,2s,5s,"pg_catalog, pg_temp"})"},
        {"transaction_read_only is '\"'", R"({"\"",5s,2s,5s,"pg_catalog, pg_temp"})"},
        {"transaction_read_only is 'NULL'", R"({NULL,5s,2s,5s,"pg_catalog, pg_temp"})"},
        {"statement_timeout is '0'", R"({on,0,2s,5s,"pg_catalog, pg_temp"})"},
        {"statement_timeout is '1h'", R"({on,1h,2s,5s,"pg_catalog, pg_temp"})"},
        {"statement_timeout is '5000ms'", R"({on,5000ms,2s,5s,"pg_catalog, pg_temp"})"},
        {"lock_timeout is '0'", R"({on,5s,0,5s,"pg_catalog, pg_temp"})"},
        {"idle_in_transaction_session_timeout is '0'", R"({on,5s,2s,0,"pg_catalog, pg_temp"})"},
        {"search_path is 'public'", "{on,5s,2s,5s,public}"},
        {"search_path is 'pg_catalog'", "{on,5s,2s,5s,pg_catalog}"},
        {"search_path is '\\'", R"({on,5s,2s,5s,"\\"})"},
        {"search_path is ''", "{on,5s,2s,5s,}"},
    }));
    CAPTURE(c.held);
    FakeClock clock;
    const Hardening hardening{limited(Millis{5'000}, Millis{2'000}), {clock, Millis{10'000}}, {}};
    try {
        hardening.verify(proof(c.held));
        FAIL("accepted");
    } catch (const dbup::Failure& failure) {
        CHECK(failure.error() == ErrorClass::hardening);
        CHECK_THAT(failure.detail(), has(c.says));
    }
}

TEST_CASE("a proof that is not exactly one row proves nothing", "[hardening]")
{
    FakeClock clock;
    const Hardening hardening{limited(Millis{5'000}, Millis{2'000}), {clock, Millis{10'000}}, {}};
    CHECK_THROWS_AS(hardening.verify(dbup::Rows{}), dbup::Failure);
    auto two = proof();
    two.add({R"({on,5s,2s,5s,"pg_catalog, pg_temp"})", "f", "1"});
    CHECK_THROWS_AS(hardening.verify(two), dbup::Failure);
    CHECK_THROWS_AS(hardening.verify(single("transaction_read_only", "on")), dbup::Failure);
}

TEST_CASE("settings that are not those that were asked for prove nothing", "[hardening]")
{
    const auto held = GENERATE(values<dbup::Rows::Cell>({
        dbup::Rows::Cell{},
        "",
        "{",
        "{}",
        "on,5s,2s,5s,public",
        "{on,5s,2s,5s}",
        "{on,5s,2s,5s,pg_catalog, pg_temp}",
        R"({on,5s,2s,5s,"pg_catalog, pg_temp",on})",
        R"({"on,5s,2s,5s,pg_catalog, pg_temp})",
    }));
    CAPTURE(held.value_or("NULL"));
    FakeClock clock;
    const Hardening hardening{limited(Millis{5'000}, Millis{2'000}), {clock, Millis{10'000}}, {}};
    try {
        hardening.verify(proof(held));
        FAIL("accepted");
    } catch (const dbup::Failure& failure) {
        CHECK(failure.error() == ErrorClass::unexpected_result);
    }
}

TEST_CASE("a value that is not exactly there is no zero", "[rows]")
{
    struct Case {
        const char* name = "";
        dbup::Rows rows = {};
    };
    const auto c = GENERATE(values<Case>({
        {"no row", dbup::Rows{{"n"}}},
        {"another column", single("m", "1")},
        {"NULL", single("n", {})},
        {"empty", single("n", "")},
        {"blank", single("n", " 1")},
        {"a tail", single("n", "1x")},
        {"a comma", single("n", "1,5")},
    }));
    CAPTURE(c.name);
    try {
        static_cast<void>(c.rows.number(0, "n"));
        FAIL("accepted");
    } catch (const dbup::Failure& failure) {
        CHECK(failure.error() == ErrorClass::unexpected_result);
        CHECK_FALSE(failure.detail().empty());
    }
}

TEST_CASE("values of a row are found by name", "[rows]")
{
    dbup::Rows rows{{"a", "b"}};
    rows.add({"1", "-2.5"});
    rows.add({{}, "x"});
    CHECK(rows.size() == 2);
    CHECK(rows.columns() == 2);
    CHECK(rows.number(0, "b") == -2.5);
    CHECK(rows.text(1, "b") == "x");
    CHECK_THROWS_AS(rows.text(1, "a"), dbup::Failure);
    CHECK_THROWS_AS(rows.text(2, "b"), dbup::Failure);
}

} // namespace

} // namespace dbup_test
