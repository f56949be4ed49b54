// SPDX-License-Identifier: MIT
#pragma once

#include "config/config.hpp"
#include "core/metric.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dbup {

/// Which details an answer will tell: those of what is not OK, for who reads the lines; all for who
/// asks for more, or reads JSON; none where only numbers are written. Who is behind a number costs
/// the server more than the number: a check asks only for those that are told.
class Telling {
public:
    /// `metrics` are those of the check, `limits` its own, as in its row of the table. The reporter
    /// judges once more, with the metrics of every run.
    Telling(std::span<const Metric> metrics,
            std::span<const Limit> limits,
            std::string_view main_label,
            const Config& config);

    /// Whether a detail of one of these labels (blank-separated) is told.
    [[nodiscard]] bool tells(std::string_view labels) const;

private:
    bool all_ = false;
    std::vector<std::string> labels_ = {}; ///< of what is not OK
};

} // namespace dbup
