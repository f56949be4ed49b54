// SPDX-License-Identifier: MIT
// Where settings come from, and which source wins.
#include "config/load.hpp"

#include <fmt/format.h>

#include <array>

#include "support/catch.hpp"
#include "unit/fakes.hpp"

namespace dbup_test {

namespace {

/// A place that can give a host; the origin is what --verbose calls it.
struct Level {
    const char* origin = "";
    void (*give)(Scene& scene,
                 std::vector<std::string>& arguments,
                 const std::string& host) = nullptr;
};

void give_variable(Scene& scene, const char* name, const std::string& value)
{
    scene.environment.variables[name] = value;
}

/// A line of the section "database", before those that are there.
void add_to_file(Scene& scene, std::string line)
{
    auto& text = scene.reader.files["/etc/db-up/config.yaml"];
    text = "database:\n" + line.append(text.substr(std::min<std::size_t>(text.size(), 10)));
}

// From the weakest to the strongest.
constexpr std::array levels{
    Level{"default", [](Scene&, std::vector<std::string>&, const std::string&) {}},
    Level{"service 'filed' (file /etc/db-up/config.yaml line 2 (database.service)) (host)",
          [](Scene& scene, std::vector<std::string>&, const std::string& host) {
              add_to_file(scene, "  service: filed\n");
              scene.reader.services["filed"] = {{"host", host}};
          }},
    Level{"file /etc/db-up/config.yaml line 2 (database.host)",
          [](Scene& scene, std::vector<std::string>&, const std::string& host) {
              add_to_file(scene, "  host: " + host + '\n');
          }},
    Level{"file /etc/db-up/config.yaml line 2 (database.connection_uri) (host)",
          [](Scene& scene, std::vector<std::string>&, const std::string& host) {
              add_to_file(scene, "  connection_uri: postgresql://" + host + '\n');
          }},
    Level{"environment PGHOST",
          [](Scene& scene, std::vector<std::string>&, const std::string& host) {
              give_variable(scene, "PGHOST", host);
          }},
    Level{"environment POSTGRES_HOST",
          [](Scene& scene, std::vector<std::string>&, const std::string& host) {
              give_variable(scene, "POSTGRES_HOST", host);
          }},
    Level{"service 'weak' (PGSERVICE) (host)",
          [](Scene& scene, std::vector<std::string>&, const std::string& host) {
              give_variable(scene, "PGSERVICE", "weak");
              scene.reader.services["weak"] = {{"host", host}};
          }},
    Level{"environment DB_HOST",
          [](Scene& scene, std::vector<std::string>&, const std::string& host) {
              give_variable(scene, "DB_HOST", host);
          }},
    Level{"environment DATABASE_URL (host)",
          [](Scene& scene, std::vector<std::string>&, const std::string& host) {
              give_variable(scene, "DATABASE_URL", "postgresql://" + host);
          }},
    Level{"service 'strong' (--service) (host)",
          [](Scene& scene, std::vector<std::string>& arguments, const std::string& host) {
              arguments.insert(arguments.end(), {"--service", "strong"});
              scene.reader.services["strong"] = {{"host", host}};
          }},
    Level{"-H",
          [](Scene&, std::vector<std::string>& arguments, const std::string& host) {
              arguments.insert(arguments.end(), {"-H", host});
          }},
    Level{"--uri (host)",
          [](Scene&, std::vector<std::string>& arguments, const std::string& host) {
              arguments.insert(arguments.end(), {"--uri", "postgresql://" + host});
          }},
};

TEST_CASE("of two sources the stronger one wins, whatever their order", "[sources]")
{
    for (std::size_t weak = 0; weak < levels.size(); ++weak) {
        for (std::size_t strong = weak + 1; strong < levels.size(); ++strong) {
            CAPTURE(levels.at(weak).origin, levels.at(strong).origin);
            Scene scene;
            std::vector<std::string> arguments{"-d", "x"};
            levels.at(weak).give(scene, arguments, "weak.example");
            levels.at(strong).give(scene, arguments, "strong.example");
            const auto config = scene.load(arguments);
            CHECK(setting(config, "host").value == "strong.example");
            CHECK(setting(config, "host").origin == levels.at(strong).origin);
        }
    }
}

TEST_CASE("a URL overrides the single variables for what it names, and only for that", "[sources]")
{
    Scene scene;
    scene.environment.variables = {{"DB_HOST", "single"},
                                   {"DB_PORT", "1111"},
                                   {"DB_NAME", "single"},
                                   {"DB_USER", "single"},
                                   {"DATABASE_URL", "postgresql://fromurl@fromurl"}};
    const auto config = scene.load({});
    CHECK(config.endpoints.at(0).text() == "fromurl:1111");
    CHECK(config.user == "fromurl");
    CHECK(config.database == "single");

    scene.environment.variables["DATABASE_URL"] =
        "postgres://a:b@h:2222/d?sslmode=verify-full&sslrootcert=/ca&connect_timeout=3";
    const auto whole = scene.load({});
    CHECK(whole.endpoints.at(0).text() == "h:2222");
    CHECK(whole.database == "d");
    CHECK(whole.ssl_mode == dbup::SslMode::verify_full);
    CHECK(whole.connect_timeout == Millis{3'000});
}

TEST_CASE("a connect_timeout without a limit, or nothing at all, changes nothing", "[sources]")
{
    const auto* const query =
        GENERATE("connect_timeout=0", "connect_timeout=-1", "sslmode=", "ssl=true");
    CAPTURE(query);
    Scene scene;
    const auto config = scene.load({"--uri", std::string{"postgresql://h/d?"} + query});
    CHECK(config.connect_timeout == Millis{5'000});
    CHECK(config.ssl_mode == dbup::SslMode::require);
}

TEST_CASE("keywords that db-up sets itself are ignored with a note", "[sources]")
{
    Scene scene;
    const auto config =
        scene.load({"--uri", "postgresql://h/d?keepalives=0&client_encoding=LATIN1"});
    REQUIRE(config.notes.size() == 2);
    CHECK_THAT(config.notes[0] + config.notes[1],
               has("--uri: keepalives is set by db-up itself") &&
                   has("--uri: client_encoding is set by db-up itself"));
}

TEST_CASE("two names of one setting must agree", "[sources]")
{
    struct Case {
        const char* first = "";
        const char* second = "";
        const char* value = "";
        const char* other = "";
        const char* option = "";
    };
    const auto c = GENERATE(values<Case>({
        {"DB_SSL_MODE", "DB_SSLMODE", "require", "prefer", "ssl-mode"},
        {"DB_TIMEOUT", "DB_CONNECT_TIMEOUT", "3", "4", "connect-timeout"},
        {"DB_STATEMENT_TIMEOUT", "DB_MONITOR_TIMEOUT", "3", "4", "statement-timeout"},
        {"DB_CHECK_INTERVAL", "DB_MONITOR_INTERVAL", "60", "61", "interval"},
    }));
    CAPTURE(c.first, c.second);
    Scene scene;
    scene.environment.variables = {{c.first, c.value}, {c.second, c.other}};
    const auto outcome = scene.run({"-d", "x"});
    CHECK(outcome.exit_code == 3);
    CHECK(outcome.text ==
          config_line(fmt::format("environment {} and {} name different values for --{}; unset one",
                                  c.first,
                                  c.second,
                                  c.option)));
    scene.environment.variables[c.second] = c.value;
    CHECK(refusal(scene, {"-d", "x"}).empty());
}

TEST_CASE("a wrong variable is one line that names it", "[sources]")
{
    struct Case {
        const char* name = "";
        const char* value = "";
        const char* message = "";
    };
    const auto c = GENERATE(values<Case>({
        {"DB_PORT", "abc", "environment DB_PORT: 'abc' is not a TCP port (1 to 65535)"},
        {"PGPORT", "70000", "environment PGPORT: '70000' is not a TCP port (1 to 65535)"},
        {"DB_SSL_MODE",
         "strong",
         "environment DB_SSL_MODE: Invalid ssl_mode 'strong'. Valid options: disable, allow, "
         "prefer, require, "
         "verify-ca, verify-full"},
        {"DB_RETRY_JITTER",
         "maybe",
         "environment DB_RETRY_JITTER: Invalid retry_jitter 'maybe'. Valid options: true, false"},
        {"DB_STATEMENT_TIMEOUT",
         "30000",
         "environment DB_STATEMENT_TIMEOUT: '30000' would be 30000 seconds; write 30000ms or 30s"},
        {"DB_MAX_RETRIES",
         "many",
         "environment DB_MAX_RETRIES: 'many' is not a whole number from 0 to 100"},
        {"DB_CHECK_INTERVAL",
         "1",
         "environment DB_CHECK_INTERVAL: '1': Check interval must be between 5 and 3600 seconds"},
        {"DB_PASSWORD_FILE",
         "/none",
         "environment DB_PASSWORD_FILE: cannot open '/none': No such file or directory"},
        {"PGSERVICE",
         "none",
         "service 'none': definition of service \"none\" not found; looked for in the "
         "pg_service.conf of the system (pg_config --sysconfdir); there is no home folder"},
        {"DATABASE_URL",
         "postgresql://h:0/d",
         "environment DATABASE_URL (port): '0' is not a TCP port (1 to 65535)"},
    }));
    CAPTURE(c.name);
    Scene scene;
    scene.environment.variables[c.name] = c.value;
    const auto outcome = scene.run({"-d", "x"});
    CHECK(outcome.exit_code == 3);
    CHECK(outcome.text == config_line(c.message));
    CHECK(scene.connector.resolved == 0);
}

TEST_CASE("the service file can be named", "[sources]")
{
    Scene scene;
    scene.reader.services["/etc/services:svc"] = {{"host", "fromfile"}, {"dbname", "fromfile"}};
    CHECK(scene.load({"--service", "svc", "--service-file", "/etc/services"}).host_list ==
          "fromfile");
    CHECK(scene.load({"--service-file", "/etc/services", "--service", "svc"}).database ==
          "fromfile");
    scene.environment.variables = {{"PGSERVICE", "svc"}, {"PGSERVICEFILE", "/etc/services"}};
    CHECK(scene.load({}).host_list == "fromfile");
}

TEST_CASE("what is accepted without effect leaves a note", "[sources]")
{
    Scene scene;
    scene.environment.variables["DB_CHECK_INTERVAL"] = "60";
    const auto config = scene.load({"-d", "x", "--once"});
    REQUIRE(config.notes.size() == 2);
    CHECK_THAT(config.notes[0], has("--once: accepted"));
    CHECK_THAT(config.notes[1], has("environment DB_CHECK_INTERVAL: accepted"));
}

TEST_CASE("the time limit is known before a file is read", "[sources]")
{
    struct Case {
        std::vector<std::string> arguments = {};
        const char* variable = "";
        Millis timeout = {};
    };
    const auto c = GENERATE(values<Case>({
        {{}, "", Millis{10'000}},
        {{}, "7", Millis{7'000}},
        {{"-t", "3"}, "7", Millis{3'000}},
        {{"-t", "3", "-t", "2"}, "", Millis{2'000}},
    }));
    Scene scene;
    scene.environment.variables["DB_TOTAL_TIMEOUT"] = c.variable;
    scene.reader.files["/pw"] = "secret";
    auto arguments = c.arguments;
    arguments.insert(arguments.end(), {"-d", "x", "--password-file", "/pw"});
    std::vector<char*> argv;
    for (auto& argument : arguments) {
        argv.push_back(argument.data());
    }
    std::vector<Millis> told;
    bool before_files = false;
    dbup::Config config;
    dbup::load(config,
               {.arguments = argv,
                .environment = &scene.environment,
                .reader = &scene.reader,
                .on_timeout = [&](Millis timeout) {
                    told.push_back(timeout);
                    before_files = scene.reader.files_read.empty();
                }});
    CHECK(told == std::vector{c.timeout});
    CHECK(before_files);
    CHECK(config.timeout == c.timeout);
}

} // namespace

} // namespace dbup_test
