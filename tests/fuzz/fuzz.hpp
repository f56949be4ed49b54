// SPDX-License-Identifier: MIT
// What the fuzz targets share. A target is one file with one_input(); what it demands holds for
// every input that there is.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/run.hpp"

namespace dbup_fuzz {

/// Looks at one input. Defined by each target.
void one_input(std::string_view input);

/// Ends the process if `holds` is false, so that the fuzzer keeps the input. `seen` is shown.
void demand(bool holds, std::string_view what, std::string_view seen = {});

/// The texts before and behind the first `separator`; all of it and nothing where there is none.
std::pair<std::string_view, std::string_view> cut(std::string_view text, char separator = '\n');

/// The lines of `text`, without their ends.
std::vector<std::string_view> lines_of(std::string_view text);

/// Valid UTF-8 (RFC 3629), without characters that act on a terminal or deceive a reader. Written
/// apart from the program's own reader of UTF-8.
bool is_clean(std::string_view line);

/// Demands that `outcome` is one that every monitoring host can read: clean lines, the state of its
/// exit code first, at most one '|', bounded. With DBUP_FUZZ_SHOW in the environment it is shown.
void demand_readable(const dbup::Outcome& outcome);

/// How often `part` stands in `text`.
std::size_t count(std::string_view text, std::string_view part);

} // namespace dbup_fuzz
