// SPDX-License-Identifier: MIT
// --read-timeout and --write-timeout: the limits of one wait for a server.
#include "pg/wait.hpp"

#include "support/catch.hpp"
#include "unit/fakes.hpp"

namespace dbup_test {

namespace {

using dbup::Deadline;
using dbup::Lull;

TEST_CASE("a wait has its own limit, which only ever shortens the deadline", "[waits]")
{
    struct Case {
        int read = 0;
        int write = 0;
        Lull::Of what = Lull::Of::reading;
        int left = 0;
        bool shorter = false;
    };
    const auto c = GENERATE(values<Case>({
        {0, 0, Lull::Of::reading, 5'000, false},
        {0, 0, Lull::Of::writing, 5'000, false},
        {2'000, 0, Lull::Of::reading, 2'000, true},
        {2'000, 0, Lull::Of::writing, 5'000, false},
        {0, 300, Lull::Of::writing, 300, true},
        {0, 300, Lull::Of::reading, 5'000, false},
        {5'000, 0, Lull::Of::reading, 5'000, false},
        {60'000, 60'000, Lull::Of::reading, 5'000, false},
    }));
    CAPTURE(c.read, c.write, c.left);
    FakeClock clock;
    const Lull lull{c.what,
                    {.deadline = Deadline{clock, Millis{5'000}},
                     .read = Millis{c.read},
                     .write = Millis{c.write}}};
    CHECK(lull.end().left() == Millis{c.left});
    CHECK(lull.is_shorter() == c.shorter);
}

TEST_CASE("a wait begins when it begins", "[waits]")
{
    FakeClock clock;
    const dbup::WaitBounds bounds{.deadline = Deadline{clock, Millis{5'000}},
                                  .read = Millis{2'000}};
    clock.advance(Millis{4'000});
    const Lull lull{Lull::Of::reading, bounds};
    CHECK(lull.end().left() == Millis{1'000});
    CHECK_FALSE(lull.is_shorter()); // what ends it is the deadline
    CHECK_FALSE(Lull{bounds.deadline}.is_shorter());
}

TEST_CASE("a wait that is over names its option", "[waits]")
{
    struct Case {
        Lull::Of what = Lull::Of::reading;
        const char* reason = "";
        const char* option = "";
    };
    const auto c = GENERATE(values<Case>({
        {Lull::Of::reading, "the server sent nothing for 2s (--read-timeout)", "--read-timeout"},
        {Lull::Of::writing,
         "the server took nothing for 500ms (--write-timeout)",
         "--write-timeout"},
    }));
    FakeClock clock;
    const dbup::Failure failure = Lull{
        c.what,
        {.deadline = Deadline{clock, Millis{5'000}},
         .read = Millis{2'000},
         .write = Millis{500}}}.failure();
    CHECK(failure.error() == ErrorClass::timeout);
    CHECK(failure.remedy() == dbup::Remedy::retry);

    Scene scene;
    scene.connector.servers = {failing(Stage::auth, failure)};
    const auto outcome = scene.run(command_line({"--max-retries", "0"}));
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(headline(outcome.text),
               has("no answer from db1:5432 in ") &&
                   has("waiting for authentication and session start [TIMEOUT]"));
    CHECK_THAT(outcome.text,
               has(std::string{"\nReason: "} + c.reason + '\n') &&
                   has(std::string{"load, or increase "} + c.option + '\n'));

    scene.connector.servers = {failing(Stage::auth, failure), Server{}};
    CHECK_THAT(headline(scene.run(command_line({})).text), has("recovered after 1 retry"));
}

TEST_CASE("the limits come from every source, and there are none without them", "[waits]")
{
    Scene scene;
    CHECK(scene.load(command_line({})).read_timeout == Millis{0});
    CHECK(setting(scene.load(command_line({})), "read-timeout").value.empty());
    scene.environment.variables = {{"DB_READ_TIMEOUT", "3"}, {"DB_WRITE_TIMEOUT", "250ms"}};
    const auto config = scene.load(command_line({}));
    CHECK(config.read_timeout == Millis{3'000});
    CHECK(config.write_timeout == Millis{250});
    CHECK_THAT(refusal(scene, command_line({"--read-timeout", "0"})),
               has("--read-timeout: '0' is not a time from 10ms to 1h"));
}

} // namespace

} // namespace dbup_test
