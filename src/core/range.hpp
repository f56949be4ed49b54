// SPDX-License-Identifier: MIT
#pragma once

#include "core/unit.hpp"

#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace dbup {

/// A threshold range of the plugin interface (Monitoring Plugins Development Guidelines, "Threshold
/// and Ranges"): `[@][start:]end`. A value outside alerts; with `@` a value inside alerts; both
/// ends belong to the inside.
struct Range {
    static constexpr double infinity = std::numeric_limits<double>::infinity();

    double low = 0;
    double high = infinity;
    bool alert_inside = false;

    /// Whether `value` alerts. NaN always does: a missing number is never fine.
    [[nodiscard]] bool alerts(double value) const;

    /// The shortest notation for perfdata, numbers in the base unit: `10` rather than `0:10`.
    [[nodiscard]] std::string text() const;

    /// Reads `10`, `10:`, `~:10`, `10:20`, `@10:20`; each number may carry a suffix of `unit`
    /// (`500ms`). Nothing else: no blanks, no empty text, start not above end.
    static std::optional<Range> parse(std::string_view notation, Unit unit = Unit::none);

    friend bool operator==(const Range&, const Range&) = default;
};

/// Why `notation` is no range of `unit` and what is allowed, for a person; knows the tilde that a
/// shell expanded.
std::string range_help(std::string_view notation, Unit unit);

} // namespace dbup
