// SPDX-License-Identifier: MIT
#pragma once

#include "config/options.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace dbup {

/// Reads `text` into the member of `row`, by the parser of the member's type. `origin` is where it
/// was written
/// ("--port", "environment DB_PORT"). Lists (thresholds, states) grow; everything else is replaced.
/// \throws Failure{config} that names origin and value and says what is allowed.
void store(Config& config, const OptionRow& row, std::string_view text, std::string_view origin);

/// The value of `row` as a user would write it; *** for a secret that is set.
std::string shown(const Config& config, const OptionRow& row);

/// The words that `row` allows, if it takes one of several; empty otherwise.
std::vector<std::string_view> allowed_words(const OptionRow& row);

/// A duration with the bounds of a row; the parser of every Millis member.
/// \throws Failure{config}
Millis duration_of(const OptionRow& row, std::string_view text, std::string_view origin);

} // namespace dbup
