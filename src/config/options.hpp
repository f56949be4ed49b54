// SPDX-License-Identifier: MIT
#pragma once

#include "config/config.hpp"

#include <span>
#include <string_view>
#include <variant>

namespace dbup {

/// The member of Config that a row fills. Its type chooses the parser.
using Slot = std::variant<std::monostate,
                          std::string Config::*,
                          int Config::*,
                          bool Config::*,
                          Millis Config::*,
                          State Config::*,
                          SslMode Config::*,
                          ChannelBinding Config::*,
                          ExpectedRole Config::*,
                          ExitStyle Config::*,
                          Growth Config::*,
                          ActionKind Config::*,
                          Secret Config::*,
                          std::vector<ThresholdSetting> Config::*,
                          std::vector<StateSetting> Config::*>;

/// Under which heading --help and the man page show a row.
enum class Group { target, tls, time, judging, output, other };

/// What becomes of a row's value.
enum class Fate {
    used,
    counted, ///< each occurrence adds one
    ignored, ///< accepted and validated, so that shared settings work; without effect here
    refused, ///< always an error, whose text is `help`
};

/// Everything that there is to know about an option. Command line, environment, connection strings,
/// --help and the man page are walks over these rows.
struct OptionRow {
    std::string_view name = {};    ///< long option, without dashes
    std::string_view letters = {}; ///< short options, the preferred one first
    std::string_view aliases = {}; ///< further long options, blank-separated
    Slot slot = {};
    std::string_view arg = {};      ///< placeholder of the argument; empty: a flag
    std::string_view fallback = {}; ///< the default as a user would write it
    std::string_view least =
        {}; ///< of a number or duration, as a user would write it; empty: no bound
    std::string_view most = {};
    std::string_view environment = {}; ///< variables, blank-separated, the preferred one first
    std::string_view conninfo =
        {}; ///< keyword in a connection URI or service file (PostgreSQL documentation, 34.1.2)
    Group group = Group::other;
    Fate fate = Fate::used;
    std::string_view help = {};
    std::string_view fixed =
        {}; ///< what a flag stands for; empty: "true". "true" flags may be negated with no-
};

/// The rows, in the order of --help.
std::span<const OptionRow> option_table();

/// The row with that name or alias; null where there is none.
const OptionRow* find_option(std::string_view name);

/// The heading of a group.
std::string_view heading(Group group);

/// Whether `--no-NAME` exists.
bool negatable(const OptionRow& row);

} // namespace dbup
