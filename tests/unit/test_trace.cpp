// SPDX-License-Identifier: MIT
#include "core/trace.hpp"

#include "support/catch.hpp"
#include "unit/fakes.hpp"

namespace dbup_test {

namespace {

using dbup::Trace;

TEST_CASE("each stage of a try is timed until the next one begins", "[trace]")
{
    FakeClock clock;
    Trace trace{clock};
    CHECK(trace.stage() == Stage::setup);
    trace.begin(1, "db1:5432");
    trace.enter(Stage::resolve);
    clock.advance(Millis{3});
    trace.enter(Stage::tcp);
    clock.advance(Millis{5});
    trace.enter(Stage::tcp); // once more is no new stage
    clock.advance(Millis{2});
    trace.enter(Stage::close);
    clock.advance(Millis{40});
    trace.end("TIMEOUT", "said");

    const auto tries = trace.tries();
    REQUIRE(tries.size() == 1);
    CHECK(tries[0].attempt == 1);
    CHECK(tries[0].target == "db1:5432");
    CHECK(tries[0].code == "TIMEOUT");
    CHECK(tries[0].message == "said");
    CHECK(tries[0].spent(Stage::resolve) == Millis{3});
    CHECK(tries[0].spent(Stage::tcp) == Millis{7});
    CHECK(tries[0].spent(Stage::close) == Millis{40});
    CHECK_FALSE(tries[0].spent(Stage::tls));
    CHECK(tries[0].total() == Millis{10}); // the good-bye is no part of the answer
}

TEST_CASE("the stage that runs is timed up to now", "[trace]")
{
    FakeClock clock;
    Trace trace{clock};
    CHECK(trace.tries().empty());
    trace.begin(2, "db1:5432");
    trace.enter(Stage::auth);
    clock.advance(Millis{7});
    CHECK(trace.tries().at(0).spent(Stage::auth) == Millis{7});
    clock.advance(Millis{1});
    CHECK(trace.tries().at(0).spent(Stage::auth) == Millis{8});
    CHECK(trace.stage() == Stage::auth);
}

TEST_CASE("a new try ends the stage of the one before", "[trace]")
{
    FakeClock clock;
    Trace trace{clock};
    trace.begin(1, "a:1");
    trace.enter(Stage::tcp);
    clock.advance(Millis{4});
    trace.begin(1, "b:1");
    clock.advance(Millis{9});
    trace.name_target("b:1 (10.0.0.1)");
    const auto tries = trace.tries();
    REQUIRE(tries.size() == 2);
    CHECK(tries[0].spent(Stage::tcp) == Millis{4});
    CHECK(tries[1].stages.empty());
    CHECK(tries[1].target == "b:1 (10.0.0.1)");
}

TEST_CASE("the table of stages names each stage in the order of a run", "[trace]")
{
    std::size_t index = 0;
    for (const auto& row : dbup::stage_table) {
        CHECK(static_cast<std::size_t>(row.stage) == index++);
        CHECK_FALSE(row.name.empty());
        CHECK_FALSE(row.waiting_for.empty());
    }
}

} // namespace

} // namespace dbup_test
