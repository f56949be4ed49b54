// SPDX-License-Identifier: MIT
#include "actions/help.hpp"
#include "config/definition.hpp"
#include "config/options.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

namespace dbup {

namespace {

constexpr std::size_t indent = 29;

/// `-H, --host HOST` as the left column shows it.
std::string synopsis(const OptionRow& row)
{
    std::string text = row.letters.empty() ? "    " : fmt::format("-{}, ", row.letters.front());
    text += negatable(row) ? fmt::format("--[no-]{}", row.name) : fmt::format("--{}", row.name);
    if (row.optional_arg) {
        return fmt::format("{} [{}]", text, row.arg);
    }
    return row.arg.empty() ? text : fmt::format("{} {}", text, row.arg);
}

std::string explanation(const OptionRow& row)
{
    std::string text{row.help};
    const bool worth_saying =
        !row.fallback.empty() && row.fate == Fate::used && row.fallback != "false";
    if (worth_saying) {
        text += fmt::format(" [{}]", row.fallback);
    }
    if (!row.environment.empty()) {
        text += fmt::format(" ({})", joined(words_of(row.environment)));
    }
    return text;
}

std::string group_text(Group group)
{
    std::string text = fmt::format("\n{}:\n", heading(group));
    for (const auto& row : option_table()) {
        if (row.group == group && on_command_line(row)) {
            text += help_entry("  " + synopsis(row), explanation(row), indent);
        } else if (row.group == group && row.fate == Fate::used) {
            text +=
                help_entry(fmt::format("      {} (no option)", row.name), explanation(row), indent);
        }
    }
    return text;
}

/// What --generate can print.
std::string kinds_text()
{
    std::string text = "\nKinds of --generate:\n";
    for (const auto& row : definition_table) {
        text += help_entry(fmt::format("  {}", row.name), row.summary, indent);
    }
    return text;
}

/// What --check can check.
std::string checks_text()
{
    std::string text = "\nChecks of --check:\n";
    for (const auto& row : check_kinds) {
        text += help_entry(fmt::format("  {}", row.name), row.question, indent);
    }
    return text;
}

std::string topics_text()
{
    std::string text = "\nMore, with --help TOPIC:\n";
    for (const auto& row : help_topics) {
        if (row.topic != HelpTopic::options) {
            text += help_entry(fmt::format("  {}", row.name), row.summary, indent);
        }
    }
    return text;
}

constexpr std::string_view introduction = R"(Usage: db-up [OPTION]...
Can this user work with this PostgreSQL database right now? Connects over TLS,
runs one query in a read-only transaction, prints one status line with perfdata
for the monitoring host and exits.
)";

constexpr std::string_view closing = R"(
TIME is a number of seconds, or one with us, ms, s, m or h. RANGE is that of the
monitoring plugin interface: 10 (alert outside 0 to 10), 10: (below 10), ~:10
(above 10), 10:20 (outside), @10:20 (inside). LABEL is a label of the perfdata.

Exit codes: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN (also wrong usage, --help).

Examples:
  DB_PASSWORD=… db-up -d mydb
  db-up -H db1,db2 -d mydb -U db_monitor --password-file /etc/db-up/password
  db-up -d mydb --ssl-mode verify-full --ssl-root-cert ca.pem -w 500ms -c 2s
  DATABASE_URL=postgresql://db_monitor@db1/mydb db-up -q || echo down
)";

} // namespace

std::string help_on_options()
{
    std::string text{introduction};
    for (const auto group : groups) {
        text += group_text(group);
    }
    return text.append(checks_text()).append(kinds_text()).append(topics_text()).append(closing);
}

} // namespace dbup
