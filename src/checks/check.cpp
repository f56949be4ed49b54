// SPDX-License-Identifier: MIT
#include "checks/check.hpp"

#include <array>

namespace dbup {

namespace {

constexpr std::array table{&connection_check};

} // namespace

std::span<const Check* const> check_table()
{
    return table;
}

} // namespace dbup
