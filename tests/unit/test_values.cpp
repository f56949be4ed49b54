// SPDX-License-Identifier: MIT
// What the values of options may be, row by row.
#include "actions/help.hpp"
#include "config/options.hpp"
#include "config/values.hpp"
#include "core/text.hpp"

#include <algorithm>

#include "support/catch.hpp"
#include "unit/fakes.hpp"

namespace dbup_test {

namespace {

using dbup::Config;
using dbup::Fate;

bool is_time(const dbup::OptionRow& row)
{
    return std::holds_alternative<Millis Config::*>(row.slot);
}

bool is_number(const dbup::OptionRow& row)
{
    return std::holds_alternative<int Config::*>(row.slot) ||
           std::holds_alternative<std::optional<std::uint64_t> Config::*>(row.slot);
}

/// The value `step` beside a bound of `row`.
std::string beside(const dbup::OptionRow& row, std::string_view bound, int step)
{
    return is_time(row) ? std::to_string(dbup::parse_duration(bound)->count() + step) + "ms"
                        : std::to_string(std::stoll(std::string{bound}) + step);
}

TEST_CASE("every bound of a number or time belongs to what is allowed", "[options]")
{
    for (const auto& row : dbup::option_table()) {
        if ((!is_time(row) && !is_number(row)) || row.fate != Fate::used) {
            continue;
        }
        CAPTURE(row.name);
        REQUIRE_FALSE(row.least.empty());
        REQUIRE_FALSE(row.most.empty());
        const std::string option = "--" + std::string{row.name} + '=';
        for (const auto bound : {row.least, row.most}) {
            CAPTURE(bound);
            Scene scene;
            std::vector<std::string> words{"-d", "mydb", option + std::string{bound}};
            for (const auto& user : users_of(row)) {
                words.push_back(user);
            }
            CHECK(refusal(scene, words).empty());
        }
        for (const auto& value : {beside(row, row.least, -1), beside(row, row.most, 1)}) {
            CAPTURE(value);
            Scene scene;
            CHECK_THAT(refusal(scene, {"-d", "mydb", option + value}),
                       has("--" + std::string{row.name} + ": '" + value + "' is not a ") &&
                           has("from " + std::string{row.least} + " to " + std::string{row.most}));
        }
    }
}

TEST_CASE(
    "every word of an option is accepted in any case, every other one is refused with the list",
    "[options]")
{
    for (const auto& row : dbup::option_table()) {
        const auto words = dbup::allowed_words(row);
        if (words.empty() || row.arg.empty()) {
            continue;
        }
        const auto value_of = [&row](const std::string& argument) {
            Scene scene;
            scene.reader.home_folder = "/home/m";
            scene.reader.files["/home/m/.postgresql/root.crt"] = "certificates";
            if (row.name == "log-output" || row.name == "log-format") { // need one
                scene.environment.variables["DB_LOG_FILE"] = "/some/log";
            }
            return dbup::shown(scene.load({"-d", "mydb", argument}), row);
        };
        CAPTURE(row.name);
        const std::string option = "--" + std::string{row.name} + '=';
        for (const auto word : words) {
            CAPTURE(word);
            std::string shouted{word};
            std::transform(shouted.begin(), shouted.end(), shouted.begin(), [](char c) {
                return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
            });
            CHECK(value_of(option + std::string{word}) == word);
            CHECK(value_of(option + shouted) == word);
            const std::string a_line_of_its_own = "\n  " + std::string{word} + ' ';
            const bool listed =
                dbup::help_on_options().find(a_line_of_its_own) != std::string::npos;
            const std::string beside = std::string{row.help} + ' ' + std::string{row.arg};
            CHECK((listed || beside.find(word) != std::string::npos));
        }
        Scene scene;
        CHECK_THAT(refusal(scene, {"-d", "mydb", option + "no such word"}),
                   has("--" + std::string{row.name} + ": ") && has("'no such word'") &&
                       has("Valid options: " + dbup::joined(words)));
    }
}

TEST_CASE("a switch in the environment takes the usual words", "[options]")
{
    struct Case {
        const char* word = "";
        bool value = false;
    };
    const auto c = GENERATE(values<Case>({
        {"true", true},
        {"yes", true},
        {"on", true},
        {"1", true},
        {"TRUE", true},
        {"false", false},
        {"no", false},
        {"off", false},
        {"0", false},
    }));
    CAPTURE(c.word);
    Scene scene;
    scene.environment.variables["DB_RETRY_JITTER"] = c.word;
    scene.environment.variables["DB_REDACT_HOSTS"] = c.word;
    const auto config = scene.load({"-d", "mydb"});
    CHECK(config.retry_jitter == c.value);
    CHECK(config.redact_hosts == c.value);
}

TEST_CASE("libpq's words for the role of a server are understood", "[options]")
{
    Scene scene;
    CHECK(scene.load({"--uri", "postgresql:///d?target_session_attrs=read-write"}).role ==
          dbup::ExpectedRole::primary);
    CHECK(scene.load({"--uri", "postgresql:///d?target_session_attrs=read-only"}).role ==
          dbup::ExpectedRole::standby);
}

} // namespace

} // namespace dbup_test
