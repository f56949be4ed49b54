// SPDX-License-Identifier: MIT
// What --help says on its topics, and what the shells complete: walks over the tables.
#include "actions/reporting.hpp"
#include "config/shells.hpp"
#include "config/values.hpp"
#include "core/text.hpp"

#include <algorithm>

#include "support/catch.hpp"
#include "unit/fakes.hpp"

namespace dbup_test {

namespace {

using dbup::OptionRow;

std::string help_on(std::string_view topic)
{
    Scene scene;
    const auto outcome = scene.run({"--help", std::string{topic}});
    CHECK(outcome.exit_code == 3);
    return outcome.text;
}

TEST_CASE("every topic is listed by --help and fits 80 columns", "[topics]")
{
    for (const auto& row : dbup::help_topics) {
        CAPTURE(row.name);
        const auto text = help_on(row.name);
        CHECK_THAT(help_on("options"), has(std::string{row.name}));
        CHECK(text.ends_with('\n'));
        CHECK(text.size() > 200);
        for (const auto line : dbup::parts_of(text, '\n')) {
            CAPTURE(line);
            const auto columns = std::count_if(line.begin(), line.end(), [](char c) {
                return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
            });
            CHECK(columns <= 80);
            CHECK_FALSE(line.ends_with(' '));
        }
    }
}

TEST_CASE("a topic may be written in three ways", "[topics]")
{
    const auto words = GENERATE(values<std::vector<std::string>>({
        {"--help", "ranges"},
        {"--help=ranges"},
        {"-h", "ranges"},
        {"--help", "RANGES"},
        {"-v", "--help", "ranges", "-v"},
        {"-vh", "ranges"},
    }));
    CAPTURE(words);
    Scene scene;
    CHECK(scene.run(words).text == help_on("ranges"));
}

TEST_CASE("a word that begins with a dash is no topic", "[topics]")
{
    const auto words = GENERATE(values<std::vector<std::string>>({
        {"--help"},
        {"-h"},
        {"-hv"},
        {"--help", "-v"},
        {"--help", "--port", "1"},
        {"--help", "--"},
    }));
    CAPTURE(words);
    Scene scene;
    CHECK(scene.run(words).text == help_on("options"));
}

TEST_CASE("an unknown topic is refused with the list", "[topics]")
{
    struct Case {
        std::vector<std::string> words = {};
        const char* message = "";
    };
    const std::string all =
        "Valid options: options, checks, ranges, outputs, exit-codes, environment, errors";
    const auto c = GENERATE(values<Case>({
        {{"--help", "rangs"}, "--help: Invalid topic 'rangs'. "},
        {{"--help=x"}, "--help: Invalid topic 'x'. "},
        {{"-h", "localhost"}, "-h: Invalid topic 'localhost'. "},
        {{"--help="}, "--help: Invalid topic ''. "},
    }));
    CAPTURE(c.words);
    Scene scene;
    const auto outcome = scene.run(c.words);
    CHECK(outcome.exit_code == 3);
    CHECK_THAT(outcome.text,
               Catch::Matchers::StartsWith("DB-UP UNKNOWN - " + std::string{c.message}) &&
                   has(all));
    CHECK((outcome.text.find("Did you mean 'ranges'?") != std::string::npos) ==
          (c.words.back() == "rangs"));
}

TEST_CASE("other positional arguments stay refused", "[topics]")
{
    const auto words = GENERATE(values<std::vector<std::string>>({
        {"-d", "x", "ranges"},
        {"--help", "ranges", "errors"},
        {"--version", "ranges"},
        {"--list-codes", "errors"},
    }));
    CAPTURE(words);
    Scene scene;
    const auto outcome = scene.run(words);
    CHECK(outcome.exit_code == 3);
    CHECK_THAT(outcome.text, has("unexpected argument '" + words.back() + '\''));
}

TEST_CASE("help is given whatever the environment says", "[topics]")
{
    Scene scene;
    scene.environment.variables = {{"DB_OUTPUT", "nonsense"}, {"DB_LOG_LEVEL", "nonsense"}};
    CHECK(scene.run({"--help"}).text == help_on("options"));
}

TEST_CASE("the topics are walks over their tables", "[topics]")
{
    for (const auto& row : dbup::error_table()) {
        CAPTURE(row.code);
        CHECK_THAT(help_on("errors"), has('\n' + std::string{row.code} + " ("));
        CHECK_THAT(help_on("errors"), !has("{"));
    }
    for (const auto& row : dbup::option_table()) {
        for (const auto variable : dbup::words_of(row.environment)) {
            CHECK_THAT(help_on("environment"), has("\n  " + std::string{variable} + ' '));
        }
    }
    for (const auto& limit : dbup::run_limits()) {
        CHECK_THAT(help_on("ranges"), has("\n  " + std::string{limit.label} + ' '));
    }
    for (const auto& row : dbup::state_table) {
        CHECK_THAT(help_on("exit-codes"), has(std::string{row.word}));
    }
}

TEST_CASE("the codes are listed one a line", "[topics]")
{
    Scene scene;
    const auto outcome = scene.run({"--list-codes"});
    CHECK(outcome.exit_code == 3);
    std::string codes;
    for (const auto& row : dbup::error_table()) {
        codes += std::string{row.code}.append("\n");
    }
    CHECK(outcome.text == codes);
}

/// The ways to write an option that has to be completed.
std::vector<std::string> long_names(const OptionRow& row)
{
    std::vector<std::string> names{std::string{row.name}};
    for (const auto alias : dbup::words_of(row.aliases)) {
        names.emplace_back(alias);
    }
    if (dbup::negatable(row)) {
        names.push_back("no-" + std::string{row.name});
    }
    return names;
}

TEST_CASE("the completions name every option, its letters and its words", "[topics]")
{
    const auto bash = dbup::bash_completion();
    const auto zsh = dbup::zsh_completion();
    const auto fish = dbup::fish_completion();
    for (const auto& row : dbup::option_table()) {
        CAPTURE(row.name);
        if (!dbup::on_command_line(row)) {
            CHECK_THAT(bash, !has(" --" + std::string{row.name} + ' '));
            CHECK_THAT(fish, !has(" -l " + std::string{row.name} + ' '));
            continue;
        }
        for (const auto& name : long_names(row)) {
            CHECK_THAT(bash, has(" --" + name + ' ') || has(" --" + name + '\''));
            CHECK_THAT(zsh, has("--" + name + '[') || has("--" + name + "=["));
            CHECK_THAT(fish, has(" -l " + name + ' '));
        }
        for (const char letter : row.letters) {
            CHECK_THAT(bash, has(std::string{" -"} + letter + ' '));
            CHECK_THAT(zsh, has(std::string{")-"} + letter) || has(std::string{"*-"} + letter));
            CHECK_THAT(fish, has(std::string{" -s "} + letter));
        }
        const auto words =
            row.arg.empty() ? std::string{} : dbup::joined(dbup::allowed_words(row), " ");
        CHECK_THAT(bash, has(words));
        CHECK_THAT(zsh, has(words));
        CHECK_THAT(fish, has(words));
    }
}

} // namespace

} // namespace dbup_test
