// SPDX-License-Identifier: MIT
// The files of contrib/icinga2 that are made of the tables know every option of a check.
#include "actions/generate/icinga.hpp"
#include "config/check_kind.hpp"
#include "core/text.hpp"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "support/catch.hpp"
#include "unit/fakes.hpp"
#include <nlohmann/json.hpp>

namespace dbup_test {

namespace {

std::string contributed(const std::string& name)
{
    const std::ifstream file{std::string{DBUP_CONTRIB_FOLDER "/icinga2/"}.append(name)};
    std::ostringstream content;
    if (file) {
        content << file.rdbuf();
    }
    return content.str();
}

TEST_CASE("the command of contrib is the one that the tables make", "[manual][icinga]")
{
    INFO("cmake --build build --target manual writes it");
    const bool is_current = contributed("command.conf") == dbup::icinga_command_file();
    CHECK(is_current);
}

TEST_CASE("the Director basket is the one that the tables make", "[manual][icinga]")
{
    INFO("cmake --build build --target manual writes it");
    const bool is_current = contributed("director-basket.json") == dbup::director_basket();
    CHECK(is_current);
}

// What is not offered is written here a second time: a new option that is missing has to be argued.
TEST_CASE("Icinga has a variable for every option of a check", "[icinga]")
{
    const auto* const not_understood = "output output-file health-check exit-style quiet";
    const auto* const no_checks =
        "dry-run validate offline info setup generate cleanup cleanup-kinds emergency-shutdown "
        "execute confirm help list-codes version";
    const auto* const without_effect = "once interval monitor-log-file pid-file monitor";
    const auto* const never_on_a_command_line = "password";
    std::set<std::string> not_offered;
    for (const auto* const reason :
         {not_understood, no_checks, without_effect, never_on_a_command_line}) {
        for (const auto name : dbup::words_of(reason)) {
            not_offered.emplace(name);
        }
    }
    std::set<std::string> offered;
    for (const auto& argument : dbup::icinga_arguments()) {
        CAPTURE(argument.option);
        REQUIRE(argument.option.starts_with("--"));
        const bool off = argument.option.starts_with("--no-");
        const auto* const row = dbup::find_option(argument.option.substr(off ? 5 : 2));
        REQUIRE(row != nullptr);
        CHECK(argument.variable == "db_up_" + dbup::replaced(argument.option.substr(2), "-", "_"));
        CHECK(argument.flag == row->arg.empty());
        CHECK(off == (argument.flag && row->fallback == "true"));
        CHECK_THAT(argument.description, has(std::string{row->help.substr(1)}));
        CHECK(offered.insert(std::string{row->name}).second);
    }
    for (const auto& row : dbup::option_table()) {
        const std::string name{row.name};
        CAPTURE(name);
        CHECK(offered.contains(name) != not_offered.contains(name));
    }
}

TEST_CASE("an option that may be repeated takes an array, the others do not", "[icinga]")
{
    std::vector<std::string> repeating;
    for (const auto& argument : dbup::icinga_arguments()) {
        if (argument.repeats) {
            repeating.push_back(argument.option);
        }
    }
    CHECK(repeating == std::vector<std::string>{"--warning", "--critical", "--state"});
}

TEST_CASE("each argument of the basket has a field that belongs to the command", "[icinga]")
{
    const auto basket = nlohmann::json::parse(dbup::director_basket());
    const auto& command = basket.at("Command").at("db-up");
    const auto& fields = basket.at("Datafield");
    const auto arguments = dbup::icinga_arguments();
    REQUIRE(command.at("arguments").size() == arguments.size());
    REQUIRE(command.at("fields").size() == arguments.size());
    REQUIRE(fields.size() == arguments.size());
    std::set<std::string> variables;
    for (const auto& reference : command.at("fields")) {
        const auto& field = fields.at(std::to_string(reference.at("datafield_id").get<int>()));
        CHECK(basket.at("DatafieldCategory").contains(field.at("category").get<std::string>()));
        variables.insert(field.at("varname").get<std::string>());
    }
    for (const auto& argument : arguments) {
        CAPTURE(argument.option);
        const auto& entry = command.at("arguments").at(argument.option);
        CHECK(entry.at(argument.flag ? "set_if" : "value") == '$' + argument.variable + '$');
        CHECK(entry.at("description") == argument.description);
        CHECK(variables.contains(argument.variable));
    }
}

TEST_CASE("every kind of check has its interval among the services", "[icinga]")
{
    const auto services = contributed("services.conf");
    REQUIRE_FALSE(services.empty());
    for (const auto& row : dbup::check_kinds) {
        CHECK_THAT(services, has("\n  \"" + std::string{row.name} + "\" = "));
    }
}

TEST_CASE("a generated service fills variables that its command has", "[generate][icinga]")
{
    Scene scene;
    const auto outcome = scene.run({"-H",
                                    "db1",
                                    "-d",
                                    "my$db",
                                    "-U",
                                    "db_monitor",
                                    "-w",
                                    "2",
                                    "-w",
                                    "cert_days=30:",
                                    "--no-retry-jitter",
                                    "--redact-hosts",
                                    "--generate",
                                    "icinga2"});
    CHECK(outcome.exit_code == 0);
    CHECK_THAT(outcome.text,
               has("    \"--warning\" = \"$db_up_warning$\"\n") &&
                   has("    \"--no-retry-jitter\" = { set_if = \"$db_up_no_retry_jitter$\" }\n") &&
                   has("  check_command = \"db-up\"\n") &&
                   has("  vars.db_up_database = \"my$$db\"\n") &&
                   has("  vars.db_up_warning = [ \"2\", \"cert_days=30:\" ]\n") &&
                   has("  vars.db_up_no_retry_jitter = true\n") &&
                   has("  vars.db_up_redact_hosts = true\n"));
    std::size_t checked = 0;
    for (const auto line : dbup::parts_of(outcome.text, '\n')) {
        constexpr std::string_view prefix = "  vars.";
        if (line.starts_with(prefix)) {
            const auto name = line.substr(prefix.size(), line.find(' ', 2) - prefix.size());
            CHECK_THAT(outcome.text, has('$' + std::string{name} + "$\""));
            ++checked;
        }
    }
    CHECK(checked > 8);
}

} // namespace

} // namespace dbup_test
