// SPDX-License-Identifier: MIT
// Where a password comes from, which source wins, and that nobody sees it.
#include "config/secret.hpp"

#include <fmt/format.h>

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
