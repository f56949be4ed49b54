// SPDX-License-Identifier: MIT
#include "core/duration.hpp"

#include "core/unit.hpp"

#include <array>
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
    constexpr double few_micros = 0.000'01;
    if (value > 0 && value < few_micros) { // which is not nothing
        return number_text(value * 1'000'000) + " us";
    }
    return value < rounds_to_one ? rounded(value * 1'000) + " ms" : rounded(value) + " s";
}

std::string age_text(double seconds)
{
    struct Step {
        double size = 1;
        const char* unit = "";
    };
    constexpr std::array steps{
        Step{86'400, " d"}, Step{3'600, " h"}, Step{60, " min"}, Step{1, " s"}};
    const auto* step = steps.begin();
    while (step->size > seconds && step != &steps.back()) {
        ++step;
    }
    const double count = seconds / step->size;
    constexpr double exact_below = 10;
    return number_text(count < exact_below ? std::round(count * 10) / 10 : std::round(count)) +
           step->unit;
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
