// SPDX-License-Identifier: MIT
#include "core/metric.hpp"

#include "core/failure.hpp"
#include "core/text.hpp"

#include <algorithm>
#include <cmath>

namespace dbup {

namespace {

std::optional<Range> parsed(std::string_view notation, Unit unit)
{
    return notation.empty() ? std::nullopt : Range::parse(notation, unit);
}

std::size_t index_of(std::span<const Limit> limits, std::string_view label)
{
    const auto row = std::find_if(
        limits.begin(), limits.end(), [&](const Limit& limit) { return limit.label == label; });
    return static_cast<std::size_t>(row - limits.begin());
}

[[noreturn]] void refuse_label(const ThresholdSetting& setting, std::span<const Limit> limits)
{
    std::vector<std::string_view> labels;
    for (const auto& limit : limits) {
        labels.push_back(limit.label);
    }
    std::string message = setting.origin + ": '" + setting.label +
                          "' is no metric of this check (" + joined(labels) + ")";
    const auto near = nearest(setting.label, labels);
    if (!near.empty()) {
        message += "; did you mean '" + std::string{near} + "'?";
    }
    throw config_error(std::move(message));
}

} // namespace

std::vector<Thresholds> thresholds_for(std::span<const Limit> limits,
                                       std::string_view main_label,
                                       std::span<const ThresholdSetting> settings)
{
    std::vector<Thresholds> all;
    for (const auto& limit : limits) {
        all.push_back(
            {parsed(limit.warning, limit.unit), parsed(limit.critical, limit.unit), false});
    }
    for (const auto& setting : settings) {
        const std::size_t at = index_of(limits, setting.label.empty() ? main_label : setting.label);
        if (at == limits.size()) {
            refuse_label(setting, limits);
        }
        const auto range = Range::parse(setting.range, limits[at].unit);
        if (!range) {
            throw config_error(setting.origin + ": '" + setting.range + "' is not a range; " +
                               range_help(setting.range, limits[at].unit));
        }
        (setting.critical ? all[at].critical : all[at].warning) = range;
        all[at].asked_for = true;
    }
    return all;
}

State judge(double value, const Thresholds& thresholds)
{
    if (std::isnan(value)) {
        return State::unknown;
    }
    if (thresholds.critical && thresholds.critical->alerts(value)) {
        return State::critical;
    }
    if (thresholds.warning && thresholds.warning->alerts(value)) {
        return State::warning;
    }
    return State::ok;
}

std::vector<Verdict> judge_all(std::span<const Metric> metrics,
                               std::span<const Limit> limits,
                               std::span<const Thresholds> thresholds)
{
    std::vector<Verdict> verdicts;
    std::vector<bool> seen(limits.size(), false);
    for (const auto& metric : metrics) {
        const std::size_t at = index_of(limits, metric.label);
        if (at == limits.size()) {
            throw Failure{ErrorClass::internal,
                          "metric without a limit row: " + std::string{metric.label}};
        }
        seen[at] = true;
        verdicts.push_back(
            {metric, limits[at].unit, thresholds[at], judge(metric.value, thresholds[at])});
    }
    for (std::size_t at = 0; at < limits.size(); ++at) {
        if (!seen[at] && thresholds[at].asked_for) {
            const Metric missing{limits[at].label, std::nan(""), {}, {}};
            verdicts.push_back({missing, limits[at].unit, thresholds[at], State::unknown});
        }
    }
    return verdicts;
}

} // namespace dbup
