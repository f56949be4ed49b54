// SPDX-License-Identifier: MIT
#include "output/perfdata.hpp"

#include "core/unit.hpp"

#include <cmath>

namespace dbup {

namespace {

std::string range_text(const std::optional<Range>& range)
{
    const bool never_alerts = range && range->text() == "~:";
    return range && !never_alerts ? range->text() : std::string{};
}

std::string optional_text(const std::optional<double>& value)
{
    return value ? number_text(*value) : std::string{};
}

std::string datum(const Verdict& verdict)
{
    const Metric& metric = verdict.metric;
    std::string text{metric.label};
    text += '=';
    text += number_text(metric.value);
    text += uom(verdict.unit);
    for (const auto& part : {range_text(verdict.thresholds.warning),
                             range_text(verdict.thresholds.critical),
                             optional_text(metric.min),
                             optional_text(metric.max)}) {
        text += ';';
        text += part;
    }
    text.erase(text.find_last_not_of(';') + 1);
    return text;
}

} // namespace

std::string perfdata(std::span<const Verdict> verdicts)
{
    std::string text;
    for (const auto& verdict : verdicts) {
        if (std::isfinite(verdict.metric.value)) {
            text += text.empty() ? "" : " ";
            text += datum(verdict);
        }
    }
    return text;
}

} // namespace dbup
