// SPDX-License-Identifier: MIT
#include "fuzz/fuzz.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the fuzzer's bytes as text
    dbup_fuzz::one_input({reinterpret_cast<const char*>(data), size});
    return 0;
}

namespace dbup_fuzz {

namespace {

constexpr std::array<std::string_view, 4> states{"OK", "WARNING", "CRITICAL", "UNKNOWN"};

struct Span {
    char32_t first = 0;
    char32_t last = 0;
};

constexpr std::array unclean{
    Span{0x00, 0x1F},
    Span{0x7F, 0x9F},
    Span{U'|', U'|'},
    Span{0x200B, 0x200F}, // zero width, direction marks
    Span{0x2028, 0x202E}, // line ends, bidirectional embedding
    Span{0x2060, 0x2069},
    Span{0xD800, 0xDFFF}, // surrogates are no characters
    Span{0xFEFF, 0xFEFF},
    Span{0xE0000, 0xE007F}, // tags
};

std::uint32_t byte_at(std::string_view text, std::size_t at)
{
    return static_cast<std::uint8_t>(text[at]);
}

/// How many bytes follow the first of a character; 4 for a byte that begins none.
std::size_t followers(std::uint32_t first)
{
    constexpr std::size_t none = 4;
    if (first < 0x80) {
        return 0;
    }
    if (first < 0xC2 || first > 0xF4) { // a continuation, overlong, or beyond Unicode
        return none;
    }
    return first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
}

} // namespace

void demand(bool holds, std::string_view what, std::string_view seen)
{
    if (holds) {
        return;
    }
    static_cast<void>(std::fprintf(stderr,
                                   "NOT SO: %.*s\nseen: \"%.*s\"\n",
                                   static_cast<int>(what.size()),
                                   what.data(),
                                   static_cast<int>(seen.size()),
                                   seen.data()));
    std::abort();
}

std::pair<std::string_view, std::string_view> cut(std::string_view text, char separator)
{
    const auto at = text.find(separator);
    return at == std::string_view::npos ? std::pair{text, std::string_view{}}
                                        : std::pair{text.substr(0, at), text.substr(at + 1)};
}

std::vector<std::string_view> lines_of(std::string_view text)
{
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const auto [line, rest] = cut(text);
        lines.push_back(line);
        text = rest;
    }
    return lines;
}

bool is_clean(std::string_view line)
{
    constexpr std::array<std::uint32_t, 4> masks{0x7F, 0x1F, 0x0F, 0x07};
    constexpr std::array<std::uint32_t, 4> least{0x0, 0x80, 0x800, 0x10000};
    for (std::size_t at = 0; at < line.size();) {
        const auto more = followers(byte_at(line, at));
        if (more >= masks.size() || at + more >= line.size()) {
            return false;
        }
        char32_t point = byte_at(line, at) & masks.at(more);
        for (std::size_t i = 1; i <= more; ++i) {
            const auto next = byte_at(line, at + i);
            if (next < 0x80 || next > 0xBF) {
                return false;
            }
            point = point * 64 + (next - 0x80);
        }
        const bool bad = std::any_of(unclean.begin(), unclean.end(), [point](const Span& span) {
            return span.first <= point && point <= span.last;
        });
        if (bad || point < least.at(more) || point > 0x10FFFF) {
            return false;
        }
        at += more + 1;
    }
    return true;
}

void demand_readable(const dbup::Outcome& outcome)
{
    constexpr std::size_t most_bytes = 64'000; // with every -v
    constexpr std::string_view title = "DB-UP ";
    const std::string_view text = outcome.text;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes the environment
    static const bool shows = std::getenv("DBUP_FUZZ_SHOW") != nullptr;
    if (shows) {
        static_cast<void>(std::fputs(outcome.text.c_str(), stderr));
    }
    demand(outcome.exit_code >= 0 && outcome.exit_code <= 3, "exit code 0 to 3", text);
    demand(text.ends_with('\n') && text.size() <= most_bytes, "ends in time and in a line", text);
    demand(text.starts_with(title), "begins with its name", text);
    const auto state = states.at(static_cast<std::size_t>(outcome.exit_code));
    demand(text.substr(title.size()).starts_with(std::string{state} + " - "), "its state", text);

    const auto lines = lines_of(text);
    const auto [headline, perfdata] = cut(lines.front(), '|');
    demand(is_clean(headline) && is_clean(perfdata), "a clean first line", lines.front());
    for (std::size_t i = 1; i < lines.size(); ++i) {
        demand(!lines[i].empty() && is_clean(lines[i]), "clean lines", lines[i]);
    }
    const bool asked_for_more = count(text, "\nSetting: ") + count(text, "\nNote: ") > 0;
    demand(asked_for_more || text.size() < 1'000, "less than 1000 bytes", text);
}

std::size_t count(std::string_view text, std::string_view part)
{
    std::size_t times = 0;
    for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) {
        ++times;
    }
    return times;
}

} // namespace dbup_fuzz
