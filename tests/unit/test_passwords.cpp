// SPDX-License-Identifier: MIT
// Where a password comes from, which source wins, and that nobody sees it.
#include "config/secret.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "support/catch.hpp"
#include "unit/fakes.hpp"

namespace dbup_test {

namespace {

struct PasswordSource {
    const char* origin = "";
    const char* value = "";
    void (*give)(Scene& scene, std::vector<std::string>& arguments) = nullptr;
};

// From the weakest to the strongest.
constexpr std::array password_sources{
    PasswordSource{"file /cpw (file /etc/db-up/config.yaml line 2 (database.password_file))",
                   "pw-config",
                   [](Scene& scene, std::vector<std::string>&) {
                       scene.reader.files["/etc/db-up/config.yaml"] =
                           "database:\n  password_file: /cpw\n";
                       scene.reader.files["/cpw"] = "pw-config\n";
                   }},
    PasswordSource{"environment PGPASSWORD",
                   "pw-pg",
                   [](Scene& scene, std::vector<std::string>&) {
                       scene.environment.variables["PGPASSWORD"] = "pw-pg";
                   }},
    PasswordSource{"environment POSTGRES_PASSWORD",
                   "pw-postgres",
                   [](Scene& scene, std::vector<std::string>&) {
                       scene.environment.variables["POSTGRES_PASSWORD"] = "pw-postgres";
                   }},
    PasswordSource{"service 'weak' (PGSERVICE) (password)",
                   "pw-service",
                   [](Scene& scene, std::vector<std::string>&) {
                       scene.environment.variables["PGSERVICE"] = "weak";
                       scene.reader.services["weak"] = {{"password", "pw-service"}};
                   }},
    PasswordSource{"file /run/credentials/db-password (environment CREDENTIALS_DIRECTORY)",
                   "pw-credential",
                   [](Scene& scene, std::vector<std::string>&) {
                       scene.environment.variables["CREDENTIALS_DIRECTORY"] = "/run/credentials";
                       scene.reader.files["/run/credentials/db-password"] = "pw-credential\n";
                   }},
    PasswordSource{"environment DB_PASSWORD",
                   "pw-db",
                   [](Scene& scene, std::vector<std::string>&) {
                       scene.environment.variables["DB_PASSWORD"] = "pw-db";
                   }},
    PasswordSource{"environment DATABASE_URL (password)",
                   "pw-url",
                   [](Scene& scene, std::vector<std::string>&) {
                       scene.environment.variables["DATABASE_URL"] = "postgresql://u:pw-url@h/d";
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
            auto& read = scene.reader.files_read;
            std::erase(read, "/etc/db-up/config.yaml");
            CHECK(read.size() == (by_file ? 1U : 0U));
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

TEST_CASE("a line end behind a password of the environment is not part of it", "[password]")
{
    const auto* const end = GENERATE("", "\n", "\r\n");
    Scene scene;
    scene.environment.variables["DB_PASSWORD"] = "secret" + std::string{end};
    CHECK(scene.load(command_line({})).password.reveal() == "secret");
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
        {"/home/m",
         "",
         "",
         "",
         "/home/m/.pgpass has no line for localhost:5432:x:postgres",
         "/home/m/.pgpass"},
        {"",
         "/var/lib/m",
         "",
         "",
         "/var/lib/m/.pgpass has no line for localhost:5432:x:postgres",
         "/var/lib/m/.pgpass"},
        {"/home/m",
         "",
         "/etc/pgpass",
         "",
         "/etc/pgpass has no line for localhost:5432:x:postgres",
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

TEST_CASE("every place without a password is named with the reason, the likely ones first",
          "[password]")
{
    struct Case {
        const char* says = "";
        std::map<std::string, std::string, std::less<>> variables = {};
        std::vector<std::string> arguments = {};
        const char* reason = "";
    };
    // clang-format off
    const auto c = GENERATE(values<Case>({
        {"nothing is set", {}, {},
         "HOME is not set, so there is no .pgpass; not set: --password-file, DB_PASSWORD, POSTGRES_PASSWORD, "
         "PGPASSWORD, DB_PASSWORD_FILE, CREDENTIALS_DIRECTORY\n"},
        {"a variable is empty", {{"DB_PASSWORD", ""}}, {},
         "DB_PASSWORD is empty; HOME is not set, so there is no .pgpass; not set: --password-file, POSTGRES_PASSWORD, "
         "PGPASSWORD, DB_PASSWORD_FILE, CREDENTIALS_DIRECTORY\n"},
        {"systemd's folder has other files", {{"CREDENTIALS_DIRECTORY", "/run/c"}}, {},
         "there is no /run/c/db-password; HOME is not set, so there is no .pgpass; not set: --password-file, "
         "DB_PASSWORD, POSTGRES_PASSWORD, PGPASSWORD, DB_PASSWORD_FILE\n"},
        {"a URI without password", {}, {"--uri", "postgresql://h/d"},
         "the URI holds none; HOME is not set"},
        {"a service without password", {}, {"--service", "svc"},
         "service 'svc' holds none; HOME is not set"},
        {"the colons of an address are escaped", {{"HOME", "/h"}}, {"-H", "::1", "-U", "a:b\\c"},
         "/h/.pgpass has no line for \\:\\:1:5432:x:a\\:b\\\\c; not set"},
        {"several servers", {{"HOME", "/h"}}, {"-H", "db1,db2"},
         "/h/.pgpass has no line for this server; not set"},
        {"a socket", {{"HOME", "/h"}}, {"-H", "/run/postgresql"},
         "/h/.pgpass has no line for this server; not set"},
    }));
    // clang-format on
    INFO(c.says);
    Scene scene;
    scene.environment.variables = c.variables;
    scene.reader.services["svc"] = {};
    scene.connector.servers = {
        failing(Stage::auth, dbup::Failure{ErrorClass::password_missing, "no password"})};
    auto arguments = c.arguments;
    arguments.insert(arguments.begin(), {"-d", "x"});
    CHECK_THAT(scene.run(arguments).text, has(std::string{"\nReason: "} + c.reason));
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

TEST_CASE("files of TLS that libpq would not take are refused by the name of the option",
          "[config]")
{
    struct Case {
        std::vector<std::string> arguments = {};
        std::vector<std::string> files = {};
        std::map<std::string, std::string> objections = {};
        const char* message = "";
    };
    // clang-format off
    const auto c = GENERATE(values<Case>({
        {{"--ssl-cert", "/c", "--ssl-key", "/k"}, {}, {}, ""},
        {{"--ssl-cert", "/c", "--ssl-key", "/k"}, {}, {{"/k", "it is open"}}, "--ssl-key: cannot use '/k': it is open"},
        {{"--ssl-cert", "/c", "--ssl-key", "/k"}, {}, {{"/c", "no certificate"}}, "--ssl-cert: cannot use '/c': no certificate"},
        {{"--ssl-root-cert", "/r"}, {}, {{"/r", "no certificate"}}, "--ssl-root-cert: cannot use '/r': no certificate"},
        {{"--ssl-key", "/k"}, {}, {}, "--ssl-key: has no effect without --ssl-cert (there is no /home/m/.postgresql/postgresql.crt)"},
        {{"--ssl-cert", "/c"}, {}, {}, "--ssl-cert: '/c' needs its key; name that file with --ssl-key or DB_SSLKEY (there is no /home/m/.postgresql/postgresql.key)"},
        {{"--ssl-cert", "/c"}, {"/home/m/.postgresql/postgresql.key"}, {}, ""},
        {{"--ssl-cert", "/c"}, {"/home/m/.postgresql/postgresql.key"}, {{"/home/m/.postgresql/postgresql.key", "it is open"}}, "--ssl-key: cannot use '/home/m/.postgresql/postgresql.key': it is open"},
        {{}, {"/home/m/.postgresql/postgresql.crt"}, {}, "--ssl-cert: '/home/m/.postgresql/postgresql.crt' needs its key;"},
        {{}, {"/home/m/.postgresql/root.crt"}, {{"/home/m/.postgresql/root.crt", "no certificate"}}, "--ssl-root-cert: cannot use '/home/m/.postgresql/root.crt': no certificate"},
        {{"--ssl-mode", "verify-full"}, {"/home/m/.postgresql/root.crt"}, {}, ""},
        {{"--ssl-mode", "disable", "--ssl-cert", "/c"}, {}, {{"/c", "gone"}}, ""},
        {{"-H", "/run/postgresql", "--ssl-cert", "/c"}, {}, {{"/c", "gone"}}, ""},
    }));
    // clang-format on
    CAPTURE(c.arguments, c.files);
    Scene scene;
    scene.environment.variables["HOME"] = "/home/m";
    for (const auto& file : c.files) {
        scene.reader.files[file] = "";
    }
    scene.reader.objections = c.objections;
    const auto message = refusal(scene, command_line(c.arguments));
    CHECK(message.empty() == std::string_view{c.message}.empty());
    CHECK_THAT(message, Catch::Matchers::StartsWith(c.message));
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

void end_with(std::string& text)
{
    const dbup::WipedAtEnd guard{text};
}

TEST_CASE("a wiped text leaves nothing behind", "[password]")
{
    for (const std::string& secret : {std::string{"short"}, std::string(100, 's')}) {
        std::string text = secret;
        const char* const bytes = text.data();
        const std::size_t size = text.capacity();
        end_with(text);
        CHECK(text.empty());
        const bool wiped = std::all_of(bytes, bytes + size, [](char c) { return c == '\0'; });
        CHECK(wiped);
    }
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

TEST_CASE("a complaint about an option does not quote a password of the environment", "[passwords]")
{
    for (const auto* const name : {"DB_PASSWORD", "POSTGRES_PASSWORD", "PGPASSWORD"}) {
        CAPTURE(name);
        Scene scene;
        scene.environment.variables[name] = "hunter2";
        for (const std::string option : {"--port=hunter2", "--nonsense=hunter2", "hunter2"}) {
            const auto outcome = scene.run(command_line({option}));
            CHECK_THAT(outcome.text, has("[CONFIG_ERROR]") && !has("hunter2"));
        }
    }
}

} // namespace

} // namespace dbup_test
