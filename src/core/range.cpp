// SPDX-License-Identifier: MIT
#include "core/range.hpp"

#include <charconv>
#include <cmath>

namespace dbup {

namespace {

/// The shortest fixed notation that reads back as the same number.
std::string exact_text(double value)
{
    std::array<char, 400> buffer{};
    const auto [end, error] = std::to_chars(
        buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed);
    return error == std::errc{} ? std::string(buffer.data(), end) : std::string{};
}

} // namespace

bool Range::alerts(double value) const
{
    if (std::isnan(value)) {
        return true;
    }
    const bool inside = low <= value && value <= high;
    return inside == alert_inside;
}

std::string Range::text() const
{
    std::string text = alert_inside ? "@" : "";
    const bool end_alone = low == 0 && high != infinity;
    if (!end_alone) {
        text += low == -infinity ? std::string{"~"} : exact_text(low);
        text += ':';
    }
    if (high != infinity) {
        text += exact_text(high);
    }
    return text;
}

std::optional<Range> Range::parse(std::string_view notation, Unit unit)
{
    Range range;
    if (notation.starts_with('@')) {
        range.alert_inside = true;
        notation.remove_prefix(1);
    }
    const auto colon = notation.find(':');
    if (colon == std::string_view::npos) {
        const auto end = parse_quantity(notation, unit);
        if (!end || *end < 0) {
            return std::nullopt;
        }
        range.high = *end;
        return range;
    }
    const std::string_view start = notation.substr(0, colon);
    const std::string_view end = notation.substr(colon + 1);
    const auto low = start == "~" ? std::optional{-infinity} : parse_quantity(start, unit);
    const auto high = end.empty() ? std::optional{infinity} : parse_quantity(end, unit);
    if (!low || !high || *low > *high) {
        return std::nullopt;
    }
    range.low = *low;
    range.high = *high;
    return range;
}

std::string range_help(std::string_view notation, Unit unit)
{
    if (notation.starts_with('/')) {
        return "the shell has expanded an unquoted '~'; write it in quotes, for example '~:10'";
    }
    std::string help = "a range is 10, 10:, ~:10, 10:20 or @10:20 with start not above end";
    const std::string suffixes = suffixes_of(unit);
    if (!suffixes.empty()) {
        help += "; a number may end in " + suffixes;
    }
    return help;
}

} // namespace dbup
