// SPDX-License-Identifier: MIT
#include "core/failure.hpp"
#include "pg/session.hpp"

#include <algorithm>
#include <charconv>

namespace dbup {

bool Rows::has(std::string_view column) const
{
    return std::find(columns_.begin(), columns_.end(), column) != columns_.end();
}

unsigned Rows::type(std::size_t column) const
{
    return column < types_.size() ? types_[column] : 0;
}

const Rows::Cell& Rows::cell(std::size_t row, std::size_t column) const
{
    if (row >= cells_.size() || column >= cells_[row].size()) {
        throw Failure{ErrorClass::unexpected_result,
                      "no value for " +
                          (column < columns_.size() ? columns_[column] : std::string{"a column"})};
    }
    return cells_[row][column];
}

const Rows::Cell& Rows::cell(std::size_t row, std::string_view column) const
{
    const auto found = std::find(columns_.begin(), columns_.end(), column);
    if (found == columns_.end()) {
        throw Failure{ErrorClass::unexpected_result, "no value for " + std::string{column}};
    }
    return cell(row, static_cast<std::size_t>(found - columns_.begin()));
}

const std::string& Rows::text(std::size_t row, std::string_view column) const
{
    const auto& value = cell(row, column);
    if (!value) {
        throw Failure{ErrorClass::unexpected_result, std::string{column} + " is NULL"};
    }
    return *value;
}

double Rows::number(std::size_t row, std::string_view column) const
{
    const std::string& digits = text(row, column);
    double value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size()) {
        throw Failure{ErrorClass::unexpected_result,
                      std::string{column} + " is no number: '" + digits + "'"};
    }
    return value;
}

bool Rows::is_true(std::size_t row, std::string_view column) const
{
    const auto& letter = text(row, column);
    if (letter != "t" && letter != "f") {
        throw Failure{ErrorClass::unexpected_result,
                      std::string{column} + " is '" + letter + "', neither t nor f"};
    }
    return letter == "t";
}

} // namespace dbup
