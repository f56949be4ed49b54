// SPDX-License-Identifier: MIT
// The configuration reference says what the tables say, and its example works.
#include "checks/manual.hpp"
#include "config/config_file.hpp"
#include "config/reference.hpp"
#include "core/failure.hpp"
#include "core/text.hpp"

#include <fstream>
#include <sstream>

#include "support/catch.hpp"
#include "unit/fakes.hpp"

namespace dbup_test {

namespace {

std::string document(const std::string& name)
{
    const std::ifstream file{std::string{DBUP_DOCS_FOLDER "/"}.append(name)};
    std::ostringstream content;
    if (file) {
        content << file.rdbuf();
    }
    return content.str();
}

std::string reference()
{
    auto page = document("configuration.md");
    REQUIRE_FALSE(page.empty());
    return page;
}

std::string code(std::string_view text)
{
    std::string quoted = "`";
    return quoted.append(text).append("`");
}

TEST_CASE("the configuration reference is the one that the tables make", "[manual]")
{
    const auto page = reference();
    INFO("cmake --build build --target manual writes it");
    const bool is_current = dbup::configuration_page(page) == page;
    CHECK(is_current);
    for (const auto& row : dbup::option_table()) {
        if (row.fate == dbup::Fate::refused) {
            continue;
        }
        CAPTURE(row.name);
        const bool secret = std::holds_alternative<dbup::Secret dbup::Config::*>(row.slot);
        CHECK((secret || page.find("| `--" + std::string{row.name}) != std::string::npos));
        for (const auto variable : dbup::words_of(row.environment)) {
            CHECK_THAT(page, has(code(variable)));
        }
        for (const auto& key : dbup::yaml_keys(row)) {
            CHECK_THAT(page, has(code(key)));
        }
    }
    for (const auto& key : dbup::file_key_table()) {
        CHECK_THAT(page, has(code(key.key)));
    }
}

TEST_CASE("the pages on the checks have the tables that the checks make", "[manual]")
{
    INFO("cmake --build build --target manual writes them");
    const auto index = document("checks.md");
    const bool index_is_current = dbup::index_page(index) == index;
    CHECK(index_is_current);
    CHECK_THAT(dbup::index_page("<!-- checks -->\nstale words\n<!-- /checks -->\n"),
               !has("stale words"));
    for (const auto* const check : dbup::check_table()) {
        const std::string name{check->name()};
        CAPTURE(name);
        CHECK_THAT(index, has("](checks/" + name + ".md)"));
        const auto page = document("checks/" + name + ".md");
        const bool is_current = dbup::check_page(page, *check) == page;
        CHECK(is_current);
        const auto table = dbup::check_page("<!-- metrics -->\n<!-- /metrics -->\n", *check);
        for (const auto& limit : check->limits) {
            CHECK_THAT(table, has("| " + code(limit.label)));
        }
    }
}

/// What the page says by hand of a code: from behind its table to the next heading of a code.
std::string written_part(std::string_view page, std::string_view error_code)
{
    const auto mark = std::string{"<!-- "}.append(error_code).append(": end -->\n");
    const auto begin = page.find(mark);
    return begin == std::string_view::npos
               ? std::string{}
               : std::string{page.substr(begin, page.find("\n## ", begin) - begin)};
}

TEST_CASE("the page on the errors has every code with its table and what to do", "[manual]")
{
    const auto page = document("errors.md");
    REQUIRE_FALSE(page.empty());
    INFO("cmake --build build --target manual writes the tables");
    const bool is_current = dbup::errors_page(page) == page;
    CHECK(is_current);
    std::size_t previous = 0;
    for (const auto& row : dbup::error_table()) {
        CAPTURE(row.code);
        const auto heading = page.find("\n## " + std::string{row.code} + "\n\n<!-- " +
                                       std::string{row.code} + ": begin -->\n");
        REQUIRE(heading != std::string::npos);
        CHECK(heading > previous); // in the order of the table
        previous = heading;
        const auto words = written_part(page, row.code);
        CHECK_THAT(words, has("```\nDB-UP ") && has("[" + std::string{row.code} + "]"));
        CHECK_THAT(words, has("**Usual causes") && has("**Do"));
    }
}

TEST_CASE("the example of the configuration reference can be used", "[manual]")
{
    const auto page = reference();
    const std::string fence = "```yaml\n";
    const auto begin = page.find(fence) + fence.size();
    Scene scene;
    scene.reader.files["/etc/db-up/config.yaml"] =
        page.substr(begin, page.find("```", begin) - begin);
    scene.reader.files["/etc/db-up/password"] = "secret\n";
    const auto config = scene.load({});
    REQUIRE(config.endpoints.size() == 2);
    CHECK(config.endpoints[1].text() == "db2.example.com:5432");
    CHECK(config.password.reveal() == "secret");
    CHECK(setting(config, "warning").value == "time=500ms cert_days=20:");
    CHECK(setting(config, "state").value == "starting=warning");
}

} // namespace

} // namespace dbup_test
