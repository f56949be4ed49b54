// SPDX-License-Identifier: MIT
// Attempts, retries and deadlines, seen through whole runs. The clock moves only when somebody
// waits.
#include <deque>

#include "support/catch.hpp"
#include "unit/fakes.hpp"

namespace dbup_test {

namespace {

using dbup::Failure;
using dbup::Remedy;

TEST_CASE("what a second try can mend is retried on schedule, everything else is told at once",
          "[retry]")
{
    for (const auto& row : dbup::error_table()) {
        CAPTURE(row.code);
        Scene scene;
        scene.connector.servers = {failing(Stage::auth, Failure{row.error, "said"})};
        const auto outcome = scene.run({"-H", "db1", "-d", "mydb"});
        const bool retried = row.remedy == Remedy::retry;
        CHECK(scene.connector.opened.size() == (retried ? 4U : 1U));
        CHECK(scene.clock.sleeps == (retried
                                         ? std::vector{Millis{500}, Millis{1'000}, Millis{2'000}}
                                         : std::vector<Millis>{}));
        CHECK((headline(outcome.text).find(", 4 attempts in 3.54 s [") != std::string::npos) ==
              retried);
        CHECK_THAT(perfdata_of(outcome.text), has(retried ? "retries=3;;;0;3" : "retries=0;;;0;3"));
    }
}

TEST_CASE("the schedule is the one that was asked for", "[retry]")
{
    struct Case {
        std::vector<std::string> arguments = {};
        double random = 0.5;
        std::vector<int> sleeps = {};
    };
    const auto c = GENERATE(values<Case>({
        {{}, 0.5, {500, 1000, 2000}},
        {{}, 0, {400, 800, 1600}},
        {{}, 0.999, {600, 1200, 2399}},
        {{"--no-retry-jitter"}, 0.999, {500, 1000, 2000}},
        {{"--max-retries", "0"}, 0.5, {}},
        {{"--max-retries", "1"}, 0.5, {500}},
        {{"--retry-backoff", "fixed"}, 0.5, {500, 500, 500}},
        {{"--retry-backoff", "linear"}, 0.5, {500, 1000, 1500}},
        {{"--retry-delay", "100ms"}, 0.5, {100, 200, 400}},
        {{"--retry-delay", "0"}, 0.5, {0, 0, 0}},
        {{"-t", "2"}, 0.5, {500, 1000}},
        {{"-t", "1"}, 0.5, {500}},
        {{"-t", "400ms"}, 0.5, {}},
        {{"--max-retries", "100", "--retry-backoff", "fixed", "--retry-delay", "2s"},
         0.5,
         {2000, 2000, 2000, 2000}},
    }));
    CAPTURE(c.arguments, c.random);
    Scene scene;
    scene.random.set(c.random);
    scene.connector.servers = {refusing()};
    auto arguments = c.arguments;
    arguments.insert(arguments.end(), {"-d", "mydb"});
    const auto begin = scene.clock.now();
    CHECK(scene.run(arguments).exit_code == 2);
    std::vector<int> sleeps;
    for (const auto pause : scene.clock.sleeps) {
        sleeps.push_back(static_cast<int>(pause.count()));
    }
    CHECK(sleeps == c.sleeps);
    CHECK(scene.connector.opened.size() == c.sleeps.size() + 1);
    CHECK(scene.clock.now() - begin <= Millis{10'000});
}

TEST_CASE("no attempt and no pause goes beyond the deadline", "[retry]")
{
    const Stage stage = GENERATE(Stage::tcp, Stage::tls, Stage::auth, Stage::harden, Stage::query);
    const auto* const timeout = GENERATE("100ms", "1s", "3s", "7s", "10s");
    CAPTURE(dbup::row_of(stage).name, timeout);
    Scene scene;
    scene.connector.servers = {silent_at(stage)};
    const auto begin = scene.clock.now();
    const auto outcome = scene.run({"-d", "mydb", "-t", timeout, "--max-retries", "100"});
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(outcome.text, has("[TIMEOUT]"));
    CHECK(scene.clock.now() - begin <= *dbup::parse_duration(timeout) + Millis{1});
}

TEST_CASE("a run that recovers is fine and says so", "[retry]")
{
    struct Case {
        int failures = 0;
        const char* words = "";
        const char* datum = "";
    };
    const auto c = GENERATE(values<Case>({
        {0, "TLSv1.3)", "retries=0;;;0;3"},
        {1, "TLSv1.3), recovered after 1 retry", "retries=1;;;0;3"},
        {2, "TLSv1.3), recovered after 2 retries", "retries=2;;;0;3"},
        {3, "TLSv1.3), recovered after 3 retries", "retries=3;;;0;3"},
    }));
    CAPTURE(c.failures);
    Scene scene;
    for (int i = 0; i < c.failures; ++i) {
        scene.connector.servers.push_front(failing(
            Stage::auth, Failure{ErrorClass::starting_up, "the database system is starting up"}));
    }
    const auto outcome = scene.run({"-d", "mydb"});
    CHECK(outcome.exit_code == 0);
    CHECK(headline(outcome.text).ends_with(c.words));
    CHECK_THAT(perfdata_of(outcome.text), has("time=0.0113s;") && has("up=1") && has(c.datum));
}

TEST_CASE("hosts are tried in order until one answers, without a pause", "[hosts]")
{
    Scene scene;
    scene.connector.servers = {
        refusing(), failing(Stage::auth, Failure{ErrorClass::starting_up, "starting"}), Server{}};
    const auto outcome = scene.run({"-H", "db1,db2,db3", "-p", "1,2,3", "-d", "mydb"});
    CHECK(outcome.exit_code == 0);
    CHECK_THAT(headline(outcome.text),
               has("mydb at db3:3 answers in 11.3 ms") && !has("recovered"));
    CHECK_THAT(perfdata_of(outcome.text), has("retries=0"));
    CHECK(scene.clock.sleeps.empty());
    REQUIRE(scene.connector.opened.size() == 3);
    CHECK(scene.connector.opened[0].target == "db1:1");
    CHECK(scene.connector.opened[2].target == "db3:3");
}

TEST_CASE("a host of the wrong role is left for the next one, but not retried", "[hosts]")
{
    Server standby;
    standby.facts.standby = true;

    Scene found;
    found.connector.servers = {standby, Server{}};
    const auto outcome = found.run({"-H", "db1,db2", "-d", "mydb", "--role", "primary"});
    CHECK(outcome.exit_code == 0);
    CHECK_THAT(headline(outcome.text), has("mydb at db2:5432 answers"));

    Scene missing;
    missing.connector.servers = {standby};
    const auto failed = missing.run({"-H", "db1,db2", "-d", "mydb", "--role", "primary"});
    CHECK(failed.exit_code == 2);
    CHECK_THAT(headline(failed.text), has("is a standby, expected a primary [ROLE_MISMATCH]"));
    CHECK(missing.connector.opened.size() == 2);
    CHECK(missing.clock.sleeps.empty());
}

TEST_CASE("an error that no other host can mend ends the run", "[hosts]")
{
    Scene scene;
    scene.connector.servers = {failing(Stage::auth, Failure{ErrorClass::authentication, "wrong"}),
                               Server{}};
    const auto outcome = scene.run({"-H", "db1,db2", "-d", "mydb"});
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(headline(outcome.text), has("at db1:5432 [AUTHENTICATION_ERROR]"));
    CHECK(scene.connector.opened.size() == 1);
}

TEST_CASE("of several failures the one that came furthest is told, the others are mentioned",
          "[hosts]")
{
    const auto far =
        failing(Stage::auth, Failure{ErrorClass::no_slots, "sorry, too many clients already"});
    const bool first = GENERATE(true, false);
    Scene scene;
    scene.connector.servers = first ? std::deque{far, refusing()} : std::deque{refusing(), far};
    const auto outcome = scene.run({"-H", "db1,db2", "-d", "mydb", "--max-retries", "0"});
    CHECK(outcome.exit_code == 2);
    const std::string told = first ? "db1:5432" : "db2:5432";
    const std::string other = first ? "db2:5432" : "db1:5432";
    CHECK_THAT(headline(outcome.text),
               has("too many connections at " + told + " [TOO_MANY_CONNECTIONS]"));
    CHECK_THAT(outcome.text,
               has("\nReason: sorry, too many clients already; also tried " + other +
                   " CONNECTION_REFUSED\n"));
}

TEST_CASE("a name that cannot be resolved is retried and told by name", "[hosts]")
{
    Scene scene;
    scene.connector.resolve_failure = Failure{ErrorClass::dns, "Name or service not known"};
    const auto outcome = scene.run({"-H", "db1", "-d", "mydb"});
    CHECK(outcome.exit_code == 2);
    CHECK(headline(outcome.text) ==
          "DB-UP CRITICAL - cannot resolve hostname db1, 4 attempts in 3.5 s [DNS_ERROR]");
    CHECK_THAT(outcome.text,
               has("\nReason: Name or service not known\n") && has("getent hosts db1"));
    CHECK(scene.connector.resolved == 4);
    CHECK(scene.connector.opened.empty());
}

TEST_CASE("each address has its share of an attempt's time", "[hosts]")
{
    struct Case {
        const char* name = "";
        std::vector<std::string> arguments = {};
        std::deque<Server> servers = {};
        std::vector<int> budgets = {};
    };
    const auto c = GENERATE(values<Case>({
        {"one", {"-H", "one"}, {silent_at(Stage::tcp)}, {5000}},
        {"three", {"-H", "three"}, {silent_at(Stage::tcp)}, {1666, 1667, 1667}},
        {"what a quick one leaves is for the others",
         {"-H", "three"},
         {refusing(), silent_at(Stage::tcp)},
         {1666, 2500, 2500}},
        {"two hosts", {"-H", "one,other"}, {silent_at(Stage::tcp)}, {2500, 2500}},
        {"another limit",
         {"-H", "one", "--connect-timeout", "1s"},
         {silent_at(Stage::tcp)},
         {1000}},
        {"the deadline is nearer", {"-H", "one", "-t", "2s"}, {silent_at(Stage::tcp)}, {2000}},
    }));
    CAPTURE(c.name);
    Scene scene;
    scene.connector.resolving = {};
    scene.connector.addresses["three"] = {"10.0.0.1", "10.0.0.2", "10.0.0.3"};
    scene.connector.servers = c.servers;
    auto arguments = c.arguments;
    arguments.insert(arguments.end(), {"-d", "mydb", "--max-retries", "0"});
    CHECK(scene.run(arguments).exit_code == 2);
    std::vector<int> budgets;
    for (const auto& opened : scene.connector.opened) {
        budgets.push_back(static_cast<int>(opened.budget.count()));
    }
    CHECK(budgets == c.budgets);
}

TEST_CASE("a dead address in front of a live one costs its share only", "[hosts]")
{
    Scene scene;
    scene.connector.addresses["db1"] = {"2001:db8::1", "10.0.0.1"};
    scene.connector.servers = {silent_at(Stage::tcp), Server{}};
    const auto begin = scene.clock.now();
    const auto outcome = scene.run({"-H", "db1", "-d", "mydb"});
    CHECK(outcome.exit_code == 0);
    CHECK_THAT(headline(outcome.text), has("mydb at db1:5432 answers in 11.2 ms"));
    CHECK(scene.clock.now() - begin < Millis{2'600});
    CHECK(scene.clock.sleeps.empty());
    REQUIRE(scene.connector.opened.size() == 2);
    CHECK(scene.connector.opened[1].address == "10.0.0.1");
}

TEST_CASE("while one server is away, another may be about to take its role", "[hosts]")
{
    Server standby;
    standby.facts.standby = true;
    Scene scene;
    scene.connector.servers = {refusing(), standby, refusing(), Server{}};
    const auto outcome = scene.run({"-H", "one,other", "-d", "mydb", "--role", "primary"});
    CHECK(outcome.exit_code == 0);
    CHECK_THAT(headline(outcome.text), has("at other:5432") && has("recovered after 1 retry"));
}

TEST_CASE("a server far away has the share of its address at each stage", "[hosts]")
{
    const auto last = Millis{GENERATE(400, 1'200)};
    Scene scene;
    scene.connector.addresses["db1"] = {"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"};
    scene.connector.servers = {
        Server{.tcp = Millis{300}, .tls = Millis{1'200}, .auth = last, .query = last}};
    CHECK(scene.run({"-H", "db1", "-d", "mydb"}).exit_code == 0);
    CHECK(scene.connector.opened.size() == 1);
}

TEST_CASE("a server that is slow and fails leaves the others their shares", "[hosts]")
{
    Scene scene;
    scene.connector.resolving = {};
    Server slow = failing(Stage::auth, Failure{ErrorClass::timeout});
    slow.tcp = slow.tls = Millis{2'000};
    scene.connector.servers = {slow, Server{}};
    CHECK(scene.run({"-H", "one,other", "-d", "mydb"}).exit_code == 0);
    REQUIRE(scene.connector.opened.size() == 2);
    CHECK(scene.connector.opened[1].budget == Millis{2'500});
}

TEST_CASE("a slow name server does not take the time to connect away", "[hosts]")
{
    Scene scene;
    scene.connector.resolving = Millis{4'000};
    const auto outcome = scene.run({"-H", "db1", "-d", "mydb", "-w", "9"});
    CHECK_THAT(headline(outcome.text), has("answers in 4.01 s"));
    REQUIRE(scene.connector.opened.size() == 1);
    CHECK(scene.connector.opened[0].budget == Millis{5'000});
}

TEST_CASE("a timeout names the stage that it was waiting for", "[timeout]")
{
    struct Case {
        Stage stage = Stage::tcp;
        const char* headline = "";
    };
    const auto c = GENERATE(values<Case>({
        {Stage::tcp, "no answer from db1:5432 in 5 s, waiting for the TCP connection [TIMEOUT]"},
        {Stage::tls, "no answer from db1:5432 in 5 s, waiting for the TLS handshake [TIMEOUT]"},
        {Stage::auth,
         "no answer from db1:5432 in 5 s, waiting for authentication and session start [TIMEOUT]"},
        {Stage::harden,
         "no answer from db1:5432 in 6.01 s, waiting for the start of the read-only transaction "
         "[TIMEOUT]"},
        {Stage::query,
         "no answer from db1:5432 in 6.01 s, waiting for the answer to the check's query "
         "[TIMEOUT]"},
    }));
    Scene scene;
    scene.connector.servers = {silent_at(c.stage)};
    const auto outcome = scene.run({"-H", "db1", "-d", "mydb", "--max-retries", "0"});
    CHECK(outcome.exit_code == 2);
    CHECK(headline(outcome.text) == std::string{"DB-UP CRITICAL - "} + c.headline);
}

TEST_CASE("a question without an answer is told with the limit that was over", "[timeout]")
{
    struct Case {
        Stage stage = Stage::query;
        const char* total = "";
        const char* fix = "";
    };
    const auto c = GENERATE(values<Case>({
        {Stage::query, "10", "increase --statement-timeout\n"},
        {Stage::query, "4", "increase --timeout\n"},
        {Stage::harden, "4", "increase --timeout\n"},
        {Stage::auth, "10", "increase --connect-timeout and --timeout\n"},
    }));
    CAPTURE(c.total);
    Scene scene;
    scene.connector.servers = {silent_at(c.stage)};
    const auto outcome = scene.run(command_line({"--max-retries", "0", "-t", c.total}));
    CHECK_THAT(outcome.text, has("[TIMEOUT]") && has(c.fix));
}

TEST_CASE("a retry that the deadline cut short does not hide the failure before it", "[timeout]")
{
    Scene scene;
    scene.connector.servers = {refusing(), silent_at(Stage::tls)};
    const auto outcome = scene.run({"-H", "db1", "-d", "mydb", "-t", "4"});
    CHECK(outcome.exit_code == 2);
    CHECK(
        headline(outcome.text) ==
        "DB-UP CRITICAL - connection refused at db1:5432, 2 attempts in 4 s [CONNECTION_REFUSED]");
    CHECK(scene.connector.opened.size() == 2);
}

TEST_CASE("a retry that had its full time tells its own failure", "[timeout]")
{
    Scene scene;
    scene.connector.servers = {refusing(), silent_at(Stage::tls)};
    const auto outcome = scene.run({"-H", "db1", "-d", "mydb", "--max-retries", "1"});
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(headline(outcome.text),
               has("waiting for the TLS handshake, 2 attempts in 5.5 s [TIMEOUT]"));
}

} // namespace

} // namespace dbup_test
