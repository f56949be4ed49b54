// SPDX-License-Identifier: MIT
// Walks over the option table: what holds for one row has to hold for all.
#include "config/config_file.hpp"
#include "config/options.hpp"
#include "config/values.hpp"
#include "core/text.hpp"

#include <algorithm>
#include <set>

#include "support/catch.hpp"
#include "unit/fakes.hpp"

namespace dbup_test {

namespace {

using dbup::Config;
using dbup::Fate;
using dbup::Group;
using dbup::OptionRow;

using dbup::asks_for_action;
using dbup::is_secret;

bool is_flag(const OptionRow& row)
{
    return row.arg.empty() && !is_secret(row);
}

/// A valid value of `row` that is not its default, as a user would write it.
std::string sample(const OptionRow& row)
{
    static const std::map<std::string_view, std::string> samples{
        {"hostaddr", "192.0.2.7"},
        {"port", "6543"},
        {"uri", "postgresql://u1@h9/d1"},
        {"service", "svc"},
        {"interval", "60"},
        {"warning", "0.5"},
        {"critical", "cert_days=20:"},
        {"state", "dns=ok"},
        {"log-output", "both"},
        {"cleanup-kinds", "idle=2h"},
    };
    const auto found = samples.find(row.name);
    if (found != samples.end()) {
        return found->second;
    }
    if (std::holds_alternative<Millis Config::*>(row.slot)) {
        return "7s";
    }
    const bool number = std::holds_alternative<int Config::*>(row.slot) ||
                        std::holds_alternative<std::optional<std::uint64_t> Config::*>(row.slot);
    if (number) {
        return "2";
    }
    for (const auto word : dbup::allowed_words(row)) {
        if (word != row.fallback && word != row.fixed) {
            return std::string{word};
        }
    }
    return "/some/" + std::string{row.name};
}

/// A world in which every sample() can be used.
struct Generous : Scene {
    Generous()
    {
        reader.services["svc"] = {};
        reader.services["/some/service-file:svc"] = {};
        reader.files["/some/password-file"] = "from a file\n";
        reader.files["/some/config"] = "";
        reader.files["/.postgresql/postgresql.key"] = ""; // for --ssl-cert
    }
};

/// Loads `arguments`, with a database unless that is what `row` is about, and checks that the
/// sample arrived.
void expect_arrival(Scene& scene,
                    const OptionRow& row,
                    std::vector<std::string> arguments,
                    const std::string& origin)
{
    CAPTURE(row.name, origin);
    if (row.name != "database") {
        arguments.insert(arguments.begin(), {"-d", "mydb"});
    }
    if (row.name == "log-output" || row.name == "log-format") { // need one
        scene.environment.variables["DB_LOG_FILE"] = "/some/log";
    }
    if (row.name == "service-file" && origin.starts_with('-')) {
        arguments.insert(arguments.end(), {"--service", "svc"});
    }
    for (const auto& user : users_of(row)) {
        arguments.insert(arguments.begin(), user);
    }
    const auto config = scene.load(arguments);
    if (row.fate == Fate::ignored) {
        CHECK_THAT(config.notes,
                   Catch::Matchers::VectorContains(origin + ": " + std::string{row.help}));
    } else if (row.fate == Fate::counted) {
        CHECK(config.verbosity == 1);
    } else if (asks_for_action(row)) {
        CHECK(config.action != dbup::ActionKind::check);
        CHECK(dbup::shown(config, row) == (is_flag(row) ? std::string{row.fixed} : sample(row)));
    } else {
        const auto& shown = setting(config, row.name);
        CHECK(shown.value == (is_secret(row) ? "***" : sample(row)));
        CHECK(shown.origin == origin);
        CHECK_FALSE(shown.is_default);
    }
}

/// How `row` is given with a long name.
std::vector<std::string> written(const OptionRow& row, const std::string& name)
{
    if (is_flag(row)) {
        return {sample(row) == "false" ? "--no-" + name : "--" + name};
    }
    return {"--" + name, sample(row)};
}

std::string percent_encoded(std::string_view text)
{
    std::string encoded;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        constexpr std::string_view digits = "0123456789ABCDEF";
        const auto byte = static_cast<unsigned char>(c);
        if (plain) {
            encoded += c;
        } else {
            encoded += '%';
            encoded += digits[byte / 16];
            encoded += digits[byte % 16];
        }
    }
    return encoded;
}

TEST_CASE("every name of an option is there once, and every row has its help", "[options]")
{
    std::set<std::string> names;
    std::set<char> letters;
    std::set<std::string_view> variables;
    std::set<std::string_view> keywords;
    for (const auto& row : dbup::option_table()) {
        CAPTURE(row.name);
        CHECK(row.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == std::string::npos);
        CHECK(names.insert(std::string{row.name}).second);
        for (const auto alias : dbup::words_of(row.aliases)) {
            CHECK(names.insert(std::string{alias}).second);
            CHECK(dbup::find_option(alias) == &row);
        }
        CHECK((!dbup::negatable(row) || names.insert("no-" + std::string{row.name}).second));
        for (const char letter : row.letters) {
            CHECK(letters.insert(letter).second);
        }
        for (const auto variable : dbup::words_of(row.environment)) {
            CAPTURE(variable);
            CHECK(variables.insert(variable).second);
            CHECK((variable.starts_with("DB_") || variable.starts_with("PG") ||
                   variable.starts_with("POSTGRES_") || variable == "DATABASE_URL"));
        }
        CHECK((row.conninfo.empty() || keywords.insert(row.conninfo).second));
        CHECK_FALSE(row.help.empty());
        CHECK_FALSE(row.help.ends_with('.'));
        CHECK(dbup::find_option(row.name) == &row);
    }
    CHECK(dbup::find_option("nonsense") == nullptr);
    CHECK(dbup::find_option("") == nullptr);
}

TEST_CASE("with nothing but a database every setting has its default", "[options]")
{
    Scene scene;
    const auto config = scene.load({"-d", "mydb"});
    for (const auto& row : dbup::option_table()) {
        const bool plain = row.fate == Fate::used && !asks_for_action(row) &&
                           row.name != "database" && row.name != "passfile";
        if (plain) {
            CAPTURE(row.name);
            const auto& shown = setting(config, row.name);
            CHECK(shown.value == row.fallback);
            CHECK(shown.origin == "default");
            CHECK(shown.is_default);
        }
    }
}

TEST_CASE("the defaults are the ones that users were promised", "[options]")
{
    Scene scene;
    const auto config = scene.load({"-d", "mydb"});
    CHECK(config.action == dbup::ActionKind::check);
    REQUIRE(config.endpoints.size() == 1);
    CHECK(config.endpoints[0].text() == "localhost:5432");
    CHECK(config.user == "postgres");
    CHECK(config.ssl_mode == dbup::SslMode::require);
    CHECK(config.channel_binding == dbup::ChannelBinding::prefer);
    CHECK_FALSE(config.allow_cleartext_password);
    CHECK(config.application_name == "db-up");
    CHECK(config.timeout == Millis{10'000});
    CHECK(config.timeout_state == State::critical);
    CHECK(config.connect_timeout == Millis{5'000});
    CHECK(config.statement_timeout == Millis{5'000});
    CHECK(config.max_retries == 3);
    CHECK(config.backoff.growth == dbup::Growth::exponential);
    CHECK(config.backoff.base == Millis{500});
    CHECK(config.backoff.jitter);
    CHECK(config.role == dbup::ExpectedRole::any);
    CHECK(config.exit_style == dbup::ExitStyle::nagios);
    CHECK(config.verbosity == 0);
    CHECK_FALSE(config.quiet);
    CHECK_FALSE(config.redact_hosts);
    CHECK(config.password.empty());
}

TEST_CASE("every option arrives from the command line, by every long name", "[options]")
{
    for (const auto& row : dbup::option_table()) {
        if (!dbup::on_command_line(row)) {
            continue;
        }
        auto names = dbup::words_of(row.aliases);
        names.push_back(row.name);
        for (const auto name : names) {
            Generous scene;
            const auto arguments = written(row, std::string{name});
            expect_arrival(scene, row, arguments, arguments.front());
            if (!is_flag(row)) {
                Generous joined;
                expect_arrival(joined, row, {arguments[0] + '=' + arguments[1]}, arguments.front());
            }
        }
    }
}

TEST_CASE("every option arrives from the command line, by every letter", "[options]")
{
    for (const auto& row : dbup::option_table()) {
        if (!dbup::on_command_line(row)) {
            continue;
        }
        for (const char letter : row.letters) {
            const std::string option{'-', letter};
            Generous scene;
            expect_arrival(scene,
                           row,
                           is_flag(row) ? std::vector{option} : std::vector{option, sample(row)},
                           option);
            if (!is_flag(row) && !row.optional_arg) { // -hv is -h -v
                Generous joined;
                expect_arrival(joined, row, {option + sample(row)}, option);
            }
        }
    }
}

TEST_CASE("every option arrives from the environment, by every name", "[options]")
{
    int variables = 0;
    for (const auto& row : dbup::option_table()) {
        for (const auto name : dbup::words_of(row.environment)) {
            Generous scene;
            scene.environment.variables[std::string{name}] = sample(row);
            expect_arrival(scene, row, {}, "environment " + std::string{name});
            ++variables;
        }
    }
    CHECK(variables > 40);
}

/// A configuration file that sets `key` ("section.key") in its second line.
std::string yaml_file(const std::string& key, const std::string& value)
{
    const auto dot = key.find('.');
    std::string text = key.substr(0, dot);
    text.append(":\n  ").append(key.substr(dot + 1)).append(": '").append(value).append("'\n");
    return text;
}

TEST_CASE("every option arrives from the configuration file, by every key", "[options]")
{
    std::set<std::string> keys;
    for (const auto& row : dbup::option_table()) {
        CAPTURE(row.name);
        const bool elsewhere = is_secret(row) || asks_for_action(row) ||
                               row.fate == Fate::refused || row.group == Group::action ||
                               row.group == Group::other;
        CHECK((elsewhere || !dbup::yaml_keys(row).empty()));
        for (const auto& key : dbup::yaml_keys(row)) {
            CAPTURE(key);
            CHECK(keys.insert(key).second);
            Generous scene;
            scene.reader.files["/c.yaml"] =
                yaml_file(key, row.fate == Fate::counted ? "1" : sample(row));
            expect_arrival(
                scene, row, {"--config", "/c.yaml"}, "file /c.yaml line 2 (" + key + ')');

            Generous standard;
            standard.reader.files["/etc/db-up/config.yaml"] = scene.reader.files["/c.yaml"];
            expect_arrival(standard, row, {}, "file /etc/db-up/config.yaml line 2 (" + key + ')');
        }
    }
    CHECK(keys.size() > 35);
    for (const auto& other : dbup::file_key_table()) {
        CAPTURE(other.key);
        CHECK(keys.insert(std::string{other.key}).second);
    }
}

TEST_CASE("every option with a keyword arrives from URIs and services", "[options]")
{
    int keywords = 0;
    for (const auto& row : dbup::option_table()) {
        if (row.conninfo.empty()) {
            continue;
        }
        const std::string keyword{row.conninfo};
        const std::string uri = "postgresql:///?" + keyword + '=' + percent_encoded(sample(row));

        Generous by_option;
        expect_arrival(by_option, row, {"--uri", uri}, "--uri (" + keyword + ')');

        Generous by_environment;
        by_environment.environment.variables["DATABASE_URL"] = uri;
        expect_arrival(by_environment, row, {}, "environment DATABASE_URL (" + keyword + ')');

        Generous by_service;
        by_service.reader.services["svc"] = {{keyword, sample(row)}};
        expect_arrival(
            by_service, row, {"--service", "svc"}, "service 'svc' (--service) (" + keyword + ')');

        Generous by_variable;
        by_variable.reader.services["svc"] = {{keyword, sample(row)}};
        by_variable.environment.variables["PGSERVICE"] = "svc";
        expect_arrival(by_variable, row, {}, "service 'svc' (PGSERVICE) (" + keyword + ')');
        ++keywords;
    }
    CHECK(keywords > 10);
}

TEST_CASE("a variable that is set to nothing is as good as unset", "[options]")
{
    Scene scene;
    for (const auto& row : dbup::option_table()) {
        for (const auto name : dbup::words_of(row.environment)) {
            scene.environment.variables[std::string{name}] = "";
        }
    }
    const auto config = scene.load({"-d", "mydb"});
    for (const auto& shown : config.settings) {
        CAPTURE(shown.name);
        CHECK((shown.is_default || shown.name == "database"));
    }
}

} // namespace

} // namespace dbup_test
