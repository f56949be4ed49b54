// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace dbup {

/// SQL as it is sent: written with indentation and comments for who reads it here, made shorter by
/// the compiler. What stands in quotes stays as it is.
template <std::size_t size>
class LeanSql {
public:
    // It is its literal.
    // NOLINTNEXTLINE(google-explicit-constructor,*-explicit-conversions,*c-arrays)
    consteval LeanSql(const char (&sql)[size])
    {
        const std::string_view text{sql, size - 1};
        for (std::size_t place = 0; place < text.size();) {
            place = is_space(text[place]) || starts_comment(text, place) ? skip_space(text, place)
                                                                         : copy_word(text, place);
        }
    }

    /// One behind the other, with a blank between.
    template <std::size_t other>
    consteval auto operator+(const LeanSql<other>& more) const
    {
        LeanSql<size + other> both;
        both.append(*this);
        both.text_[both.length_++] = ' ';
        both.append(more);
        return both;
    }

    // NOLINTNEXTLINE(google-explicit-constructor,hicpp-explicit-conversions): it is a text
    constexpr operator std::string_view() const { return {text_.data(), length_}; }

private:
    template <std::size_t>
    friend class LeanSql;

    constexpr LeanSql() = default;

    constexpr void append(std::string_view text)
    {
        for (const char c : text) {
            text_[length_++] = c;
        }
    }

    static constexpr bool is_space(char c) { return c == ' ' || c == '\n'; }
    /// Beside it a blank means nothing. (Beside an operator it may part two.)
    static constexpr bool stands_alone(char c) { return c == '(' || c == ')' || c == ','; }
    static constexpr bool starts_comment(std::string_view text, std::size_t place)
    {
        return text.substr(place, 2) == "--";
    }

    constexpr std::size_t skip_space(std::string_view text, std::size_t place)
    {
        while (place < text.size() && (is_space(text[place]) || starts_comment(text, place))) {
            place = starts_comment(text, place) ? text.find('\n', place) : place + 1;
        }
        const bool means_something = length_ > 0 && place < text.size() &&
                                     !stands_alone(text_[length_ - 1]) &&
                                     !stands_alone(text[place]);
        if (means_something) {
            text_[length_++] = ' ';
        }
        return place;
    }

    constexpr std::size_t copy_word(std::string_view text, std::size_t place)
    {
        const char first = text[place];
        const bool quoted = first == '\'' || first == '"';
        const auto end = quoted ? text.find(first, place + 1) + 1 : place + 1;
        for (; place < end; ++place) {
            text_[length_++] = text[place];
        }
        return place;
    }

    std::array<char, size> text_{};
    std::size_t length_ = 0;
};

} // namespace dbup
