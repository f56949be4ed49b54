// SPDX-License-Identifier: MIT
#include "core/timestamp.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdint>
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

std::optional<double> unix_time_of(const std::string& date)
{
    tm parts{};
    const char* const end = date.c_str() + date.size();
    const char* rest = strptime(date.c_str(), "%Y-%m-%d %H:%M:%S", &parts);
    double fraction = 0;
    if (rest != nullptr && *rest == '.') {
        rest = std::from_chars(rest, end, fraction, std::chars_format::fixed).ptr;
    }
    const char* const zone = rest;
    rest = rest == nullptr ? nullptr : strptime(rest, "%z", &parts);
    constexpr std::uint8_t minute = 60;
    std::uint8_t odd_seconds = 0; // of zones that are not of our time
    if (rest != nullptr && *rest == ':') {
        const auto read = std::from_chars(rest + 1, end, odd_seconds);
        rest = read.ec == std::errc{} && odd_seconds < minute ? read.ptr : nullptr;
    }
    if (rest != end) {
        return std::nullopt;
    }
    const long ahead = parts.tm_gmtoff + (*zone == '-' ? -odd_seconds : odd_seconds);
    return static_cast<double>(timegm(&parts) - ahead) + fraction;
}

std::string timestamp_text(double unix_time)
{
    return joined_by(unix_time, ' ') + 'Z';
}

std::string iso_timestamp(double unix_time)
{
    return joined_by(unix_time, 'T') + 'Z';
}

} // namespace dbup
