// SPDX-License-Identifier: MIT
#include "actions/settings_table.hpp"

#include "actions/reporting.hpp"
#include "config/options.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dbup {

namespace {

constexpr std::size_t value_bytes = 1'000;

/// A line of the table; a long value pushes its source to the next line.
std::string line(std::string_view name, std::string_view value, std::string_view source)
{
    constexpr std::size_t value_width = 28;
    const std::string_view shown = value.empty() ? "(none)" : value;
    if (shown.size() <= value_width) {
        return fmt::format("  {:<24}  {:<28}  {}\n", name, shown, source);
    }
    return fmt::format("  {:<24}  {}\n{:56}  {}\n", name, shown, "", source);
}

/// A sentence in lines that are not too long, the first one less indented.
std::string folded(std::string_view sentence)
{
    constexpr std::size_t width = 98;
    std::string text = " ";
    std::size_t column = text.size();
    for (const auto word : words_of(sentence)) {
        if (column + 1 + word.size() > width) {
            text += "\n   ";
            column = 3;
        }
        text += ' ';
        text += word;
        column += 1 + word.size();
    }
    return text + '\n';
}

std::string group_lines(const Config& config, Group group, const Scrubber& scrubber)
{
    std::string text;
    for (const auto& setting : config.settings) {
        const auto* const row = find_option(setting.name);
        if (row != nullptr && row->group == group) {
            text += line(setting.name,
                         scrubber(setting.value, value_bytes),
                         scrubber(setting.origin, value_bytes));
        }
    }
    return text.empty() ? text : fmt::format("{}:\n{}\n", heading(group), text);
}

std::string range_text(const std::optional<Range>& range)
{
    return range && range->text() != "~:" ? range->text() : "(none)";
}

std::string scheduler_lines(const Config& config, const Scrubber& scrubber)
{
    const auto interval = config.interval.empty() ? std::string{"(the scheduler's own)"}
                                                  : scrubber(config.interval, value_bytes);
    return "For the scheduler, whose matter it is when a check runs:\n" +
           table_line("interval", interval) +
           table_line("a run is over after",
                      setting_text(config.timeout) + "; its own limit must be longer") +
           '\n';
}

} // namespace

std::string table_line(std::string_view name, std::string_view value)
{
    return fmt::format("  {:<24}  {}\n", name, value);
}

std::string
listed(std::string_view title, std::span<const std::string> all, const Scrubber& scrubber)
{
    std::string text;
    for (const auto& one : all) {
        text += folded(scrubber(one, value_bytes));
    }
    return text.empty() ? text : fmt::format("{}:\n{}\n", title, text);
}

Config with_notes_on_files(const Config& config)
{
    Config copy = config;
    for (const auto& setting : config.settings) {
        const bool is_written = setting.name == "output-file" || setting.name == "log-file";
        if (is_written && setting.origin.starts_with('-') && !setting.value.empty()) {
            copy.notes.push_back(fmt::format(
                "{}: '{}' is not written now, only by a check", setting.origin, setting.value));
        }
    }
    return copy;
}

std::string limits_table(const Config& config)
{
    std::string text = "Limits of the check:\n";
    const Check& check = check_of(config.check_kind());
    const auto table = limits_of(check);
    const auto& limits = table.limits;
    const auto thresholds = thresholds_for(table, config.thresholds).of_limits;
    for (std::size_t i = 0; i < limits.size(); ++i) {
        if (thresholds[i].warning || thresholds[i].critical) {
            text += line(limits[i].label,
                         fmt::format("warning {} critical {}",
                                     range_text(thresholds[i].warning),
                                     range_text(thresholds[i].critical)),
                         thresholds[i].asked_for ? "-w, -c" : "default");
        }
    }
    return text + '\n';
}

std::string settings_table(const Config& config, const Scrubber& scrubber)
{
    std::string text;
    for (const auto group : groups) {
        if (group != Group::action) {
            text += group_lines(config, group, scrubber);
        }
    }
    text += scheduler_lines(config, scrubber);
    if (config.password_origin.empty()) {
        text += listed("Where a password was looked for", config.password_search, scrubber);
    }
    return text + listed("Notes", config.notes, scrubber);
}

} // namespace dbup
