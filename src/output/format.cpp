// SPDX-License-Identifier: MIT
#include "output/format.hpp"

#include <array>

namespace dbup {

namespace {

constexpr std::array table{
    Format{"nagios",
           "status line, perfdata and text of the monitoring plugin interface",
           &render_nagios},
};

} // namespace

std::span<const Format> format_table()
{
    return table;
}

} // namespace dbup
