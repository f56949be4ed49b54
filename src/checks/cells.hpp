// SPDX-License-Identifier: MIT
#pragma once

#include "checks/check.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace dbup {

/// The number in a cell of the first row, or nothing for NULL.
inline std::optional<double> number_if(const Rows& rows, std::string_view column)
{
    return rows.cell(0, column) ? std::optional{rows.number(0, column)} : std::nullopt;
}

/// A metric of what was measured; none of what was not.
inline void add(Evidence& evidence, std::string_view label, const std::optional<double>& value)
{
    if (value) {
        evidence.metrics.push_back({std::string{label}, *value});
    }
}

} // namespace dbup
