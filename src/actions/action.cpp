// SPDX-License-Identifier: MIT
#include "actions/action.hpp"

#include <algorithm>
#include <array>

namespace dbup {

namespace {

constexpr std::array table{
    Action{ActionKind::check, &perform_check},
    Action{ActionKind::help, &perform_help},
    Action{ActionKind::version, &perform_version},
};

} // namespace

const Action& row_of(ActionKind kind)
{
    const auto* const row = std::find_if(
        table.begin(), table.end(), [kind](const Action& action) { return action.kind == kind; });
    return *row; // every kind has one: tests/unit walks over them
}

} // namespace dbup
