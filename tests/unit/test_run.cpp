// SPDX-License-Identifier: MIT
// Whole runs of the program: a command line in, bytes and an exit code out.
#include "core/text.hpp"

#include <algorithm>
#include <new>
#include <stdexcept>

#include "support/catch.hpp"
#include "unit/fakes.hpp"

namespace dbup_test {

namespace {

using dbup::Failure;

const std::string usual_perfdata = "time=0.0113s;6;9;0;10 up=1;;;0;1 resolve=0.0001s "
                                   "connect=0.0002s tls=0.004s auth=0.006s query=0.001s "
                                   "skew=0.0003s retries=0;;;0;3 cert_days=80;14:;7:";

TEST_CASE("a database that answers is one line with its perfdata", "[run]")
{
    Scene scene;
    const auto outcome = scene.run(command_line({}));
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.text ==
          "DB-UP OK - mydb at db1:5432 answers in 11.3 ms (PostgreSQL 15.18, primary, TLSv1.3) | " +
              usual_perfdata + '\n');
    CHECK(scene.connector.opened.size() == 1);
    CHECK(scene.steps.empty());
}

TEST_CASE("what was not measured is not in the perfdata", "[run]")
{
    struct Case {
        const char* host = "";
        const char* headline = "";
    };
    const auto c = GENERATE(values<Case>({
        {"db1",
         "DB-UP OK - mydb at db1:5432 answers in 7.3 ms (PostgreSQL 15.18, primary, no TLS)"},
        {"/run/postgresql",
         "DB-UP OK - mydb at /run/postgresql:5432 answers in 7.3 ms (PostgreSQL 15.18, primary, "
         "unix socket, no TLS)"},
    }));
    Scene scene;
    scene.connector.servers.front().encryption.reset();
    const auto outcome = scene.run({"-H", c.host, "-d", "mydb"});
    CHECK(outcome.exit_code == 0);
    CHECK(headline(outcome.text) == c.headline);
    CHECK(perfdata_of(outcome.text) == "time=0.0073s;6;9;0;10 up=1;;;0;1 resolve=0.0001s "
                                       "connect=0.0002s auth=0.006s query=0.001s skew=0.0003s "
                                       "retries=0;;;0;3");
}

TEST_CASE("a number outside its range decides the state and is told first", "[run]")
{
    struct Case {
        std::vector<std::string> arguments = {};
        int exit_code = 0;
        const char* headline = ""; ///< up to the sentence on the answer
        const char* datum = "";
    };
    const auto c = GENERATE(values<Case>({
        {{"-w", "20ms"}, 0, "DB-UP OK - mydb", "time=0.0113s;0.02;9;0;10"},
        {{"-w", "5ms"},
         1,
         "DB-UP WARNING - time is 11.3 ms (above 5 ms), mydb",
         "time=0.0113s;0.005;9;0;10"},
        {{"-w", "5ms", "-c", "10ms"},
         2,
         "DB-UP CRITICAL - time is 11.3 ms (above 10 ms), mydb",
         "time=0.0113s;0.005;0.01;0;10"},
        {{"-c", "@1"},
         2,
         "DB-UP CRITICAL - time is 11.3 ms (inside @1), mydb",
         "time=0.0113s;6;@1;0;10"},
        {{"-c", "cert_days=90:"},
         2,
         "DB-UP CRITICAL - cert_days is 80 (below 90), mydb",
         "cert_days=80;14:;90:"},
        {{"-w", "cert_days=~:"}, 0, "DB-UP OK - mydb", "cert_days=80;;7:"},
        {{"-w", "tls=1ms"},
         1,
         "DB-UP WARNING - tls is 4 ms (above 1 ms), mydb",
         "tls=0.004s;0.001"},
        {{"-w", "skew=-1:1"}, 0, "DB-UP OK - mydb", "skew=0.0003s;-1:1"},
        {{"-c", "retries=0"}, 0, "DB-UP OK - mydb", "retries=0;;0;0;3"},
        {{"-c", "tls=1ms", "-w", "auth=1ms"},
         2,
         "DB-UP CRITICAL - tls is 4 ms (above 1 ms), auth is 6 ms (above 1 ms), mydb",
         "auth=0.006s;0.001"},
    }));
    CAPTURE(c.arguments);
    Scene scene;
    const auto outcome = scene.run(command_line(c.arguments));
    CHECK(outcome.exit_code == c.exit_code);
    CHECK_THAT(
        outcome.text,
        Catch::Matchers::StartsWith(std::string{c.headline} + " at db1:5432 answers in 11.3 ms"));
    CHECK_THAT(perfdata_of(outcome.text) + ' ', has(std::string{c.datum} + ' '));
    CHECK(std::count(outcome.text.begin(), outcome.text.end(), '\n') == 1);
}

TEST_CASE("a threshold on something that was not measured is unknown, not fine", "[run]")
{
    Scene scene;
    scene.connector.servers.front().encryption.reset();
    const auto outcome = scene.run(command_line({"-w", "cert_days=30:"}));
    CHECK(outcome.exit_code == 3);
    CHECK_THAT(outcome.text,
               Catch::Matchers::StartsWith("DB-UP UNKNOWN - cert_days was not measured, mydb at "));
    CHECK_THAT(perfdata_of(outcome.text), !has("cert_days"));
}

TEST_CASE("an expired certificate is critical by its default range", "[run]")
{
    struct Case {
        double days = 0;
        int exit_code = 0;
    };
    const auto c = GENERATE(values<Case>({{14, 0}, {13, 1}, {7, 1}, {6, 2}, {-3, 2}}));
    CAPTURE(c.days);
    Scene scene;
    scene.connector.servers.front().encryption->cert_days = c.days;
    CHECK(scene.run(command_line({})).exit_code == c.exit_code);
}

TEST_CASE("the wrong role is critical", "[run]")
{
    struct Case {
        const char* role = "";
        bool standby = false;
        int exit_code = 0;
        const char* headline = "";
    };
    const auto c = GENERATE(values<Case>({
        {"any", false, 0, "(PostgreSQL 15.18, primary, TLSv1.3)"},
        {"any", true, 0, "(PostgreSQL 15.18, standby, TLSv1.3)"},
        {"primary", false, 0, "(PostgreSQL 15.18, primary, TLSv1.3)"},
        {"standby", true, 0, "(PostgreSQL 15.18, standby, TLSv1.3)"},
        {"primary",
         true,
         2,
         "DB-UP CRITICAL - db1:5432 is a standby, expected a primary [ROLE_MISMATCH]"},
        {"standby",
         false,
         2,
         "DB-UP CRITICAL - db1:5432 is a primary, expected a standby [ROLE_MISMATCH]"},
    }));
    CAPTURE(c.role, c.standby);
    Scene scene;
    scene.connector.servers.front().facts.standby = c.standby;
    const auto outcome = scene.run(command_line({"--role", c.role}));
    CHECK(outcome.exit_code == c.exit_code);
    CHECK_THAT(headline(outcome.text), has(c.headline));
    CHECK(scene.connector.opened.size() == 1);
    CHECK(scene.clock.sleeps.empty());
}

TEST_CASE("an answer that is not exactly the right one is no answer", "[run]")
{
    struct Case {
        const char* name = "";
        std::vector<dbup::Rows> answers = {};
        const char* reason = "";
    };
    dbup::Rows two{{"health_check"}};
    two.add({"1"});
    two.add({"1"});
    dbup::Rows wide{{"health_check", "more"}};
    wide.add({"1", "1"});
    const auto c = GENERATE_COPY(values<Case>({
        {"another number", {single("health_check", "2")}, "SELECT 1 returned '2'"},
        {"almost the number", {single("health_check", "1 ")}, "SELECT 1 returned '1 '"},
        {"nothing", {single("health_check", {})}, "health_check is NULL"},
        {"no row", {dbup::Rows{{"health_check"}}}, "SELECT 1 did not return one row of one column"},
        {"two rows", {two}, "SELECT 1 did not return one row of one column"},
        {"two columns", {wide}, "SELECT 1 did not return one row of one column"},
        {"another column", {single("?column?", "1")}, "no value for health_check"},
        {"two results",
         {single("health_check", "1"), single("health_check", "1")},
         "SELECT 1 did not return one row of one column"},
    }));
    CAPTURE(c.name);
    Scene scene;
    scene.connector.servers.front().answers = c.answers;
    const auto outcome = scene.run(command_line({}));
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(headline(outcome.text), has("[UNEXPECTED_RESULT]"));
    CHECK_THAT(outcome.text, has("\nReason: " + dbup::one_line(c.reason)));
    CHECK(scene.connector.opened.size() == 1);
}

TEST_CASE("what was refused says so, with reason and remedy, and has perfdata too", "[run]")
{
    Scene scene;
    scene.connector.servers = {refusing()};
    const auto outcome = scene.run(command_line({}));
    CHECK(outcome.exit_code == 2);
    CHECK(outcome.text == "DB-UP CRITICAL - connection refused at db1:5432, 4 attempts in 3.5 s "
                          "[CONNECTION_REFUSED] | "
                          "time=3.5012s;6;9;0;10 up=0;;;0;1 retries=3;;;0;3\n"
                          "Reason: Connection refused\n"
                          "Fix: Check that PostgreSQL runs there (systemctl status postgresql) and "
                          "listens on that address and port; "
                          "check firewall rules\n");
}

TEST_CASE("the reason of a server's error has its SQLSTATE", "[run]")
{
    Scene scene;
    scene.connector.servers = {
        failing(Stage::auth,
                Failure{ErrorClass::authentication, "password authentication failed"}.with_sqlstate(
                    "28P01"))};
    const auto outcome = scene.run(command_line({"-U", "monitor"}));
    CHECK(outcome.exit_code == 2);
    CHECK(headline(outcome.text) == "DB-UP CRITICAL - authentication failed for user \"monitor\" "
                                    "at db1:5432 [AUTHENTICATION_ERROR]");
    CHECK_THAT(outcome.text, has("\nReason: password authentication failed (SQLSTATE 28P01)\n"));
}

TEST_CASE("what to do is told case by case", "[run]")
{
    struct Case {
        ErrorClass error = ErrorClass::internal;
        const char* sqlstate = "";
        const char* detail = "";
        const char* fix = "";
    };
    // clang-format off
    const auto c = GENERATE(values<Case>({
        {ErrorClass::authentication, "28P01", "password authentication failed", "Check DB_USER and DB_PASSWORD"},
        {ErrorClass::authentication, "28000", R"(no pg_hba.conf entry for host "10.0.0.9", user "monitor", database "mydb", no encryption)", "Use --ssl-mode require or stronger"},
        {ErrorClass::authentication, "28000", R"(no pg_hba.conf entry for host "10.0.0.9", user "monitor", database "mydb", SSL off)", "Use --ssl-mode require or stronger"},
        {ErrorClass::authentication, "28000", R"(no pg_hba.conf entry for host "10.0.0.9", user "monitor", database "mydb", SSL encryption)", "Let a line of the server's pg_hba.conf admit this user"},
        {ErrorClass::authentication, "28000", R"(no pg_hba.conf entry for host "[local]", user "monitor", database "mydb", no encryption)", "Let a line of the server's pg_hba.conf admit this user"},
        {ErrorClass::authentication, "28000", R"(pg_hba.conf rejects connection for host "10.0.0.9", user "monitor", database "mydb", SSL encryption)", "Let a line of the server's pg_hba.conf admit this user"},
        {ErrorClass::authentication, "28000", R"(role "monitor" is not permitted to log in)", R"(ALTER ROLE "monitor" LOGIN;)"},
        {ErrorClass::authentication, "28000", "connection requires a valid client certificate", "give one for this role with --ssl-cert"},
        {ErrorClass::authentication, "28000", R"(certificate authentication failed for user "monitor")", "The certificate of --ssl-cert must be for this role"},
        {ErrorClass::authentication, "", "channel binding is required, but server did not offer an authentication method that supports channel binding", "Use --channel-binding prefer"},
        {ErrorClass::authentication, "", "channel binding required but not supported by server's authentication request", "Use --channel-binding prefer"},
        {ErrorClass::authentication, "28000", "SCRAM channel binding check failed", "Check DB_USER and DB_PASSWORD"},
        {ErrorClass::authentication, "08P01", "SASL authentication failed", "with PgBouncer's auth_file"},
        {ErrorClass::authentication, "08P01", "no such user: monitor", "with PgBouncer's auth_file"},
        {ErrorClass::database_missing, "08P01", "no such database: mydb", R"([databases] of its pgbouncer.ini: add "mydb" there)"},
        {ErrorClass::database_missing, "08P01", R"(database "mydb" does not exist)", R"(CREATE DATABASE "mydb";)"},
        {ErrorClass::permission, "42501", R"(permission denied for database "mydb")", R"(GRANT CONNECT ON DATABASE "mydb" TO "monitor";)"},
        {ErrorClass::permission, "08P01", R"(database "mydb" is disabled)", R"(ENABLE "mydb"; in PgBouncer's admin console)"},
        {ErrorClass::permission, "55000", R"(database "mydb" is not currently accepting connections)", R"(ALTER DATABASE "mydb" WITH ALLOW_CONNECTIONS true;)"},
        {ErrorClass::permission, "55000", R"(cannot connect to invalid database "mydb")", R"(DROP DATABASE "mydb"; )"},
        {ErrorClass::query_timeout, "55P03", "canceling statement due to lock timeout", "increase --lock-timeout"},
        {ErrorClass::query_timeout, "57014", "canceling statement due to statement timeout", "increase --statement-timeout"},
        {ErrorClass::tls, "", "SSL error: tlsv1 alert unknown ca", "of --ssl-cert with the server's clock"},
        {ErrorClass::tls, "", "tlsv13 alert certificate required", "give one for this role with --ssl-cert"},
        {ErrorClass::tls, "", "SSL error: sslv3 alert certificate expired", "of --ssl-cert with the server's clock"},
        {ErrorClass::tls, "", R"(server certificate for "a" does not match host name "db1")", "Use a name that the certificate has"},
        {ErrorClass::tls, "", "SSL error: wrong version number", "Check ssl and the certificate on the server"},
        {ErrorClass::config, "", R"(could not load private key file "/x": no start line)", "Check the files of --ssl-cert"},
    }));
    // clang-format on
    CAPTURE(c.sqlstate, c.detail);
    Scene scene;
    scene.connector.servers = {
        failing(Stage::auth, Failure{c.error, c.detail}.with_sqlstate(c.sqlstate))};
    const auto outcome = scene.run(command_line({"-U", "monitor"}));
    CHECK_THAT(outcome.text, has("\nFix: ") && has(c.fix) && !has("{"));
}

TEST_CASE("a remedy that is the failure's own is told word by word", "[run]")
{
    Scene scene;
    scene.connector.servers = {
        failing(Stage::auth, Failure{ErrorClass::tls, "x"}.with_fix("let it be {user}"))};
    CHECK_THAT(scene.run(command_line({})).text, has("\nFix: let it be {user}\n"));
}

TEST_CASE("what another attempt cannot mend is not tried again", "[run]")
{
    Scene scene;
    scene.connector.servers = {
        failing(Stage::tcp, Failure{ErrorClass::refused, "x"}.without_retry())};
    const auto outcome = scene.run(command_line({}));
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(outcome.text, has("[CONNECTION_REFUSED]") && has(" retries=0;"));

    Scene two; // but it is at the next host
    two.connector.servers = {failing(Stage::tcp, Failure{ErrorClass::refused, "x"}.without_retry()),
                             Server{}};
    CHECK(two.run(command_line({"-H", "db1,db2"})).exit_code == 0);
}

TEST_CASE("a certificate of tomorrow is told where it is not verified", "[run]")
{
    Scene scene;
    scene.connector.servers.front().encryption->valid_from = "2026-12-01 00:00:00Z";
    const auto outcome = scene.run(command_line({}));
    CHECK(outcome.exit_code == 0);
    CHECK_THAT(outcome.text,
               has("\n- certificate not yet valid, only from 2026-12-01 00:00:00Z (is this host's "
                   "clock right?): db1:5432\n"));
}

TEST_CASE("a state may be changed for a class of errors", "[run]")
{
    struct Case {
        std::vector<std::string> arguments = {};
        Server server = {};
        int exit_code = 0;
        const char* start = "";
    };
    const auto c = GENERATE(values<Case>({
        {{"--state", "refused=warning"}, refusing(), 1, "DB-UP WARNING - connection refused"},
        {{"--state", "refused=ok"}, refusing(), 0, "DB-UP OK - connection refused"},
        {{"--state", "CONNECTION_REFUSED=unknown"},
         refusing(),
         3,
         "DB-UP UNKNOWN - connection refused"},
        {{"--state", "refused=ok", "--state", "refused=warning"},
         refusing(),
         1,
         "DB-UP WARNING - "},
        {{"--state", "dns=ok"}, refusing(), 2, "DB-UP CRITICAL - "},
        {{"--timeout-state", "unknown"}, silent_at(Stage::tls), 3, "DB-UP UNKNOWN - no answer"},
        {{"--timeout-state", "unknown"}, refusing(), 2, "DB-UP CRITICAL - "},
        {{"--timeout-state", "unknown", "--state", "timeout=warning"},
         silent_at(Stage::tls),
         1,
         "DB-UP WARNING - "},
        {{"--exit-style", "simple"}, refusing(), 1, "DB-UP CRITICAL - "},
        {{"--exit-style", "simple", "--state", "refused=warning"},
         refusing(),
         0,
         "DB-UP WARNING - "},
        {{"--exit-style", "isready"}, refusing(), 2, "DB-UP CRITICAL - "},
        {{"--exit-style", "isready"},
         failing(Stage::auth, Failure{ErrorClass::starting_up, "starting"}),
         1,
         "DB-UP CRITICAL - "},
        {{"--exit-style", "isready"}, Server{}, 0, "DB-UP OK - "},
        {{"--exit-style", "isready", "-c", "1ms"}, Server{}, 1, "DB-UP CRITICAL - time is "},
        {{"--exit-style", "simple", "-w", "1ms"}, Server{}, 0, "DB-UP WARNING - time is "},
        {{"--exit-style", "simple", "-c", "1ms"}, Server{}, 1, "DB-UP CRITICAL - time is "},
    }));
    CAPTURE(c.arguments);
    Scene scene;
    scene.connector.servers = {c.server};
    const auto outcome = scene.run(command_line(c.arguments));
    CHECK(outcome.exit_code == c.exit_code);
    CHECK_THAT(outcome.text, Catch::Matchers::StartsWith(c.start));
}

TEST_CASE("a quiet run says nothing but its exit code", "[run]")
{
    struct Case {
        Server server = {};
        int exit_code = 0;
    };
    const auto c =
        GENERATE(values<Case>({{Server{}, 0}, {refusing(), 2}, {silent_at(Stage::auth), 2}}));
    Scene scene;
    scene.connector.servers = {c.server};
    const auto outcome = scene.run(command_line({"-q", "-vv"}));
    CHECK(outcome.exit_code == c.exit_code);
    CHECK(outcome.text.empty());
}

TEST_CASE("a fault of the program is an outcome, too", "[run]")
{
    struct Case {
        void (*fault)() = nullptr;
        const char* code = "";
        const char* text = "";
    };
    const auto c = GENERATE(values<Case>({
        {[] { throw std::logic_error{"boom"}; }, "[INTERNAL_ERROR]", "\nReason: boom\n"},
        {[] { throw std::bad_alloc{}; }, "[LOCAL_ERROR]", "\nReason: out of memory\n"},
        {[] { throw 42; }, "[", ""},
    }));
    Scene scene;
    scene.connector.on_open = c.fault;
    const auto outcome = scene.run(command_line({}));
    CHECK(outcome.exit_code == 3);
    CHECK_THAT(outcome.text,
               Catch::Matchers::StartsWith("DB-UP UNKNOWN - ") && has(c.code) && has(c.text));
    CHECK(outcome.text.ends_with('\n'));
}

TEST_CASE("what the process was given may be forgotten as soon as it was read", "[run]")
{
    Scene scene;
    dbup::Run program{scene.parts()};
    int forgotten = 0;
    std::vector<std::string> arguments{"-d", "mydb"};
    std::vector<char*> argv{arguments[0].data(), arguments[1].data()};
    const auto outcome = program.execute({.arguments = argv,
                                          .environment = &scene.environment,
                                          .reader = &scene.reader,
                                          .on_timeout = {},
                                          .on_loaded = [&] {
                                              ++forgotten;
                                              CHECK(scene.connector.resolved == 0);
                                          }});
    CHECK(outcome.exit_code == 0);
    CHECK(forgotten == 1);
}

} // namespace

} // namespace dbup_test
