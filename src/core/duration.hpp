// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace dbup {

using Millis = std::chrono::milliseconds;
using Instant = std::chrono::steady_clock::time_point;
using Elapsed = std::chrono::steady_clock::duration;

/// A duration as users write it: a bare number is seconds; `us`, `ms`, `s`, `m`, `h` may follow.
/// Whole milliseconds result; anything else (negative, exponent, blank, below one millisecond but
/// not 0) is refused.
std::optional<Millis> parse_duration(std::string_view text);

/// A duration for people: "12.8 ms", "3.6 s", "10 s".
std::string duration_text(Elapsed duration);

/// How long something has lasted, for people, in the unit that fits: "12 s", "5 min", "3.2 h", "41
/// d".
std::string age_text(double seconds);

/// A duration in the shortest form in which a user could have written it: "10s", "500ms", "2m".
std::string setting_text(Millis duration);

/// A duration as a number of seconds.
double seconds(Elapsed duration);

} // namespace dbup
