// SPDX-License-Identifier: MIT
#include "actions/generate/icinga.hpp"

#include "actions/generate/quoting.hpp"
#include "core/ascii.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dbup {

namespace {

/// Icinga reads status line, perfdata and exit code; with these it would get something else.
constexpr std::array taken_by_icinga{
    std::string_view{"output"},
    std::string_view{"output-file"},
    std::string_view{"health-check"},
    std::string_view{"exit-style"},
    std::string_view{"quiet"},
};

bool is_argument(const OptionRow& row)
{
    const bool used = row.fate == Fate::used || row.fate == Fate::counted;
    const bool for_icinga = std::find(taken_by_icinga.begin(), taken_by_icinga.end(), row.name) !=
                            taken_by_icinga.end();
    return used && on_command_line(row) && row.group != Group::action && !asks_for_action(row) &&
           !for_icinga;
}

std::string described(const OptionRow& row)
{
    auto text = std::string{row.help};
    text.front() = upper(text.front());
    text += '.';
    if (!row.fallback.empty() && !row.arg.empty()) {
        text += fmt::format(" Default: {}.", row.fallback);
    }
    if (!row.checks.empty()) {
        auto users = words_of(row.checks);
        std::erase(users, "cleanup"); // no check
        text += fmt::format(" Only for: {}.", joined(users));
    }
    return text;
}

} // namespace

std::string icinga_variable(std::string_view option)
{
    return "db_up_" + replaced(option, "-", "_");
}

std::vector<IcingaArgument> icinga_arguments()
{
    std::vector<IcingaArgument> arguments;
    for (const auto& row : option_table()) {
        if (!is_argument(row)) {
            continue;
        }
        const bool off = negatable(row) && row.fallback == "true";
        const auto name = fmt::format("{}{}", off ? "no-" : "", row.name);
        auto description = described(row);
        if (off) {
            description.insert(0, "Without: ");
        }
        const bool repeats =
            std::holds_alternative<std::vector<ThresholdSetting> Config::*>(row.slot) ||
            std::holds_alternative<std::vector<StateSetting> Config::*>(row.slot);
        arguments.push_back(
            {"--" + name, icinga_variable(name), std::move(description), row.arg.empty(), repeats});
    }
    return arguments;
}

std::string icinga_command(const IcingaStart& start)
{
    std::string arguments;
    for (const auto& argument : icinga_arguments()) {
        const auto* const key = argument.flag ? "set_if" : "value";
        const auto macro = fmt::format("\"${}$\"", argument.variable);
        if (start.described) {
            arguments +=
                fmt::format("    \"{}\" = {{\n      {} = {}\n      description = {}\n    }}\n",
                            argument.option,
                            key,
                            macro,
                            json_string(argument.description));
        } else {
            arguments +=
                fmt::format("    \"{}\" = {}\n",
                            argument.option,
                            argument.flag ? fmt::format("{{ set_if = {} }}", macro) : macro);
        }
    }
    return fmt::format("object CheckCommand \"db-up\" {{\n"
                       "  command = [ {} ]\n"
                       "  timeout = {}\n\n"
                       "  arguments = {{\n{}  }}\n\n"
                       "  vars.db_up_host = \"$address$\"\n"
                       "}}\n",
                       start.command,
                       start.timeout,
                       arguments);
}

std::string icinga_command_file()
{
    return "// db-up for Icinga 2. Written from the program's option table (target \"manual\"): "
           "every option\n"
           "// of a check is a custom variable. Belongs into a global zone, so that agents have "
           "it, too.\n"
           "// The time limit is Icinga's own and must be above db_up_timeout (10 s unless you set "
           "it); a\n"
           "// service with a longer one sets check_timeout.\n" +
           icinga_command({"PluginDir + \"/check_db_up\"", "1m", true});
}

} // namespace dbup
