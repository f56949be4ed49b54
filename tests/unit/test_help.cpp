// SPDX-License-Identifier: MIT
// What the tables say of themselves: --help, --version and the manual page.
#include "checks/manual.hpp"
#include "config/manual.hpp"
#include "config/options.hpp"
#include "core/text.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "support/catch.hpp"
#include "unit/fakes.hpp"

namespace dbup_test {

namespace {

using dbup::Fate;
using dbup::is_secret;

TEST_CASE("the help names every option with its variables", "[help]")
{
    Scene scene;
    const auto outcome = scene.run({"--help"});
    CHECK(outcome.exit_code == 3);
    CHECK(outcome.text.starts_with("Usage: db-up "));
    for (const auto& row : dbup::option_table()) {
        if (row.fate == Fate::refused) {
            continue;
        }
        CAPTURE(row.name);
        const std::string name{row.name};
        const bool named = is_secret(row)
                               ? outcome.text.find(name + " (no option)") != std::string::npos
                               : outcome.text.find("--" + name + ' ') != std::string::npos ||
                                     outcome.text.find("--" + name + '\n') != std::string::npos ||
                                     outcome.text.find("--[no-]" + name) != std::string::npos;
        CHECK(named);
        if (!row.letters.empty()) {
            const std::string letter = std::string{'-', row.letters.front()} + ", --";
            CHECK_THAT(outcome.text, has_either(letter + name, letter + "[no-]" + name));
        }
        for (const auto variable : dbup::words_of(row.environment)) {
            CHECK_THAT(outcome.text, has(std::string{variable}));
        }
    }
}

TEST_CASE("the help fits a terminal of 80 columns", "[help]")
{
    Scene scene;
    const auto outcome = scene.run({"--help"});
    for (const auto line : dbup::parts_of(outcome.text, '\n')) {
        CAPTURE(line);
        const auto columns = std::count_if(line.begin(), line.end(), [](char c) {
            return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
        });
        CHECK(columns <= 80);
        CHECK_FALSE(line.ends_with(' '));
        CHECK(line.find('\t') == std::string::npos);
    }
    CHECK(outcome.text.ends_with('\n'));
}

TEST_CASE("help and version read nothing but the command line", "[help]")
{
    const auto* const option = GENERATE("--help", "-h", "--version", "-V");
    CAPTURE(option);
    Scene scene;
    scene.environment.variables = {
        {"DB_PORT", "nonsense"}, {"DATABASE_URL", "mysql://x"}, {"DB_PASSWORD_FILE", "/x"}};
    const auto outcome = scene.run({"-p", "nonsense", option});
    CHECK(outcome.exit_code == 3);
    CHECK_FALSE(outcome.text.starts_with("DB-UP"));
    CHECK(scene.reader.files_read.empty());
    CHECK(scene.connector.resolved == 0);
}

TEST_CASE("the version tells what db-up is made of", "[help]")
{
    Scene scene;
    const auto outcome = scene.run({"--version"});
    CHECK_THAT(outcome.text,
               Catch::Matchers::StartsWith("db-up ") && has("\ncommit unknown\n") &&
                   has("\nlibpq ") && has("\nOpenSSL ") && has("\ncompiler "));
}

std::string content_of(const std::string& path)
{
    std::ifstream file{path};
    CAPTURE(path);
    REQUIRE(file);
    std::ostringstream content;
    content << file.rdbuf();
    return content.str();
}

TEST_CASE("the manual page is the one that the tables make", "[manual]")
{
    const std::string folder = DBUP_MANUAL_FOLDER;
    const auto source = content_of(folder + "/db-up.8.in");
    const bool is_current = dbup::whole_manual_page(source) == content_of(folder + "/db-up.8");
    INFO("cmake --build build --target manual writes it");
    CHECK(is_current);
    CHECK(dbup::whole_manual_page(source).find("@OPTIONS@") == std::string::npos);
}

TEST_CASE("the manual page names every option, variable and error code", "[manual]")
{
    const auto page = dbup::manual_page("@OPTIONS@\n@ENVIRONMENT@\n@ERRORS@\n");
    for (const auto& row : dbup::option_table()) {
        CAPTURE(row.name);
        if (row.fate != Fate::refused && !is_secret(row)) {
            CHECK_THAT(page, has("Fl \\-" + dbup::replaced(row.name, "-", "\\-")));
        }
        for (const auto variable : dbup::words_of(row.environment)) {
            CHECK_THAT(page, has(".It Ev " + std::string{variable} + '\n'));
        }
    }
    for (const auto& row : dbup::error_table()) {
        CHECK_THAT(page, has(".It Sy " + std::string{row.code} + '\n'));
    }
    for (const auto line : dbup::parts_of(page, '\n')) {
        CAPTURE(line);
        CHECK_FALSE(line.starts_with('\''));
        CHECK_FALSE(line.starts_with(' '));
    }
}

} // namespace

} // namespace dbup_test
