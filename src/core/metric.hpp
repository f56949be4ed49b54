// SPDX-License-Identifier: MIT
#pragma once

#include "core/range.hpp"
#include "core/state.hpp"

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dbup {

/// One number that a run brought home, in the base unit of its kind. It has no opinion about
/// itself.
struct Metric {
    std::string label = {}; ///< of the Limit row that describes it
    double value = 0;
    std::optional<double> min = {};
    std::optional<double> max = {};
};

/// What a label means, and the limits it has unless the user says otherwise: a row of a check's
/// table.
struct Limit {
    std::string_view label = {}; ///< snake_case, at most 19 characters: the label of perfdata
    Unit unit = Unit::none;
    std::string_view warning = {};  ///< a range, or empty
    std::string_view critical = {}; ///< a range, or empty
    std::string_view help = {};
    std::string_view fix = {}; ///< what to do where a default limit is broken; may be empty
};

/// The metrics that a check can have.
struct LimitTable {
    std::vector<Limit> limits = {};
    std::string_view main_label = {}; ///< what a range without a label is for
    bool open = false;                ///< also metrics that no row knows: plain numbers
};

/// A `-w [label=]range` or `-c [label=]range` of the user.
struct ThresholdSetting {
    bool critical = false;
    std::string label = {}; ///< empty: the check's main metric
    std::string range = {};
    std::string origin = {}; ///< where it was given, for messages
};

/// The ranges of one metric.
struct Thresholds {
    std::optional<Range> warning = {};
    std::optional<Range> critical = {};
    bool asked_for = false; ///< by the user: the metric must then be there
};

/// The ranges of all metrics of a check.
struct ThresholdTable {
    std::vector<Thresholds> of_limits = {};                     ///< in the order of the limits
    std::map<std::string, Thresholds, std::less<>> others = {}; ///< of an open table
};

/// A metric that was judged.
struct Verdict {
    Metric metric = {};
    Unit unit = Unit::none;
    Thresholds thresholds = {};
    State state = State::ok;
    std::string_view fix = {};  ///< of its limit
    std::string_view help = {}; ///< of its limit; empty: a metric of an open table, whose label
                                ///< is foreign
};

/// The thresholds of every limit: the defaults, overridden by `settings`. \throws Failure{config}
/// for a label that `table` does not know, unless it is open, or a text that is no range.
ThresholdTable thresholds_for(const LimitTable& table, std::span<const ThresholdSetting> settings);

/// A number with its unit, for people: "1.2 s", "3.4 GB", "80%".
std::string quantity_text(double value, Unit unit);

/// What is wrong with a metric, for people: "time is 1.2 s (above 1 s)".
std::string violation_text(const Verdict& verdict);

/// The one place where a number becomes a state.
State judge(double value, const Thresholds& thresholds);

/// Whether a value could break one of them: a limit that was switched off (~:) never does.
bool can_alert(const Thresholds& thresholds);

/// The state that all of them come to. That a default limit could not be looked at is UNKNOWN, but
/// does not hide what is known to be wrong; a limit of the user was asked for, and is not let go.
State overall_state(std::span<const Verdict> verdicts);

/// Each metric with its thresholds, in the order of `metrics`. A metric that the user set a
/// threshold for and that was not measured comes back with a value of NaN: UNKNOWN, never OK.
std::vector<Verdict> judge_all(std::span<const Metric> metrics,
                               const LimitTable& table,
                               const ThresholdTable& thresholds);

} // namespace dbup
