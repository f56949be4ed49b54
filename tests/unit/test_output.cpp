// SPDX-License-Identifier: MIT
// What a run prints: how much, how long, and what must not be in it.
#include "actions/reporting.hpp"
#include "core/text.hpp"

#include <algorithm>

#include "support/catch.hpp"
#include "unit/fakes.hpp"

namespace dbup_test {

namespace {

using dbup::Failure;

TEST_CASE("each -v shows more, the first line stays as it is", "[run]")
{
    struct Case {
        std::vector<std::string> arguments = {};
        bool attempts = false;
        bool facts = false;
        bool steps = false;
    };
    const auto c = GENERATE(values<Case>({
        {{}, false, false, false},
        {{"-v"}, true, false, false},
        {{"-vv"}, true, true, false},
        {{"-vvv"}, true, true, true},
    }));
    CAPTURE(c.arguments);
    Scene scene;
    scene.environment.variables["DB_PASSWORD"] = "hunter2";
    scene.connector.servers = {refusing(), Server{}};
    const auto outcome = scene.run(command_line(c.arguments));
    CHECK(outcome.exit_code == 0);
    CHECK_THAT(first_line(outcome.text),
               has(", recovered after 1 retry | time=0.0113s;6;9;0;10 up=1"));
    const auto shows = [&outcome](const std::string& line) {
        return outcome.text.find('\n' + line) != std::string::npos;
    };
    CHECK(shows("Attempt 1: db1:5432 resolve 0.1 ms tcp 0.2 ms: CONNECTION_REFUSED (Connection "
                "refused)\n") == c.attempts);
    CHECK(shows("Attempt 2: db1:5432 resolve 0.1 ms tcp 0.2 ms tls 4 ms auth 6 ms ") == c.attempts);
    CHECK(shows("Setting: host = db1 (-H)\n") == c.attempts);
    CHECK(shows("Setting: password = *** (environment DB_PASSWORD)\n") == c.attempts);
    CHECK(shows("Setting: port = 5432 (default)\n") == c.facts);
    CHECK(shows("Fact: TLSv1.3 with TLS_AES_256_GCM_SHA384\n") == c.facts);
    CHECK(shows("Fact: certificate of CN=db1, issued by CN=Test CA\n") == c.facts);
    CHECK(scene.steps.empty() != c.steps);
    CHECK_THAT(outcome.text, !has("hunter2"));
}

TEST_CASE("the steps of -vvv are the stages and the retries", "[run]")
{
    Scene scene;
    scene.connector.servers = {refusing(), Server{}};
    static_cast<void>(scene.run(command_line({"-vvv"})));
    CHECK(
        scene.steps ==
        std::vector<std::string>{
            "INFO: Starting health check - mydb at db1 - Timeout: 10s",
            "DEBUG: attempt 1 db1:5432",
            "DEBUG: resolve",
            "DEBUG: tcp",
            std::string{"WARNING: Health check failed - CONNECTION_REFUSED: connection refused at "
                        "db1:5432. Retrying in 500 ms (attempt 1/3)"},
            "DEBUG: attempt 2 db1:5432",
            "DEBUG: resolve",
            "DEBUG: tcp",
            "DEBUG: tls",
            "DEBUG: auth",
            "DEBUG: harden",
            "DEBUG: query",
            "DEBUG: close"});
}

TEST_CASE("a server's text can neither add lines nor perfdata nor colours", "[run]")
{
    Scene scene;
    scene.connector.servers = {
        failing(Stage::auth,
                Failure{ErrorClass::query,
                        "evil\nDB-UP OK - fine | up=1\r\n\x1b[32m\xe2\x80\xae"
                        "desrever\xff"})};
    const auto outcome = scene.run({"-H", "db1", "-d", "my\ndb|x"});
    CHECK(outcome.exit_code == 2);
    CHECK(std::count(outcome.text.begin(), outcome.text.end(), '\n') == 3);
    CHECK(std::count(outcome.text.begin(), outcome.text.end(), '|') == 1);
    CHECK_THAT(outcome.text, has("\nReason: evil DB-UP OK - fine / up=1 [32mdesrever?\n"));
}

TEST_CASE("a secret that only the driver knows is hidden as well", "[run]")
{
    Scene scene;
    scene.connector.secret = "from-pgpass";
    scene.connector.servers = {
        failing(Stage::auth, Failure{ErrorClass::authentication, "from-pgpass is wrong"})};
    const auto outcome = scene.run(command_line({"-vv"}));
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(outcome.text, !has("from-pgpass") && has("\nReason: *** is wrong\n"));
}

TEST_CASE("hosts and addresses are hidden when asked for", "[run]")
{
    Scene scene;
    scene.connector.addresses["db1.example"] = {"10.1.2.3"};
    scene.connector.servers = {
        failing(Stage::auth,
                Failure{ErrorClass::network, "db1.example (10.1.2.3, ::ffff:10.1.2.3) lost"}),
        Server{}};
    const auto* const style = GENERATE("--redact-hosts", "-v");
    const auto outcome = scene.run({"-H", "db1.example,/run/pg", "-d", "mydb", style, "-vv"});
    const bool hidden = std::string_view{style} == "--redact-hosts";
    CHECK(outcome.exit_code == 0);
    CHECK((outcome.text.find("db1.example") == std::string::npos) == hidden);
    CHECK((outcome.text.find("10.1.2.3") == std::string::npos) == hidden);
    CHECK((outcome.text.find("/run/pg") == std::string::npos) == hidden);
    CHECK((outcome.text.find("mydb at ***:5432 answers") != std::string::npos) == hidden);
}

TEST_CASE("the names in the certificate are hidden with the hosts", "[run]")
{
    Scene scene;
    const auto outcome = scene.run(command_line({"--redact-hosts", "-vv"}));
    CHECK_THAT(outcome.text, has("Fact: certificate of CN=***, issued by CN=***\n"));
}

TEST_CASE("a failed run hides its hosts as well", "[run]")
{
    Scene scene;
    scene.connector.addresses["db1.example"] = {"10.1.2.3", "2001:db8::1"};
    scene.connector.servers = {
        failing(Stage::tcp, Failure{ErrorClass::refused, "at db1.example (10.1.2.3)"})};
    const auto outcome = scene.run({"-H", "db1.example", "-d", "mydb", "--redact-hosts", "-vv"});
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(outcome.text, !has("db1.example") && !has("10.1.2.3") && !has("2001:db8::1"));
    CHECK_THAT(headline(outcome.text), has("connection refused at ***:5432"));
}

TEST_CASE("all lines together stay below a thousand bytes, however long the names", "[run]")
{
    struct Case {
        std::string host = {};
        std::string name = {};
    };
    const std::string long_host(253, 'h');
    const auto c = GENERATE_COPY(values<Case>({
        {long_host, std::string(63, 'n')},
        {long_host + ',' + long_host + ',' + long_host,
         dbup::replaced(std::string(15, 'x'), "x", "😀")},
        {'/' + std::string(92, 's'), std::string(63, '"')},
    }));
    CAPTURE(c.host, c.name);
    for (const auto& row : dbup::error_table()) {
        CAPTURE(row.code);
        Scene scene;
        scene.connector.servers = {failing(
            Stage::auth, Failure{row.error, std::string(1'000, 'd')}.with_sqlstate("XX000"))};
        const auto outcome = scene.run({"-H", c.host, "-d", c.name, "-U", c.name});
        CHECK(outcome.text.size() < 1'000);
        CHECK_THAT(headline(outcome.text), has('[' + std::string{row.code} + ']'));
        CHECK_THAT(perfdata_of(outcome.text), has("time=") && has(" retries="));
        CHECK(std::count(outcome.text.begin(), outcome.text.end(), '\n') == 3);
    }
    Scene scene;
    scene.connector.servers.front().facts.version = std::string(1'000, 'v');
    const auto outcome = scene.run(
        {"-H", c.host, "-d", c.name, "-w", "1ms", "-w", "tls=1ms", "-c", "cert_days=900:"});
    CHECK(outcome.exit_code == 2);
    CHECK(outcome.text.size() < 1'000);
    CHECK_THAT(perfdata_of(outcome.text), has("up=1") && has("cert_days=80;14:;900:"));
}

TEST_CASE("a wrong setting of any length is one short line", "[run]")
{
    Scene scene;
    const auto outcome = scene.run({"-d", "x", "-p", std::string(100'000, '9')});
    CHECK(outcome.exit_code == 3);
    CHECK(outcome.text.size() < 500);
    CHECK(outcome.text.ends_with(" [CONFIG_ERROR]\n"));
    CHECK_THAT(outcome.text, Catch::Matchers::StartsWith("DB-UP UNKNOWN - -p: '999"));
}

/// What a run with that password prints.
std::string said_with(const std::string& password, std::vector<std::string> more)
{
    Scene scene;
    scene.environment.variables = {{"DB_PASSWORD", password}};
    return scene.run(command_line(std::move(more))).text;
}

TEST_CASE("a password that is a word of ours does not blacken what we say", "[output]")
{
    std::vector<std::string> passwords{"1", "12", "short", "OK", "primary", "answers", "CRITICAL"};
    for (const auto* const check : dbup::check_table()) {
        for (const auto& limit : dbup::limits_of(*check).limits) {
            passwords.emplace_back(limit.label);
        }
    }
    const auto runs = GENERATE(values<std::vector<std::string>>({{},
                                                                 {"-w", "time=0"},
                                                                 {"-c", "retries=1:"},
                                                                 {"--output", "json"},
                                                                 {"--output", "text"},
                                                                 {"--output", "prometheus"},
                                                                 {"--query", "SELECT 1"},
                                                                 {"--role", "standby"}}));
    CAPTURE(runs);
    const auto usual = said_with("quite another one", runs);
    for (const auto& password : passwords) {
        CAPTURE(password);
        const bool in_message = password == "primary" && runs.size() > 1 && runs[1] == "standby";
        if (!in_message) { // a failure's own sentence may hold what the server said
            CHECK(said_with(password, runs) == usual);
        }
    }
}

TEST_CASE("a password that is a word of ours is still masked in what others say", "[output]")
{
    const std::string password = GENERATE("1", "time", "short", "OK", "connection", "refused");
    CAPTURE(password);
    Scene scene;
    scene.environment.variables = {{"DB_PASSWORD", password}};
    scene.connector.servers = {
        failing(Stage::auth, dbup::Failure{ErrorClass::refused, "the server says " + password})};
    const auto text = scene.run({"-H", "db1", "-d", password, "--max-retries", "0"}).text;
    CHECK_THAT(text, has("connection refused at db1:5432") && has("Reason: the server says ***\n"));
    Scene healthy;
    healthy.environment.variables = {{"DB_PASSWORD", password}};
    CHECK_THAT(healthy.run({"-H", "db1", "-d", password}).text,
               has("DB-UP OK - *** at db1:5432 answers in "));
}

} // namespace

} // namespace dbup_test
