// SPDX-License-Identifier: MIT
// What may stand in a configuration file, and what is said about everything else.
#include "config/config_file.hpp"
#include "config/load.hpp"
#include "core/text.hpp"

#include "support/catch.hpp"
#include "unit/fakes.hpp"

namespace dbup_test {

namespace {

const std::string path = "/etc/db-up/config.yaml";

/// A run whose configuration file has this text.
struct Filed : Scene {
    explicit Filed(std::string text) { reader.files[path] = std::move(text); }
};

TEST_CASE("a configuration file says everything that the plan has", "[config]")
{
    Filed scene{R"(---
# a comment
database:
  host: db1.example.com
  port: 5433
  name: mydb
  user: 'db_monitor'
  ssl_mode: "verify-full"
  ssl_cert: null
  ssl_key: ~
  ssl_root_cert: /etc/db-up/ca.crt
  connect_timeout: 2
  statement_timeout: 1500ms
  application_name: db-up-monitor
monitor:
  check_interval: 60
  max_retries: 2
  retry_backoff: fixed
  retry_delay: 1
  retry_jitter: off
  health_check_query: "SELECT 1 AS health_check"
  read_only_mode: true
logging:
  level: INFO
  output: console
  file_path: logs/db-up.log
  max_file_size: 10485760
  backup_count: 5
  redact_credentials: yes
  redact_hostnames: true
alerts:
  enabled: false
  consecutive_failures: 3
  webhook_url: null
...
)"};
    const auto config = scene.load({});
    CHECK(config.config_file == path);
    CHECK(config.endpoints.at(0).text() == "db1.example.com:5433");
    CHECK(config.database == "mydb");
    CHECK(config.user == "db_monitor");
    CHECK(config.ssl_mode == dbup::SslMode::verify_full);
    CHECK(config.ssl_cert.empty());
    CHECK(config.ssl_root_cert == "/etc/db-up/ca.crt");
    CHECK(config.connect_timeout == Millis{2'000});
    CHECK(config.statement_timeout == Millis{1'500});
    CHECK(config.application_name == "db-up-monitor");
    CHECK(config.max_retries == 2);
    CHECK(config.backoff.growth == dbup::Growth::fixed);
    CHECK_FALSE(config.retry_jitter);
    CHECK(config.redact_hosts);
    CHECK(setting(config, "port").origin == "file " + path + " line 5 (database.port)");
    CHECK_THAT(config.notes,
               Catch::Matchers::VectorContains("file " + path +
                                               " line 16 (monitor.check_interval): " +
                                               std::string{dbup::find_option("interval")->help}));
}

TEST_CASE("limits and states are given as a text, a list or a map", "[config]")
{
    struct Case {
        const char* text = "";
        const char* warning = "";
        const char* state = "";
    };
    const auto c = GENERATE(values<Case>({
        {"  warning: 500ms\n  state: dns=ok\n", "500ms", "dns=ok"},
        {"  warning: [500ms, 'cert_days=20:']\n  state: [dns=ok, slots=warning]\n",
         "500ms cert_days=20:",
         "dns=ok slots=warning"},
        {"  warning:\n    time: 500ms\n    cert_days: '20:'\n  state:\n    dns: ok\n",
         "time=500ms cert_days=20:",
         "dns=ok"},
        {"  warning: {time: ~:10, skew: 10:20}\n  state: {slots: warning}\n",
         "time=~:10 skew=10:20",
         "slots=warning"},
        {"  warning: []\n  state: {}\n", "", ""},
    }));
    CAPTURE(c.text);
    Filed scene{std::string{"monitor:\n"}.append(c.text)};
    const auto config = scene.load({"-d", "x"});
    CHECK(setting(config, "warning").value == c.warning);
    CHECK(setting(config, "state").value == c.state);
}

TEST_CASE("a limit of the command line replaces that of the file, label by label", "[config]")
{
    Filed scene{"monitor:\n  warning: {time: 1ms, cert_days: '200:'}\n"};
    const auto outcome = scene.run({"-d", "x", "-w", "5"});
    CHECK_THAT(perfdata_of(outcome.text), has("s;5;9;0;10 ") && has("cert_days=80;200:;7:"));
}

TEST_CASE("what is empty or null is not set", "[config]")
{
    const auto* const text = GENERATE("",
                                      "\n",
                                      "# nothing\n",
                                      "---\n",
                                      "---\n...\n",
                                      "null\n",
                                      "database:\n",
                                      "database: {}\n",
                                      "database:\n  host:\n  user: ''\n  port: ~\n",
                                      "alerts:\n  webhook_url:\n",
                                      "database:\n  password: null\n",
                                      "\xEF\xBB\xBF# with a mark\n",
                                      "database:\r\n  host: null\r\n");
    CAPTURE(text);
    Filed scene{text};
    const auto config = scene.load({"-d", "x"});
    CHECK(config.endpoints.at(0).text() == "localhost:5432");
    CHECK(config.user == "postgres");
}

TEST_CASE("words are text, whatever other programs make of them", "[config]")
{
    Filed scene{"database:\r\n  host: no\r\n  user: 1e3\r\n  name: \"null\"\r\n"
                "  application_name: d\xc3\xb6nt\r\nmonitor: {retry_jitter: No}\r\n"};
    const auto config = scene.load({});
    CHECK(config.host_list == "no");
    CHECK(config.user == "1e3");
    CHECK(config.database == "null");
    CHECK(config.application_name == "d\xc3\xb6nt");
    CHECK_FALSE(config.retry_jitter);
}

TEST_CASE("a mistake in the file is told with its line, its key and what was expected", "[config]")
{
    struct Case {
        std::string text = {};
        const char* message = "";
    };
    // clang-format off
    const auto c = GENERATE(values<Case>({
        {"database:\n  prot: 1\n", "line 2 (database.prot): unknown key 'prot' in 'database'; did you mean 'port'?"},
        {"database:\n  ssl-mode: x\n", "line 2 (database.ssl-mode): unknown key 'ssl-mode' in 'database'; did you mean 'ssl_mode'?"},
        {"database:\n  Host: x\n", "line 2 (database.Host): unknown key 'Host' in 'database'; did you mean 'host'?"},
        {"database:\n  zzzzzz: x\n", "line 2 (database.zzzzzz): unknown key 'zzzzzz' in 'database'"},
        {"databse:\n  port: 1\n", "line 2 (databse.port): unknown section 'databse'; expected one of database, monitor, "
                                  "checks, output, logging, alerts; did you mean 'database'?"},
        {"databse:\n", "line 1 (databse): unknown section 'databse'; expected one of database, monitor, checks, output, logging, "
                       "alerts; did you mean 'database'?"},
        {"host: x\n", "line 1 (host): 'host' belongs to the section 'database'"},
        {"database:\n  max_retries: 1\n", "line 2 (database.max_retries): 'max_retries' belongs to the section 'monitor'"},
        {"database: x\n", "line 1 (database): this is a section; expected lines 'key: value' below it"},
        {"database: [host]\n", "line 1 (database): this is a section; expected lines 'key: value' below it"},
        {"- database\n", "line 1: expected sections with settings, for example 'database:'"},
        {"database\n", "line 1: expected sections with settings, for example 'database:'"},
        {"database:\n  host: [a, b]\n", "line 2 (database.host): expected one value, not a list or map"},
        {"database:\n  host: {a: b}\n", "line 2 (database.host): expected one value, not a list or map"},
        {"monitor:\n  warning: [[1]]\n", "line 2: 'warning': expected a value, not a list or map"},
        {"monitor:\n  warning: {time: {a: 1}}\n", "line 2: 'time': expected a value, not a list or map"},
        {"database:\n  port: 5_432\n", "line 2 (database.port): '5_432' is not a TCP port (1 to 65535)"},
        {"database:\n  port: 0x10\n", "line 2 (database.port): '0x10' is not a TCP port (1 to 65535)"},
        {"monitor:\n  max_retries: 1.0\n", "line 2 (monitor.max_retries): '1.0' is not a whole number from 0 to 100"},
        {"monitor:\n  max_retries: many\n", "line 2 (monitor.max_retries): 'many' is not a whole number from 0 to 100"},
        {"monitor:\n  retry_jitter: maybe\n", "line 2 (monitor.retry_jitter): Invalid retry_jitter 'maybe'. Valid options: true, false"},
        {"monitor:\n  timeout: 1:30\n", "line 2 (monitor.timeout): '1:30' is not a time from 100ms to 1h (a bare number is "
                                        "seconds; us, ms, s, m, h may follow)"},
        {"monitor:\n  check_interval: 1\n", "line 2 (monitor.check_interval): '1': Check interval must be between 5 and 3600 seconds"},
        {"monitor:\n  state:\n    startin: ok\n", "line 3 (monitor.state.startin): 'startin=ok' is not CLASS=STATE"},
        {"monitor:\n  warning:\n    tme: 1\n", "line 3 (monitor.warning.tme): 'tme' is no metric of this check"},
        {"output:\n  verbose: 7\n", "line 2 (output.verbose): '7' is not a whole number from 0 to 3"},
        {"database:\n  ssl_mode: verify_full\n", "line 2 (database.ssl_mode): Invalid ssl_mode 'verify_full'"},
        {"database:\n  host: \"a\\0b\"\n", "line 2 (database.host): the value holds a NUL byte"},
        {"database:\n  uri: x\n", "line 2 (database.uri): failed to parse postgres DSN: a connection URI begins with postgresql:// or postgres://"},
        {"database:\n  host: postgresql://u:p@h/d\n", "line 2 (database.host): a connection URI is not expected here"},
        {"database:\n  name: a\n  database: b\n", "line 3 (database.database): names another value for --database than "
                                                  "file /etc/db-up/config.yaml line 2 (database.name); remove one"},
        {"database:\n  connection_uri: postgresql://h/\n  uri: postgresql://g/\n",
         "line 3 (database.uri): names another value for --uri than file /etc/db-up/config.yaml line 2 (database.connection_uri); remove one"},
        // what is never done
        {"database:\n  password: hunter2\n", "line 2 (database.password): a password does not belong in a configuration file; name a "
                                             "file that holds nothing else with database.password_file, or use DB_PASSWORD_FILE or DB_PASSWORD"},
        {"password: hunter2\n", "line 1 (password): a password does not belong in a configuration file"},
        {"alerts:\n  password: [hunter2]\n", "line 2 (alerts.password): a password does not belong in a configuration file"},
        {"database:\n  connection_uri: postgresql://u:hunter2@h/d\n",
         "line 2 (database.connection_uri): a password does not belong in a configuration file; leave it out of the URI"},
        {"database:\n  uri: postgresql://h/d?password=hunter2\n", "line 2 (database.uri): a password does not belong in a configuration file"},
        {"monitor:\n  read_only_mode: false\n", "line 2 (monitor.read_only_mode): nothing but 'true' is accepted; the check always runs "
                                                "in a read-only transaction"},
        {"monitor:\n  read_only_mode: [true]\n", "line 2 (monitor.read_only_mode): nothing but 'true' is accepted"},
        {"logging:\n  redact_credentials: false\n", "line 2 (logging.redact_credentials): nothing but 'true' is accepted; passwords are never shown"},
        {"alerts:\n  webhook_url: https://x/\n", "line 2 (alerts.webhook_url): db-up opens no connection but to the database"},
        {"monitor:\n  monitor: true\n", "line 2 (monitor.monitor): unknown key 'monitor' in 'monitor'"},
        {"output:\n  help: true\n", "line 2 (output.help): unknown key 'help' in 'output'"},
        {"output:\n  config: /x\n", "line 2 (output.config): unknown key 'config' in 'output'"},
        // YAML that has no place here
        {"database: &a\n  host: x\n", "line 1: anchors, aliases and tags (&, *, !) are not used here"},
        {"database:\n  host: &a x\n", "line 2: anchors, aliases and tags (&, *, !) are not used here"},
        {"database: *a\n", "line 1: anchors, aliases and tags (&, *, !) are not used here"},
        {"database:\n  port: !!int 1\n", "line 2: anchors, aliases and tags (&, *, !) are not used here"},
        {"monitor:\n  warning: !!seq [1]\n", "line 2: anchors, aliases and tags (&, *, !) are not used here"},
        {"a: &a [x, x]\nb: &b [*a, *a]\n", "line 1: anchors, aliases and tags (&, *, !) are not used here"},
        {"database:\n  <<: {host: x}\n", "line 2: merge keys (<<) are not used here; write the settings out"},
        {"database:\n  host: a\n  host: b\n", "line 3: 'host' is there twice; remove one"},
        {"database:\n  host: a\ndatabase:\n  port: 1\n", "line 3: 'database' is there twice; remove one"},
        {"monitor:\n  warning: {time: 1, time: 2}\n", "line 2: 'time' is there twice; remove one"},
        {"database:\n---\nmonitor:\n", "line 2: a second document begins (---); one file holds one"},
        {"? [a]\n: b\n", "line 1: expected 'key: value' with a word as key"},
        {"database:\n\thost: x\n", "line 2: not valid YAML: found character that cannot start any token; indent with blanks, not with tabs"},
        {"monitor:\n  warning: @10\n", "line 2: not valid YAML: found character that cannot start any token; write 'key: value', and quote"},
        {"monitor:\n  warning: 20:\n", "line 2: not valid YAML: mapping values are not allowed in this context; write"},
        {"database:\n  host: \"x\n", "not valid YAML: "},
        {"database: {host: x\n", "not valid YAML: "},
        {"%YAML 9.9\n---\n", "line 1: not valid YAML: found incompatible YAML document"},
        {"database:\n  host: \xff\n", "line 2: not valid UTF-8 text (invalid leading UTF-8 octet); save the file as UTF-8"},
        {"database:\n  host: \x1b[31m\n", "line 2: not valid UTF-8 text (control characters are not allowed)"},
        {"\xff\xfe""d", "file /etc/db-up/config.yaml: the text is UTF-16; save the file as UTF-8"},
        {std::string("\xff\xfe\0\0d\0\0\0", 8), "file /etc/db-up/config.yaml: the text is UTF-32; save the file as UTF-8"},
        {std::string("\0\0\xfe\xff\0\0\0d", 8), "file /etc/db-up/config.yaml: the text is UTF-32; save the file as UTF-8"},
    }));
    // clang-format on
    CAPTURE(c.text);
    Filed scene{c.text};
    scene.reader.home_folder = "/h";
    const auto outcome = scene.run({"-d", "mydb"});
    CHECK(outcome.exit_code == 3);
    CHECK_THAT(outcome.text,
               Catch::Matchers::StartsWith("DB-UP UNKNOWN - file " + path) && has(c.message) &&
                   has("[CONFIG_ERROR]") && !has("hunter2"));
    CHECK(scene.connector.resolved == 0);
}

TEST_CASE("a file that would take long is refused as soon as that is seen", "[config]")
{
    const std::string many =
        GENERATE(std::string(60'000, '['),
                 std::string(60'000, '{'),
                 "database: {host: " + std::string(60'000, '['),
                 "monitor:\n  warning: [" + dbup::replaced(std::string(20'000, 'x'), "x", "1,"),
                 dbup::replaced(std::string(5'000, 'x'), "x", "? x\n"),
                 "database:\n  host: " + std::string(60'000, 'h'),
                 std::string(60'000, 'h') + ": x\n",
                 std::string(60'000, '-'),
                 dbup::replaced(std::string(20'000, 'x'), "x", "- "));
    CAPTURE(many.substr(0, 30));
    Filed scene{many};
    CHECK_THAT(refusal(scene, {"-d", "x"}), Catch::Matchers::StartsWith("file " + path + " line "));
}

TEST_CASE("how the answer is to be given holds for mistakes in the file too", "[config]")
{
    struct Case {
        const char* file = "";
        std::vector<std::string> arguments = {};
        int exit_code = 0;
        bool quiet = false;
    };
    const auto c = GENERATE(values<Case>({
        {"output:\n  exit_style: simple\n", {}, 1, false},
        {"output:\n  exit_style: simple\n", {"--exit-style", "nagios"}, 3, false},
        {"output:\n  quiet: true\n", {}, 3, true},
        {"output:\n  quiet: false\n", {"-q"}, 3, true},
    }));
    CAPTURE(c.file, c.arguments);
    const auto* const mistake = GENERATE("monitor:\n  tiemout: 1\n", "database:\n  port: x\n");
    Filed scene{std::string{c.file}.append(mistake)};
    auto arguments = c.arguments;
    arguments.insert(arguments.end(), {"-d", "x"});
    const auto outcome = scene.run(arguments);
    CHECK(outcome.exit_code == c.exit_code);
    CHECK(outcome.text.empty() == c.quiet);
}

TEST_CASE("a variable that loses does not change how a mistake is told", "[config]")
{
    Scene scene;
    scene.environment.variables = {{"DB_EXIT_STYLE", "nagios"}, {"DB_CHECK_INTERVAL", "1"}};
    CHECK(scene.run({"-d", "x", "--exit-style", "simple"}).exit_code == 1);
}

TEST_CASE("the command line says how verbose, the file only where it is silent", "[config]")
{
    Filed scene{"output:\n  verbose: 2\n"};
    CHECK(scene.load({"-d", "x"}).verbosity == 2);
    CHECK(scene.load({"-d", "x", "-v"}).verbosity == 1);
    CHECK(scene.load({"-d", "x", "-vvv"}).verbosity == 3);
}

TEST_CASE("the file that was asked for must be there, the usual one may be missing", "[config]")
{
    Scene scene;
    CHECK(scene.load({"-d", "x"}).config_file.empty());
    CHECK(refusal(scene, {"-d", "x", "--config", "/none"}) == "--config: there is no file '/none'");
    scene.environment.variables["DB_UP_CONFIG"] = "/none";
    CHECK(refusal(scene, {"-d", "x"}) == "environment DB_UP_CONFIG: there is no file '/none'");
    scene.reader.files["/mine"] = "database:\n  name: mine\n";
    scene.reader.files[path] = "database:\n  name: usual\n";
    CHECK(scene.load({"--config", "/mine"}).database == "mine");
    CHECK(setting(scene.load({"--config", "/mine"}), "config").value == "/mine");
    scene.environment.variables.clear();
    CHECK(scene.load({}).database == "usual");
    CHECK(scene.run({"--version"}).exit_code == 3);
}

TEST_CASE("a service of the file is read only if no other one is named", "[config]")
{
    Filed scene{"database:\n  service: weak\n"};
    scene.reader.services = {{"strong", {{"dbname", "strong"}}}};
    CHECK(scene.load({"--service", "strong"}).database == "strong");
    scene.environment.variables["PGSERVICE"] = "strong";
    CHECK(scene.load({}).database == "strong");
    scene.environment.variables.clear();
    scene.reader.services["weak"] = {{"dbname", "weak"}};
    CHECK(setting(scene.load({}), "database").origin ==
          "service 'weak' (file " + path + " line 2 (database.service)) (dbname)");
}

TEST_CASE("an address of the file belongs to the host of the file", "[config]")
{
    Filed scene{"database:\n  hostaddr: 192.0.2.1\n  host: db1\n  name: x\n"};
    CHECK(scene.load({}).endpoints.at(0).hostaddr == "192.0.2.1");
    CHECK(scene.load({"-H", "db2"}).endpoints.at(0).hostaddr.empty());
}

TEST_CASE("the time limit of the file holds from when the file was read", "[config]")
{
    struct Case {
        std::vector<std::string> arguments = {};
        const char* variable = "";
        std::vector<Millis> told = {};
    };
    const auto c = GENERATE(values<Case>({
        {{}, "", {Millis{10'000}, Millis{60'000}}},
        {{}, "7", {Millis{7'000}, Millis{7'000}}},
        {{"-t", "3"}, "7", {Millis{3'000}, Millis{3'000}}},
    }));
    Filed scene{"monitor:\n  timeout: 60\n"};
    scene.environment.variables["DB_TOTAL_TIMEOUT"] = c.variable;
    auto arguments = c.arguments;
    arguments.insert(arguments.end(), {"-d", "x"});
    std::vector<char*> argv;
    for (auto& argument : arguments) {
        argv.push_back(argument.data());
    }
    std::vector<Millis> told;
    std::size_t told_before_reading = 0;
    scene.reader.on_read = [&] { told_before_reading = told.size(); };
    dbup::Config config;
    dbup::load(config,
               {.arguments = argv,
                .environment = &scene.environment,
                .reader = &scene.reader,
                .on_timeout = [&](Millis timeout) { told.push_back(timeout); }});
    CHECK(told == c.told);
    CHECK(told_before_reading == 1);
    CHECK(config.timeout == c.told.back());
}

} // namespace

} // namespace dbup_test
