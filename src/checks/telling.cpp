// SPDX-License-Identifier: MIT
#include "checks/telling.hpp"

#include "core/text.hpp"

#include <algorithm>
#include <iterator>

namespace dbup {

namespace {

std::vector<std::string>
broken_labels(std::span<const Metric> metrics, const LimitTable& table, const Config& config)
{
    const auto is_ours = [&table](const ThresholdSetting& setting) {
        return setting.label.empty() ||
               std::any_of(table.limits.begin(),
                           table.limits.end(),
                           [&setting](const Limit& limit) { return limit.label == setting.label; });
    };
    std::vector<ThresholdSetting> ours;
    std::copy_if(
        config.thresholds.begin(), config.thresholds.end(), std::back_inserter(ours), is_ours);
    std::vector<std::string> labels;
    for (const auto& verdict : judge_all(metrics, table, thresholds_for(table, ours))) {
        if (verdict.state != State::ok) {
            labels.push_back(verdict.metric.label);
        }
    }
    return labels;
}

} // namespace

Telling::Telling(std::span<const Metric> metrics,
                 std::span<const Limit> limits,
                 std::string_view main_label,
                 const Config& config)
{
    const auto format = config.output.format;
    const bool as_lines = format == OutputFormat::nagios || format == OutputFormat::text;
    const bool as_json = format == OutputFormat::json || format == OutputFormat::http;
    all_ = as_json || (as_lines && config.verbosity > 0);
    if (as_lines && !all_) {
        labels_ = broken_labels(metrics, {{limits.begin(), limits.end()}, main_label}, config);
    }
}

bool Telling::tells(std::string_view labels) const
{
    const auto words = words_of(labels);
    return all_ || std::any_of(words.begin(), words.end(), [this](std::string_view label) {
               return std::find(labels_.begin(), labels_.end(), label) != labels_.end();
           });
}

} // namespace dbup
