// SPDX-License-Identifier: MIT
#include "config/options.hpp"

#include "config/rows/actions.hpp"
#include "config/rows/answer.hpp"
#include "config/rows/checks.hpp"
#include "config/rows/connection.hpp"
#include "config/rows/run.hpp"
#include "core/text.hpp"

#include <algorithm>
#include <array>

namespace dbup {

namespace {

using enum Group;

/// One array of several.
template <std::size_t... sizes>
constexpr auto joined_rows(const std::array<OptionRow, sizes>&... parts)
{
    std::array<OptionRow, (sizes + ...)> all{};
    auto* next = all.begin();
    ((next = std::copy(parts.begin(), parts.end(), next)), ...);
    return all;
}

constexpr auto table = joined_rows(connection_rows, run_rows, check_rows, answer_rows, action_rows);

/// Where the options of a group are in the configuration file; empty: they are not.
std::string_view section_of(Group group)
{
    switch (group) {
    case target:
    case tls: return "database";
    case time:
    case judging: return "monitor";
    case checking: return "checks";
    case output: return "output";
    case logging: return "logging";
    case action:
    case other: break;
    }
    return {};
}

} // namespace

std::span<const OptionRow> option_table()
{
    return table;
}

const OptionRow* find_option(std::string_view name)
{
    const auto* const row =
        std::find_if(table.begin(), table.end(), [name](const OptionRow& candidate) {
            const auto aliases = words_of(candidate.aliases);
            return candidate.name == name ||
                   std::find(aliases.begin(), aliases.end(), name) != aliases.end();
        });
    return row == table.end() ? nullptr : row;
}

std::string_view heading(Group group)
{
    switch (group) {
    case target: return "What is checked, and as whom";
    case tls: return "Connection security";
    case time: return "Time and retries";
    case judging: return "Judging";
    case checking: return "What a check looks at";
    case output: return "Output";
    case logging: return "Logging";
    case action: return "In place of a check";
    case other: break;
    }
    return "Other";
}

std::vector<std::string> yaml_keys(const OptionRow& row)
{
    std::vector<std::string> keys;
    for (const auto key : words_of(row.yaml)) {
        keys.emplace_back(key);
    }
    const bool elsewhere = is_secret(row) || asks_for_action(row) || row.fate == Fate::refused;
    const auto section = section_of(row.group);
    if (keys.empty() && !elsewhere && !section.empty()) {
        keys.push_back(std::string{section} + '.' + replaced(row.name, "-", "_"));
    }
    return keys;
}

bool asks_for_action(const OptionRow& row)
{
    return row.action != ActionKind::check ||
           std::holds_alternative<ActionKind Config::*>(row.slot);
}

bool shapes_answer(const OptionRow& row)
{
    return (row.group == output || row.group == logging) && row.fate == Fate::used;
}

bool is_secret(const OptionRow& row)
{
    return std::holds_alternative<Secret Config::*>(row.slot);
}

bool concerns(const OptionRow& row, std::string_view user)
{
    const auto users = words_of(row.checks);
    return users.empty() || std::find(users.begin(), users.end(), user) != users.end();
}

bool concerns(const OptionRow& row, CheckKind kind)
{
    return concerns(row, row_of(kind).name);
}

bool on_command_line(const OptionRow& row)
{
    return row.fate != Fate::refused && !is_secret(row);
}

bool negatable(const OptionRow& row)
{
    return std::holds_alternative<bool Config::*>(row.slot) && row.fate == Fate::used;
}

} // namespace dbup
