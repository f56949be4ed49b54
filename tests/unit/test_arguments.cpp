// SPDX-License-Identifier: MIT
#include "core/text.hpp"

#include <algorithm>

#include "support/catch.hpp"
#include "unit/fakes.hpp"

namespace dbup_test {

namespace {

TEST_CASE("options are read as GNU programs do", "[arguments]")
{
    struct Case {
        std::vector<std::string> arguments = {};
        const char* setting = "";
        const char* value = "";
        const char* origin = "";
    };
    const auto c = GENERATE(values<Case>({
        {{"--data", "x"}, "database", "x", "--database"},
        {{"--dbname=x"}, "database", "x", "--dbname"},
        {{"-dx"}, "database", "x", "-d"},
        {{"-vqdx"}, "database", "x", "-d"},
        {{"-vq", "-d", "x"}, "quiet", "true", "-q"},
        {{"-d", "x", "--conn=3s"}, "connect-timeout", "3s", "--connect-timeout"},
        {{"-d", "x", "--exit", "simple"}, "exit-style", "simple", "--exit-style"},
        {{"-d", "x", "--no-retry"}, "retry-jitter", "false", "--no-retry-jitter"},
        {{"-d", "x", "-t", "3", "-t", "4"}, "timeout", "4s", "-t"},
        {{"-d", "x", "-t3", "--timeout=4"}, "timeout", "4s", "--timeout"},
        {{"-d", "x", "--no-retry-jitter", "--retry-jitter"},
         "retry-jitter",
         "true",
         "--retry-jitter"},
        {{"-d", "x", "-w", "1", "-w", "cert_days=20:"}, "warning", "1 cert_days=20:", "-w"},
        {{"-d", "x", "--state", "dns=ok", "--state=TIMEOUT=warning"},
         "state",
         "dns=ok timeout=warning",
         "--state"},
        {{"-d", "x", "-H", "a=b"}, "host", "a=b", "-H"},
        {{"-d", "x", "--host=a=b"}, "host", "a=b", "--host"},
        {{"-d", "--help"}, "database", "--help", "-d"},
        {{"-d", "x", "--"}, "database", "x", "-d"},
        {{"-u", "a"}, "user", "a", "-u"},
        {{"-l", "a"}, "user", "a", "-l"},
    }));
    CAPTURE(c.arguments, c.setting);
    Scene scene;
    scene.environment.variables["DB_NAME"] = "fallback";
    const auto config = scene.load(c.arguments);
    CHECK(setting(config, c.setting).value == c.value);
    CHECK(setting(config, c.setting).origin == c.origin);
}

TEST_CASE("verbosity counts to three", "[arguments]")
{
    struct Case {
        std::vector<std::string> arguments = {};
        int verbosity = 0;
    };
    const auto c = GENERATE(values<Case>({
        {{}, 0},
        {{"-v"}, 1},
        {{"-vv"}, 2},
        {{"-v", "--verbose"}, 2},
        {{"-vvv"}, 3},
        {{"-vvvvvvvv"}, 3},
    }));
    Scene scene;
    auto arguments = c.arguments;
    arguments.insert(arguments.end(), {"-d", "x"});
    CHECK(scene.load(arguments).verbosity == c.verbosity);
}

TEST_CASE("hosts, ports and addresses become one endpoint each", "[arguments]")
{
    struct Case {
        std::vector<std::string> arguments = {};
        std::vector<std::string> endpoints = {};
    };
    const auto c = GENERATE(values<Case>({
        {{}, {"localhost:5432"}},
        {{"-H", "db1"}, {"db1:5432"}},
        {{"-H", "db1,db2"}, {"db1:5432", "db2:5432"}},
        {{"-H", " db1, db2 ", "-p", "1, 2"}, {"db1:1", "db2:2"}},
        {{"-H", "db1,db2", "-p", "6432"}, {"db1:6432", "db2:6432"}},
        {{"-H", "db1,db2", "-p", "1,65535"}, {"db1:1", "db2:65535"}},
        {{"-H", "/run/postgresql"}, {"/run/postgresql:5432"}},
        {{"-H", "@abstract"}, {"@abstract:5432"}},
        {{"-H", "::1"}, {"[::1]:5432"}},
        {{"-H", "[::1]"}, {"[::1]:5432"}},
        {{"-H", "[fe80::1%eth0],10.0.0.1"}, {"[fe80::1%eth0]:5432", "10.0.0.1:5432"}},
        {{"--uri", "postgresql://[::1]:6000,db2/x"}, {"[::1]:6000", "db2:5432"}},
        {{"--uri", "postgres://db1:1,db2:2/x"}, {"db1:1", "db2:2"}},
        {{"--uri", "postgresql://%2Frun%2Fpostgresql/x"}, {"/run/postgresql:5432"}},
    }));
    CAPTURE(c.arguments);
    Scene scene;
    auto arguments = c.arguments;
    arguments.insert(arguments.end(), {"-d", "x"});
    const auto config = scene.load(arguments);
    std::vector<std::string> endpoints;
    for (const auto& endpoint : config.endpoints) {
        endpoints.push_back(endpoint.text());
    }
    CHECK(endpoints == c.endpoints);
}

TEST_CASE("an address replaces the look-up of its host", "[arguments]")
{
    Scene scene;
    const auto config = scene.load({"-d", "x", "-H", "db1,db2", "--hostaddr", "10.0.0.1,10.0.0.2"});
    REQUIRE(config.endpoints.size() == 2);
    CHECK(config.endpoints[0].hostaddr == "10.0.0.1");
    CHECK(config.endpoints[1].hostaddr == "10.0.0.2");
    CHECK(config.endpoints[1].host == "db2");
}

TEST_CASE("a wrong command line is one line that names the option, the value and what is allowed",
          "[arguments]")
{
    struct Case {
        std::vector<std::string> arguments = {};
        std::string message = {};
    };
    const std::string ranges = "a range is 10, 10:, ~:10, 10:20 or @10:20 with start not above end";
    const std::string times = "a bare number is seconds; us, ms, s, m, h may follow";
    const std::string not_shown =
        "the value (not shown: a password goes to --password-file or DB_PASSWORD)";
    const std::string no_string =
        "a connection string is not expected here; use --host, --database, --user";
    const auto c = GENERATE_COPY(values<Case>({
        {{}, "DB_NAME is required. Set environment variable or use --database flag"},
        {{"-d", ""}, "-d: the value is empty"},
        {{"--hots", "x"}, "unknown option '--hots'; did you mean '--host'? (see --help)"},
        {{"--databse=x"}, "unknown option '--databse'; did you mean '--database'? (see --help)"},
        {{"--zzzzzz"}, "unknown option '--zzzzzz' (see --help)"},
        {{"--zzzzzz=hunter2"}, "unknown option '--zzzzzz' (see --help)"},
        {{"-Z"}, "unknown option '-Z' (see --help)"},
        {{"-vZ"}, "unknown option '-Z' (see --help)"},
        {{"-v=2"}, "-v takes no value; use -vv"},
        {{"-vv=2"}, "-v takes no value; use -vv"},
        {{"-="}, "unknown option '-=' (see --help)"},
        {{"--host"}, "option '--host' needs a value"},
        {{"-H"}, "option '-H' needs a value"},
        {{"-vH"}, "option '-H' needs a value"},
        {{"--quiet=1"}, "option '--quiet' takes no value"},
        {{"--ver"}, "option '--ver' is ambiguous; write it out, for example '--verbose'"},
        {{"-d", "x\n"},
         "-d: the value ends in a line end; write it without one (printf, not echo)"},
        {{"-d", "x", "-U", "m\r\n"},
         "-U: the value ends in a line end; write it without one (printf, not echo)"},
        {{"-d", "x", "-H", "db 1"}, "-H: 'db 1' has a blank, as no host's name"},
        {{"-d", "x", "-H", " "}, "-H: ' ' names an empty host"},
        {{"-d", "x", "-H", "db1", "--hostaddr", "db2"},
         "--hostaddr: 'db2' is not an IP address; a name goes to --host, a port to --port"},
        {{"-d", "x", "-H", "db1", "--hostaddr", "10.0.0.1:5432"},
         "--hostaddr: '10.0.0.1:5432' is not an IP address; a name goes to --host, a port to "
         "--port"},
        {{"-d", "x", "-H", "/" + std::string(94, 's')},
         "-H: the socket's path '/" + std::string(94, 's') +
             "/.s.PGSQL.5432' is longer than a system can take (107 bytes)"},
        {{"mydb"}, "unexpected argument 'mydb'; db-up takes options only (see --help)"},
        {{"-d", "x", "extra", "-v"},
         "unexpected argument 'extra'; db-up takes options only (see --help)"},
        {{"-d", "x", "--", "-v"},
         "unexpected argument '-v'; db-up takes options only (see --help)"},
        {{"-d", "x", "-p", "0"}, "-p: '0' is not a TCP port (1 to 65535)"},
        {{"-d", "x", "--port", "65536"}, "--port: '65536' is not a TCP port (1 to 65535)"},
        {{"-d", "x", "-p", "-1"}, "-p: '-1' is not a TCP port (1 to 65535)"},
        {{"-d", "x", "-p", "5432x"}, "-p: " + not_shown + " is not a TCP port (1 to 65535)"},
        {{"-d", "x", "-l", "monitor", "-p", "s3cr3t"},
         "-p: " + not_shown + " is not a TCP port (1 to 65535)"},
        {{"-d", "x", "-H", "db1:5432"}, "-H: 'db1:5432' is no host's name; a port goes to --port"},
        {{"-d", "x", "-H", "[::1]:5432"},
         "-H: '[::1]:5432' is no host's name; a port goes to --port"},
        {{"-d", "x", "-H", "u:hunter2@db1"},
         "-H: '@' stands in no host's name; a connection URI goes to --uri"},
        {{"-d", "x", "-H", "/run/postgresql/.s.PGSQL.5432"},
         "-H: '/run/postgresql/.s.PGSQL.5432' is a socket; name its folder, and its number with "
         "--port"},
        {{"-d", "host=db1 dbname=x password=hunter2"}, "-d: " + no_string},
        {{"-d", "x", "-H", " password = hunter2"}, "-H: " + no_string},
        {{"-d", "x", "-p", "54 32"}, "-p: '54 32' is not a TCP port (1 to 65535)"},
        {{"-d", "x", "-p", "5432,"},
         "-p: 2 ports for 1 hosts; give one port, or one for each host"},
        {{"-d", "x", "-p", ""}, "-p: the value is empty"},
        {{"-d", "x", "-H", "a,b", "-p", "1,2,3"},
         "-p: 3 ports for 2 hosts; give one port, or one for each host"},
        {{"-d", "x", "-H", "a,,b"}, "-H: 'a,,b' names an empty host"},
        {{"-d", "x", "--hostaddr", "10.0.0.1,10.0.0.2"},
         "--hostaddr: give one address for each host"},
        {{"-d", "x", "--ssl-mode", "xyz"},
         "--ssl-mode: Invalid ssl_mode 'xyz'. Valid options: disable, allow, prefer, require, "
         "verify-ca, verify-full"},
        {{"-d", "x", "--sslmode", "requier"},
         "--sslmode: Invalid ssl_mode 'requier'. Valid options: disable, allow, prefer, require, "
         "verify-ca, "
         "verify-full. Did you mean 'require'?"},
        {{"-d", "x", "--retry-backoff", "expo"},
         "--retry-backoff: Invalid retry_backoff 'expo'. Valid options: fixed, linear, "
         "exponential"},
        {{"-d", "x", "--exit-style", "nagois"},
         "--exit-style: Invalid exit_style 'nagois'. Valid options: nagios, simple, isready. Did "
         "you mean 'nagios'?"},
        {{"-d", "x", "--role", "master"},
         "--role: Invalid role 'master'. Valid options: any, primary, standby"},
        {{"-d", "x", "--timeout-state", "good"},
         "--timeout-state: Invalid timeout_state 'good'. Valid options: ok, warning, critical, "
         "unknown"},
        {{"-d", "x", "-t", "0"}, "-t: '0' is not a time from 100ms to 1h (" + times + ")"},
        {{"-d", "x", "-t", "2h"}, "-t: '2h' is not a time from 100ms to 1h (" + times + ")"},
        {{"-d", "x", "-t", "5x"}, "-t: '5x' is not a time from 100ms to 1h (" + times + ")"},
        {{"-d", "x", "-t", ""}, "-t: '' is not a time from 100ms to 1h (" + times + ")"},
        {{"-d", "x", "-t", "30000"}, "-t: '30000' would be 30000 seconds; write 30000ms or 30s"},
        {{"-d", "x", "--statement-timeout", "5500"},
         "--statement-timeout: '5500' would be 5500 seconds; write 5500ms or 5.5s"},
        {{"-d", "x", "--max-retries", "-1"},
         "--max-retries: '-1' is not a whole number from 0 to 100"},
        {{"-d", "x", "--max-retries", "1.5"},
         "--max-retries: '1.5' is not a whole number from 0 to 100"},
        {{"-d", "x", "--max-retries", "three"},
         "--max-retries: 'three' is not a whole number from 0 to 100"},
        {{"-d", "x", "--max-retries", "99999999999"},
         "--max-retries: '99999999999' is not a whole number from 0 to 100"},
        {{"-d", "x", "-w", "1x"},
         "-w: '1x' is not a range; " + ranges + "; a number may end in us, ms, s, m, h"},
        {{"-d", "x", "-c", "cert_days=1d"}, "-c: '1d' is not a range; " + ranges},
        {{"-d", "x", "-w", "/root:10"},
         "-w: '/root:10' is not a range; the shell has expanded an unquoted '~'; write it in "
         "quotes, for example "
         "'~:10'"},
        {{"-d", "x", "-w", "foo=1"},
         "-w: 'foo' is no metric of this check (time, up, resolve, connect, tls, auth, query, "
         "skew, retries, "
         "cert_days)"},
        {{"-d", "x", "--critical", "cert_day=1:"},
         "--critical: 'cert_day' is no metric of this check (time, up, resolve, connect, tls, "
         "auth, query, skew, "
         "retries, cert_days); did you mean 'cert_days'?"},
        {{"-d", "x", "--state", "dns=good"},
         "--state: Invalid state 'good'. Valid options: ok, warning, critical, unknown"},
        {{"-d", "x", "--monitor"},
         "--monitor: db-up checks once and ends; let cron, a systemd timer or the monitoring host "
         "repeat it"},
        {{"-d", "x", "--interval", "4"},
         "--interval: '4': Check interval must be between 5 and 3600 seconds"},
        {{"-d", "x", "-i", "1h1"}, "-i: '1h1': Check interval must be between 5 and 3600 seconds"},
        {{"-d", "postgresql://h/d"},
         "-d: a connection URI is not expected here; use --uri or DATABASE_URL"},
        {{"-d", "x", "--password-file", "/none"},
         "--password-file: cannot open '/none': No such file or directory"},
        {{"-d", "x", "--service", "none"},
         "service 'none': definition of service \"none\" not found; looked for in the "
         "pg_service.conf of the system (pg_config --sysconfdir); there is no home folder"},
        {{"-d", "x", "--service", "none", "--service-file", "/srv/services"},
         "service 'none': definition of service \"none\" not found; looked for in /srv/services "
         "and "
         "the pg_service.conf of the system (pg_config --sysconfdir)"},
        {{"--uri", "postgresql://h:99999/x"},
         "--uri (port): '99999' is not a TCP port (1 to 65535)"},
        {{"--uri", "postgresql://h/x?sslmode=strong"},
         "--uri (sslmode): Invalid ssl_mode 'strong'. Valid options: disable, allow, prefer, "
         "require, verify-ca, "
         "verify-full"},
        {{"--uri", "postgresql://h/x?options=-c%20a%3Db"},
         "--uri: 'options' is not supported by db-up; leave it out"},
        {{"-d", "x", "-H", "a|b\nc,"}, "-H: 'a/b c,' names an empty host"},
    }));
    CAPTURE(c.arguments);
    Scene scene;
    const auto outcome = scene.run(c.arguments);
    CHECK(outcome.exit_code == 3);
    CHECK(outcome.text == config_line(c.message));
    CHECK(scene.connector.resolved == 0);
    CHECK(scene.connector.opened.empty());
}

TEST_CASE("a class of errors that does not exist is refused with the list of those that do",
          "[arguments]")
{
    std::vector<std::string_view> names;
    for (const auto& row : dbup::error_table()) {
        if (!row.option.empty()) {
            names.push_back(row.option);
        }
    }
    const auto* const text = GENERATE("foo=ok", "dns", "=ok", "internal=ok");
    Scene scene;
    CHECK(refusal(scene, {"-d", "x", "--state", text}) ==
          "--state: '" + std::string{text} + "' is not CLASS=STATE with CLASS one of " +
              dbup::joined(names));
    CHECK_THAT(refusal(scene, {"-d", "x", "--state", "refussed=ok"}),
               has("Did you mean 'refused'?"));
}

TEST_CASE("a connection URI that cannot be used is refused by the name of its source",
          "[arguments]")
{
    struct Case {
        const char* uri = "";
        const char* reason = "";
    };
    const auto c = GENERATE(values<Case>({
        {"mysql://u:hunter2@h/d",
         "unsupported database scheme: mysql (this build speaks postgresql)"},
        {"h/d?hunter2",
         "failed to parse postgres DSN: a connection URI begins with postgresql:// or postgres://"},
        {"host=h password=hunter2", "failed to parse postgres DSN: a connection URI begins with"},
        {"postgresql://u:hunter2@[::1/d", "failed to parse postgres DSN: "},
        {"postgresql://u:hunter2%@h/d", "failed to parse postgres DSN: "},
        {"postgresql://h/d?hunter2=1", "failed to parse postgres DSN: "},
        {"postgresql://h/d?password", "failed to parse postgres DSN: "},
        // What libpq would take for a host, a port or a database.
        {"postgresql://u:hunter1@hunter2@h/d", "'@' or '/' stands where none can; in user, "},
        {"postgresql://u:4711/hunter2@h/d", "write %3A for :, %2F for /, %40 for @"},
        {"postgresql://u:hunter2/x@h/d", "failed to parse postgres DSN: "},
        {"postgresql://u:hunter2?x@y@h/d", "failed to parse postgres DSN: "},
        {"postgresql://u:hunter2?connect_timeout=1", "the port is no number from 1 to 65535; in "},
        {"postgresql://u:123456#hunter2", "write %23 for #, %2F for /, %3A for :, %3F"},
        {"postgresql://h:5432/d?port=hunter2", "the port is no number from 1 to 65535"},
    }));
    CAPTURE(c.uri);
    Scene by_option;
    const auto told = by_option.run({"--uri", c.uri});
    CHECK(told.exit_code == 3);
    CHECK_THAT(told.text, has(c.reason) && has("--uri") && !has("hunter2"));
    CHECK(std::count(told.text.begin(), told.text.end(), '\n') == 1);

    Scene by_environment;
    by_environment.environment.variables["DATABASE_URL"] = c.uri;
    const auto answer = by_environment.run({"-d", "x"});
    CHECK(answer.exit_code == 3);
    CHECK_THAT(answer.text, has(c.reason) && has("DATABASE_URL") && !has("hunter2"));
}

TEST_CASE("bad input is told in the style that was asked for", "[arguments]")
{
    struct Case {
        std::vector<std::string> arguments = {};
        int exit_code = 0;
        bool says_something = true;
    };
    const auto c = GENERATE(values<Case>({
        {{"-p", "0", "-d", "x"}, 3, true},
        {{"-p", "0", "-d", "x", "--exit-style", "isready"}, 3, true},
        {{"-p", "0", "-d", "x", "--exit-style", "simple"}, 1, true},
        {{"-q", "-p", "0", "-d", "x"}, 3, false},
        {{"--exit-style=simple", "-q"}, 1, false},
    }));
    CAPTURE(c.arguments);
    Scene scene;
    const auto outcome = scene.run(c.arguments);
    CHECK(outcome.exit_code == c.exit_code);
    CHECK(outcome.text.empty() != c.says_something);
}

TEST_CASE("a password on the command line is refused and overwritten", "[arguments]")
{
    const auto arguments = GENERATE(values<std::vector<std::string>>({
        {"-d", "x", "--password", "hunter2"},
        {"-d", "x", "--password=hunter2"},
        {"-d", "x", "-password=hunter2"}, // not port "assword=hunter2"
        {"-d", "x", "-password", "hunter2"},
        {"-d", "x", "--passwordhunter2"},
    }));
    CAPTURE(arguments);
    Scene scene;
    const auto outcome = scene.run(arguments);
    CHECK(outcome.exit_code == 3);
    CHECK(outcome.text ==
          config_line(
              "--password: every user can see a command line; use DB_PASSWORD, DB_PASSWORD_FILE or "
              "--password-file"));
    for (const auto& argument : scene.arguments) {
        CHECK_THAT(argument, !has("hunter2"));
    }
}

TEST_CASE("a connection string with a password is overwritten where ps would show it",
          "[arguments]")
{
    struct Case {
        std::vector<std::string> arguments = {};
        bool usable = false;
    };
    const auto c = GENERATE(values<Case>({
        {{"--uri", "postgresql://u:hunter2@h/d"}, true},
        {{"--uri=postgresql://u:hunter2@h/d"}, true},
        {{"--uri", "postgresql://u@h/d?password=hunter2"}, true},
        {{"-d", "postgresql://u:hunter2@h/d"}, false},
        {{"-d", "host=h password=hunter2"}, false},
        {{"postgresql://u:hunter2@h/d"}, false},
        {{"password=hunter2"}, false},
    }));
    CAPTURE(c.arguments);
    Scene scene;
    const auto outcome = scene.run(c.arguments);
    CHECK((outcome.exit_code == 0) == c.usable);
    CHECK_THAT(outcome.text, !has("hunter2"));
    for (const auto& argument : scene.arguments) {
        CHECK_THAT(argument, !has("hunter2"));
    }
}

TEST_CASE("options without a secret are left as they are", "[arguments]")
{
    Scene scene;
    const std::vector<std::string> arguments{"--uri", "postgresql://u@h/d", "-U", "someone"};
    static_cast<void>(scene.load(arguments));
    CHECK(scene.arguments == arguments);
}

} // namespace

} // namespace dbup_test
