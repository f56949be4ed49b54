// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace dbup {

/// The lists of the manual page, in mdoc(7), made of the tables.
std::string options_mdoc();
std::string environment_mdoc();
std::string errors_mdoc();

/// `page` with the lines @OPTIONS@, @ENVIRONMENT@ and @ERRORS@ replaced by the lists.
std::string manual_page(std::string_view page);

} // namespace dbup
