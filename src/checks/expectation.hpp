// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace dbup {

/// Why `pattern` cannot be used as a POSIX extended regular expression; empty where it can. Refused
/// is also what can make a match take time or memory without bound: back-references, and
/// repetitions of repetitions that come to thousands of states.
std::string pattern_objection(const std::string& pattern);

/// Whether the first 10,000 bytes of `text` match `pattern` somewhere; false for a pattern that
/// has an objection.
bool matches(const std::string& pattern, std::string_view text);

} // namespace dbup
