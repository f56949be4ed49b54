// SPDX-License-Identifier: MIT
// Catch2 of Debian 12 is version 2, newer systems have version 3: the same tests build with both.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <string>

namespace dbup_test {

/// Matches a text that has `part` somewhere.
inline auto has(const std::string& part)
{
#if __has_include(<catch2/catch_all.hpp>)
    return Catch::Matchers::ContainsSubstring(part);
#else
    return Catch::Matchers::Contains(part);
#endif
}

/// Matches a text that has one of two parts; for what may rightly end in two ways.
inline auto has_either(const std::string& one, const std::string& other)
{
    return Catch::Matchers::Predicate<std::string>(
        [one, other](const std::string& text) {
            return text.find(one) != std::string::npos || text.find(other) != std::string::npos;
        },
        "has \"" + one + "\" or \"" + other + "\"");
}

} // namespace dbup_test
