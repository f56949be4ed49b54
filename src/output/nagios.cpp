// SPDX-License-Identifier: MIT
#include "core/text.hpp"
#include "output/format.hpp"
#include "output/perfdata.hpp"

#include <fmt/format.h>

namespace dbup {

namespace {

std::string status_line(const Report& report)
{
    std::string line = fmt::format("DB-UP {} - {}", row_of(report.state).word, report.headline);
    if (report.error != nullptr) {
        line += fmt::format(" [{}]", report.error->code);
    }
    const std::string data = perfdata(report.verdicts);
    return data.empty() ? line : line + " | " + data;
}

std::string try_line(const Try& one)
{
    std::string line = fmt::format("Attempt {}: {}", one.attempt, one.target);
    for (const auto& [stage, spent] : one.stages) {
        line += fmt::format(" {} {}", row_of(stage).name, duration_text(spent));
    }
    line += one.code.empty() ? ": answered" : fmt::format(": {}", one.code);
    return one.message.empty() ? line : fmt::format("{} ({})", line, one.message);
}

void add_lines(std::string& text, const Report& report, int verbosity)
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

} // namespace

std::string render_nagios(const Report& report, const RenderOptions& options)
{
    std::string text = status_line(report) + '\n';
    if (!report.reason.empty()) {
        text += "Reason: " + report.reason + '\n';
    }
    if (!report.fix.empty()) {
        text += "Fix: " + report.fix + '\n';
    }
    if (options.verbosity > 0) {
        add_lines(text, report, options.verbosity);
    }
    return text;
}

} // namespace dbup
