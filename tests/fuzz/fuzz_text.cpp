// SPDX-License-Identifier: MIT
// The sanitizer of foreign text and its helpers.
#include "core/text.hpp"

#include <algorithm>
#include <array>

#include "fuzz/fuzz.hpp"

namespace dbup_fuzz {

namespace {

void demand_one_line(std::string_view input)
{
    const auto line = dbup::one_line(input);
    demand(is_clean(line), "clean", line);
    demand(!line.starts_with(' ') && !line.ends_with(' '), "no blanks at the ends", line);
    demand(line.find("  ") == std::string::npos, "no two blanks", line);
    demand(line.size() <= input.size(), "not longer than it was", line);
    demand(dbup::one_line(line) == line, "once is enough", line);
    for (const std::size_t most : {0U, 1U, 2U, 3U, 4U, 7U, 50U}) {
        const auto cut_off = dbup::shortened(line, most);
        demand(cut_off.size() <= most, "bounded", cut_off);
        demand(is_clean(cut_off), "no half characters", cut_off);
        demand(line.size() > most || cut_off == line, "what fits is left alone", cut_off);
    }
}

void demand_parts(std::string_view input)
{
    const auto parts = dbup::parts_of(input, ',');
    demand(dbup::joined(parts, ",").size() <= input.size(), "joined again", input);
    demand(parts.size() == 1 + count(input, ","), "every part", input);
    const auto words = dbup::words_of(input);
    demand(std::none_of(words.begin(), words.end(), [](auto word) { return word.empty(); }),
           "no empty words",
           input);
    demand(dbup::replaced(dbup::replaced(input, ",", "\x01\x01"), "\x01\x01", ",").size() <=
               input.size(),
           "replaced and back",
           input);
}

/// An identifier of SQL ends where it should: every quote inside is doubled.
void demand_identifier(std::string_view input)
{
    const auto quoted = dbup::sql_identifier(input);
    const auto inside = std::string_view{quoted}.substr(1, quoted.size() - 2);
    demand(quoted.front() == '"' && quoted.back() == '"', "quoted", quoted);
    demand(count(inside, "\"") == 2 * count(input, "\""), "quotes doubled", quoted);
    demand(dbup::replaced(inside, "\"\"", "\"") == input, "the name itself", quoted);
}

} // namespace

void one_input(std::string_view input)
{
    demand_one_line(input);
    demand_parts(input);
    demand_identifier(input);
    const auto [word, rest] = cut(input);
    const std::array<std::string_view, 3> allowed{"require", "verify-full", rest};
    const auto near = dbup::nearest(word, allowed);
    demand(near.empty() || std::find(allowed.begin(), allowed.end(), near) != allowed.end(),
           "one of those that are allowed",
           near);
    demand(dbup::same_word(word, word), "the same as itself", word);
}

} // namespace dbup_fuzz
