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
    Action{ActionKind::list_codes, &perform_list_codes},
    Action{ActionKind::dry_run, &perform_dry_run},
    Action{ActionKind::validate, &perform_validate},
    Action{ActionKind::info, &perform_info},
    Action{ActionKind::generate, &perform_generate},
    Action{ActionKind::setup, &perform_setup},
    Action{ActionKind::cleanup, &perform_cleanup},
    Action{ActionKind::emergency_shutdown, &perform_emergency_shutdown},
};

} // namespace

const Action& row_of(ActionKind kind)
{
    const auto* const row = std::find_if(
        table.begin(), table.end(), [kind](const Action& action) { return action.kind == kind; });
    return *row; // every kind has one: tests/unit walks over them
}

Product printed(const Config& config, std::string text, int exit_code)
{
    return Printed{config.quiet ? std::string{} : std::move(text), exit_code};
}

} // namespace dbup
