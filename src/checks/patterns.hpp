// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dbup {

/// The patterns of a comma list. Blanks around a pattern do not count, and neither do empty ones.
std::vector<std::string_view> patterns_of(std::string_view list);

/// The same, in which '*' stands for any characters, as an array of patterns for LIKE ANY
/// ($1::text[]): "pg_dump, app*" becomes {"pg\\_dump","app%"}; of an empty list it is {}.
std::string like_patterns(std::string_view list);

} // namespace dbup
