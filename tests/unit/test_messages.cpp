// SPDX-License-Identifier: MIT
#include "pg/messages.hpp"

#include "support/catch.hpp"

namespace dbup_test {

namespace {

using dbup::ErrorClass;
using dbup::Stage;

const std::string prefix = R"(connection to server at "db1" (10.0.0.1), port 5432 failed: )";

TEST_CASE("the SQLSTATE of a connect error is found in every language", "[messages]")
{
    struct Case {
        std::string raw = {};
        const char* sqlstate = "";
        const char* text = "";
    };
    const auto c = GENERATE(values<Case>({
        {prefix + "FATAL:  28P01: password authentication failed for user \"x\"\nLOCATION:  "
                  "auth_failed, auth.c:334\n",
         "28P01",
         "password authentication failed for user \"x\""},
        {prefix + "FATAL:  3D000: database \"x\" does not exist\n",
         "3D000",
         "database \"x\" does not exist"},
        {prefix + "FEHLER:  57P03: das Datenbanksystem startet\n",
         "57P03",
         "das Datenbanksystem startet"},
        {prefix + "FATALE:  28000: nessuna voce\n", "28000", "nessuna voce"},
        {prefix + "FATAL :  53300: trop de clients\n", "53300", "trop de clients"},
        {prefix + "ВАЖНО:  28P01: пользователь \"x\" не прошёл проверку\n",
         "28P01",
         "пользователь \"x\" не прошёл проверку"},
        {prefix + "致命的エラー:  57P03: データベースシステムは起動しています\n",
         "57P03",
         "データベースシステムは起動しています"},
        {"connection to server on socket \"/run/postgresql/.s.PGSQL.5432\" failed: FATAL:  28000: "
         "role \"x\" does not "
         "exist\n",
         "28000",
         "role \"x\" does not exist"},
        {"FATAL:  08P01: no such database: x\n", "08P01", "no such database: x"},
        {"FATAL:  28P01: ", "28P01", ""},
    }));
    CAPTURE(c.raw);
    const auto message = dbup::take_apart(c.raw);
    CHECK(message.sqlstate == c.sqlstate);
    CHECK(message.text == c.text);
}

TEST_CASE("what libpq itself says has no SQLSTATE", "[messages]")
{
    struct Case {
        std::string raw = {};
        const char* text = "";
    };
    const auto c = GENERATE(values<Case>({
        {prefix + "Connection refused\n\tIs the server running on that host and accepting TCP/IP "
                  "connections?\n",
         "Connection refused"},
        {prefix + "server does not support SSL, but SSL was required\n",
         "server does not support SSL, but SSL was required"},
        {prefix + "fe_sendauth: no password supplied\n", "fe_sendauth: no password supplied"},
        {prefix + "SSL error: certificate verify failed\n", "SSL error: certificate verify failed"},
        {prefix + "server closed the connection unexpectedly\n\tThis probably means\n",
         "server closed the connection unexpectedly"},
        {"out of memory\n", "out of memory"},
        {"", ""},
        {"FATAL:  28p01: lower case\n", "FATAL:  28p01: lower case"},
        {"FATAL:  28P0: short\n", "FATAL:  28P0: short"},
        {"FATAL: 28P01: one blank\n", "FATAL: 28P01: one blank"},
        {"FATAL:  28P01\n", "FATAL:  28P01"},
    }));
    CAPTURE(c.raw);
    const auto message = dbup::take_apart(c.raw);
    CHECK(message.sqlstate.empty());
    CHECK(message.text == c.text);
}

TEST_CASE("of two errors of sslmode=prefer one whole sentence is told", "[messages]")
{
    const auto coded =
        dbup::take_apart(prefix + "FATAL:  28000: no pg_hba.conf entry, SSL encryption\n" + prefix +
                         "FATAL:  28000: no pg_hba.conf entry, no encryption\n");
    CHECK(coded.sqlstate == "28000");
    CHECK_THAT(coded.text,
               has("no pg_hba.conf entry") && !has("connection to server") && !has("FATAL"));

    const auto plain = dbup::take_apart(prefix + "SSL error: unexpected eof while reading\n" +
                                        prefix + "Connection refused\n\tIs the server running\n");
    CHECK(plain.sqlstate.empty());
    CHECK(plain.text == "Connection refused");
}

TEST_CASE("of two attempts the one is told that says what is wrong", "[messages]")
{
    const std::string wrong = prefix + "FATAL:  28P01: password authentication failed\n";
    const std::string with_tls = prefix + "FATAL:  28000: no pg_hba.conf entry, SSL encryption\n";
    const std::string without = prefix + "FATAL:  28000: no pg_hba.conf entry, no encryption\n";
    const std::string broken = prefix + "SSL error: unexpected eof while reading\n";
    const std::string starting = prefix + "FATAL:  57P03: the database system is starting up\n";
    struct Case {
        std::string raw = {};
        const char* sqlstate = "";
        const char* words = "";
    };
    const auto c = GENERATE_COPY(values<Case>({
        {wrong + without, "28P01", "password"},  // sslmode=prefer
        {wrong + with_tls, "28P01", "password"}, // sslmode=allow
        {with_tls + without, "28000", ", SSL encryption"},
        {without + with_tls, "28000", ", SSL encryption"},
        {without + wrong, "28P01", "password"},
        {broken + without, "28000", "no encryption"},
        {wrong + starting, "57P03", "starting up"},
        {starting + without, "57P03", "starting up"},
        {starting + wrong + without, "28P01", "password"},
    }));
    CAPTURE(c.raw);
    const auto message = dbup::take_apart(c.raw);
    CHECK(message.sqlstate == c.sqlstate);
    CHECK_THAT(message.text, has(c.words) && !has("connection to server"));
}

TEST_CASE("a socket that is not there is told by its name", "[messages]")
{
    const auto failed = [](const std::string& words, bool folder_is_there) {
        return dbup::socket_failure(
            dbup::login_failure(words, Stage::tcp, false), "/run/pg", "5433", folder_is_there);
    };
    const auto no_socket = failed("No such file or directory", true);
    CHECK(no_socket.error() == ErrorClass::refused);
    CHECK(no_socket.message() == "there is no socket /run/pg/.s.PGSQL.5433");
    CHECK_THAT(no_socket.fix(), has("unix_socket_directories") && !has("firewall"));
    CHECK(no_socket.remedy() == dbup::Remedy::retry);

    const auto no_folder = failed("No such file or directory", false);
    CHECK(no_folder.error() == ErrorClass::refused);
    CHECK(no_folder.message() == "there is no folder /run/pg for the server's socket");
    CHECK_THAT(no_folder.fix(), has("--host") && !has("firewall"));
    CHECK(no_folder.remedy() == dbup::Remedy::next_host);

    const auto stale = failed("Connection refused", true);
    CHECK(stale.message().empty());
    CHECK(stale.remedy() == dbup::Remedy::retry);
    const auto forbidden = failed("Permission denied", true);
    CHECK(forbidden.error() == ErrorClass::local);
    CHECK(forbidden.message() == "this user may not use the socket /run/pg/.s.PGSQL.5433");
    CHECK_THAT(forbidden.fix(),
               has("enter the folder /run/pg") && has("unix_socket_permissions") && has("--host"));
    CHECK(failed("Too many open files", true).message().empty());
    const auto servers_own = failed("FATAL:  58P01: No such file or directory", true);
    CHECK(servers_own.message().empty());
}

TEST_CASE("a code inside a server's sentence is not its SQLSTATE", "[messages]")
{
    struct Case {
        std::string raw = {};
        const char* sqlstate = "";
        ErrorClass error = ErrorClass::internal;
    };
    const auto c = GENERATE(values<Case>({
        {prefix + "FATAL:  28P01: password authentication failed for user \"x:  57P03: y\"\n",
         "28P01",
         ErrorClass::authentication},
        {prefix + "FATAL:  3D000: database \"FATAL:  57P03: shutting down\" does not exist\n",
         "3D000",
         ErrorClass::database_missing},
        {prefix + "FATAL:  28000: no entry\nDETAIL:  08006: fake\nHINT:  57P03: fake\n",
         "28000",
         ErrorClass::authentication},
    }));
    CAPTURE(c.raw);
    const auto failure = dbup::login_failure(c.raw, Stage::auth, false);
    CHECK(failure.sqlstate() == c.sqlstate);
    CHECK(failure.error() == c.error);
}

TEST_CASE("a login that failed is classified by code, else by system error, words and stage",
          "[messages]")
{
    struct Case {
        std::string raw = {};
        Stage stage = Stage::auth;
        ErrorClass error = ErrorClass::internal;
    };
    const auto c = GENERATE(values<Case>({
        {"FATAL:  28P01: password authentication failed", Stage::auth, ErrorClass::authentication},
        {"FATAL:  28000: no pg_hba.conf entry", Stage::auth, ErrorClass::authentication},
        {"FATAL:  42501: permission denied for database \"x\"",
         Stage::auth,
         ErrorClass::permission},
        {"FATAL:  3D000: database \"x\" does not exist", Stage::auth, ErrorClass::database_missing},
        {"FATAL:  53300: sorry, too many clients already", Stage::auth, ErrorClass::no_slots},
        {"FATAL:  57P03: the database system is starting up", Stage::auth, ErrorClass::starting_up},
        {"FATAL:  57P03: the database system is shutting down",
         Stage::auth,
         ErrorClass::shutting_down},
        {"FATAL:  08P01: SSL required", Stage::auth, ErrorClass::tls},
        {"Connection refused", Stage::tcp, ErrorClass::refused},
        {"No such file or directory", Stage::tcp, ErrorClass::refused},
        {"Connection timed out", Stage::tcp, ErrorClass::timeout},
        {"No route to host", Stage::tcp, ErrorClass::network},
        {"Network is unreachable", Stage::tcp, ErrorClass::network},
        {"could not receive data from server: Connection reset by peer",
         Stage::auth,
         ErrorClass::network},
        {"could not send startup packet: Broken pipe", Stage::auth, ErrorClass::network},
        {"server closed the connection unexpectedly", Stage::auth, ErrorClass::network},
        {"server closed the connection unexpectedly", Stage::tls, ErrorClass::network},
        {"could not create socket: Too many open files", Stage::tcp, ErrorClass::local},
        {"Cannot assign requested address", Stage::tcp, ErrorClass::network},
        {"Permission denied", Stage::tcp, ErrorClass::local},
        {"out of memory", Stage::tcp, ErrorClass::local},
        {"server does not support SSL, but SSL was required", Stage::tls, ErrorClass::tls},
        {"SSL error: certificate verify failed", Stage::tls, ErrorClass::tls},
        {"server certificate for \"a\" does not match host name \"b\"",
         Stage::tls,
         ErrorClass::tls},
        {"SSL SYSCALL error: EOF detected", Stage::tls, ErrorClass::network},
        {"SSL SYSCALL error: Connection reset by peer", Stage::tls, ErrorClass::network},
        {"root certificate file \"/x/root.crt\" does not exist", Stage::tls, ErrorClass::config},
        {"could not open certificate file \"/x\": No such file or directory",
         Stage::tls,
         ErrorClass::config},
        {"could not read root certificate file \"/x\": no certificate or crl found",
         Stage::tls,
         ErrorClass::config},
        {"certificate present, but not private key file \"/x\"", Stage::tls, ErrorClass::config},
        {"private key file \"/x\" has group or world access", Stage::tls, ErrorClass::config},
        {"could not load private key file \"/x\": no start line", Stage::tls, ErrorClass::config},
        {"could not create SSL context: library has no ciphers", Stage::tls, ErrorClass::local},
        {"SSL error: no ciphers available", Stage::tls, ErrorClass::local},
        {"SSL error: no protocols available", Stage::tls, ErrorClass::local},
        {"received invalid response to SSL negotiation: H", Stage::tls, ErrorClass::protocol},
        {"expected authentication request from server, but received H",
         Stage::auth,
         ErrorClass::protocol},
        {"channel binding is required, but server did not offer an authentication method that "
         "supports it",
         Stage::auth,
         ErrorClass::authentication},
        {"incorrect server signature", Stage::auth, ErrorClass::impostor},
        {"error received from server in SCRAM exchange: invalid-proof",
         Stage::auth,
         ErrorClass::authentication},
        {"none of the server's SASL authentication mechanisms are supported",
         Stage::auth,
         ErrorClass::authentication},
        {"server sent an error response during SSL exchange", Stage::tls, ErrorClass::server},
        {"could not fork new process for connection: Cannot allocate memory",
         Stage::auth,
         ErrorClass::server},
        // a server that speaks of its own troubles: not this host's
        {"out of memory", Stage::auth, ErrorClass::protocol},
        {"cannot allocate memory for input buffer", Stage::auth, ErrorClass::protocol},
        {"Too many open files", Stage::auth, ErrorClass::protocol},
        {"could not receive data from server: Too many open files",
         Stage::auth,
         ErrorClass::network},
        {"private key file \"/x\" has group or world access", Stage::auth, ErrorClass::protocol},
        {"authentication method requirement \"!password\" failed: server requested a cleartext "
         "password",
         Stage::auth,
         ErrorClass::cleartext},
        {"something that nobody has read before", Stage::auth, ErrorClass::protocol},
        {"something that nobody has read before", Stage::tls, ErrorClass::tls},
        {"something that nobody has read before", Stage::tcp, ErrorClass::network},
        {"", Stage::tcp, ErrorClass::network},
    }));
    CAPTURE(c.raw, dbup::row_of(c.stage).name);
    const auto failure = dbup::login_failure(prefix + c.raw + "\n", c.stage, false);
    CHECK(dbup::row_of(failure.error()).code == dbup::row_of(c.error).code);
    CHECK_THAT(failure.detail(), !has("connection to server"));
}

TEST_CASE("a session that broke is classified by words", "[messages]")
{
    struct Case {
        std::string raw = {};
        ErrorClass error = ErrorClass::internal;
    };
    const auto c = GENERATE(values<Case>({
        {"", ErrorClass::protocol},
        {"lost synchronization with server: got message type \"~\", length 0",
         ErrorClass::protocol},
        {"unexpected response from server; first received character was \"~\"",
         ErrorClass::protocol},
        {"unexpected field count in \"D\" message", ErrorClass::protocol},
        {"cannot allocate memory for input buffer", ErrorClass::protocol},
        {"server closed the connection unexpectedly\n\tThis probably means", ErrorClass::network},
        {"could not receive data from server: Connection reset by peer", ErrorClass::network},
        {"could not receive data from server: Connection timed out", ErrorClass::timeout},
        {"SSL SYSCALL error: EOF detected", ErrorClass::network},
        {"SSL connection has been closed unexpectedly", ErrorClass::network},
        {"SSL error: wrong version number", ErrorClass::tls},
    }));
    CAPTURE(c.raw);
    const auto failure = dbup::session_failure(c.raw);
    CHECK(dbup::row_of(failure.error()).code == dbup::row_of(c.error).code);
    CHECK_FALSE(failure.detail().empty());
}

TEST_CASE("an error without words, and one with too many, are told as what they are", "[messages]")
{
    struct Case {
        std::string raw = {};
        const char* login = "";
        const char* session = "";
    };
    const auto c = GENERATE(values<Case>({
        {"\n", "without a text, or with one of more than 30 KB", "an error without a text"},
        {"FATAL:  \n", "sends an error without a text", "sends an error without a text"},
        {"FEHLER:  ", "sends an error without a text", "sends an error without a text"},
        {"no error message available\n", "an error without a text", "an error without a text"},
        {"out of memory\n", "larger than any answer", "larger than any answer"},
        {"cannot allocate memory for input buffer\n", "larger than any", "larger than any"},
    }));
    CAPTURE(c.raw);
    const auto login = dbup::login_failure(prefix + c.raw, Stage::auth, false);
    CHECK(login.error() == ErrorClass::protocol);
    CHECK_THAT(login.detail(), has(c.login));
    const auto session = dbup::session_failure(c.raw);
    CHECK(session.error() == ErrorClass::protocol);
    CHECK_THAT(session.detail(), has(c.session));
    CHECK(session.excessive() == (session.detail().find("larger") != std::string::npos));
}

TEST_CASE("a password that was wanted and not given is told as such", "[messages]")
{
    CHECK(dbup::login_failure(prefix + "fe_sendauth: no password supplied\n", Stage::auth, true)
              .error() == ErrorClass::password_missing);
    CHECK(dbup::login_failure(prefix + "FATAL:  28P01: empty password\n", Stage::auth, true)
              .error() == ErrorClass::authentication);
}

} // namespace

} // namespace dbup_test
