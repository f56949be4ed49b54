// SPDX-License-Identifier: MIT
#include "core/failure.hpp"
#include "pg/hardening.hpp"

#include "support/catch.hpp"
#include "unit/fakes.hpp"

namespace dbup_test {

namespace {

using dbup::Hardening;

dbup::Config limited(Millis statement, Millis lock)
{
    dbup::Config config;
    config.statement_timeout = statement;
    config.lock_timeout = lock;
    return config;
}

/// What a server answers to proof(); one setting may be replaced.
dbup::Rows proof(const std::string& name = {}, const dbup::Rows::Cell& value = {})
{
    const std::vector<std::pair<std::string, std::string>> settings{
        {"transaction_read_only", "on"},
        {"statement_timeout", "5s"},
        {"lock_timeout", "2s"},
        {"idle_in_transaction_session_timeout", "5s"},
        {"search_path", "pg_catalog, pg_temp"},
        {"standby", "f"},
        {"server_time", "1800003600.5"}};
    std::vector<std::string> columns;
    std::vector<dbup::Rows::Cell> cells;
    for (const auto& [column, cell] : settings) {
        columns.push_back(column);
        cells.push_back(column == name ? value : dbup::Rows::Cell{cell});
    }
    dbup::Rows rows{columns};
    rows.add(cells);
    return rows;
}

TEST_CASE("the transaction is read-only and limited before anything looks into a catalog",
          "[hardening]")
{
    FakeClock clock;
    const Hardening hardening{
        limited(Millis{5'000}, Millis{2'000}), {clock, Millis{10'000}}, false};
    CHECK(hardening.statements() ==
          std::vector<std::string>{"BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY",
                                   "SET LOCAL statement_timeout = 5000",
                                   "SET LOCAL lock_timeout = 2000",
                                   "SET LOCAL idle_in_transaction_session_timeout = 5000",
                                   "SET LOCAL search_path = pg_catalog, pg_temp"});
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
    const Hardening hardening{limited(c.statement, c.lock), {clock, c.left}, false};
    CHECK(hardening.statements().at(1) ==
          std::string{"SET LOCAL statement_timeout = "} + c.statement_limit);
    CHECK(hardening.statements().at(2) == std::string{"SET LOCAL lock_timeout = "} + c.lock_limit);
}

TEST_CASE("a server that can notices when its client is gone", "[hardening]")
{
    const bool notices = GENERATE(false, true);
    FakeClock clock;
    const Hardening hardening{
        limited(Millis{5'000}, Millis{2'000}), {clock, Millis{10'000}}, notices};
    const bool set =
        hardening.statements().back().starts_with("SET LOCAL client_connection_check_interval = ");
    CHECK(set == notices);
}

TEST_CASE("no setting outlives the transaction", "[hardening]")
{
    FakeClock clock;
    const Hardening hardening{limited(Millis{5'000}, Millis{2'000}), {clock, Millis{10'000}}, true};
    for (const auto& statement : hardening.statements()) {
        CAPTURE(statement);
        CHECK((statement.starts_with("BEGIN ") || statement.starts_with("SET LOCAL ")));
        CHECK(statement.find(';') == std::string::npos);
    }
}

TEST_CASE("the proof asks for every setting by qualified names", "[hardening]")
{
    const std::string sql{Hardening::proof().sql};
    for (const auto* const name : {"transaction_read_only",
                                   "statement_timeout",
                                   "lock_timeout",
                                   "idle_in_transaction_session_timeout",
                                   "search_path"}) {
        CHECK_THAT(sql, has("pg_catalog.current_setting('" + std::string{name} + "') AS " + name));
    }
    CHECK_THAT(sql, has("pg_catalog.pg_is_in_recovery() AS standby") && has("AS server_time"));
    CHECK(sql.find(';') == std::string::npos);
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
    const Hardening hardening{
        limited(Millis{5'000}, Millis{2'000}), {clock, Millis{10'000}}, false};
    CHECK_NOTHROW(hardening.verify(proof()));
}

TEST_CASE("a single setting that does not hold is refused", "[hardening]")
{
    struct Case {
        const char* name = "";
        dbup::Rows::Cell value = {};
        ErrorClass error = ErrorClass::hardening;
    };
    const auto c = GENERATE(values<Case>({
        {"transaction_read_only", "off", ErrorClass::hardening},
        {"transaction_read_only", "", ErrorClass::hardening},
        {"transaction_read_only", {}, ErrorClass::unexpected_result},
        {"statement_timeout", "0", ErrorClass::hardening},
        {"statement_timeout", "1h", ErrorClass::hardening},
        {"statement_timeout", "5000ms", ErrorClass::hardening},
        {"lock_timeout", "0", ErrorClass::hardening},
        {"idle_in_transaction_session_timeout", "0", ErrorClass::hardening},
        {"search_path", "public", ErrorClass::hardening},
        {"search_path", "pg_catalog", ErrorClass::hardening},
        {"search_path", {}, ErrorClass::unexpected_result},
    }));
    CAPTURE(c.name, c.value.value_or("NULL"));
    FakeClock clock;
    const Hardening hardening{
        limited(Millis{5'000}, Millis{2'000}), {clock, Millis{10'000}}, false};
    try {
        hardening.verify(proof(c.name, c.value));
        FAIL("accepted");
    } catch (const dbup::Failure& failure) {
        CHECK(failure.error() == c.error);
        CHECK_THAT(failure.detail(), has(c.name));
    }
}

TEST_CASE("a proof that is not exactly one row proves nothing", "[hardening]")
{
    FakeClock clock;
    const Hardening hardening{
        limited(Millis{5'000}, Millis{2'000}), {clock, Millis{10'000}}, false};
    CHECK_THROWS_AS(hardening.verify(dbup::Rows{}), dbup::Failure);
    auto two = proof();
    two.add({"on", "5s", "2s", "5s", "pg_catalog, pg_temp", "f", "1"});
    CHECK_THROWS_AS(hardening.verify(two), dbup::Failure);
    CHECK_THROWS_AS(hardening.verify(single("transaction_read_only", "on")), dbup::Failure);
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
