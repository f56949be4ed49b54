// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace dbup {

/// `page` with what stands between the marks `<!-- NAME: begin -->` and `<!-- NAME: end -->`
/// replaced by the table of that name: `options` (every option with its variables, key and default)
/// and `keys` (the keys of the configuration file that no option stands behind).
std::string configuration_page(std::string_view page);

/// `page` with the list of all error codes between the marks of `codes`, and what the error table
/// says of each code between the marks that have its name.
std::string errors_page(std::string_view page);

} // namespace dbup
