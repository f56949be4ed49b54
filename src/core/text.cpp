// SPDX-License-Identifier: MIT
#include "core/text.hpp"

#include "core/ascii.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace dbup {

namespace {

constexpr char32_t replacement = 0xFFFD;

struct Decoded {
    char32_t point = replacement;
    std::size_t bytes = 1;
};

struct Lead {
    std::uint8_t mask = 0;
    std::uint8_t bits = 0;
    std::size_t bytes = 0;
    char32_t least = 0; ///< smaller code points in that many bytes are overlong
};

constexpr std::array leads{
    Lead{0x80, 0x00, 1, 0x0},
    Lead{0xE0, 0xC0, 2, 0x80},
    Lead{0xF0, 0xE0, 3, 0x800},
    Lead{0xF8, 0xF0, 4, 0x10000},
};

std::uint8_t byte_at(std::string_view text, std::size_t at)
{
    return static_cast<std::uint8_t>(text[at]);
}

/// The character at the front of `text` (RFC 3629); an invalid byte is one replacement character.
Decoded decode(std::string_view text)
{
    const std::uint8_t first = byte_at(text, 0);
    const auto* const lead = std::find_if(leads.begin(), leads.end(), [&](const Lead& row) {
        return (first & row.mask) == row.bits;
    });
    if (lead == leads.end() || lead->bytes > text.size()) {
        return {};
    }
    char32_t point = first & static_cast<std::uint8_t>(~lead->mask);
    for (std::size_t i = 1; i < lead->bytes; ++i) {
        const std::uint8_t next = byte_at(text, i);
        if ((next & 0xC0U) != 0x80U) {
            return {};
        }
        point = (point << 6U) | (next & 0x3FU);
    }
    const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
    if (point < lead->least || point > 0x10FFFF || surrogate) {
        return {};
    }
    return {point, lead->bytes};
}

struct Block {
    char32_t first = 0;
    char32_t last = 0;
};

// White space and control characters; each becomes a blank.
constexpr std::array blanks{
    Block{0x00, 0x20},
    Block{0x7F, 0xA0},
    Block{0x1680, 0x1680},
    Block{0x2000, 0x200A},
    Block{0x2028, 0x2029},
    Block{0x202F, 0x202F},
    Block{0x205F, 0x205F},
    Block{0x3000, 0x3000},
};

// Characters that a reader does not see but that change what he reads: soft hyphen, zero width,
// bidirectional control, variation selectors, interlinear annotations, tags, noncharacters.
constexpr std::array invisible{
    Block{0xAD, 0xAD},
    Block{0x034F, 0x034F},
    Block{0x061C, 0x061C},
    Block{0x115F, 0x1160},
    Block{0x180B, 0x180F},
    Block{0x200B, 0x200F},
    Block{0x202A, 0x202E},
    Block{0x2060, 0x206F},
    Block{0xFE00, 0xFE0F},
    Block{0xFEFF, 0xFEFF},
    Block{0xFFF0, 0xFFFB},
    Block{0xFFFE, 0xFFFF},
    Block{0xE0000, 0xE0FFF},
};

// What ends a line or steers a terminal, and what YAML 1.2 (5.1) does not take.
constexpr std::array controls{
    Block{0x00, 0x1F},
    Block{0x7F, 0x9F},
    Block{0x2028, 0x2029},
    Block{0xFEFF, 0xFEFF},
    Block{0xFFFE, 0xFFFF},
};

template <std::size_t n>
bool within(char32_t point, const std::array<Block, n>& blocks)
{
    return std::any_of(blocks.begin(), blocks.end(), [point](const Block& block) {
        return block.first <= point && point <= block.last;
    });
}

/// The number of insertions, deletions and replacements that make `right` of `left`, ASCII case
/// apart.
std::size_t distance(std::string_view left, std::string_view right)
{
    std::vector<std::size_t> row(right.size() + 1);
    for (std::size_t j = 0; j < row.size(); ++j) {
        row[j] = j;
    }
    for (std::size_t i = 1; i <= left.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= right.size(); ++j) {
            const std::size_t above = row[j];
            const std::size_t change = lower(left[i - 1]) == lower(right[j - 1]) ? 0 : 1;
            row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + change});
            diagonal = above;
        }
    }
    return row.back();
}

/// Whether a browser takes this character behind a '<' for the beginning of a tag.
bool begins_tag(char c)
{
    return is_letter(c) || c == '/' || c == '!' || c == '?';
}

/// Whether one_line() would change nothing, as is the case with nearly all that a run has to say.
bool is_plain(std::string_view text)
{
    char before = ' ';
    for (const char c : text) {
        if (c < ' ' || c > '~' || c == '|' || c == '<' || (c == ' ' && before == ' ')) {
            return false;
        }
        before = c;
    }
    return before != ' ' || text.empty();
}

std::string cleaned(std::string_view foreign)
{
    std::string line;
    line.reserve(std::min<std::size_t>(foreign.size(), 4'096));
    bool blank_due = false;
    for (std::size_t at = 0; at < foreign.size();) {
        const auto [point, bytes] = decode(foreign.substr(at));
        const std::string_view character = foreign.substr(at, bytes);
        at += bytes;
        if (within(point, blanks)) {
            blank_due = !line.empty();
            continue;
        }
        if (within(point, invisible)) {
            continue;
        }
        if (blank_due) {
            line += ' ';
            blank_due = false;
        }
        const std::string_view shown = point == replacement ? "?" : point == U'|' ? "/" : character;
        if (line.ends_with('<') && begins_tag(shown.front())) {
            line.back() = '('; // web interfaces show the output of plugins as they like
        }
        line += shown;
    }
    return line;
}

} // namespace

std::string one_line(std::string_view foreign)
{
    return is_plain(foreign) ? std::string{foreign} : cleaned(foreign);
}

std::string shortened(std::string text, std::size_t most_bytes)
{
    constexpr std::string_view dots = "...";
    if (text.size() <= most_bytes) {
        return text;
    }
    std::size_t keep = most_bytes < dots.size() ? 0 : most_bytes - dots.size();
    while (keep > 0 && (byte_at(text, keep) & 0xC0U) == 0x80U) {
        --keep;
    }
    text.resize(keep);
    return text.append(dots.substr(0, std::min(dots.size(), most_bytes)));
}

bool same_word(std::string_view left, std::string_view right)
{
    return std::equal(left.begin(), left.end(), right.begin(), right.end(), [](char a, char b) {
        return lower(a) == lower(b);
    });
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> allowed)
{
    constexpr std::size_t longest = 64; // nobody mistypes more, and the work grows with the square
    std::string_view best;
    std::size_t least = std::min<std::size_t>(2, word.size() / 2) + 1;
    if (word.size() > longest) {
        return best;
    }
    for (const auto candidate : allowed) {
        const std::size_t errors = distance(word, candidate);
        if (errors < least) {
            least = errors;
            best = candidate;
        }
    }
    return best;
}

std::string joined(std::span<const std::string_view> words, std::string_view separator)
{
    std::string text;
    for (const auto word : words) {
        text += text.empty() ? std::string_view{} : separator;
        text += word;
    }
    return text;
}

std::string_view without_blanks(std::string_view text)
{
    constexpr std::string_view white = " \t\r\n";
    const auto first = std::min(text.find_first_not_of(white), text.size());
    return text.substr(first, text.find_last_not_of(white) + 1 - first);
}

std::vector<std::string_view> words_of(std::string_view text)
{
    std::vector<std::string_view> words;
    words.reserve(static_cast<std::size_t>(std::count(text.begin(), text.end(), ' ')) +
                  (text.empty() ? 0 : 1));
    while (!text.empty()) {
        const auto end = text.find(' ');
        if (end != 0) {
            words.push_back(text.substr(0, end));
        }
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return words;
}

std::vector<std::string_view> parts_of(std::string_view text, char separator)
{
    std::vector<std::string_view> parts;
    for (;;) {
        const auto end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) {
            return parts;
        }
        text.remove_prefix(end + 1);
    }
}

std::string counted(std::string_view count, std::string_view noun)
{
    std::string text{count};
    text.append(" ").append(noun);
    return count == "1" ? text : text + "s";
}

std::string replaced(std::string_view text, std::string_view from, std::string_view to)
{
    std::string result;
    for (;;) {
        const auto at = from.empty() ? std::string_view::npos : text.find(from);
        result += text.substr(0, at);
        if (at == std::string_view::npos) {
            return result;
        }
        result += to;
        text.remove_prefix(at + from.size());
    }
}

bool is_one_line(std::string_view text)
{
    for (std::size_t at = 0; at < text.size();) {
        const auto [point, bytes] = decode(text.substr(at));
        if (point == replacement || within(point, controls)) {
            return false;
        }
        at += bytes;
    }
    return true;
}

std::string sql_identifier(std::string_view name)
{
    return '"' + replaced(name, "\"", "\"\"") + '"';
}

} // namespace dbup
