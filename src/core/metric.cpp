// SPDX-License-Identifier: MIT
#include "core/metric.hpp"

#include "core/duration.hpp"
#include "core/failure.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace dbup {

namespace {

constexpr Range never{-Range::infinity, Range::infinity};

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

Range range_of(const ThresholdSetting& setting, Unit unit)
{
    const auto range = Range::parse(setting.range, unit);
    if (!range) {
        throw config_error(setting.origin + ": '" + setting.range + "' is not a range; " +
                           range_help(setting.range, unit));
    }
    return *range;
}

Verdict verdict_of(const Metric& metric, const LimitTable& table, const ThresholdTable& thresholds)
{
    const std::size_t at = index_of(table.limits, metric.label);
    const bool known = at < table.limits.size();
    if (!known && !table.open) {
        throw Failure{ErrorClass::internal, "metric without a limit row: " + metric.label};
    }
    const Limit limit = known ? table.limits[at] : Limit{};
    const auto other = thresholds.others.find(metric.label);
    Thresholds its;
    if (known) {
        its = thresholds.of_limits[at];
    } else if (other != thresholds.others.end()) {
        its = other->second;
    }
    return {metric, limit.unit, its, judge(metric.value, its), limit.fix, limit.help};
}

/// A metric that was asked for and is not among the `verdicts`.
void add_missing(std::vector<Verdict>& verdicts,
                 std::string_view label,
                 Unit unit,
                 const Thresholds& its,
                 std::string_view help)
{
    const bool measured =
        std::any_of(verdicts.begin(), verdicts.end(), [label](const Verdict& verdict) {
            return verdict.metric.label == label;
        });
    if (its.asked_for && !measured) {
        verdicts.push_back(
            {{std::string{label}, std::nan("")}, unit, its, State::unknown, {}, help});
    }
}

/// A double that holds no exact count any more is not written out with 300 digits.
std::string readable_number(double value)
{
    constexpr double exact = 1e15;
    return std::isfinite(value) && std::abs(value) >= exact ? fmt::format("{:.6g}", value)
                                                            : number_text(value);
}

std::string bytes_text(double value)
{
    double size = 1;
    std::string_view suffix = "B";
    for (const auto& row : suffix_table) {
        if (row.unit == Unit::bytes && std::abs(value) >= row.times) {
            size = row.times;
            suffix = row.suffix;
        }
    }
    return fmt::format("{} {}", readable_number(std::round(value / size * 10) / 10), suffix);
}

} // namespace

std::string quantity_text(double value, Unit unit)
{
    if (unit == Unit::seconds) {
        const auto magnitude = std::chrono::duration<double>(std::abs(value));
        return (value < 0 ? "-" : "") +
               duration_text(std::chrono::duration_cast<Elapsed>(magnitude));
    }
    if (unit == Unit::bytes) {
        return bytes_text(value);
    }
    // What is counted is no measure: its letter is for programs.
    return readable_number(value) + std::string{unit == Unit::counter ? "" : uom(unit)};
}

ThresholdTable thresholds_for(const LimitTable& table, std::span<const ThresholdSetting> settings)
{
    ThresholdTable all;
    for (const auto& limit : table.limits) {
        all.of_limits.push_back(
            {parsed(limit.warning, limit.unit), parsed(limit.critical, limit.unit), false});
    }
    for (const auto& setting : settings) {
        const auto label = setting.label.empty() ? table.main_label : setting.label;
        const std::size_t at = index_of(table.limits, label);
        const bool known = at < table.limits.size();
        if (!known && (!table.open || label.empty())) {
            refuse_label(setting, table.limits);
        }
        const auto range = range_of(setting, known ? table.limits[at].unit : Unit::none);
        auto& thresholds = known ? all.of_limits[at] : all.others[std::string{label}];
        (setting.critical ? thresholds.critical : thresholds.warning) = range;
        thresholds.asked_for = thresholds.asked_for || range != never; // switched off: not missed
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

bool can_alert(const Thresholds& thresholds)
{
    const auto alerts = [](const std::optional<Range>& range) { return range && *range != never; };
    return alerts(thresholds.warning) || alerts(thresholds.critical);
}

State overall_state(std::span<const Verdict> verdicts)
{
    State known = State::ok;
    bool missed = false;
    for (const auto& verdict : verdicts) {
        const bool unseen = std::isnan(verdict.metric.value) && !verdict.thresholds.asked_for;
        missed = missed || unseen;
        known = unseen ? known : worst(known, verdict.state);
    }
    return known == State::ok && missed ? State::unknown : known;
}

std::vector<Verdict> judge_all(std::span<const Metric> metrics,
                               const LimitTable& table,
                               const ThresholdTable& thresholds)
{
    std::vector<Verdict> verdicts;
    for (const auto& metric : metrics) {
        verdicts.push_back(verdict_of(metric, table, thresholds));
    }
    for (std::size_t at = 0; at < table.limits.size(); ++at) {
        const auto& limit = table.limits[at];
        add_missing(verdicts, limit.label, limit.unit, thresholds.of_limits[at], limit.help);
    }
    for (const auto& [label, its] : thresholds.others) {
        add_missing(verdicts, label, Unit::none, its, {});
    }
    return verdicts;
}

std::string violation_text(const Verdict& verdict)
{
    const auto& [metric, unit, thresholds, state, fix, help] = verdict;
    if (std::isnan(metric.value)) {
        return fmt::format("{} was not measured", metric.label);
    }
    const Range range =
        (state == State::critical ? thresholds.critical : thresholds.warning).value_or(Range{});
    std::string limit = "inside " + range.text();
    if (!range.alert_inside) {
        limit = metric.value > range.high ? "above " + quantity_text(range.high, unit)
                                          : "below " + quantity_text(range.low, unit);
    }
    return fmt::format("{} is {} ({})", metric.label, quantity_text(metric.value, unit), limit);
}

} // namespace dbup
