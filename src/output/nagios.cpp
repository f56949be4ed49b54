// SPDX-License-Identifier: MIT
#include "output/details.hpp"
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

} // namespace

std::string render_nagios(const Report& report, const RenderOptions& options)
{
    return status_line(report) + '\n' + detail_lines(report, options);
}

} // namespace dbup
