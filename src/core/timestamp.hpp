// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

namespace dbup {

/// A point in time, in seconds since 1970, as UTC with milliseconds for people:
/// "2025-12-15 10:30:45.123Z".
std::string timestamp_text(double unix_time);

/// The same by ISO 8601: "2025-12-15T10:30:45.123Z".
std::string iso_timestamp(double unix_time);

/// Seconds since 1970 of a date as PostgreSQL writes it where DateStyle is ISO (documentation,
/// 8.5.2): "2025-12-15 10:30:45.123456+05:30", with at least the hours of the zone. Nothing where
/// it is none.
std::optional<double> unix_time_of(const std::string& date);

} // namespace dbup
