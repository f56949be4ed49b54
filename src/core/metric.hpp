// SPDX-License-Identifier: MIT
#pragma once

#include "core/range.hpp"
#include "core/state.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dbup {

/// One number that a run brought home, in the base unit of its kind. It has no opinion about
/// itself.
struct Metric {
    std::string_view label = {}; ///< of the Limit row that describes it
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

/// A metric that was judged.
struct Verdict {
    Metric metric = {};
    Unit unit = Unit::none;
    Thresholds thresholds = {};
    State state = State::ok;
};

/// The thresholds of every limit, in the order of `limits`: the defaults, overridden by `settings`.
/// \throws Failure{config} for a label that is not in `limits`, or a text that is no range.
std::vector<Thresholds> thresholds_for(std::span<const Limit> limits,
                                       std::string_view main_label,
                                       std::span<const ThresholdSetting> settings);

/// The one place where a number becomes a state.
State judge(double value, const Thresholds& thresholds);

/// Each metric with its thresholds, in the order of `metrics`; labels must be in `limits`. A metric
/// that the user set a threshold for and that was not measured comes back with a value of NaN:
/// UNKNOWN, never OK.
std::vector<Verdict> judge_all(std::span<const Metric> metrics,
                               std::span<const Limit> limits,
                               std::span<const Thresholds> thresholds);

} // namespace dbup
