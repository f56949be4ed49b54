// SPDX-License-Identifier: MIT
// --dry-run and --info: the settings in effect, and where they come from.
#include "config/options.hpp"
#include "core/text.hpp"

#include <algorithm>

#include "support/catch.hpp"
#include "unit/fakes.hpp"

namespace dbup_test {

namespace {

bool has_line(const std::string& text, const std::string& line)
{
    const auto lines = dbup::parts_of(text, '\n');
    return std::find(lines.begin(), lines.end(), line) != lines.end();
}

TEST_CASE("a dry run shows every setting with its source", "[dry-run]")
{
    Scene scene;
    scene.environment.variables = {{"DB_USER", "watch"}};
    scene.reader.services = {{"prod", {{"sslmode", "prefer"}}}};
    const auto outcome =
        scene.run(command_line({"--dry-run", "--service", "prod", "-w", "500ms", "-c", "tls=2"}));
    CHECK(outcome.exit_code == 0);
    CHECK(has_line(outcome.text, "  host                      db1                           -H"));
    CHECK(
        has_line(outcome.text,
                 "  user                      watch                         environment DB_USER"));
    CHECK(has_line(
        outcome.text,
        "  ssl-mode                  prefer                        service 'prod' (--service) "
        "(sslmode)"));
    CHECK(has_line(outcome.text,
                   "  timeout                   10s                           default"));
    CHECK(
        has_line(outcome.text, "  time                      warning 0.5 critical 9        -w, -c"));
    CHECK(
        has_line(outcome.text, "  tls                       warning (none) critical 2     -w, -c"));
    CHECK(has_line(outcome.text,
                   "  cert_days                 warning 14: critical 7:       default"));
    for (const auto& row : dbup::option_table()) {
        if (row.name == "interval") { // shown as the scheduler's
            continue;
        }
        const bool shown = row.fate == dbup::Fate::used && row.group != dbup::Group::action &&
                           !dbup::asks_for_action(row);
        CAPTURE(row.name);
        CHECK((outcome.text.find("\n  " + std::string{row.name} + "  ") != std::string::npos) ==
              shown);
    }
    CHECK(outcome.text.ends_with('\n'));
    CHECK_FALSE(outcome.text.ends_with("\n\n"));
}

TEST_CASE("a dry run connects to nothing and looks nothing up", "[dry-run]")
{
    Scene scene;
    CHECK(scene.run(command_line({"--dry-run"})).exit_code == 0);
    CHECK(scene.connector.resolved == 0);
    CHECK(scene.connector.opened.empty());
}

TEST_CASE("a dry run shows no secret", "[dry-run]")
{
    struct Case {
        std::vector<std::string> arguments = {};
        std::map<std::string, std::string, std::less<>> variables = {};
        const char* line = "";
    };
    const auto c = GENERATE(values<Case>({
        {{},
         {{"DB_PASSWORD", "hunter2hunter2"}},
         "  password                  ***                           environment DB_PASSWORD"},
        {{"--uri", "postgresql://joe:hunter2hunter2@db9/mydb"},
         {},
         "  password                  ***                           --uri (password)"},
        {{"--password-file", "/secret"},
         {},
         "  password                  ***                           file /secret "
         "(--password-file)"},
    }));
    Scene scene;
    scene.environment.variables = c.variables;
    scene.reader.files = {{"/secret", "hunter2hunter2\n"}};
    const auto outcome = scene.run(command_line(c.arguments));
    auto arguments = c.arguments;
    arguments.emplace_back("--dry-run");
    const auto dry = scene.run(command_line(arguments));
    CHECK(has_line(dry.text, c.line));
    CHECK_THAT(dry.text, !has("hunter2"));
    CHECK_THAT(dry.text, !has("Where a password was looked for"));
}

TEST_CASE("a dry run says what the scheduler has to know", "[dry-run]")
{
    Scene scene;
    const auto given = scene.run(command_line({"--dry-run", "--interval", "60", "-t", "8"})).text;
    CHECK(has_line(given, "  interval                  60"));
    CHECK(has_line(given, "  a run is over after       8s; its own limit must be longer"));
    CHECK_THAT(given, has("\nNotes:\n  --interval: accepted"));
    const auto silent = scene.run(command_line({"--dry-run"})).text;
    CHECK(has_line(silent, "  interval                  (the scheduler's own)"));
    CHECK_THAT(silent, !has("\nNotes:"));
}

TEST_CASE("a dry run fits 100 columns but for long values", "[dry-run]")
{
    Scene scene;
    scene.environment.variables = {{"DATABASE_URL", "postgresql://joe@db9/mydb?sslmode=prefer"}};
    const auto outcome = scene.run({"--dry-run"});
    CHECK_THAT(outcome.text, has("\n  not set: --password-file, ") && has("\n    "));
    for (const auto line : dbup::parts_of(outcome.text, '\n')) {
        CAPTURE(line);
        CHECK(line.size() <= 100);
        CHECK_FALSE(line.ends_with(' '));
    }
    const auto long_value =
        scene.run({"--dry-run", "-H", "a.very.long.name.of.a.host.example.org"}).text;
    CHECK_THAT(long_value,
               has("  host                      a.very.long.name.of.a.host.example.org\n") &&
                   has("\n                                                          -H\n"));
}

TEST_CASE("foreign text in settings is cleaned", "[dry-run]")
{
    Scene scene;
    scene.environment.variables = {{"DB_APPLICATION_NAME", "a|b\x1b[1m\nuser  root"}};
    const auto outcome = scene.run(command_line({"--dry-run"}));
    CHECK_THAT(outcome.text, has("  a/b [1m user root  ") && !has("\x1b") && !has("|"));
}

TEST_CASE("a dry run of wrong settings is the usual line", "[dry-run]")
{
    struct Case {
        std::vector<std::string> arguments = {};
        const char* message = "";
    };
    const auto c = GENERATE(values<Case>({
        {{"--dry-run"}, "DB_NAME is required. Set environment variable or use --database flag"},
        {{"--dry-run", "-d", "mydb", "-p", "70000"}, "-p: '70000' is not a TCP port (1 to 65535)"},
        {{"--dry-run", "-d", "mydb", "--validate"},
         "--validate: another action was asked for before; give one of them"},
        {{"-d", "mydb", "--offline"},
         "--offline: a check connects; add --validate, or use --dry-run"},
    }));
    Scene scene;
    const auto outcome = scene.run(c.arguments);
    CHECK(outcome.exit_code == 3);
    CHECK(outcome.text == config_line(c.message));
    CHECK(scene.connector.resolved == 0);
}

TEST_CASE("help wins over every other action", "[dry-run]")
{
    const auto arguments = GENERATE(values<std::vector<std::string>>(
        {{"--dry-run", "--help"}, {"--help", "--dry-run"}, {"--validate", "-p", "x", "-h"}}));
    Scene scene;
    CHECK_THAT(scene.run(arguments).text, Catch::Matchers::StartsWith("Usage: db-up "));
}

TEST_CASE("quiet holds for dry-run and info", "[dry-run]")
{
    const auto* const action = GENERATE("--dry-run", "--info");
    Scene scene;
    const auto outcome = scene.run(command_line({action, "-q"}));
    CHECK(outcome.text.empty());
    CHECK(outcome.exit_code == 0);
}

TEST_CASE("info tells versions, files and settings", "[info]")
{
    Scene scene;
    scene.environment.variables = {{"HOME", "/home/monitor"}, {"DB_PASSWORD", "hunter2hunter2"}};
    scene.reader.files = {{"/home/monitor/.pg_service.conf", ""}, {"/ca.crt", ""}};
    scene.reader.objections = {{"/home/monitor/.pg_service.conf", "Permission denied"}};
    const auto outcome = scene.run(command_line({"--info", "--ssl-root-cert", "/ca.crt"}));
    CHECK(outcome.exit_code == 0);
    CHECK_THAT(outcome.text,
               Catch::Matchers::StartsWith("db-up ") && has("\nlibpq ") && has("\nOpenSSL ") &&
                   has("\nlibyaml ") && has("\ncompiler "));
    CHECK(has_line(outcome.text, "  user                      monitor (uid 1000)"));
    CHECK(has_line(outcome.text, "  HOME                      /home/monitor"));
    CHECK(has_line(outcome.text,
                   "  service file              /home/monitor/.pg_service.conf: found, mode 0600, "
                   "of monitor; not usable: Permission denied"));
    CHECK(has_line(outcome.text, "  libpq's password file     /home/monitor/.pgpass: not found"));
    CHECK(has_line(outcome.text, "  password file             (none)"));
    CHECK(has_line(outcome.text, "  configuration             /etc/db-up/config.yaml: not found"));
    CHECK(has_line(outcome.text,
                   "  authorities               /ca.crt: found, mode 0600, of monitor"));
    CHECK(has_line(outcome.text,
                   "  password                  ***                           environment "
                   "DB_PASSWORD"));
    CHECK_THAT(outcome.text, !has("What is wrong") && !has("hunter2") && !has("\n\n\n"));
    CHECK(scene.connector.resolved == 0);
}

TEST_CASE("info tells what a configuration file says, and what is wrong in it", "[info]")
{
    Scene scene;
    scene.reader.files = {{"/good", "database:\n  name: mydb\n  host: db7\n"},
                          {"/bad", "database:\n  nmae: mydb\n"}};
    const auto good = scene.run({"--info", "--config", "/good"});
    CHECK(good.exit_code == 0);
    CHECK(has_line(good.text, "  configuration             /good: found, mode 0600, of monitor"));
    CHECK(has_line(good.text,
                   "  host                      db7                           file /good line 3 "
                   "(database.host)"));
    const auto bad = scene.run({"--info", "--config", "/bad", "-U", "watch"});
    CHECK(bad.exit_code == 3);
    CHECK_THAT(bad.text, has("line 2") && has("nmae") && has("DB_NAME is required"));
    CHECK(has_line(bad.text, "  user                      watch                         -U"));
}

TEST_CASE("info works without a home", "[info]")
{
    Scene scene;
    const auto outcome = scene.run(command_line({"--info", "--password-file", "-"}));
    CHECK_THAT(outcome.text,
               has("  HOME                      (none)\n") &&
                   has("  service file              (none)\n") &&
                   has("  password file             standard input\n"));
}

TEST_CASE("info tells all that is wrong with the settings, and what is right", "[info]")
{
    Scene scene;
    scene.environment.variables = {{"DB_PORT", "nonsense"}, {"DB_SSL_MODE", "full"}};
    const auto outcome = scene.run({"--info",
                                    "-U",
                                    "watch",
                                    "-w",
                                    "no range",
                                    "--timeout",
                                    "never",
                                    "--ssl-cert",
                                    "/none",
                                    "--password-file",
                                    "/none"});
    CHECK(outcome.exit_code == 3);
    CHECK(has_line(outcome.text, "  user                      watch                         -U"));
    const auto wrong = outcome.text.substr(outcome.text.find("What is wrong with the settings:"));
    CHECK_THAT(wrong,
               has("'nonsense' is not a TCP port") && has("Invalid ssl_mode 'full'") &&
                   has("DB_NAME is required.") && has("--timeout: 'never' is not a time") &&
                   has("--password-file: ") && has("-w: 'no range' is not a range"));
    CHECK(outcome.text.ends_with('\n'));
    CHECK(scene.connector.resolved == 0);
}

TEST_CASE("info of an unknown option is the usual line", "[info]")
{
    Scene scene;
    const auto outcome = scene.run({"--info", "--no-such-thing"});
    CHECK(outcome.exit_code == 3);
    CHECK_THAT(headline(outcome.text), Catch::Matchers::EndsWith("[CONFIG_ERROR]"));
}

TEST_CASE("files of a command that is only looked at are said not to be written", "[dry-run]")
{
    const std::vector<std::string> action =
        GENERATE(values<std::vector<std::string>>({{"--dry-run"}, {"--validate", "--offline"}}));
    Scene scene;
    auto arguments = action;
    arguments.insert(arguments.end(), {"--output-file", "/srv/out", "--log-file", "/srv/log"});
    const auto outcome = scene.run(command_line(arguments));
    CHECK_THAT(outcome.text,
               has("--output-file: '/srv/out' is not written now, only by a check") &&
                   has("--log-file: '/srv/log' is not written now, only by a check"));
    scene.environment.variables = {{"DB_OUTPUT_FILE", "/srv/out"}};
    CHECK_THAT(scene.run(command_line(action)).text, !has("not written now"));
}

} // namespace

} // namespace dbup_test
