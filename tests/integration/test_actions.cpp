// SPDX-License-Identifier: MIT
// --dry-run, --validate and --info of the built program, against real servers.
#include <climits>

#include "support/catch.hpp"
#include "support/cluster.hpp"
#include "support/network.hpp"
#include "support/pgbouncer.hpp"
#include "support/plugin.hpp"
#include "support/sandbox.hpp"

namespace dbup_test {

namespace {

/// Runs the program; what is said must be said in lines of text, with nothing on stderr.
Finished ask(const Strings& arguments, const Strings& environment = {})
{
    Finished finished = run(plugin(arguments, environment));
    UNSCOPED_INFO(finished.out);
    CHECK(finished.err.empty());
    CHECK_THAT(finished.out, Catch::Matchers::EndsWith("\n") && !has("|"));
    return finished;
}

Finished validate(const Strings& more = {}, const Strings& environment = {})
{
    return ask(cluster_arguments(Strings{"--validate"} + more), environment);
}

const Cluster& cluster()
{
    static const Cluster& ready = [&]() -> const Cluster& {
        Cluster::shared().execute("CREATE ROLE boss SUPERUSER LOGIN PASSWORD 'a long enough one'");
        Cluster::shared().execute("CREATE ROLE stranger LOGIN PASSWORD 'a long enough one'");
        Cluster::shared().execute("CREATE ROLE reader LOGIN PASSWORD 'a long enough one'");
        Cluster::shared().execute("GRANT CONNECT ON DATABASE mydb TO reader");
        Cluster::shared().execute("GRANT pg_read_all_data TO reader");
        Cluster::shared().execute("SET password_encryption = 'md5'; "
                                  "CREATE ROLE md5_role LOGIN PASSWORD 'a long enough one'");
        Cluster::shared().execute("GRANT CONNECT ON DATABASE mydb TO md5_role");
        return Cluster::shared();
    }();
    return ready;
}

/// Nothing to mend, but for the server's version, which gets old while this test stays.
void check_sound(const Finished& finished)
{
    const bool old = finished.out.find("warn  server: ") != std::string::npos;
    CHECK_THAT(finished.out,
               has(old ? "Result: valid, 1 weakness to mend (exit code 1)\n"
                       : "Result: valid, nothing to mend (exit code 0)\n"));
    CHECK(finished.exit_code == (old ? 1 : 0));
}

/// Another role, with the password of all of them.
Finished validate_as(const std::string& role, const Strings& more = {})
{
    static const std::string file =
        Sandbox::shared().make_file("password-of-all", "a long enough one\n");
    return validate(Strings{"--user", role, "--password-file", file} + more);
}

TEST_CASE("a sound set-up has nothing to mend", "[validate]")
{
    const Finished finished = validate();
    check_sound(finished);
    CHECK_THAT(finished.out,
               has("ok    configuration: valid\n") && has("ok    TLS mode verify-full: ") &&
                   has("ok    connection: mydb at localhost:" + cluster().port() +
                       " answers db_monitor\n") &&
                   has("ok    encryption: TLSv1.3 with TLS_") &&
                   has("ok    certificate: CN=localhost for localhost, 127.0.0.1, ::1, issued by "
                       "CN=db-up throw-away CA, ") &&
                   has(" days left\n") && has("ok    authentication: SCRAM") &&
                   has("transaction_read_only on; statement_timeout ") &&
                   has("server: PostgreSQL ") && has(", primary, ") &&
                   has("ok    role: db_monitor has no powers") &&
                   has("ok    check connection: the role has CONNECT on the database\n") &&
                   has("ok    password: neither short"));
    CHECK_THAT(finished.out, !has(cluster().password()));
    cluster().wait_until_gone();
}

TEST_CASE("a role that may more than it needs is told", "[validate]")
{
    const Finished boss = validate_as("boss");
    CHECK(boss.exit_code == 1);
    CHECK_THAT(boss.out, has("warn  role: boss is more than a monitoring role needs (superuser)"));
    const Finished reader = validate_as("reader");
    CHECK(reader.exit_code == 1);
    CHECK_THAT(reader.out, has("warn  role: reader") && has("(pg_read_all_data)"));
}

TEST_CASE("what keeps a role out is told with the line that lets it in", "[validate]")
{
    const Finished finished = validate_as("stranger");
    CHECK(finished.exit_code == 2);
    CHECK_THAT(finished.out,
               has("FAIL  connection: ") && has("[PERMISSION_ERROR]\n      Reason: ") &&
                   has("GRANT CONNECT ON DATABASE \"mydb\" TO \"stranger\";\n") &&
                   has("Result: 1 failure (exit code 2)\n"));
}

TEST_CASE("a wrong password fails, and a guessable one is told though it fails", "[validate]")
{
    const std::string file = Sandbox::shared().make_file("wrong-password", "hunter2\n");
    const Finished finished = validate({"--password-file", file});
    CHECK(finished.exit_code == 2);
    CHECK_THAT(finished.out,
               has("[AUTHENTICATION_ERROR]\n") && has("warn  password: shorter than 12") &&
                   has("Result: 1 failure, 1 weakness to mend (exit code 2)\n"));
    CHECK_THAT(finished.out, !has("hunter2"));
}

TEST_CASE("each mode of TLS is told with what it protects against", "[validate]")
{
    const Finished require = validate({"--ssl-mode", "require", "--host", "127.0.0.1"});
    CHECK(require.exit_code == 1); // the certificate names it
    CHECK_THAT(require.out, has("warn  TLS mode require") && !has("does not name"));

    const HbaLines both{"host all db_monitor localhost scram-sha-256"};
    const Finished disable = validate({"--ssl-mode", "disable"});
    CHECK(disable.exit_code == 1);
    CHECK_THAT(disable.out,
               has("warn  TLS mode disable: nothing is encrypted") &&
                   has("warn  encryption: none") && !has("certificate:"));
}

TEST_CASE("a certificate that verify-full would refuse is told before", "[validate]")
{
    const ServerCertificate other{
        make_certificate({.file = "other", .common_name = "other", .names = "DNS:other.example"},
                         cluster().authority())};
    const Finished finished = validate({"--ssl-mode", "verify-ca"});
    CHECK(finished.exit_code == 1);
    CHECK_THAT(finished.out,
               has("ok    certificate: CN=other for other.example, ") &&
                   has("info  certificate: it does not name localhost, so verify-full would"));
}

TEST_CASE("how the server asked for the password is told", "[validate]")
{
    struct Case {
        const char* door = "";
        const char* role = "";
        const char* line = "";
        int exit_code = 0;
    };
    const auto c = GENERATE(values<Case>({
        {"hostssl all md5_role localhost md5", "md5_role", "warn  authentication: MD5", 1},
        {"hostssl all reader localhost trust",
         "reader",
         "warn  authentication: the server asked for no password and there was no client",
         1},
        {"hostssl all reader localhost password", "reader", "[CLEARTEXT_REFUSED]", 2},
    }));
    CAPTURE(c.door);
    cluster();
    const HbaLines door{c.door};
    const Finished finished = validate_as(c.role);
    CHECK(finished.exit_code == c.exit_code);
    CHECK_THAT(finished.out, has(c.line));
}

TEST_CASE("a client certificate is told", "[validate]")
{
    const HbaLines door{"hostssl all db_monitor localhost cert"};
    const KeyPair pair =
        make_certificate({.file = "client", .common_name = "db_monitor"}, cluster().authority());
    const Finished finished = validate({"--ssl-cert", pair.certificate, "--ssl-key", pair.key});
    check_sound(finished);
    CHECK_THAT(finished.out, has("no password; a client certificate was shown\n"));
}

TEST_CASE("a password in the environment or on the command line is told, not shown", "[validate]")
{
    const auto of_cluster = [](const Strings& more) {
        return Strings{"--validate",
                       "--port",
                       cluster().port(),
                       "--ssl-mode",
                       "verify-full",
                       "--ssl-root-cert",
                       cluster().ca_file()} +
               more;
    };
    const Finished variable = ask(of_cluster({"--database", "mydb", "--user", "db_monitor"}),
                                  {"DB_PASSWORD=" + cluster().password()});
    CHECK(variable.exit_code == 1);
    CHECK_THAT(variable.out, has("warn  password: in the environment DB_PASSWORD"));

    const std::string uri =
        "postgresql://db_monitor:" + cluster().password() + "@localhost:" + cluster().port();
    const Finished argument = ask(of_cluster({"--uri", uri + "/mydb"}));
    CHECK(argument.exit_code == 1);
    CHECK_THAT(argument.out, has("warn  password: on the command line (--uri)"));
    CHECK_THAT(variable.out + argument.out, !has(cluster().password()));
}

TEST_CASE("a password file that all may read is told", "[validate]")
{
    const std::string file =
        Sandbox::shared().make_file("open-password", cluster().password() + "\n", 0644);
    const Finished finished = validate({"--password-file", file});
    CHECK(finished.exit_code == 1);
    CHECK_THAT(finished.out, has("warn  password file " + file) && has("mode 0644"));
}

TEST_CASE("a pooler is seen", "[validate]")
{
    const std::string mode = GENERATE(as<std::string>{}, "session", "transaction");
    CAPTURE(mode);
    const PgBouncer pooler{mode};
    const Finished finished = validate({"--port", pooler.port()});
    check_sound(finished);
    CHECK_THAT(finished.out, has("info  pooler: something stands between"));
}

TEST_CASE("validate ends in time, with the reason of the check", "[validate]")
{
    ScriptedServer silent{Script{stay_silent()}};
    const Finished finished =
        ask(peer_arguments(silent.port(), {"--validate", "-t", "500ms", "--max-retries", "0"}));
    CHECK(finished.exit_code == 2);
    CHECK_THAT(finished.out, has("FAIL  connection: no answer from 127.0.0.1") && has("[TIMEOUT]"));
    CHECK(finished.seconds < in_time(1.0));
}

TEST_CASE("offline, dry-run and info send no packet", "[actions]")
{
    ScriptedServer peer{Script{close_connection()}};
    const Strings arguments = peer_arguments(peer.port(), {});
    CHECK(ask(arguments + Strings{"--validate", "--offline"}).exit_code == 1); // TLS is off
    const Finished dry = ask(arguments + Strings{"--dry-run"});
    CHECK(dry.exit_code == 0);
    CHECK_THAT(dry.out, has("  port                      " + peer.port()));
    CHECK(ask(arguments + Strings{"--info"}).exit_code == 0);
    CHECK(peer.accepted() == 0);

    CHECK(ask(arguments + Strings{"--validate"}).exit_code == 2);
    CHECK(peer.accepted() > 0); // so that it would have been seen
}

TEST_CASE("no more writes than a pipe needs say it all", "[actions]")
{
    Command command = plugin({"--dry-run", "-d", "mydb"});
    command.output = Stdout::packets;
    const Finished finished = run(command);
    CHECK(finished.exit_code == 0);
    const int needed = static_cast<int>((finished.out.size() + PIPE_BUF - 1) / PIPE_BUF);
    CHECK(finished.writes == needed);
}

TEST_CASE("info finds the files of the user who runs it", "[actions]")
{
    const std::string home = Sandbox::shared().make_folder("home");
    Sandbox::shared().make_file("home/.pgpass", "", 0644);
    Sandbox::shared().make_file("home/.pg_service.conf", "[x]\nuser=joe\n");
    const Finished finished = ask({"--info"}, {"HOME=" + home});
    CHECK(finished.exit_code == 3); // no database is named
    CHECK_THAT(finished.out,
               has("db-up ") && has("\nlibpq ") && has("\nOpenSSL ") &&
                   has("  HOME                      " + home + "\n") &&
                   has(home + "/.pg_service.conf: found, mode 0600, of ") &&
                   has(home + "/.pgpass: found, mode 0644, of ") &&
                   has("not usable: open to others") && has("DB_NAME is required"));
}

TEST_CASE("wrong settings are the one usual line", "[actions]")
{
    const std::string action = GENERATE(as<std::string>{}, "--dry-run", "--validate");
    const StatusLine line = check({action, "-d", "mydb", "--port", "0"});
    CHECK(line.state == "UNKNOWN");
    CHECK(line.code == "CONFIG_ERROR");
}

} // namespace

} // namespace dbup_test
