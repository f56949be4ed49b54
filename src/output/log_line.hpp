// SPDX-License-Identifier: MIT
#pragma once

#include "core/formats.hpp"
#include "core/report.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace dbup {

/// Who writes a line of the log, and when.
struct LogStamp {
    double unix_time = 0;
    std::string host = {}; ///< the machine that db-up runs on
    long pid = 0;
    std::string version = {};                       ///< of db-up
    std::optional<std::uint64_t> check_number = {}; ///< the scheduler's own count
};

/// A run as one line of the log file, its end included: at most 4096 bytes, so that a pipe takes it
/// as a whole. `report` went through the Scrubber.
std::string log_line(const Report& report, const LogStamp& stamp, LogFormat format);

/// Parts of it: the text form, and the JSON form with the names that log collectors were promised.
std::string text_log_line(const Report& report, const LogStamp& stamp);
std::string json_log_line(const Report& report, const LogStamp& stamp);

/// What the line tells: the result, and what the server or the system said.
std::string log_message(const Report& report);

} // namespace dbup
