// SPDX-License-Identifier: MIT
#pragma once

#include "checks/check.hpp"
#include "core/text.hpp"
#include "core/unit.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace dbup {

/// What stands for those that were counted and not fetched: "7 more sequences not listed";
/// `kind` is "more sequence".
inline Detail unlisted(std::string_view label, double count, std::string_view kind)
{
    return {std::string{label},
            phrase("{} not listed", {Words::own(counted(number_text(count), kind))}),
            static_cast<std::size_t>(count)};
}

} // namespace dbup
