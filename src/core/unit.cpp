// SPDX-License-Identifier: MIT
#include "core/unit.hpp"

#include "core/ascii.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace dbup {

namespace {

constexpr std::size_t most_digits = 15; // what a double keeps exactly
constexpr int most_decimals = 6;

std::size_t count_digits(std::string_view text)
{
    const auto* const end = std::find_if_not(text.begin(), text.end(), is_digit);
    return static_cast<std::size_t>(end - text.begin());
}

/// How many digits of `numeral` count: all after the zeros in front, before and after the point.
std::size_t count_significant(std::string_view numeral)
{
    const auto first = numeral.find_first_of("123456789");
    const std::string_view digits =
        first == std::string_view::npos ? std::string_view{} : numeral.substr(first);
    return static_cast<std::size_t>(std::count_if(digits.begin(), digits.end(), is_digit));
}

/// The length of the numeral at the front of `text`; 0 where there is none.
std::size_t numeral_length(std::string_view text)
{
    const std::size_t sign = text.starts_with('-') ? 1 : 0;
    const std::size_t whole = count_digits(text.substr(sign));
    if (whole == 0) {
        return 0;
    }
    std::size_t length = sign + whole;
    if (length < text.size() && text[length] == '.') {
        const std::size_t decimals = count_digits(text.substr(length + 1));
        if (decimals == 0) {
            return 0;
        }
        length += 1 + decimals;
    }
    return count_significant(text.substr(0, length)) > most_digits ? 0 : length;
}

/// `value` rounded to the digits that a numeral may have, so that its text can be read back;
/// nothing if it has more before the point.
std::optional<double> in_digits(double value)
{
    constexpr double too_large = 1e15;
    if (std::abs(value) >= too_large) {
        return std::nullopt;
    }
    std::array<char, 64> buffer{};
    const auto* const end = std::to_chars(buffer.data(),
                                          buffer.data() + buffer.size(),
                                          value,
                                          std::chars_format::scientific,
                                          static_cast<int>(most_digits) - 1)
                                .ptr;
    double rounded = 0;
    std::from_chars(buffer.data(), end, rounded, std::chars_format::scientific);
    return rounded;
}

} // namespace

std::string_view uom(Unit unit)
{
    switch (unit) {
    case Unit::seconds: return "s";
    case Unit::percent: return "%";
    case Unit::bytes: return "B";
    case Unit::counter: return "c";
    case Unit::none:
    case Unit::days: break;
    }
    return "";
}

std::string suffixes_of(Unit unit)
{
    std::string all;
    for (const auto& row : suffix_table) {
        if (row.unit == unit) {
            all += all.empty() ? "" : ", ";
            all += row.suffix;
        }
    }
    return all;
}

std::optional<double> parse_quantity(std::string_view text, Unit unit)
{
    const std::size_t length = numeral_length(text);
    if (length == 0) {
        return std::nullopt;
    }
    double value = 0;
    const auto read =
        std::from_chars(text.data(), text.data() + length, value, std::chars_format::fixed);
    if (read.ec != std::errc{}) {
        return std::nullopt; // nearer to zero than any double
    }
    const std::string_view suffix = text.substr(length);
    if (suffix.empty()) {
        return value;
    }
    for (const auto& row : suffix_table) {
        if (row.unit == unit && row.suffix == suffix) {
            return in_digits(value * row.times / row.divided_by);
        }
    }
    return std::nullopt;
}

std::string number_text(double value)
{
    std::array<char, 400> buffer{}; // the largest double has 309 digits
    const auto [end, error] = std::to_chars(buffer.data(),
                                            buffer.data() + buffer.size(),
                                            value,
                                            std::chars_format::fixed,
                                            most_decimals);
    if (error != std::errc{} || !std::isfinite(value)) {
        return "U"; // the interface's word for "could not be determined"
    }
    std::string text(buffer.data(), end);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) {
        text.pop_back();
    }
    return text == "-0" ? "0" : text;
}

} // namespace dbup
