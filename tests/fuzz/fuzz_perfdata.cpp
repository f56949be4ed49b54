// SPDX-License-Identifier: MIT
// Perfdata: what is printed is read back, by a reader that shares no code with the writer, to what
// was measured. Input: lines "label value warning critical minimum maximum".
#include "core/text.hpp"
#include "output/perfdata.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "fuzz/fuzz.hpp"

namespace dbup_fuzz {

namespace {

constexpr std::array limits{
    dbup::Limit{"time", dbup::Unit::seconds, "1", "3", ""},
    dbup::Limit{"up", dbup::Unit::none, "", "", ""},
    dbup::Limit{"free", dbup::Unit::percent, "20:", "10:", ""},
    dbup::Limit{"size", dbup::Unit::bytes, "", "", ""},
    dbup::Limit{"cert_days", dbup::Unit::days, "14:", "7:", ""},
};

std::optional<double> number(std::string_view text)
{
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    return whole ? std::optional{value} : std::nullopt;
}

/// strtod in the place of from_chars: another reader than the writer's library.
double read_back(const std::string& text)
{
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    demand(end == text.c_str() + text.size(), "a number and nothing else", text);
    demand(text.find_first_not_of("-.0123456789") == std::string::npos, "in plain digits", text);
    return value;
}

/// Six decimals are printed.
void demand_near(double printed, double measured, std::string_view text)
{
    const double tolerance = 0.5000001e-6 + std::abs(measured) * 1e-15;
    demand(std::abs(printed - measured) <= tolerance, "the value that was measured", text);
}

void demand_range(const std::string& text, const std::optional<dbup::Range>& range)
{
    if (text.empty()) {
        const bool silent = !range || (std::isinf(range->low) && std::isinf(range->high));
        demand(silent, "a range that may alert is printed", text);
        return;
    }
    std::string_view rest = text;
    const bool inside = rest.starts_with('@');
    rest.remove_prefix(inside ? 1 : 0);
    const bool pair = rest.find(':') != std::string_view::npos;
    const auto [first, second] = cut(rest, ':');
    const std::string start{pair ? first : std::string_view{"0"}};
    const std::string end{pair ? second : first};
    demand(range && inside == range->alert_inside, "the range that was set", text);
    demand(start == "~" ? std::isinf(range->low) : read_back(start) == range->low, "start", text);
    demand(end.empty() ? std::isinf(range->high) : read_back(end) == range->high, "end", text);
}

void demand_optional(const std::string& text, const std::optional<double>& value)
{
    if (!value) {
        demand(text.empty(), "nothing where there is nothing", text);
    } else if (std::isfinite(*value)) {
        demand_near(read_back(text), *value, text);
    } else {
        demand(text == "U", "the word for what is not known", text);
    }
}

void demand_datum(std::string_view datum, const dbup::Verdict& verdict)
{
    const auto [label, fields] = cut(datum, '=');
    std::array<std::string, 5> field;
    std::string_view rest = fields;
    for (auto& one : field) {
        const auto [head, tail] = cut(rest, ';');
        one = head;
        rest = tail;
    }
    demand(rest.empty() && !datum.ends_with(';'), "at most five fields", datum);
    demand(label == verdict.metric.label, "its label", datum);
    const auto unit = field[0].find_first_not_of("-.0123456789");
    demand(field[0].substr(std::min(unit, field[0].size())) == dbup::uom(verdict.unit),
           "its unit",
           datum);
    demand_near(read_back(field[0].substr(0, unit)), verdict.metric.value, datum);
    demand_range(field[1], verdict.thresholds.warning);
    demand_range(field[2], verdict.thresholds.critical);
    demand_optional(field[3], verdict.metric.min);
    demand_optional(field[4], verdict.metric.max);
}

} // namespace

void one_input(std::string_view input)
{
    std::vector<dbup::Verdict> verdicts;
    for (const auto line : lines_of(input)) {
        const auto words = dbup::parts_of(line, ' ');
        const auto word = [&words](std::size_t i) {
            return i < words.size() ? words[i] : std::string_view{};
        };
        for (const auto& limit : limits) {
            const auto value = number(word(1));
            if (limit.label == word(0) && value && std::abs(*value) < 1e300) {
                verdicts.push_back(
                    {{std::string{limit.label}, *value, number(word(4)), number(word(5))},
                     limit.unit,
                     {dbup::Range::parse(word(2), limit.unit),
                      dbup::Range::parse(word(3), limit.unit),
                      true},
                     dbup::State::ok});
            }
        }
    }
    const auto text = dbup::perfdata(verdicts);
    demand(is_clean(text), "clean", text);
    std::vector<dbup::Verdict> measured;
    for (const auto& verdict : verdicts) {
        if (std::isfinite(verdict.metric.value)) {
            measured.push_back(verdict);
        }
    }
    const auto data = dbup::words_of(text);
    demand(data.size() == measured.size(), "one datum per value", text);
    for (std::size_t i = 0; i < data.size(); ++i) {
        demand_datum(data[i], measured[i]);
    }
}

} // namespace dbup_fuzz
