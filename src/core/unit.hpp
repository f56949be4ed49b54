// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace dbup {

/// What a metric counts. Seconds and bytes are the base units of perfdata; days are a plain number.
/// A counter only grows, until what counts begins anew: its difference over time says something.
enum class Unit { none, seconds, percent, bytes, days, counter };

/// A suffix that a user may write behind a number of that unit: value * times / divided_by.
struct SuffixRow {
    Unit unit = Unit::none;
    std::string_view suffix = {};
    double times = 1;
    double divided_by = 1;
};

inline constexpr std::array suffix_table{
    SuffixRow{Unit::seconds, "us", 1, 1'000'000},
    SuffixRow{Unit::seconds, "ms", 1, 1'000},
    SuffixRow{Unit::seconds, "s", 1, 1},
    SuffixRow{Unit::seconds, "m", 60, 1},
    SuffixRow{Unit::seconds, "h", 3'600, 1},
    SuffixRow{Unit::percent, "%", 1, 1},
    SuffixRow{Unit::bytes, "B", 1, 1},
    SuffixRow{Unit::bytes, "KB", 1'024, 1},
    SuffixRow{Unit::bytes, "MB", 1'048'576, 1},
    SuffixRow{Unit::bytes, "GB", 1'073'741'824, 1},
    SuffixRow{Unit::bytes, "TB", 1'099'511'627'776, 1},
};

/// The unit of measurement of perfdata ("s", "%", "B", "c", "").
std::string_view uom(Unit unit);

/// The suffixes of a unit as a sentence wants them ("us, ms, s, m, h"); empty where there is none.
std::string suffixes_of(Unit unit);

/// A numeral `-?digits[.digits]` with at most 15 digits after the zeros in front, followed by
/// nothing or by a suffix of `unit`. Nothing else: no exponent, no hexadecimal, no sign but '-', no
/// blank, no "inf".
std::optional<double> parse_quantity(std::string_view text, Unit unit);

/// A finite number in fixed notation with at most six decimals and no trailing zeros ("0.0128",
/// "80", "-3"); never scientific, whatever the locale.
std::string number_text(double value);

} // namespace dbup
