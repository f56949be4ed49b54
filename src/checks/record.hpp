// SPDX-License-Identifier: MIT
#pragma once

#include "pg/session.hpp"

#include <span>
#include <string_view>

namespace dbup {

/// One row that came as a single cell, `SELECT ROW(…)`: a quarter of the bytes of as many columns
/// with names. Its values are numbers and words of ours, which the server writes without quotes
/// (PostgreSQL documentation, 8.16.6); an empty one is NULL.
/// \returns the row with `names` for its columns
/// \throws Failure{unexpected_result} if it has another number of values
Rows record_of(const Rows& answer, std::span<const std::string_view> names);

} // namespace dbup
