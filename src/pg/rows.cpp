// SPDX-License-Identifier: MIT
#include "core/failure.hpp"
#include "pg/session.hpp"

#include <algorithm>
#include <charconv>

namespace dbup {

const std::string& Rows::text(std::size_t row, std::string_view column) const
{
    const auto found = std::find(columns_.begin(), columns_.end(), column);
    const auto index = static_cast<std::size_t>(found - columns_.begin());
    if (found == columns_.end() || row >= cells_.size() || index >= cells_[row].size()) {
        throw Failure{ErrorClass::unexpected_result, "no value for " + std::string{column}};
    }
    const auto& cell = cells_[row][index];
    if (!cell) {
        throw Failure{ErrorClass::unexpected_result, std::string{column} + " is NULL"};
    }
    return *cell;
}

double Rows::number(std::size_t row, std::string_view column) const
{
    const std::string& cell = text(row, column);
    double value = 0;
    const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
    if (error != std::errc{} || end != cell.data() + cell.size()) {
        throw Failure{ErrorClass::unexpected_result,
                      std::string{column} + " is no number: '" + cell + "'"};
    }
    return value;
}

} // namespace dbup
