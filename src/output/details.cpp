// SPDX-License-Identifier: MIT
#include "output/details.hpp"

#include "core/text.hpp"

#include <fmt/format.h>

namespace dbup {

namespace {

std::string try_line(const Try& one)
{
    std::string line = fmt::format("Attempt {}: {}", one.attempt, one.target);
    for (const auto& [stage, spent] : one.stages) {
        line += fmt::format(" {} {}", row_of(stage).name, duration_text(spent));
    }
    line += one.code.empty() ? ": answered" : fmt::format(": {}", one.code);
    return one.message.empty() ? line : fmt::format("{} ({})", line, one.message);
}

void add_verbose_lines(std::string& text, const Report& report, int verbosity)
{
    for (const auto& one : report.tries) {
        text += try_line(one) + '\n';
    }
    for (const auto& note : report.notes) {
        text += "Note: " + note + '\n';
    }
    if (verbosity > 1) {
        for (const auto& fact : report.facts) {
            text += "Fact: " + fact + '\n';
        }
    }
    for (const auto& setting : report.settings) {
        if (verbosity > 1 || !setting.is_default) {
            text +=
                fmt::format("Setting: {} = {} ({})\n", setting.name, setting.value, setting.origin);
        }
    }
}

/// Of what is not shown. Not everything was fetched: -v has no line for that either.
std::string more_line(std::size_t left_out, std::size_t unlisted)
{
    if (left_out + unlisted == 0) {
        return {};
    }
    const auto shows = unlisted == 0 ? std::string{"them"} : fmt::format("{} of them", left_out);
    return fmt::format("- and {} more (-v shows {})\n", left_out + unlisted, shows);
}

/// The particulars of what is not OK; all of them for who asks. Hosts keep about a kilobyte of all.
std::string particular_lines(const Report& report, int verbosity)
{
    constexpr std::size_t most_lines = 5;
    constexpr std::size_t most_bytes = 120;
    std::string text;
    std::size_t shown = 0;
    std::size_t left_out = 0;
    std::size_t unlisted = 0; // which nothing shows
    for (const auto& particular : report.particulars) {
        if (verbosity > 0) {
            text += "- " + particular.text + '\n';
        } else if (particular.pressing && shown < most_lines) {
            text += "- " + shortened(particular.text, most_bytes) + '\n';
            ++shown;
        } else if (particular.pressing && particular.unlisted > 0) {
            unlisted += particular.unlisted;
        } else if (particular.pressing) {
            ++left_out;
        }
    }
    return text + more_line(left_out, unlisted);
}

} // namespace

std::string detail_lines(const Report& report, const RenderOptions& options)
{
    std::string text = particular_lines(report, options.verbosity);
    if (options.hints && !report.reason.empty()) {
        text += "Reason: " + report.reason + '\n';
    }
    if (options.hints && !report.fix.empty()) {
        text += "Fix: " + report.fix + '\n';
    }
    if (options.verbosity > 0) {
        add_verbose_lines(text, report, options.verbosity);
    }
    return text;
}

} // namespace dbup
