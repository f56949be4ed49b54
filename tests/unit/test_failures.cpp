// SPDX-License-Identifier: MIT
#include "core/failure.hpp"
#include "core/remedies.hpp"
#include "core/sqlstate.hpp"

#include <set>

#include "support/catch.hpp"
#include "unit/fakes.hpp"

namespace dbup_test {

namespace {

using dbup::Failure;
using dbup::Remedy;
using enum dbup::ErrorClass;

TEST_CASE("codes and class names of errors are unique and of one form", "[failure]")
{
    std::set<std::string_view> codes;
    std::set<std::string_view> names;
    for (const auto& row : dbup::error_table()) {
        CAPTURE(row.code);
        CHECK(&dbup::row_of(row.error) == &row);
        CHECK(codes.insert(row.code).second);
        CHECK(row.code.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == std::string::npos);
        CHECK(row.code.size() > 3);
        CHECK(row.option.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == std::string::npos);
        CHECK((row.option.empty() || names.insert(row.option).second));
    }
}

TEST_CASE("the codes are the ones that users were promised", "[failure]")
{
    std::set<std::string_view> codes;
    for (const auto& row : dbup::error_table()) {
        codes.insert(row.code);
    }
    CHECK(codes ==
          std::set<std::string_view>{
              "CONFIG_ERROR",      "DNS_ERROR",        "CONNECTION_REFUSED", "NETWORK_ERROR",
              "TIMEOUT",           "TLS_ERROR",        "PROTOCOL_ERROR",     "AUTHENTICATION_ERROR",
              "PASSWORD_MISSING",  "PERMISSION_ERROR", "DATABASE_NOT_FOUND", "TOO_MANY_CONNECTIONS",
              "STARTING_UP",       "SHUTTING_DOWN",    "QUERY_TIMEOUT",      "QUERY_ERROR",
              "UNEXPECTED_RESULT", "HARDENING_FAILED", "ROLE_MISMATCH",      "PRIVILEGE_MISSING",
              "LOCAL_ERROR",       "INTERRUPTED",      "CLEARTEXT_REFUSED",  "INTERNAL_ERROR",
              "SERVER_ERROR",      "QUERY_CONFLICT",   "SERVER_NOT_PROVEN"});
}

TEST_CASE("only what a second try can mend is retried", "[failure]")
{
    const std::set<dbup::ErrorClass> retried{
        dns, refused, network, timeout, no_slots, starting_up, shutting_down, server, conflict};
    for (const auto& row : dbup::error_table()) {
        CAPTURE(row.code);
        CHECK((row.remedy == Remedy::retry) == retried.contains(row.error));
    }
    CHECK(dbup::row_of(role_mismatch).remedy == Remedy::next_host);
}

TEST_CASE("an outage is critical, what says nothing of the server is unknown", "[failure]")
{
    const std::set<dbup::ErrorClass> unknown{
        config, privilege_missing, local, interrupted, internal};
    for (const auto& row : dbup::error_table()) {
        CAPTURE(row.code);
        CHECK(row.state == (unknown.contains(row.error) ? State::unknown : State::critical));
        CHECK(row.isready >= 1);
        CHECK(row.isready <= 3);
    }
}

TEST_CASE("an error class is found by its name and by its code, in any case", "[failure]")
{
    for (const auto& row : dbup::error_table()) {
        CAPTURE(row.code);
        if (!row.option.empty()) {
            CHECK(dbup::find_error(row.option) == &row);
            CHECK(dbup::find_error(row.code) == &row);
        } else {
            CHECK(dbup::find_error(row.code) == nullptr);
        }
    }
    CHECK(dbup::find_error("Dns") == &dbup::row_of(dns));
    CHECK(dbup::find_error("timeout") == &dbup::row_of(timeout));
    CHECK(dbup::find_error("") == nullptr);
    CHECK(dbup::find_error("nonsense") == nullptr);
}

TEST_CASE("every class has a sentence and a fix whose placeholders can all be filled", "[failure]")
{
    for (const auto& row : dbup::error_table()) {
        CAPTURE(row.code);
        CHECK_FALSE(row.sentence.empty());
        CHECK_FALSE(row.fix.empty());

        Scene scene;
        scene.connector.servers = {failing(Stage::auth, Failure{row.error, "said by the server"})};
        const auto outcome =
            scene.run({"-H", "db1", "-d", "my db", "-U", "o'brien", "--max-retries", "0", "-v"});
        CAPTURE(outcome.text);

        CHECK(outcome.exit_code == dbup::row_of(row.state).exit_code);
        CHECK_THAT(headline(outcome.text), has('[' + std::string{row.code} + ']'));
        CHECK(outcome.text.find_first_of("{}") == std::string::npos);
        CHECK_THAT(outcome.text, has("\nFix: "));
        const bool names_the_place = row.sentence.find("{target}") != std::string::npos;
        if (names_the_place) {
            CHECK_THAT(headline(outcome.text), has("db1:5432"));
        }
    }
}

TEST_CASE("the GRANT that mends a missing right can be pasted", "[failure]")
{
    Scene scene;
    scene.connector.servers = {
        failing(Stage::auth, Failure{permission, "permission denied for database \"a\"b\""})};
    const auto outcome = scene.run({"-d", "a\"b", "-U", "Mon-Itor"});
    CHECK_THAT(outcome.text,
               has("Fix: User lacks CONNECT privilege. Grant with: GRANT CONNECT ON DATABASE "
                   "\"a\"\"b\" TO \"Mon-Itor\";"));
}

TEST_CASE("a server's error is classified by its SQLSTATE, wherever the session stands",
          "[sqlstate]")
{
    struct Case {
        const char* sqlstate = "";
        const char* message = "";
        dbup::ErrorClass error = internal;
    };
    const auto c = GENERATE(values<Case>({
        {"57P03", "the database system is starting up", starting_up},
        {"57P03", "the database system is in recovery mode", starting_up},
        {"57P03", "the database system is not yet accepting connections", starting_up},
        {"57P03", "das Datenbanksystem startet", starting_up},
        {"57P03", "the database system is shutting down", shutting_down},
        {"57P01", "terminating connection due to administrator command", shutting_down},
        {"57P02",
         "terminating connection because of crash of another server process",
         shutting_down},
        {"57P05", "terminating connection due to idle-session timeout", timeout},
        {"57014", "canceling statement due to statement timeout", query_timeout},
        {"57014", "Anfrage wird storniert", query_timeout},
        {"57014", "canceling statement due to user request", conflict},
        {"55P03", "canceling statement due to lock timeout", query_timeout},
        {"25P03", "terminating connection due to idle-in-transaction timeout", query_timeout},
        {"25P04", "terminating connection due to transaction timeout", query_timeout},
        {"40001", "could not serialize access", conflict},
        {"40P01", "deadlock detected", conflict},
        {"53300", "sorry, too many clients already", no_slots},
        {"53300", "remaining connection slots are reserved", no_slots},
        {"53300", "too many connections for role \"x\"", no_slots},
        {"3D000", "database \"x\" does not exist", database_missing},
        {"28P01", "password authentication failed for user \"x\"", authentication},
        {"28000", "no pg_hba.conf entry", authentication},
        {"28000", "role \"x\" does not exist", authentication},
        {"08P01", "no such database: x", database_missing},
        {"08P01", "no such user: x", authentication},
        {"08P01", "no more connections allowed (max_client_conn)", no_slots},
        {"08P01", "query_wait_timeout", timeout},
        {"08P01", "server down", network},
        {"08P01", "client_login_timeout (server down)", network},
        {"08P01", "transaction blocks not allowed in statement pooling mode", hardening},
        {"08P01", "the database system is shutting down", shutting_down},
        {"08P01", "database \"x\" is disabled", permission},
        {"08P01", "database does not allow connections: x", permission},
        {"08P01", "unsupported startup parameter: extra_float_digits", protocol},
        // What PgBouncer hands on; names decide nothing.
        {"08P01", "database \"auth_service\" does not exist", database_missing},
        {"08P01", "role \"x\" does not exist", authentication},
        {"08P01", "too many connections for role \"password_svc\"", no_slots},
        {"08P01", "remaining connection slots are reserved for superusers", no_slots},
        {"08P01", "permission denied for database \"SSLproxy\"", permission},
        {"08P01", "database \"x\" is not currently accepting connections", permission},
        {"08P01", "pg_hba.conf rejects connection for host \"::1\"", authentication},
        {"08P01", "the database system is starting up", starting_up},
        {"08006", "connection failure", network},
        {"08003", "connection does not exist", network},
    }));
    CAPTURE(c.sqlstate, c.message);
    CHECK(dbup::row_of(dbup::classify(c.sqlstate, c.message, dbup::Moment::login)).code ==
          dbup::row_of(c.error).code);
    CHECK(dbup::row_of(dbup::classify(c.sqlstate, c.message, dbup::Moment::end)).code ==
          dbup::row_of(c.error).code);
}

TEST_CASE("some codes mean another thing before the session has started", "[sqlstate]")
{
    struct Case {
        const char* sqlstate = "";
        const char* message = "";
        dbup::ErrorClass at_login = internal;
        dbup::ErrorClass in_session = internal;
    };
    const auto c = GENERATE(values<Case>({
        {"42501", "permission denied", permission, privilege_missing},
        {"55000", "database \"x\" is not currently accepting connections", permission, query},
        {"08P01", "auth failed", authentication, protocol},
        {"08P01", "password required", authentication, protocol},
        {"08P01", "server login failed: wrong password type", authentication, protocol},
        {"08P01", "SSL required", tls, protocol},
        {"08P01", "TLS required", tls, protocol},
        {"08P01", "pgbouncer cannot connect to server", server, protocol},
        {"08P01", "", server, protocol},
        {"42P01", "relation does not exist", server, query},
        {"XX000", "internal", server, query},
        {"", "", server, query},
        {"22012", "division by zero", server, query},
    }));
    CAPTURE(c.sqlstate, c.message);
    CHECK(dbup::row_of(dbup::classify(c.sqlstate, c.message, dbup::Moment::login)).code ==
          dbup::row_of(c.at_login).code);
    CHECK(dbup::row_of(dbup::classify(c.sqlstate, c.message, dbup::Moment::end)).code ==
          dbup::row_of(c.in_session).code);
}

TEST_CASE("what a statement is refused with says nothing of the server", "[sqlstate]")
{
    const auto* const sqlstate =
        GENERATE("08001", "28P01", "3D000", "53300", "57P01", "57P02", "57P03", "57P05");
    CAPTURE(sqlstate);
    const auto classified = [&](dbup::Moment moment) {
        return dbup::row_of(dbup::classify(sqlstate, "could not connect to server", moment)).code;
    };
    CHECK(classified(dbup::Moment::statement) == "QUERY_ERROR");
    CHECK(classified(dbup::Moment::end) != "QUERY_ERROR");
}

TEST_CASE("what is said decides what is advised", "[failure]")
{
    struct Case {
        dbup::ErrorClass error = internal;
        const char* sqlstate = "";
        const char* said = "";
        const char* advice = "";
    };
    const auto c = GENERATE(values<Case>({
        {timeout, "57P05", "idle-session timeout", "ALTER ROLE {role_ident} SET idle_session_"},
        {timeout, "", "", "Check network latency"},
        {shutting_down, "57P01", "Verbindung wird abgebrochen", "or somebody ended only this"},
        {shutting_down, "57P03", "the database system is shutting down", "Find out who stops it"},
        {tls, "", "SSL error: dh key too small", "OpenSSL of this host refuses"},
        {tls, "", "SSL error: no suitable signature algorithm", "OpenSSL of this host refuses"},
        {tls, "", "SSL error: wrong signature type", "OpenSSL of this host refuses"},
        {tls, "", "certificate verify failed: EE certificate key too weak", "SECLEVEL"},
        {tls, "", "SSL error: unsupported protocol", "no version of TLS in common"},
        {tls, "", "SSL error: tlsv1 alert protocol version", "no version of TLS in common"},
        {tls, "", "SSL error: sslv3 alert handshake failure", "SignatureAlgorithms"},
        {tls, "", "SSL error: unexpected eof while reading", "Check ssl and the certificate"},
        {privilege_missing, "42501", "permission denied for function f", "GRANT EXECUTE ON FUNC"},
        {privilege_missing, "42501", "permission denied for view v", "GRANT SELECT ON what"},
        {privilege_missing, "", "hidden", "GRANT pg_monitor TO {role_ident};"},
    }));
    CAPTURE(c.sqlstate, c.said);
    CHECK_THAT(std::string{dbup::remedy_of(Failure{c.error, c.said}.with_sqlstate(c.sqlstate))},
               has(c.advice));
}

TEST_CASE("a failure carries what it was given", "[failure]")
{
    const Failure failure = Failure{query, "detail"}
                                .with_message("message")
                                .with_fix("fix")
                                .with_sqlstate("42601")
                                .with_target("db1:5432", "db1")
                                .with_excess();
    CHECK(failure.error() == query);
    CHECK(failure.detail() == "detail");
    CHECK(std::string{failure.what()} == "detail");
    CHECK(failure.message() == "message");
    CHECK(failure.fix() == "fix");
    CHECK(failure.sqlstate() == "42601");
    CHECK(failure.target() == "db1:5432");
    CHECK(failure.host() == "db1");
    CHECK(failure.excessive());
    CHECK_FALSE(Failure{query}.excessive());
}

} // namespace

} // namespace dbup_test
