// SPDX-License-Identifier: MIT
#include "checks/patterns.hpp"

#include "core/text.hpp"

namespace dbup {

namespace {

/// For LIKE, whose wildcards are '%' and '_'.
std::string like_pattern(std::string_view pattern)
{
    std::string text;
    for (const char c : pattern) {
        if (c == '%' || c == '_' || c == '\\') {
            text += '\\';
        }
        text += c == '*' ? '%' : c;
    }
    return text;
}

/// An element of an array as PostgreSQL reads it (documentation, 8.15.6).
std::string quoted(std::string_view element)
{
    std::string text{'"'};
    for (const char c : element) {
        if (c == '"' || c == '\\') {
            text += '\\';
        }
        text += c;
    }
    return text + '"';
}

} // namespace

std::vector<std::string_view> patterns_of(std::string_view list)
{
    std::vector<std::string_view> patterns;
    for (const auto part : parts_of(list, ',')) {
        const auto pattern = without_blanks(part);
        if (!pattern.empty()) {
            patterns.push_back(pattern);
        }
    }
    return patterns;
}

std::string like_patterns(std::string_view list)
{
    std::string array{'{'};
    for (const auto pattern : patterns_of(list)) {
        array += (array.size() > 1 ? "," : "") + quoted(like_pattern(pattern));
    }
    return array + '}';
}

} // namespace dbup
