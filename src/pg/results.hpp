// SPDX-License-Identifier: MIT
#pragma once

#include "core/failure.hpp"
#include "pg/libpq.hpp"
#include "pg/session.hpp"

#include <optional>
#include <string>
#include <vector>

namespace dbup {

/// No rows yet, but the names and types of the columns.
Rows columns_of(const PGresult* result);

/// Copies the rows of `result` behind those of `rows`; returns the bytes copied.
std::size_t append_rows(Rows& rows, const PGresult* result);

/// What the server said in an error or a notice; nothing where it is libpq that speaks.
std::optional<Failure> told_failure(const PGresult* result);

} // namespace dbup
