// SPDX-License-Identifier: MIT
#pragma once

#include "core/state.hpp"

#include <array>
#include <string_view>

namespace dbup {

/// How much a line of the log matters. A level lets through what is as important or more.
enum class LogLevel { off, error, warning, info, debug };

struct LogLevelRow {
    LogLevel level = LogLevel::off;
    std::string_view word = {};   ///< as log lines have it
    std::string_view option = {}; ///< as a user writes it
};

inline constexpr std::array level_table{
    LogLevelRow{LogLevel::off, "", "off"},
    LogLevelRow{LogLevel::error, "ERROR", "error"},
    LogLevelRow{LogLevel::warning, "WARNING", "warning"},
    LogLevelRow{LogLevel::info, "INFO", "info"},
    LogLevelRow{LogLevel::debug, "DEBUG", "debug"},
};

/// The row of `level`.
constexpr const LogLevelRow& row_of(LogLevel level)
{
    return level_table.at(static_cast<std::size_t>(level));
}

/// The level of a result.
constexpr LogLevel level_of(State state)
{
    switch (state) {
    case State::ok: return LogLevel::info;
    case State::warning: return LogLevel::warning;
    case State::critical:
    case State::unknown: break;
    }
    return LogLevel::error;
}

} // namespace dbup
