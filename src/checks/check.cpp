// SPDX-License-Identifier: MIT
#include "checks/check.hpp"

#include "checks/table.hpp"

#include <array>

namespace dbup {

namespace {

constexpr std::array<const Check*, check_kinds.size()> table{
    &connection_check,
    &query_check,
    &activity_check,
    &replication_check,
    &archive_check,
    &write_check,
    &settings_check,
    &pool_check,
    &size_check,
    &wraparound_check,
    &sequences_check,
    &statistics_check,
    &cluster_check,
};

} // namespace

std::span<const Check* const> check_table()
{
    return table;
}

const Check& check_of(CheckKind kind)
{
    return *table.at(static_cast<std::size_t>(kind)); // a test compares the orders
}

} // namespace dbup
