// SPDX-License-Identifier: MIT
// --validate: what it says of a session, a role and its privileges, and of no session at all.
#include "actions/findings.hpp"

#include "support/catch.hpp"
#include "unit/sound.hpp"

namespace dbup_test {

namespace {

using dbup::Exchange;
using dbup::Failure;

TEST_CASE("each weakness of a session is told with what mends it", "[validate]")
{
    struct Case {
        const char* says = "";
        void (*change)(Sound& scene) = nullptr;
        const char* line = "";
        const char* fix = "";
    };
    const auto c = GENERATE(values<Case>({
        {"no TLS",
         [](Sound& scene) { scene.server().encryption.reset(); },
         "warn  encryption: none; ",
         "ssl = on in postgresql.conf"},
        {"a certificate that ends soon",
         [](Sound& scene) { scene.server().encryption->cert_days = 13; },
         "warn  certificate: CN=db1 for db1, 10.0.0.1, issued by CN=Test CA, 13 days left",
         "renew the server's certificate"},
        {"a certificate that is not yet valid",
         [](Sound& scene) { scene.server().encryption->valid_from = "2026-12-01 00:00:00Z"; },
         "warn  certificate: it is valid only from 2026-12-01 00:00:00Z",
         "see whether this host's clock is right"},
        {"a certificate that has ended",
         [](Sound& scene) { scene.server().encryption->cert_days = -1; },
         "warn  certificate: CN=db1 for db1, 10.0.0.1, issued by CN=Test CA, expired",
         "renew the server's certificate"},
        {"MD5",
         [](Sound& scene) { scene.server().facts.exchange = Exchange::md5; },
         "warn  authentication: MD5",
         "password_encryption = 'scram-sha-256'"},
        {"clear text",
         [](Sound& scene) { scene.server().facts.exchange = Exchange::cleartext; },
         "warn  authentication: the server got the password in clear text",
         "scram-sha-256 in pg_hba.conf"},
        {"trust",
         [](Sound& scene) { scene.server().facts.exchange = Exchange::none; },
         "warn  authentication: the server asked for no password and there was no client "
         "certificate",
         "scram-sha-256 or cert"},
        {"an old server",
         [](Sound& scene) { scene.server().facts.version = "14.20"; },
         "warn  server: PostgreSQL 14.20, primary, out of support since 2026-11-12",
         "upgrade to a supported version"},
        {"an ancient server",
         [](Sound& scene) { scene.server().facts.version = "9.6.24"; },
         "warn  server: PostgreSQL 9.6.24, primary, long out of support",
         "upgrade to a supported version"},
        {"a superuser",
         [](Sound& scene) {
             scene.server().named_answers["role"] = role_answer("superuser", "pg_read_all_data");
         },
         "warn  role: watch is more than a monitoring role needs (superuser)",
         R"(Fix: ALTER ROLE "watch" NOSUPERUSER; -- or, if others)"},
        {"the superuser that must remain one",
         [](Sound& scene) {
             scene.server().named_answers["role"] = role_answer("superuser bootstrap");
         },
         "warn  role: watch is more than a monitoring role needs (superuser)",
         R"(Fix: CREATE ROLE db_monitor LOGIN; GRANT CONNECT ON DATABASE "mydb" TO db_monitor; \password db_monitor)"},
        {"attributes",
         [](Sound& scene) {
             scene.server().named_answers["role"] =
                 role_answer("createrole createdb replication bypassrls");
         },
         "warn  role: watch is more than a monitoring role needs (createrole, createdb, "
         "replication, bypassrls)",
         R"(ALTER ROLE "watch" NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS; -- or)"},
        {"both",
         [](Sound& scene) {
             scene.server().named_answers["role"] = role_answer("createdb", "pg_read_all_data");
         },
         "(createdb, pg_read_all_data)",
         R"(ALTER ROLE "watch" NOCREATEDB; REVOKE pg_read_all_data FROM "watch"; -- or)"},
        {"memberships",
         [](Sound& scene) {
             scene.server().named_answers["role"] =
                 role_answer("", "pg_read_all_data pg_write_all_data");
         },
         "(pg_read_all_data, pg_write_all_data)",
         R"(Fix: REVOKE pg_read_all_data, pg_write_all_data FROM "watch"; -- or)"},
    }));
    INFO(c.says);
    Sound scene;
    c.change(scene);
    const auto outcome = scene.validate_soundly();
    CHECK_THAT(outcome.text, has(c.line) && has(c.fix) && !has("FAIL"));
    CHECK_THAT(outcome.text, has("Result: valid, 1 weakness to mend (exit code 1)\n"));
    CHECK(outcome.exit_code == 1);
}

TEST_CASE("what is only worth knowing changes nothing", "[validate]")
{
    struct Case {
        const char* says = "";
        void (*change)(Sound& scene) = nullptr;
        const char* line = "";
    };
    const auto c = GENERATE(values<Case>({
        {"a pooler",
         [](Sound& scene) { scene.server().named_answers["role"] = role_answer("", "", "99"); },
         "info  pooler: something stands between"},
        {"a standby",
         [](Sound& scene) { scene.server().facts.standby = true; },
         "ok    server: PostgreSQL 17.2, standby, supported until 2029-11-08"},
        {"a version of tomorrow",
         [](Sound& scene) { scene.server().facts.version = "23beta1"; },
         "ok    server: PostgreSQL 23beta1, primary\n"},
        {"a version that is none",
         [](Sound& scene) { scene.server().facts.version = "unknown"; },
         "ok    server: PostgreSQL unknown, primary\n"},
        {"a client certificate",
         [](Sound& scene) {
             scene.server().facts.exchange = Exchange::none;
             scene.server().encryption->client_certificate = true;
         },
         "ok    authentication: the server asked for no password; a client certificate was shown"},
        {"a password of which nobody saw how it went",
         [](Sound& scene) { scene.server().facts.exchange = Exchange::unseen; },
         "info  authentication: by password; how it was asked for was not seen"},
        {"a certificate with many names",
         [](Sound& scene) {
             scene.server().encryption->names = {"a", "b", "c", "d", "e", "f", "g", "h"};
         },
         "ok    certificate: CN=db1 for a, b, c, d, e, f and 2 more, issued by CN=Test CA"},
        {"a certificate without names",
         [](Sound& scene) { scene.server().encryption->names.clear(); },
         "ok    certificate: CN=db1 for no name, issued by CN=Test CA"},
        {"a driver that does not know the certificate",
         [](Sound& scene) { scene.server().encryption->cert_days.reset(); },
         "ok    encryption: TLSv1.3"},
    }));
    INFO(c.says);
    Sound scene;
    c.change(scene);
    const auto outcome = scene.validate_soundly();
    CHECK_THAT(outcome.text, has(c.line) && !has("warn") && !has("FAIL"));
    CHECK(outcome.exit_code == 0);
}

TEST_CASE("before verify-full it is told whether the certificate would do", "[validate]")
{
    struct Case {
        const char* mode = "";
        bool names_host = false;
        bool told = false;
    };
    const auto c = GENERATE(values<Case>({
        {"require", false, true},
        {"require", true, false},
        {"verify-ca", false, true},
        {"verify-full", false, false}, // libpq has looked at it, by its own rules
    }));
    Sound scene;
    scene.server().encryption->names_host = c.names_host;
    const auto outcome = scene.validate_soundly({"--ssl-mode", c.mode});
    CHECK((outcome.text.find("info  certificate: it does not name db1, so verify-full would") !=
           std::string::npos) == c.told);
}

TEST_CASE("a socket without a password is peer, not a weakness", "[validate]")
{
    Sound scene;
    scene.server().encryption.reset();
    scene.server().facts.exchange = Exchange::none;
    const auto outcome = scene.validate({"-H", "/run/postgresql"});
    CHECK_THAT(outcome.text,
               has("ok    encryption: none, over a Unix socket\n") &&
                   has("ok    authentication: the server asked for no password, as it does with "
                       "peer (or trust)\n"));
    CHECK(outcome.exit_code == 0);
}

TEST_CASE("a missing privilege fails, with the line that grants it", "[validate]")
{
    Sound scene;
    scene.server().named_answers["may_connect"] = single("granted", "f");
    const auto outcome = scene.validate_soundly();
    CHECK_THAT(outcome.text,
               has("FAIL  check connection: the role lacks CONNECT on the database\n"
                   "      Fix: GRANT CONNECT ON DATABASE \"mydb\" TO \"watch\";\n"));
    CHECK_THAT(outcome.text, has("Result: 1 failure (exit code 2)\n"));
    CHECK(outcome.exit_code == 2);
}

TEST_CASE("validate asks for what the settings of the check need", "[validate]")
{
    struct Case {
        std::vector<std::string> options = {};
        const char* question = "";
        const char* lacks = "";
        const char* fix = "";
    };
    const auto c = GENERATE(values<Case>({
        {{"--check", "write", "--write-table", "t"},
         "may_write_table",
         "SELECT, INSERT and UPDATE on a table \"public\".\"t\"",
         "db-up -d mydb -U watch --check write --write-table t --generate sql prints"},
        {{"--check", "write", "--write-table", "a$(id).t"},
         "may_write_table",
         "SELECT, INSERT and UPDATE on a table \"a$(id)\".\"t\"",
         "db-up -d mydb -U watch --check write --write-table 'a$(id).t' --generate sql "
         "prints"},
        {{"--check", "write", "--write-table", "a$(id).t"},
         "has_write_schema",
         "a schema \"a$(id)\" in the database",
         "Fix: CREATE SCHEMA \"a$(id)\";"},
        {{"--check", "write"},
         "may_emit",
         "EXECUTE on pg_logical_emit_message",
         "GRANT EXECUTE ON FUNCTION pg_logical_emit_message"},
        {{"--check", "settings", "--only", "hba_trust"},
         "may_read_hba",
         "the right to read pg_hba_file_rules",
         "GRANT SELECT ON pg_hba_file_rules TO \"watch\";"},
        {{"--check", "archive"},
         "may_list_archive",
         "what it takes to see which segments wait for the archiver (pg_monitor, where archiving "
         "is on)",
         "GRANT pg_monitor TO \"watch\";"},
    }));
    CAPTURE(c.options);
    for (const bool granted : {true, false}) {
        Sound scene;
        scene.server().named_answers[c.question] = single("granted", granted ? "t" : "f");
        const auto outcome = scene.validate_soundly(c.options);
        CHECK(outcome.exit_code == (granted ? 0 : 2));
        CHECK_THAT(outcome.text,
                   has(std::string{granted ? "the role has " : "the role lacks "} + c.lacks));
        if (!granted) {
            CHECK_THAT(outcome.text, has("FAIL  check ") && has(c.fix));
        }
    }
    Sound scene;
    scene.server().named_answers["may_list_archive"] = single("granted", "f");
    CHECK(scene.validate_soundly({"--check", "archive", "-w", "ready_age=~:", "-c", "ready_age=~:"})
              .exit_code == 0);
}

TEST_CASE("validate lets the server look at a query of the user", "[validate]")
{
    dbup::Rows plan{{"QUERY PLAN"}};
    plan.add({"Result"});
    Sound scene;
    scene.server().named_answers["explain"] = plan;
    CHECK(scene.validate_soundly({"--query", "SELECT x"}).exit_code == 0);
    scene.server().failures.insert_or_assign(
        "explain",
        Failure{ErrorClass::query, "relation \"x\" does not exist"}.with_sqlstate("42P01"));
    const auto outcome = scene.validate_soundly({"--query", "SELECT x"});
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(outcome.text,
               has("FAIL  check query: health check query failed at db1:5432 [QUERY_ERROR]\n"
                   "      Reason: relation \"x\" does not exist (SQLSTATE 42P01)\n"
                   "      Fix: Write names with their schema"));
    scene.server().failures.insert_or_assign(
        "explain",
        Failure{ErrorClass::privilege_missing, "permission denied for table x"}.with_sqlstate(
            "42501"));
    CHECK_THAT(scene.validate_soundly({"--query", "SELECT x"}).text,
               has("[PRIVILEGE_MISSING]\n") && has("Fix: GRANT SELECT ON \"x\" TO "));
}

TEST_CASE("a connection that fails is told as the check tells it", "[validate]")
{
    struct Case {
        Server server = {};
        const char* lines = "";
        int exit_code = 0;
    };
    const auto c = GENERATE(values<Case>({
        {refusing(),
         "FAIL  connection: connection refused at db1:5432, 4 attempts in 3.5 s "
         "[CONNECTION_REFUSED]\n      Reason: Connection refused\n      Fix: Check that "
         "PostgreSQL runs there",
         2},
        {failing(Stage::auth,
                 Failure{ErrorClass::permission, "permission denied"}.with_sqlstate("42501")),
         "Fix: User lacks CONNECT privilege. Grant with: GRANT CONNECT ON DATABASE \"mydb\" TO "
         "\"watch\";\n",
         2},
        {failing(Stage::tcp, Failure{ErrorClass::local, "no descriptors"}),
         "[LOCAL_ERROR]\n      Reason: no descriptors\n",
         3},
        {silent_at(Stage::auth), "[TIMEOUT]\n", 2},
        {failing(Stage::query, Failure{ErrorClass::query, "no such function"}),
         "[QUERY_ERROR]\n      Reason: no such function\n",
         2},
    }));
    Sound scene;
    scene.connector.servers = {c.server};
    const auto outcome = scene.validate_soundly();
    CHECK_THAT(outcome.text, has(sound_settings) && has(c.lines) && has("Result: 1 failure"));
    CHECK(outcome.exit_code == c.exit_code);
}

TEST_CASE("an answer that is not exactly the right one is no answer to validate, too", "[validate]")
{
    struct Case {
        const char* query = "";
        dbup::Rows answer = {};
        const char* reason = "";
    };
    dbup::Rows nobody{{"name"}};
    const auto c = GENERATE_COPY(values<Case>({
        {"may_connect", single("granted", "yes"), "granted is 'yes'"},
        {"may_connect", single("granted", {}), "granted is NULL"},
        {"may_connect", dbup::Rows{{"granted"}}, "no value for granted"},
        {"role", nobody, "the server does not know our own role"},
        {"role", role_answer("", "", "many"), "backend_pid is no number: 'many'"},
    }));
    Sound scene;
    scene.server().named_answers[c.query] = c.answer;
    const auto outcome = scene.validate_soundly();
    CHECK_THAT(outcome.text, has("[UNEXPECTED_RESULT]") && has(c.reason));
    CHECK(outcome.exit_code == 2);
}

TEST_CASE("foreign text is cleaned in every line of validate", "[validate]")
{
    Sound scene;
    scene.server().encryption->subject = "CN=\x1b[31mevil|\n\nok    all is well";
    scene.server().facts.version = "17.2\nok    fine";
    scene.reader.files["/password"] = "hunter2hunter2";
    scene.server().encryption->issuer = "CN=hunter2hunter2";
    const auto outcome = scene.validate_soundly();
    CHECK_THAT(outcome.text, has("CN= [31mevil/ ok all is well") && has("issued by CN=***,"));
    CHECK_THAT(outcome.text, !has("hunter2") && !has("\x1b") && !has("\n\n") && !has("|"));
    CHECK_THAT(outcome.text, !has("\nok    all is well") && !has("\nok    fine"));
}

TEST_CASE("every check says which privileges it needs", "[validate]")
{
    for (const auto* const check : dbup::check_table()) {
        CAPTURE(check->name());
        for (const auto& privilege : check->privileges) {
            CHECK_FALSE(privilege.name.empty());
            CHECK_FALSE(privilege.test.name.empty());
            CHECK_THAT(std::string{privilege.test.sql}, has(" AS granted"));
            CHECK_THAT(std::string{privilege.grant}, has("{role_ident}"));
        }
    }
}

} // namespace

} // namespace dbup_test
