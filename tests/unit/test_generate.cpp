// SPDX-License-Identifier: MIT
// --generate by the front door: what is in a definition, what is not, and what is refused.
#include "config/definition.hpp"
#include "config/manual.hpp"
#include "core/text.hpp"

#include "support/catch.hpp"
#include "unit/fakes.hpp"

namespace dbup_test {

namespace {

std::vector<std::string> generate(const std::string& kind, std::vector<std::string> more = {})
{
    more.insert(more.begin(), {"-H", "db1", "-d", "mydb", "-U", "db_monitor", "--generate", kind});
    return more;
}

std::vector<std::string> kinds()
{
    std::vector<std::string> names;
    for (const auto& row : dbup::definition_table) {
        names.emplace_back(row.name);
    }
    return names;
}

TEST_CASE("every kind is printed without a connection and without a secret", "[generate]")
{
    for (const auto& kind : kinds()) {
        CAPTURE(kind);
        Scene scene;
        scene.environment.variables = {{"DB_PASSWORD", "hunter22"}};
        const auto outcome = scene.run(generate(kind));
        CHECK(outcome.exit_code == 0);
        CHECK_THAT(outcome.text, has("db_monitor") && has("mydb") && !has("hunter22"));
        CHECK(outcome.text.ends_with('\n'));
        CHECK_FALSE(outcome.text.starts_with("DB-UP"));
        CHECK(scene.connector.resolved == 0);
        CHECK(scene.connector.opened.empty());
    }
}

TEST_CASE("every kind is in the help and the manual", "[generate]")
{
    Scene scene;
    const auto help = scene.run({"--help"}).text;
    for (const auto& row : dbup::definition_table) {
        CHECK_THAT(help, has("\n  " + std::string{row.name} + ' '));
        CHECK_THAT(dbup::kinds_mdoc(),
                   has(".It Cm " + dbup::replaced(row.name, "-", "\\-") + '\n'));
    }
}

TEST_CASE("a kind that there is not is refused with those that there are", "[generate]")
{
    Scene scene;
    const auto outcome = scene.run({"--generate", "nagoss"}); // no database: the kind comes first
    CHECK(outcome.exit_code == 3);
    CHECK(outcome.text == config_line("--generate: Invalid kind 'nagoss'. Valid options: config, "
                                      "env, pgpass-line, nagios, icinga2, nrpe, zabbix, systemd, "
                                      "cron, sql, docker-healthcheck, kubernetes. Did you mean "
                                      "'nagios'?"));
}

TEST_CASE("a definition needs a complete configuration", "[generate]")
{
    struct Case {
        std::vector<std::string> arguments = {};
        const char* message = "";
    };
    const auto c = GENERATE(values<Case>({
        {{"--generate", "cron"}, "DB_NAME is required"},
        {{"-d", "x", "--generate", "cron", "-w", "nonsense"}, "nonsense"},
        {{"-d", "x", "--generate", "cron", "--interval", "2"}, "must be between 5 and 3600"},
        {{"-d", "x", "--generate", "cron", "-p", "0"}, "'0' is not a TCP port"},
        {{"-d", "a\nb", "--generate", "config"}, "which no definition can carry"},
        {{"-d", "a\xFF", "--generate", "sql"}, "which no definition can carry"},
        {{"-d", "x", "--generate", "cron", "--password-file", "secret"},
         "--password-file: 'secret' depends on the folder; write the whole path"},
        {{"-d", "x", "--generate", "env", "--ssl-root-cert", "ca.pem"}, "depends on the folder"},
        {{"-d", "x", "--generate", "sql"}, "name the role that is to be created"},
        {{"-d", "x", "--generate", "systemd", "--password-file", "/a:b"}, "cannot carry '/a:b'"},
    }));
    CAPTURE(c.arguments);
    Scene scene;
    const auto outcome = scene.run(c.arguments);
    CHECK(outcome.exit_code == 3);
    CHECK_THAT(outcome.text, has("DB-UP UNKNOWN - ") && has(c.message) && has("[CONFIG_ERROR]"));
}

TEST_CASE("a line that is too long for its reader is refused", "[generate]")
{
    const auto* const kind = GENERATE("cron", "nrpe");
    Scene scene;
    const auto outcome = scene.run(generate(kind, {"--application-name", std::string(2'100, 'x')}));
    CHECK(outcome.exit_code == 3);
    CHECK_THAT(outcome.text, has("[CONFIG_ERROR]") && has("bytes"));
}

TEST_CASE("only what differs from the defaults is named, beside the essentials", "[generate]")
{
    Scene scene;
    CHECK(scene.run(generate("docker-healthcheck", {"--timeout", "10s"})).text ==
          "# db-up in a Dockerfile; the password is a secret that is mounted into the container.\n"
          "HEALTHCHECK --interval=60s --timeout=12s --retries=3 CMD [\"db-up\", \"--host\", "
          "\"db1\", \"--port\", \"5432\", \"--database\", \"mydb\", \"--user\", \"db_monitor\", "
          "\"--ssl-mode\", \"require\", \"--password-file\", \"/run/secrets/db-password\", "
          "\"--exit-style\", \"simple\"]\n");
    const auto text = scene
                          .run(generate("docker-healthcheck",
                                        {"--timeout",
                                         "3500ms",
                                         "--no-retry-jitter",
                                         "-w",
                                         "0.5",
                                         "-w",
                                         "cert_days=30:",
                                         "--state",
                                         "refused=warning",
                                         "--allow-cleartext-password",
                                         "--redact-hosts",
                                         "-v",
                                         "--interval",
                                         "5m"}))
                          .text;
    CHECK_THAT(text, has("--interval=300s --timeout=6s "));
    CHECK_THAT(text,
               has("\"--allow-cleartext-password\", \"--timeout\", \"3500ms\", "
                   "\"--no-retry-jitter\", \"--warning\", \"0.5\", \"--warning\", "
                   "\"cert_days=30:\", \"--state\", \"refused=warning\", \"--redact-hosts\", "
                   "\"--password-file\""));
}

TEST_CASE("the parts of a URI are named, not the URI", "[generate]")
{
    Scene scene;
    scene.environment.variables = {
        {"DATABASE_URL", "postgresql://mon:hunter22@db7:6432/shop?sslmode=verify-full"}};
    const auto outcome = scene.run({"--generate", "env"});
    CHECK(outcome.exit_code == 0);
    CHECK_THAT(outcome.text,
               has("DB_HOST=db7\nDB_PORT=6432\nDB_NAME=shop\nDB_USER=mon\n"
                   "DB_SSL_MODE=verify-full\n") &&
                   has("DB_PASSWORD_FILE=/etc/db-up/password\n") && !has("hunter22") &&
                   !has("URL"));
}

TEST_CASE("the password's file is the one of the settings, where they have one", "[generate]")
{
    struct Case {
        const char* name = "";
        std::vector<std::string> arguments = {};
        std::map<std::string, std::string, std::less<>> variables = {};
        std::string file = {}; ///< empty: none is named
    };
    const auto c = GENERATE(values<Case>({
        {"nothing is known", {}, {}, "/etc/db-up/password"},
        {"a file that only another user can read",
         {"--password-file", "/srv/secret"},
         {},
         "/srv/secret"},
        {"standard input", {"--password-file", "-"}, {}, "/etc/db-up/password"},
        {"systemd's credential",
         {},
         {{"CREDENTIALS_DIRECTORY", "/run/cred"}},
         "/etc/db-up/password"},
        {"a socket needs none", {"-H", "/run/postgresql"}, {}, ""},
        {"a socket, but a password is given",
         {"-H", "/run/postgresql"},
         {{"DB_PASSWORD", "x"}},
         "/etc/db-up/password"},
        {"libpq's password file", {"--passfile", "/srv/pgpass"}, {}, ""},
        {"a client certificate", {"--ssl-cert", "/srv/c.pem", "--ssl-key", "/srv/k.pem"}, {}, ""},
    }));
    CAPTURE(c.name);
    Scene scene;
    scene.environment.variables = c.variables;
    scene.reader.files = {{"/run/cred/db-password", "x"}};
    const auto text = scene.run(generate("env", c.arguments)).text;
    if (c.file.empty()) {
        CHECK_THAT(text, has("DB_HOST=") && !has("DB_PASSWORD_FILE"));
    } else {
        CHECK_THAT(text, has("DB_PASSWORD_FILE=" + c.file + '\n'));
    }
    CHECK(scene.reader.files_read.empty());
}

TEST_CASE("a definition may name files that are not here", "[generate]")
{
    Scene scene;
    scene.reader.objections = {{"/srv/ca.pem", "No such file or directory"}};
    const auto outcome = scene.run(
        generate("cron", {"--ssl-mode", "verify-full", "--ssl-root-cert", "/srv/ca.pem"}));
    CHECK(outcome.exit_code == 0);
    CHECK_THAT(outcome.text, has("--ssl-root-cert /srv/ca.pem"));
}

TEST_CASE("a configuration file that is generated says the same again", "[generate]")
{
    const std::vector<std::string> more{"-w",
                                        "500ms",
                                        "-w",
                                        "cert_days=30:",
                                        "-c",
                                        "2",
                                        "--state",
                                        "refused=warning",
                                        "--no-retry-jitter",
                                        "--application-name",
                                        "a \"b\" \\ 'c' #: %$",
                                        "--exit-style",
                                        "simple",
                                        "--password-file",
                                        "/srv/secret",
                                        "--interval",
                                        "90"};
    Scene first;
    const auto text = first.run(generate("config", more)).text;
    CHECK_THAT(text, has("  exit_style: \"simple\"\n") && has("  check_interval: \"90\"\n"));
    Scene second;
    second.reader.files = {{"/srv/config.yaml", text}};
    CHECK(second.run({"--config", "/srv/config.yaml", "--generate", "config"}).text == text);
}

TEST_CASE("psql is led to a database whose name looks like a connection string", "[generate]")
{
    struct Case {
        const char* database = "";
        const char* line = "";
    };
    const auto c = GENERATE(values<Case>({
        {"my\"db", "\n\\connect \"my\"\"db\"\n"},
        {"a=b", "\n\\connect -reuse-previous=on \"dbname='a=b'\"\n"},
        {R"(a=b'c\d"e)", "\n\\connect -reuse-previous=on \"dbname='a=b\\'c\\\\d\"\"e'\"\n"},
    }));
    const auto* const check = GENERATE("activity", "write");
    CAPTURE(c.database, check);
    std::vector<std::string> words{
        "-d", c.database, "-U", "mon", "--check", check, "--generate", "sql"};
    if (std::string_view{check} == "write") {
        words.insert(words.end(), {"--write-table", "t"});
    }
    Scene scene;
    CHECK_THAT(scene.run(words).text, has(c.line));
}

TEST_CASE("the SQL grants what the chosen check needs", "[generate]")
{
    struct Case {
        std::vector<std::string> arguments = {};
        const char* line = "";
    };
    const auto c = GENERATE(values<Case>({
        {{"--check", "connection"}, "\n-- GRANT pg_monitor TO \"db_monitor\";\n"},
        {{"--check", "activity"}, "\n\\connect \"mydb\"\nGRANT pg_monitor TO \"db_monitor\";\n"},
        {{"--check", "replication"}, "\nGRANT pg_monitor TO \"db_monitor\";\n"},
        {{"--check", "archive"}, "\nGRANT pg_monitor TO \"db_monitor\";\n"},
        {{"--check", "sequences"},
         "\nGRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO \"db_monitor\";\n-- and so for "
         "every schema with sequences\n"},
        {{"--check", "cluster"},
         "\nGRANT EXECUTE ON FUNCTION pg_catalog.pg_control_system() TO \"db_monitor\";\n"},
        {{"--check", "settings", "--only", "hba_trust"},
         "GRANT SELECT ON pg_hba_file_rules TO \"db_monitor\";\n"},
        {{"--check", "write", "--write-table", "t"},
         "\nGRANT SELECT, INSERT, UPDATE ON \"public\".\"t\" TO \"db_monitor\";\n"},
        {{"--query", "SELECT x"}, "\n-- For --check query: what the query reads"},
    }));
    CAPTURE(c.arguments);
    Scene scene;
    const auto text = scene.run(generate("sql", c.arguments)).text;
    CHECK_THAT(text, has(c.line));
    const auto first = text.find("GRANT pg_monitor"); // once, or not at all
    CHECK((first == std::string::npos ||
           text.find("GRANT pg_monitor", first + 1) == std::string::npos));
}

TEST_CASE("PgBouncer's console knows no SQL for roles", "[generate]")
{
    Scene scene;
    const auto outcome = scene.run(
        {"-H", "db1", "-d", "pgbouncer", "-U", "mon", "--check", "pool", "--generate", "sql"});
    CHECK(outcome.exit_code == 3);
    CHECK_THAT(outcome.text, has("'mon' to stats_users") && has("userlist.txt"));
}

TEST_CASE("a timer keeps its interval", "[generate]")
{
    struct Case {
        const char* interval = "";
        const char* times = "";
        bool calendar = true;
    };
    const auto c = GENERATE(values<Case>({
        {"60", "OnCalendar=minutely\n"},
        {"20", "OnCalendar=*:*:0/20\n"},
        {"5", "OnCalendar=*:*:0/5\n"},
        {"300", "OnCalendar=*:0/5\n"},
        {"3600", "OnCalendar=hourly\n"},
        {"90", "OnUnitActiveSec=90\n", false},
        {"45", "OnUnitActiveSec=45\n", false},
        {"420", "OnUnitActiveSec=420\n", false},
    }));
    CAPTURE(c.interval);
    Scene scene;
    const auto text = scene.run(generate("systemd", {"--interval", c.interval})).text;
    CHECK_THAT(text, has(c.times) && has("AccuracySec=1s\n"));
    CHECK((text.find("RandomizedDelaySec=") != std::string::npos) == c.calendar);
    CHECK((text.find("OnUnitActiveSec=") == std::string::npos) == c.calendar);
}

TEST_CASE("a password that nobody wrote yet is said to be missing", "[generate]")
{
    Scene scene;
    CHECK_THAT(scene.run(generate("systemd")).text, has("# First put the password there: install"));
    CHECK_THAT(scene.run(generate("systemd", {"--password-file", "/srv/secret"})).text,
               !has("First put") && has("LoadCredential=db-password:/srv/secret\n"));
}

TEST_CASE("libpq's password file gets a line for each host", "[generate]")
{
    Scene scene;
    const auto text =
        scene.run({"-H", "[::1],db2,/var/run/postgresql", "-d", "a:b", "--generate", "pgpass-line"})
            .text;
    CHECK_THAT(text,
               has("\n\\:\\:1:5432:a\\:b:postgres:PASSWORD\ndb2:5432:a\\:b:postgres:PASSWORD\n"
                   "/var/run/postgresql:5432:a\\:b:postgres:PASSWORD\n"
                   "localhost:5432:a\\:b:postgres:PASSWORD\n"));
}

TEST_CASE("a definition for a host with little time has a shorter limit", "[generate]")
{
    Scene scene;
    CHECK_THAT(scene.run(generate("nrpe")).text, has("--timeout 8s"));
    CHECK_THAT(scene.run(generate("nrpe", {"-t", "3"})).text, has("--timeout 3s"));
    CHECK_THAT(scene.run(generate("zabbix", {"-t", "60"})).text,
               has("--timeout 28s") && has("Timeout=30\n"));
}

TEST_CASE("a setting of answer or log is kept where it can stand, else named", "[generate]")
{
    struct Case {
        const char* kind = "";
        const char* kept = "";
        const char* left_out = "";
    };
    const auto c = GENERATE(values<Case>({
        {"cron", " --output text --output-file '/srv/a b' --exit-style simple --no-hints ", ""},
        {"cron", " --log-level info --log-file /srv/log ", ""},
        {"nagios", " --no-hints --log-file /srv/log ", "# not in this definition: --output text\n"},
        {"nagios", "", "# not in this definition: --output-file '/srv/a b'\n"},
        {"icinga2", "vars.db_up_no_hints = true\n", "// not in this definition: --output text\n"},
        {"icinga2", "vars.db_up_log_file = \"/srv/log\"\n", ""},
        {"nrpe", " --no-hints ", "# not in this definition: --exit-style simple\n"},
        {"zabbix", " --no-hints ", "# not in this definition: --log-level info\n"},
        {"systemd", " --output text --exit-style simple --no-hints\n", ": --log-file /srv/log\n"},
        {"docker-healthcheck", "\"--output\", \"text\"", ": --log-file /srv/log\n"},
        {"kubernetes", "- \"--no-hints\"\n", ": --log-file /srv/log\n"},
    }));
    CAPTURE(c.kind);
    Scene scene;
    const auto text = scene
                          .run(generate(c.kind,
                                        {"--output",
                                         "text",
                                         "--output-file",
                                         "/srv/a b",
                                         "--exit-style",
                                         "simple",
                                         "--no-hints",
                                         "--log-level",
                                         "info",
                                         "--log-file",
                                         "/srv/log"}))
                          .text;
    CHECK_THAT(text, has(c.kept) && has(c.left_out));
    const bool names_some = std::string{c.kind} != "cron";
    CHECK((text.find("not in this definition") != std::string::npos) == names_some);
    CHECK((text.find(": --exit-style") == std::string::npos || names_some));
}

TEST_CASE("the codes that a container has anyway are not said to be missing", "[generate]")
{
    Scene scene;
    CHECK_THAT(scene.run(generate("kubernetes", {"--exit-style", "simple"})).text,
               !has("not in this definition"));
    CHECK_THAT(scene.run(generate("kubernetes", {"--exit-style", "isready"})).text,
               has("# not in this definition: --exit-style isready\n"));
}

TEST_CASE("a password in another setting is refused", "[generate]")
{
    for (const auto& kind : kinds()) {
        CAPTURE(kind);
        Scene scene;
        scene.environment.variables = {{"DB_PASSWORD", "hunter22"}};
        const auto outcome = scene.run(generate(kind, {"--application-name", "xhunter22"}));
        CHECK(outcome.exit_code == 3);
        CHECK(outcome.text == config_line("--application-name: has a password in it, which no "
                                          "definition may carry"));
    }
    Scene scene;
    scene.environment.variables = {{"DB_PASSWORD", "postgres"}};
    CHECK(scene.run({"-d", "mydb", "-H", "/var/run/postgresql", "--generate", "cron"}).exit_code ==
          0);
}

TEST_CASE("whoever would keep the quotes of a value is named", "[generate]")
{
    Scene scene;
    const auto plain = scene.run(generate("env")).text;
    CHECK_THAT(plain, has("and '--env-file' of containers.\nDB_HOST="));
    const auto quoted = scene.run(generate("env", {"--application-name", "a b"})).text;
    CHECK_THAT(quoted,
               has("Not for docker's --env-file,\n# which takes the quotes for a part of the "
                   "value: ") &&
                   has("=\"a b\"\n") && !has("of containers"));
}

} // namespace

} // namespace dbup_test
