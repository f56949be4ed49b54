// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace dbup {

/// The four states of the monitoring plugin interface.
enum class State { ok, warning, critical, unknown };

struct StateRow {
    State state = State::unknown;
    std::string_view word = {};   ///< as hosts print it
    std::string_view option = {}; ///< as a user writes it in --state and --timeout-state
    int exit_code = 3;
    int severity = 0; ///< larger is worse; a known outage outranks an unknown
};

inline constexpr std::array state_table{
    StateRow{State::ok, "OK", "ok", 0, 0},
    StateRow{State::warning, "WARNING", "warning", 1, 1},
    StateRow{State::critical, "CRITICAL", "critical", 2, 3},
    StateRow{State::unknown, "UNKNOWN", "unknown", 3, 2},
};

/// The row of `state`.
constexpr const StateRow& row_of(State state)
{
    return state_table.at(static_cast<std::size_t>(state));
}

/// The worse of two: CRITICAL, UNKNOWN, WARNING, OK.
constexpr State worst(State left, State right)
{
    return row_of(left).severity >= row_of(right).severity ? left : right;
}

} // namespace dbup
