// SPDX-License-Identifier: MIT
#include "core/state.hpp"

#include <set>

#include "app/run.hpp"
#include "support/catch.hpp"

namespace dbup_test {

namespace {

using dbup::ErrorClass;
using dbup::ExitStyle;
using dbup::row_of;
using dbup::State;
using dbup::worst;

TEST_CASE("the worst of two states is critical, then unknown, then warning, then ok", "[state]")
{
    struct Case {
        State left = State::ok;
        State right = State::ok;
        State worst = State::ok;
    };
    const auto c = GENERATE(values<Case>({
        {State::ok, State::ok, State::ok},
        {State::ok, State::warning, State::warning},
        {State::ok, State::critical, State::critical},
        {State::ok, State::unknown, State::unknown},
        {State::warning, State::warning, State::warning},
        {State::warning, State::critical, State::critical},
        {State::warning, State::unknown, State::unknown},
        {State::critical, State::critical, State::critical},
        {State::critical, State::unknown, State::critical},
        {State::unknown, State::unknown, State::unknown},
    }));
    CAPTURE(row_of(c.left).word, row_of(c.right).word);
    CHECK(worst(c.left, c.right) == c.worst);
    CHECK(worst(c.right, c.left) == c.worst);
}

TEST_CASE("every state has its row with its own word, exit code and severity", "[state]")
{
    std::set<std::string_view> words;
    std::set<int> codes;
    std::set<int> severities;
    for (const auto& row : dbup::state_table) {
        CAPTURE(row.word);
        CHECK(row_of(row.state).word == row.word);
        CHECK(words.insert(row.word).second);
        CHECK(codes.insert(row.exit_code).second);
        CHECK(severities.insert(row.severity).second);
        CHECK_FALSE(row.option.empty());
    }
    CHECK(words == std::set<std::string_view>{"OK", "WARNING", "CRITICAL", "UNKNOWN"});
}

TEST_CASE("the exit code is that of the style", "[state]")
{
    struct Case {
        State state = State::ok;
        int nagios = 0;
        int simple = 0;
        int isready = 0; ///< where the database answered
    };
    const auto c = GENERATE(values<Case>({
        {State::ok, 0, 0, 0},
        {State::warning, 1, 0, 0},
        {State::critical, 2, 1, 1},
        {State::unknown, 3, 1, 1},
    }));
    CAPTURE(row_of(c.state).word);
    CHECK(dbup::exit_code(ExitStyle::nagios, c.state, nullptr) == c.nagios);
    CHECK(dbup::exit_code(ExitStyle::simple, c.state, nullptr) == c.simple);
    CHECK(dbup::exit_code(ExitStyle::isready, c.state, nullptr) == c.isready);
}

TEST_CASE("the exit codes of pg_isready tell rejected, no answer and no attempt apart", "[state]")
{
    struct Case {
        ErrorClass error = ErrorClass::internal;
        int code = 0;
    };
    const auto c = GENERATE(values<Case>({
        {ErrorClass::starting_up, 1},
        {ErrorClass::shutting_down, 1},
        {ErrorClass::no_slots, 1},
        {ErrorClass::authentication, 1},
        {ErrorClass::database_missing, 1},
        {ErrorClass::query, 1},
        {ErrorClass::role_mismatch, 1},
        {ErrorClass::refused, 2},
        {ErrorClass::network, 2},
        {ErrorClass::timeout, 2},
        {ErrorClass::dns, 2},
        {ErrorClass::tls, 2},
        {ErrorClass::protocol, 2},
        {ErrorClass::config, 3},
        {ErrorClass::local, 3},
        {ErrorClass::interrupted, 3},
        {ErrorClass::internal, 3},
    }));
    const auto& row = row_of(c.error);
    CAPTURE(row.code);
    CHECK(dbup::exit_code(ExitStyle::isready, State::critical, &row) == c.code);
    CHECK(dbup::exit_code(ExitStyle::isready, State::unknown, &row) == c.code);
    CHECK(dbup::exit_code(ExitStyle::isready, State::ok, &row) == 0);
    CHECK(dbup::exit_code(ExitStyle::nagios, State::warning, &row) == 1);
    CHECK(dbup::exit_code(ExitStyle::simple, State::warning, &row) == 0);
}

} // namespace

} // namespace dbup_test
