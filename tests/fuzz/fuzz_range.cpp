// SPDX-License-Identifier: MIT
// A threshold range. Input: a unit (0 to 4) and the notation.
#include "core/range.hpp"

#include <array>
#include <cmath>
#include <limits>

#include "fuzz/fuzz.hpp"

namespace dbup_fuzz {

namespace {

constexpr std::array units{dbup::Unit::none,
                           dbup::Unit::seconds,
                           dbup::Unit::percent,
                           dbup::Unit::bytes,
                           dbup::Unit::days,
                           dbup::Unit::counter};

/// What every range means, whatever its numbers.
void demand_meaning(const dbup::Range& range, std::string_view notation)
{
    constexpr double infinity = dbup::Range::infinity;
    demand(range.low <= range.high, "start not above end", notation);
    demand(range.alerts(std::nan("")), "no number is never fine", notation);
    demand(range.alerts(range.low) == range.alert_inside, "the start is inside", notation);
    demand(range.alerts(range.high) == range.alert_inside, "the end is inside", notation);
    if (range.low > -infinity) {
        const double below = std::nextafter(range.low, -infinity);
        demand(range.alerts(below) != range.alert_inside, "below it is outside", notation);
    }
    if (range.high < infinity) {
        const double above = std::nextafter(range.high, infinity);
        demand(range.alerts(above) != range.alert_inside, "above it is outside", notation);
    }
}

} // namespace

void one_input(std::string_view input)
{
    if (input.empty()) {
        return;
    }
    const auto unit = units.at(static_cast<unsigned char>(input.front()) % units.size());
    const auto notation = input.substr(1);
    const auto range = dbup::Range::parse(notation, unit);
    if (!range) {
        demand(!dbup::range_help(notation, unit).empty(), "says what is allowed", notation);
        return;
    }
    const auto suffix = notation.find_first_not_of("@~:-.0123456789");
    demand(dbup::suffixes_of(unit).empty()
               ? suffix == std::string_view::npos
               : notation.find_first_not_of("@~:-.0123456789%BKMGTumsh") == std::string_view::npos,
           "nothing but numbers and suffixes of the unit",
           notation);
    demand_meaning(*range, notation);

    const auto text = range->text();
    demand(text.find_first_not_of("@~:-.0123456789") == std::string::npos, "plain digits", text);
    const auto again = dbup::Range::parse(text, unit);
    demand(again && again->alert_inside == range->alert_inside, "reads back", text);
    demand(again->low == range->low && again->high == range->high, "to the same numbers", text);
    demand(again->text() == text, "and to the same text", text);
}

} // namespace dbup_fuzz
