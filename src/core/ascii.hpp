// SPDX-License-Identifier: MIT
// Letters and digits as protocols and formats mean them: those of <cctype> depend on the locale.
#pragma once

namespace dbup {

constexpr bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

constexpr bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

constexpr bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

constexpr bool is_letter(char c)
{
    return is_lower(c) || is_upper(c);
}

constexpr bool is_alphanumeric(char c)
{
    return is_letter(c) || is_digit(c);
}

/// What stands in a word: letters, digits and '_'.
constexpr bool is_word(char c)
{
    return is_alphanumeric(c) || c == '_';
}

constexpr bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

constexpr char lower(char c)
{
    return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr char upper(char c)
{
    return is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c;
}

} // namespace dbup
