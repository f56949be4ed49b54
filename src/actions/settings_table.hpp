// SPDX-License-Identifier: MIT
#pragma once

#include "config/config.hpp"
#include "core/scrub.hpp"

#include <span>
#include <string>
#include <string_view>

namespace dbup {

/// The settings in effect, in groups, each with its source; what the scheduler has to know; where a
/// password was looked for; the notes. At most about 100 columns wide, but for long values.
std::string settings_table(const Config& config, const Scrubber& scrubber);

/// `config` with a note on each file of the command line that an action does not write which only
/// looks at the settings: it is added to the command of a check.
Config with_notes_on_files(const Config& config);

/// The ranges of the check's metrics, with an empty line behind, as the others. \throws
/// Failure{config} for one that is none
std::string limits_table(const Config& config);

/// A title with a line for each of `all`; nothing if there are none.
std::string
listed(std::string_view title, std::span<const std::string> all, const Scrubber& scrubber);

/// A line of such a table: two columns.
std::string table_line(std::string_view name, std::string_view value);

} // namespace dbup
