// SPDX-License-Identifier: MIT
#pragma once

#include "checks/check.hpp"

#include <string>
#include <string_view>

namespace dbup {

/// The list of checks with their metrics, privileges and options, in mdoc(7).
std::string checks_mdoc();

/// `page`, the template of the manual page, with the line @CHECKS@ replaced by that list, and with
/// the other lists (config/manual).
std::string whole_manual_page(std::string_view page);

/// `page`, that of one check, with what stands between the lines `<!-- metrics -->` and
/// `<!-- /metrics -->` replaced by the table of its metrics, limits, privileges and options.
std::string check_page(std::string_view page, const Check& check);

/// `page`, the index, with what stands between `<!-- checks -->` and `<!-- /checks -->` replaced by
/// a line for each check.
std::string index_page(std::string_view page);

} // namespace dbup
