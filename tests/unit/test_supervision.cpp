// SPDX-License-Identifier: MIT
// The supervisor's side of a run: what is told when its worker is stuck or stopped.
#include "support/catch.hpp"
#include "unit/fakes.hpp"

namespace dbup_test {

namespace {

using dbup::Failure;

/// Runs until `stage` of the first connection, lets `later` pass there, and asks for the outcome of
/// a stuck run.
dbup::Outcome cut_at(Stage stage, Millis later, ErrorClass error, std::vector<std::string> more)
{
    Scene scene;
    dbup::Run program{scene.parts()};
    dbup::Outcome cut;
    scene.connector.on_stage = [&](Stage reached) {
        if (reached == stage) {
            scene.clock.advance(later);
            cut = program.cut_short(error);
        }
    };
    more.insert(more.end(), {"-H", "db1", "-d", "mydb"});
    static_cast<void>(scene.execute(program, more));
    return cut;
}

TEST_CASE("a run that is stuck is told by its stage", "[supervisor]")
{
    struct Case {
        Stage stage = Stage::tcp;
        ErrorClass error = ErrorClass::timeout;
        int exit_code = 0;
        const char* headline = "";
    };
    const auto c = GENERATE(values<Case>({
        {Stage::tcp,
         ErrorClass::timeout,
         2,
         "DB-UP CRITICAL - no answer from db1:5432 in 10 s, waiting for the TCP connection "
         "[TIMEOUT]"},
        {Stage::tls,
         ErrorClass::timeout,
         2,
         "DB-UP CRITICAL - no answer from db1:5432 in 10 s, waiting for the TLS handshake "
         "[TIMEOUT]"},
        {Stage::query,
         ErrorClass::timeout,
         2,
         "DB-UP CRITICAL - no answer from db1:5432 in 10 s, waiting for the answer to the check's "
         "query [TIMEOUT]"},
        {Stage::close,
         ErrorClass::timeout,
         2,
         "DB-UP CRITICAL - no answer from db1:5432 in 10 s, waiting for the end of the session "
         "[TIMEOUT]"},
        {Stage::tls,
         ErrorClass::interrupted,
         3,
         "DB-UP UNKNOWN - interrupted at db1:5432 after 10 s, waiting for the TLS handshake "
         "[INTERRUPTED]"},
    }));
    const auto outcome = cut_at(c.stage, Millis{10'000}, c.error, {});
    CHECK(outcome.exit_code == c.exit_code);
    CHECK(headline(outcome.text) == c.headline);
    const bool judged = c.error == ErrorClass::timeout;
    CHECK_THAT(perfdata_of(outcome.text),
               has("time=10.") &&
                   has(judged ? ";6;9;0;10 up=0;;;0;1 retries=0;;;0;3" : ";6;9;0;10 retries=0;"));
}

TEST_CASE("a run that is stuck in name resolution is told so", "[supervisor]")
{
    Scene scene;
    dbup::Run program{scene.parts()};
    dbup::Outcome cut;
    scene.connector.on_open = [&] { cut = program.cut_short(ErrorClass::timeout); };
    static_cast<void>(scene.execute(program, {"-H", "db1", "-d", "mydb"}));
    CHECK(cut.exit_code == 2);
    CHECK(headline(cut.text) == "DB-UP CRITICAL - no answer from db1:5432 in 0.1 ms, waiting for "
                                "name resolution [TIMEOUT]");
}

TEST_CASE("a stuck run keeps to the style that was asked for", "[supervisor]")
{
    CHECK(cut_at(Stage::tls, {}, ErrorClass::timeout, {"--timeout-state", "unknown"}).exit_code ==
          3);
    CHECK(cut_at(Stage::tls, {}, ErrorClass::timeout, {"--exit-style", "simple"}).exit_code == 1);
    CHECK(cut_at(Stage::tls, {}, ErrorClass::timeout, {"--exit-style", "isready"}).exit_code == 2);
    CHECK(cut_at(Stage::tls, {}, ErrorClass::interrupted, {"--exit-style", "isready"}).exit_code ==
          3);
    CHECK(cut_at(Stage::tls, {}, ErrorClass::timeout, {"-q"}).text.empty());
    CHECK_THAT(cut_at(Stage::tls, {}, ErrorClass::timeout, {"--redact-hosts"}).text,
               has("***:5432") && !has("db1"));
}

TEST_CASE("a run that is stuck before its settings are known says nothing of a server",
          "[supervisor]")
{
    Scene scene;
    dbup::Run program{scene.parts()};
    scene.clock.advance(Millis{10'000});
    const auto timeout = program.cut_short(ErrorClass::timeout);
    CHECK(timeout.exit_code == 3);
    CHECK(
        first_line(timeout.text) ==
        "DB-UP UNKNOWN - no answer from this host in 10 s, waiting for a local file [LOCAL_ERROR]");
    const auto interrupted = program.cut_short(ErrorClass::interrupted);
    CHECK(interrupted.exit_code == 3);
    CHECK(first_line(interrupted.text) == "DB-UP UNKNOWN - interrupted at this host after 10 s, "
                                          "waiting for a local file [INTERRUPTED]");
}

TEST_CASE("a question that is stuck is told with the limit of the run", "[supervisor]")
{
    CHECK_THAT(cut_at(Stage::query, Millis{10'000}, ErrorClass::timeout, {}).text,
               has("increase --timeout\n"));
    CHECK_THAT(cut_at(Stage::query, Millis{1'000}, ErrorClass::interrupted, {}).text,
               has("The caller ended it"));
}

TEST_CASE("a run that cannot be started is not called interrupted", "[supervisor]")
{
    Scene scene;
    dbup::Run program{scene.parts()};
    const auto outcome = program.cut_short(ErrorClass::local);
    CHECK(outcome.exit_code == 3);
    CHECK_THAT(first_line(outcome.text),
               has("[LOCAL_ERROR]") && !has("interrupted") && !has("waiting for"));
}

TEST_CASE("a file that blocks is a fault of this host", "[supervisor]")
{
    Scene scene;
    dbup::Run program{scene.parts()};
    dbup::Outcome cut;
    scene.reader.files["/pw"] = "secret";
    scene.reader.on_read = [&] {
        scene.clock.advance(Millis{3'000});
        cut = program.cut_short(ErrorClass::timeout);
    };
    static_cast<void>(scene.execute(program, {"-d", "mydb", "--password-file", "/pw", "-t", "3"}));
    CHECK(cut.exit_code == 3);
    CHECK(first_line(cut.text) ==
          "DB-UP UNKNOWN - no answer from this host in 3 s, waiting for --password-file '/pw' "
          "[LOCAL_ERROR]");
    CHECK_THAT(cut.text, has("Fix: Write the password to it") && has("regular file"));
}

TEST_CASE("a signal during a pause ends the run as interrupted", "[supervisor]")
{
    Scene scene;
    scene.connector.servers = {refusing()};
    scene.clock.on_sleep = [] { throw Failure{ErrorClass::interrupted}; };
    const auto outcome = scene.run({"-H", "db1", "-d", "mydb"});
    CHECK(outcome.exit_code == 3);
    CHECK_THAT(first_line(outcome.text),
               Catch::Matchers::StartsWith("DB-UP UNKNOWN - ") && has("[INTERRUPTED]"));
    CHECK(scene.connector.opened.size() == 1);
}

TEST_CASE("the deadline of a run is the default until --timeout is known, and moves once",
          "[supervisor]")
{
    Scene scene;
    dbup::Run program{scene.parts()};
    const auto begin = scene.clock.now();
    CHECK(program.deadline() == begin + Millis{10'000});
    scene.reader.files["/pw"] = "secret";
    dbup::Instant at_file{};
    scene.reader.on_read = [&] { at_file = program.deadline(); };
    static_cast<void>(scene.execute(program, {"-d", "mydb", "--password-file", "/pw", "-t", "3"}));
    CHECK(at_file == begin + Millis{3'000});
    CHECK(program.deadline() == begin + Millis{3'000});
}

} // namespace

} // namespace dbup_test
