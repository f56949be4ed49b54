// SPDX-License-Identifier: MIT
#include "core/duration.hpp"

#include "core/unit.hpp"

#include <cmath>

namespace dbup {

namespace {

/// `value` with about three significant digits.
std::string rounded(double value)
{
    const double steps = value < 10 ? 100 : value < 100 ? 10 : 1;
    return number_text(std::round(value * steps) / steps);
}

} // namespace

std::optional<Millis> parse_duration(std::string_view text)
{
    constexpr double longest = 31'536'000; // a year, far above every bound of an option
    const auto value = parse_quantity(text, Unit::seconds);
    if (!value || *value < 0 || *value > longest) {
        return std::nullopt;
    }
    const auto millis = static_cast<Millis::rep>(std::llround(*value * 1'000));
    if (*value > 0 && *value * 1'000 < 1) {
        return std::nullopt;
    }
    return Millis{millis};
}

std::string duration_text(Elapsed duration)
{
    const double value = seconds(duration);
    constexpr double rounds_to_one = 0.9995;
    return value < rounds_to_one ? rounded(value * 1'000) + " ms" : rounded(value) + " s";
}

std::string setting_text(Millis duration)
{
    const auto count = duration.count();
    if (count % 1'000 != 0) {
        return std::to_string(count) + "ms";
    }
    if (count % 60'000 != 0 || count == 0) {
        return std::to_string(count / 1'000) + "s";
    }
    return std::to_string(count / 60'000) + "m";
}

double seconds(Elapsed duration)
{
    return std::chrono::duration<double>(duration).count();
}

} // namespace dbup
