// SPDX-License-Identifier: MIT
#include "support/status_line.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>

namespace dbup_test {

namespace {

constexpr std::array<std::string_view, 4> states{"OK", "WARNING", "CRITICAL", "UNKNOWN"};
constexpr std::string_view title = "DB-UP ";

[[noreturn]] void complain(const std::string& what, const Finished& finished)
{
    throw std::runtime_error{what + "; exit code " + std::to_string(finished.exit_code) +
                             ", signal " + std::to_string(finished.signal) + ", " +
                             std::to_string(finished.seconds) + " s\nstdout: \"" + finished.out +
                             "\"\nstderr: \"" + finished.err + "\""};
}

void demand(bool condition, const std::string& what, const Finished& finished)
{
    if (!condition) {
        complain(what, finished);
    }
}

Strings split(std::string_view text, char separator)
{
    Strings parts;
    while (true) {
        const std::size_t end = text.find(separator);
        parts.emplace_back(text.substr(0, end));
        if (end == std::string_view::npos) {
            return parts;
        }
        text.remove_prefix(end + 1);
    }
}

bool is_label_character(char letter)
{
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '_';
}

bool is_number(std::string_view text)
{
    if (text.starts_with('-')) {
        text.remove_prefix(1);
    }
    const std::size_t point = text.find('.');
    const auto digits = [](std::string_view part) {
        return !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos;
    };
    if (point == std::string_view::npos) {
        return digits(text);
    }
    return digits(text.substr(0, point)) && digits(text.substr(point + 1)) &&
           text.size() - point - 1 <= 6;
}

Perfdata read_value(const std::string& text, const Finished& finished)
{
    const Strings fields = split(text, ';');
    demand(fields.size() <= 5, "too many fields in the perfdata value " + text, finished);
    const auto field = [&](std::size_t index) {
        return index < fields.size() ? fields[index] : std::string{};
    };
    const std::size_t end = std::min(field(0).find_first_not_of("-.0123456789"), field(0).size());
    Perfdata result{
        field(0).substr(0, end), field(0).substr(end), field(1), field(2), field(3), field(4)};
    demand(is_number(result.value), "no plain number in the perfdata value " + text, finished);
    demand(result.min.empty() || is_number(result.min), "bad minimum in " + text, finished);
    demand(result.max.empty() || is_number(result.max), "bad maximum in " + text, finished);
    demand(result.uom.empty() || result.uom == "s" || result.uom == "B" || result.uom == "%" ||
               result.uom == "c",
           "unexpected unit in " + text,
           finished);
    return result;
}

std::map<std::string, Perfdata> read_perfdata(std::string_view text, const Finished& finished)
{
    std::map<std::string, Perfdata> result;
    for (const std::string& item : split(text, ' ')) {
        const std::size_t equals = item.find('=');
        demand(equals != std::string::npos && equals > 0, "no label in \"" + item + "\"", finished);
        const std::string label = item.substr(0, equals);
        demand(std::all_of(label.begin(), label.end(), is_label_character) && label.size() <= 19,
               "bad label " + label,
               finished);
        const bool fresh =
            result.emplace(label, read_value(item.substr(equals + 1), finished)).second;
        demand(fresh, "label twice: " + label, finished);
    }
    return result;
}

void demand_plain_output(const Finished& finished)
{
    demand(finished.signal == 0 && !finished.killed, "the program did not end by itself", finished);
    demand(finished.err.empty(), "something on stderr", finished);
    demand(finished.out.size() < 1000, "1000 bytes or more", finished);
    demand(finished.out.ends_with('\n') && !finished.out.ends_with("\n\n"),
           "not exactly one newline at the end",
           finished);
    demand(std::all_of(finished.out.begin(),
                       finished.out.end(),
                       [](char letter) {
                           const auto code = static_cast<unsigned char>(letter);
                           return letter == '\n' || (code >= 0x20 && code != 0x7f);
                       }),
           "control characters",
           finished);
}

void take_code(StatusLine& line)
{
    const std::size_t open = line.text.rfind(" [");
    if (line.text.ends_with(']') && open != std::string::npos) {
        line.code = line.text.substr(open + 2, line.text.size() - open - 3);
        line.text.erase(open);
    }
}

void demand_perfdata(const StatusLine& line, std::size_t bars, const Finished& finished)
{
    const bool local =
        line.code == "CONFIG_ERROR" || line.code == "LOCAL_ERROR" || line.code == "INTERRUPTED";
    const bool before_the_run = local && bars == 0; // nothing was tried, so nothing was measured
    demand(bars == 1 || before_the_run, "not exactly one '|'", finished);
    // A fault of this host says nothing of the database.
    demand(before_the_run || (line.measured("time") && line.measured("up") != local),
           "no time or up in the perfdata",
           finished);
}

} // namespace

double Perfdata::number() const
{
    double result = 0;
    std::from_chars(value.data(), value.data() + value.size(), result);
    return result;
}

std::string StatusLine::all_text() const
{
    std::string result = text;
    for (const std::string& line : more) {
        result += "\n" + line;
    }
    return result;
}

int exit_code_of(std::string_view state)
{
    const auto* const found = std::find(states.begin(), states.end(), state);
    return found == states.end() ? 3 : static_cast<int>(found - states.begin());
}

StatusLine read_status(const Finished& finished, bool exit_code_matches)
{
    demand_plain_output(finished);
    Strings lines = split(std::string_view{finished.out}.substr(0, finished.out.size() - 1), '\n');
    const std::string first = lines.front();
    lines.erase(lines.begin());

    StatusLine line{.more = lines};
    const std::size_t dash = first.find(" - ");
    demand(
        first.starts_with(title) && dash != std::string::npos, "not DB-UP STATE - text", finished);
    line.state = first.substr(title.size(), dash - title.size());
    demand(std::find(states.begin(), states.end(), line.state) != states.end(),
           "no state word",
           finished);
    demand(!exit_code_matches || finished.exit_code == exit_code_of(line.state),
           "state and exit code differ",
           finished);

    const std::size_t bar = first.find(" | ");
    line.text = first.substr(dash + 3, bar == std::string::npos ? bar : bar - dash - 3);
    if (bar != std::string::npos) {
        line.perf = read_perfdata(first.substr(bar + 3), finished);
    }
    take_code(line);
    const auto bars = std::count(finished.out.begin(), finished.out.end(), '|');
    demand_perfdata(line, static_cast<std::size_t>(bars), finished);
    demand(!line.code.empty() || line.perf.at("up").value == "1",
           "a failure without a code",
           finished);
    return line;
}

} // namespace dbup_test
