// SPDX-License-Identifier: MIT
#pragma once

#include "core/metric.hpp"

#include <span>
#include <string>

namespace dbup {

/// `label=value[UOM];warn;crit;min;max` of every metric that was measured, separated by one blank;
/// trailing semicolons left out (Monitoring Plugins Development Guidelines, "Performance data").
std::string perfdata(std::span<const Verdict> verdicts);

} // namespace dbup
