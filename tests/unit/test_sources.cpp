// SPDX-License-Identifier: MIT
// Where settings and passwords come from, and which source wins.
#include "config/load.hpp"
#include "config/secret.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "support/catch.hpp"
#include "unit/fakes.hpp"

namespace dbup_test {

namespace {

using dbup::ConninfoPart;

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

// From the weakest to the strongest.
constexpr std::array levels{
    Level{"default", [](Scene&, std::vector<std::string>&, const std::string&) {}},
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
            levels.at(strong).give(scene, arguments, "strong.example");
            levels.at(weak).give(scene, arguments, "weak.example");
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
        {"PGSERVICE", "none", "service 'none': definition of service \"none\" not found"},
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

// ---- passwords
// ------------------------------------------------------------------------------------

struct PasswordSource {
    const char* origin = "";
    const char* value = "";
    void (*give)(Scene& scene, std::vector<std::string>& arguments) = nullptr;
};

// From the weakest to the strongest.
constexpr std::array password_sources{
    PasswordSource{"environment PGPASSWORD",
                   "pw-pg",
                   [](Scene& scene, std::vector<std::string>&) {
                       give_variable(scene, "PGPASSWORD", "pw-pg");
                   }},
    PasswordSource{"environment POSTGRES_PASSWORD",
                   "pw-postgres",
                   [](Scene& scene, std::vector<std::string>&) {
                       give_variable(scene, "POSTGRES_PASSWORD", "pw-postgres");
                   }},
    PasswordSource{"service 'weak' (PGSERVICE) (password)",
                   "pw-service",
                   [](Scene& scene, std::vector<std::string>&) {
                       give_variable(scene, "PGSERVICE", "weak");
                       scene.reader.services["weak"] = {{"password", "pw-service"}};
                   }},
    PasswordSource{"file /run/credentials/db-password (environment CREDENTIALS_DIRECTORY)",
                   "pw-credential",
                   [](Scene& scene, std::vector<std::string>&) {
                       give_variable(scene, "CREDENTIALS_DIRECTORY", "/run/credentials");
                       scene.reader.files["/run/credentials/db-password"] = "pw-credential\n";
                   }},
    PasswordSource{"environment DB_PASSWORD",
                   "pw-db",
                   [](Scene& scene, std::vector<std::string>&) {
                       give_variable(scene, "DB_PASSWORD", "pw-db");
                   }},
    PasswordSource{"environment DATABASE_URL (password)",
                   "pw-url",
                   [](Scene& scene, std::vector<std::string>&) {
                       give_variable(scene, "DATABASE_URL", "postgresql://u:pw-url@h/d");
                   }},
    PasswordSource{"service 'strong' (--service) (password)",
                   "pw-strong",
                   [](Scene& scene, std::vector<std::string>& arguments) {
                       arguments.insert(arguments.end(), {"--service", "strong"});
                       scene.reader.services["strong"] = {{"password", "pw-strong"}};
                   }},
    PasswordSource{"file /pw (--password-file)",
                   "pw-file",
                   [](Scene& scene, std::vector<std::string>& arguments) {
                       arguments.insert(arguments.end(), {"--password-file", "/pw"});
                       scene.reader.files["/pw"] = "pw-file\n";
                   }},
    PasswordSource{"--uri (password)",
                   "pw-uri",
                   [](Scene&, std::vector<std::string>& arguments) {
                       arguments.insert(arguments.end(), {"--uri", "postgresql://u:pw-uri@h/d"});
                   }},
};

TEST_CASE("every source of a password is used, and told without its value", "[password]")
{
    for (const auto& source : password_sources) {
        CAPTURE(source.origin);
        Scene scene;
        std::vector<std::string> arguments{"-d", "x"};
        source.give(scene, arguments);
        const auto config = scene.load(arguments);
        CHECK(config.password.reveal() == source.value);
        CHECK(config.password_origin == source.origin);
        CHECK(setting(config, "password").value == "***");
        CHECK(setting(config, "password").origin == source.origin);
        for (const auto& shown : config.settings) {
            CHECK_THAT(shown.value, !has(source.value));
        }
        for (const auto& note : config.notes) {
            CHECK_THAT(note, !has(source.value));
        }
    }
}

TEST_CASE("of two passwords the stronger one wins, and a file that lost is not read", "[password]")
{
    for (std::size_t weak = 0; weak < password_sources.size(); ++weak) {
        for (std::size_t strong = weak + 1; strong < password_sources.size(); ++strong) {
            CAPTURE(password_sources.at(weak).origin, password_sources.at(strong).origin);
            Scene scene;
            std::vector<std::string> arguments{"-d", "x"};
            password_sources.at(weak).give(scene, arguments);
            password_sources.at(strong).give(scene, arguments);
            const auto config = scene.load(arguments);
            CHECK(config.password.reveal() == password_sources.at(strong).value);
            CHECK(config.password_origin == password_sources.at(strong).origin);
            const bool by_file =
                std::string_view{password_sources.at(strong).origin}.starts_with("file ");
            CHECK(scene.reader.files_read.size() == (by_file ? 1U : 0U));
        }
    }
}

TEST_CASE("DB_PASSWORD and DB_PASSWORD_FILE contradict each other", "[password]")
{
    Scene scene;
    scene.environment.variables = {{"DB_PASSWORD", "hunter2"}, {"DB_PASSWORD_FILE", "/pw"}};
    scene.reader.files["/pw"] = "hunter3";
    const auto outcome = scene.run({"-d", "x"});
    CHECK(outcome.exit_code == 3);
    CHECK(outcome.text ==
          config_line("environment DB_PASSWORD and DB_PASSWORD_FILE are both set; unset one"));
    scene.environment.variables["DB_PASSWORD"] = "";
    CHECK(scene.load({"-d", "x"}).password.reveal() == "hunter3");
}

TEST_CASE("a password file holds the password on one line", "[password]")
{
    struct Case {
        std::string content = {};
        std::optional<std::string> password = {};
    };
    const auto c = GENERATE(values<Case>({
        {"secret", "secret"},
        {"secret\n", "secret"},
        {"secret\r\n", "secret"},
        {" with blanks \n", " with blanks "},
        {"w\xc3\xb6rd\n", "w\xc3\xb6rd"},
        {"tab\there\n", "tab\there"},
        {"", {}},
        {"\n", {}},
        {"\r\n", {}},
        {"two\nlines\n", {}},
        {"secret\n\n", {}},
        {std::string("nul\0byte", 8), {}},
    }));
    CAPTURE(c.content);
    Scene scene;
    scene.reader.files["/pw"] = c.content;
    if (c.password) {
        CHECK(scene.load({"-d", "x", "--password-file", "/pw"}).password.reveal() == *c.password);
    } else {
        CHECK(refusal(scene, {"-d", "x", "--password-file", "/pw"}) ==
              "--password-file: '/pw' must hold the password on one line and nothing else");
    }
}

TEST_CASE("without a password it is told where it was looked for", "[password]")
{
    struct Case {
        const char* home = "";
        const char* user_home = "";
        const char* passfile = "";
        const char* objection = "";
        const char* search = "";
        const char* used = "";
    };
    const auto c = GENERATE(values<Case>({
        {"/home/m", "", "", "", "/home/m/.pgpass has no line for this server", "/home/m/.pgpass"},
        {"",
         "/var/lib/m",
         "",
         "",
         "/var/lib/m/.pgpass has no line for this server",
         "/var/lib/m/.pgpass"},
        {"/home/m",
         "",
         "/etc/pgpass",
         "",
         "/etc/pgpass has no line for this server",
         "/etc/pgpass"},
        {"/home/m", "", "", "does not exist", "/home/m/.pgpass: does not exist", ""},
        {"", "", "", "", "HOME is not set, so there is no .pgpass", ""},
    }));
    CAPTURE(c.search);
    Scene scene;
    scene.environment.variables = {{"HOME", c.home}, {"PGPASSFILE", c.passfile}};
    scene.reader.home_folder = c.user_home;
    if (*c.objection != '\0') {
        scene.reader.objections[std::string{c.home} + "/.pgpass"] = c.objection;
    }
    const auto config = scene.load({"-d", "x"});
    CHECK(config.password.empty());
    CHECK(config.password_origin.empty());
    CHECK(config.passfile == c.used);
    CHECK_THAT(config.password_search, Catch::Matchers::VectorContains(std::string{c.search}));

    scene.connector.servers = {
        failing(Stage::auth, dbup::Failure{ErrorClass::password_missing, "no password"})};
    const auto outcome = scene.run({"-d", "x"});
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(outcome.text, has("[PASSWORD_MISSING]") && has(c.search));
}

TEST_CASE("a password in --uri works, and it is said that it was visible", "[password]")
{
    Scene scene;
    const auto config = scene.load({"--uri", "postgresql://u:p%40ss@h/d"});
    CHECK(config.password.reveal() == "p@ss");
    CHECK(setting(config, "uri").value == "postgresql://u:***@h/d");
    REQUIRE(config.notes.size() == 1);
    CHECK_THAT(config.notes[0],
               has("--uri: every user could see the password") && !has("p@ss") && !has("p%40ss"));
}

TEST_CASE("a secret cannot be printed, and moves without leaving a copy", "[password]")
{
    static_assert(!fmt::is_formattable<dbup::Secret>::value);
    dbup::Secret first{"hunter2"};
    dbup::Secret second{std::move(first)};
    CHECK(first.empty()); // NOLINT(bugprone-use-after-move): that is the question
    CHECK(second.reveal() == "hunter2");
    dbup::Secret third;
    third = second;
    CHECK(second.reveal() == "hunter2");
    third = std::move(second);
    CHECK(second.empty()); // NOLINT(bugprone-use-after-move): that is the question
    CHECK(third.reveal() == "hunter2");
}

TEST_CASE("no output shows a password, wherever it came from and though the server repeats it",
          "[password]")
{
    for (const auto& source : password_sources) {
        CAPTURE(source.origin);
        const std::string echo =
            std::string{"password authentication failed for \""} + source.value + "\"";
        for (const auto error :
             {ErrorClass::authentication, ErrorClass::network, ErrorClass::config}) {
            Scene scene;
            std::vector<std::string> arguments{"-d", "x", "-vvv"};
            source.give(scene, arguments);
            scene.connector.servers = {failing(Stage::auth,
                                               dbup::Failure{error, echo}
                                                   .with_message("so: " + echo)
                                                   .with_fix("try: " + echo)
                                                   .with_sqlstate("28P01"))};
            const auto outcome = scene.run(arguments);
            CHECK(outcome.exit_code != 0);
            CHECK_THAT(outcome.text, !has(source.value) && has("***"));
        }
        Scene scene;
        std::vector<std::string> arguments{"-d", "x", "-vv"};
        source.give(scene, arguments);
        scene.connector.servers.front().facts.version = source.value;
        scene.connector.servers.front().encryption->subject = source.value;
        scene.connector.servers.front().answers = {single("health_check", source.value)};
        CHECK_THAT(scene.run(arguments).text, !has(source.value) && has("***"));
    }
}

} // namespace

} // namespace dbup_test
