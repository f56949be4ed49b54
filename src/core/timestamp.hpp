// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace dbup {

/// A point in time, in seconds since 1970, as UTC with milliseconds for people:
/// "2025-12-15 10:30:45.123Z".
std::string timestamp_text(double unix_time);

/// The same by ISO 8601: "2025-12-15T10:30:45.123Z".
std::string iso_timestamp(double unix_time);

} // namespace dbup
