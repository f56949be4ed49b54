// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace dbup {

/// `text` in lines of at most 80 columns behind the left column, which is `indent` wide and shows
/// `left`; a `left` that is too long has a line of its own.
std::string help_entry(std::string_view left, std::string_view text, std::size_t indent);

// The texts of the topics of --help.
std::string help_on_options();
std::string help_on_checks();
std::string help_on_ranges();
std::string help_on_outputs();
std::string help_on_exit_codes();
std::string help_on_environment();
std::string help_on_errors();

} // namespace dbup
