// SPDX-License-Identifier: MIT
#include "core/backoff.hpp"
#include "core/deadline.hpp"

#include "support/catch.hpp"
#include "unit/fakes.hpp"

namespace dbup_test {

namespace {

using dbup::Backoff;
using dbup::Growth;

TEST_CASE("the pauses grow as their kind says", "[backoff]")
{
    struct Case {
        Growth growth = Growth::fixed;
        std::vector<int> pauses = {};
    };
    const auto c = GENERATE(values<Case>({
        {Growth::fixed, {500, 500, 500, 500}},
        {Growth::linear, {500, 1000, 1500, 2000}},
        {Growth::exponential, {500, 1000, 2000, 4000}},
    }));
    FakeRandom random;
    for (std::size_t i = 0; i < c.pauses.size(); ++i) {
        const Backoff backoff{c.growth, Millis{500}, false};
        CHECK(backoff.pause(static_cast<int>(i) + 1, random) == Millis{c.pauses[i]});
    }
}

TEST_CASE("jitter stays within a fifth of the pause", "[backoff]")
{
    struct Case {
        double random = 0;
        int first = 0;
        int third = 0;
    };
    const auto c = GENERATE(values<Case>({
        {0, 400, 1600},
        {0.25, 450, 1800},
        {0.5, 500, 2000},
        {0.75, 550, 2200},
        {0.999, 600, 2399},
    }));
    CAPTURE(c.random);
    FakeRandom random{c.random};
    const Backoff backoff{Growth::exponential, Millis{500}, true};
    CHECK(backoff.pause(1, random) == Millis{c.first});
    CHECK(backoff.pause(3, random) == Millis{c.third});
}

TEST_CASE("a pause is never longer than an hour, however often it doubles", "[backoff]")
{
    FakeRandom random{0.999999};
    const Growth growth = GENERATE(Growth::linear, Growth::exponential);
    const bool jitter = GENERATE(false, true);
    const Backoff backoff{growth, Millis{600'000}, jitter};
    for (const int n : {1, 7, 100, 2'000}) {
        const auto pause = backoff.pause(n, random);
        CAPTURE(n, pause.count());
        CHECK(pause > Millis{0});
        CHECK(pause <= Millis{3'600'000});
    }
}

TEST_CASE("without a delay there is no pause", "[backoff]")
{
    FakeRandom random{0.9};
    CHECK(Backoff{Growth::exponential, Millis{0}, true}.pause(5, random) == Millis{0});
}

TEST_CASE("what is left of a deadline is rounded up and never negative", "[deadline]")
{
    FakeClock clock;
    const dbup::Deadline deadline{clock, Millis{100}};
    CHECK(deadline.left() == Millis{100});
    CHECK_FALSE(deadline.expired());
    clock.advance(std::chrono::microseconds{99'001});
    CHECK(deadline.left() == Millis{1});
    CHECK_FALSE(deadline.expired());
    clock.advance(std::chrono::microseconds{999});
    CHECK(deadline.left() == Millis{0});
    CHECK(deadline.expired());
    clock.advance(Millis{50});
    CHECK(deadline.left() == Millis{0});
}

TEST_CASE("a deadline within another one is the earlier of both", "[deadline]")
{
    FakeClock clock;
    const dbup::Deadline deadline{clock, Millis{100}};
    CHECK(deadline.within(Millis{40}).left() == Millis{40});
    CHECK(deadline.within(Millis{400}).left() == Millis{100});
    clock.advance(Millis{80});
    CHECK(deadline.within(Millis{40}).left() == Millis{20});
}

} // namespace

} // namespace dbup_test
