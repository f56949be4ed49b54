// SPDX-License-Identifier: MIT
#include "checks/manual.hpp"

#include "config/manual.hpp"
#include "config/options.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

namespace dbup {

namespace {

/// The options that only some checks use, this one among them.
std::vector<std::string_view> options_of(const Check& check)
{
    std::vector<std::string_view> names;
    for (const auto& row : option_table()) {
        if (!row.checks.empty() && concerns(row, check.kind)) {
            names.push_back(row.name);
        }
    }
    return names;
}

std::string_view name_of(Unit unit)
{
    switch (unit) {
    case Unit::seconds: return "seconds";
    case Unit::percent: return "percent";
    case Unit::bytes: return "bytes";
    case Unit::days: return "days";
    case Unit::counter: return "counter";
    case Unit::none: break;
    }
    return "";
}

/// "warning 60, critical 300"
std::string limits_text(const Limit& limit)
{
    std::string text = limit.warning.empty() ? "" : fmt::format("warning {}", limit.warning);
    if (!limit.critical.empty()) {
        text += fmt::format("{}critical {}", text.empty() ? "" : ", ", limit.critical);
    }
    return text;
}

std::string cell(std::string_view text)
{
    return replaced(text, "|", "\\|");
}

std::string code(std::string_view text)
{
    return text.empty() ? std::string{} : fmt::format("`{}`", cell(text));
}

/// Whether -w and -c without a label mean it.
bool is_main(const Limit& limit, const Check& check)
{
    return limit.label == check.main_label;
}

std::string metrics_table(const Check& check)
{
    std::string text;
    if (!check.limits.empty()) {
        text += "\n| Metric | Unit | Warning | Critical | |\n|--|--|--|--|--|\n";
    }
    for (const auto& limit : check.limits) {
        text += fmt::format("| {}{} | {} | {} | {} | {} |\n",
                            code(limit.label),
                            is_main(limit, check) ? " *" : "",
                            name_of(limit.unit),
                            code(limit.warning),
                            code(limit.critical),
                            cell(limit.help));
    }
    text += fmt::format("\n`-w` and `-c` without a label are for `{}`; "
                        "[those of every run](../checks.md#metrics-of-every-run) come to these.\n",
                        check.main_label);
    return text;
}

std::string needs_lines(const Check& check)
{
    constexpr std::string_view always = "CONNECT on the database";
    std::string text = "\nPrivileges: ";
    const bool says_so = !check.privileges.empty() && check.privileges.front().name == always;
    text += says_so ? "" : always;
    for (const auto& privilege : check.privileges) {
        text += fmt::format("{}{} (`{}`)",
                            text.ends_with(": ") ? "" : "; ",
                            privilege.name,
                            general_text(privilege.grant));
    }
    text += ".\n";
    const auto names = options_of(check);
    if (!names.empty()) {
        text += "\nOptions:";
        for (const auto name : names) {
            text += fmt::format("{} `--{}`", name == names.front() ? "" : ",", name);
        }
        text += ".\n";
    }
    return text;
}

std::string
between(std::string_view page, std::string_view begin, std::string_view end, std::string_view text)
{
    std::string result{page};
    const auto from = result.find(begin);
    const auto to = result.find(end);
    if (from != std::string::npos && to != std::string::npos && from < to) {
        const auto behind = from + begin.size();
        result.replace(behind, to - behind, text);
    }
    return result;
}

std::string metric_mdoc(const Limit& limit, const Check& check)
{
    auto text = fmt::format(".It Cm {}\n{}\n", limit.label, roff_sentence(limit.help));
    if (const auto limits = limits_text(limit); !limits.empty()) {
        text += fmt::format("Default: {}.\n", roff(limits));
    }
    return is_main(limit, check) ? text + "A range without a label is for it.\n" : text;
}

std::string check_mdoc(const Check& check)
{
    auto text =
        fmt::format(".Ss {}\n{}\n", check.name(), roff_sentence(row_of(check.kind).question));
    if (!check.limits.empty()) {
        text += ".Bl -tag -width Ds\n";
        for (const auto& limit : check.limits) {
            text += metric_mdoc(limit, check);
        }
        text += ".El\n";
    }
    for (const auto& privilege : check.privileges) {
        text += fmt::format(
            ".Pp\nNeeds {}:\n.Dl {}\n", roff(privilege.name), roff(general_text(privilege.grant)));
    }
    const auto names = options_of(check);
    if (!names.empty()) {
        text += ".Pp\nOptions:\n";
        for (const auto name : names) {
            text += fmt::format(".Fl \\-{} {}\n", roff(name), name == names.back() ? "." : ",");
        }
    }
    return text;
}

} // namespace

std::string checks_mdoc()
{
    std::string text;
    for (const auto* const check : check_table()) {
        text += check_mdoc(*check);
    }
    return text;
}

std::string whole_manual_page(std::string_view page)
{
    return manual_page(replaced(page, "@CHECKS@\n", checks_mdoc()));
}

std::string check_page(std::string_view page, const Check& check)
{
    return between(page,
                   "<!-- metrics -->\n",
                   "<!-- /metrics -->",
                   metrics_table(check) + needs_lines(check) + '\n');
}

std::string index_page(std::string_view page)
{
    std::string table = "\n| Check | Question | Needs |\n|--|--|--|\n";
    for (const auto* const check : check_table()) {
        std::string needs;
        for (const auto& privilege : check->privileges) {
            needs += needs.empty() ? "" : "; ";
            needs += privilege.name;
        }
        table += fmt::format("| [{0}](checks/{0}.md) | {1} | {2} |\n",
                             check->name(),
                             cell(row_of(check->kind).question),
                             cell(needs));
    }
    return between(page, "<!-- checks -->\n", "<!-- /checks -->", table + '\n');
}

} // namespace dbup
