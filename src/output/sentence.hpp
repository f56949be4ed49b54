// SPDX-License-Identifier: MIT
#pragma once

#include "core/report.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace dbup {

/// The value of a metric of the report, if it was measured.
std::optional<double> value_of(const Report& report, std::string_view label);

/// The result as a sentence for people and logs: "Health check passed - Response time: 45ms",
/// "Health check failed - CONNECTION_REFUSED: connection refused at db1:5432".
std::string result_sentence(const Report& report);

} // namespace dbup
