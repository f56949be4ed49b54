// SPDX-License-Identifier: MIT
#include "core/timestamp.hpp"

#include <fmt/format.h>

#include <cmath>
#include <ctime>

namespace dbup {

namespace {

std::string joined_by(double unix_time, char separator)
{
    const auto seconds = static_cast<time_t>(std::floor(unix_time));
    const int millis = static_cast<int>((unix_time - std::floor(unix_time)) * 1'000);
    tm date{};
    gmtime_r(&seconds, &date);
    return fmt::format("{:04}-{:02}-{:02}{}{:02}:{:02}:{:02}.{:03}",
                       date.tm_year + 1'900,
                       date.tm_mon + 1,
                       date.tm_mday,
                       separator,
                       date.tm_hour,
                       date.tm_min,
                       date.tm_sec,
                       millis);
}

} // namespace

std::string timestamp_text(double unix_time)
{
    return joined_by(unix_time, ' ') + 'Z';
}

std::string iso_timestamp(double unix_time)
{
    return joined_by(unix_time, 'T') + 'Z';
}

} // namespace dbup
