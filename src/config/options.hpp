// SPDX-License-Identifier: MIT
#pragma once

#include "config/config.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace dbup {

/// The member of Config that a row fills. Its type chooses the parser.
using Slot = std::variant<std::monostate,
                          std::string Config::*,
                          int Config::*,
                          std::optional<std::uint64_t> Config::*,
                          bool Config::*,
                          Millis Config::*,
                          State Config::*,
                          SslMode Config::*,
                          ChannelBinding Config::*,
                          ExpectedRole Config::*,
                          ExitStyle Config::*,
                          Growth Config::*,
                          OutputChoice Config::*,
                          CheckKind Config::*,
                          LogLevel Config::*,
                          LogOutput Config::*,
                          LogFormat Config::*,
                          HelpTopic Config::*,
                          Definition Config::*,
                          ActionKind Config::*,
                          Secret Config::*,
                          std::vector<ThresholdSetting> Config::*,
                          std::vector<StateSetting> Config::*>;

/// Under which heading --help and the man page show a row.
enum class Group { target, tls, time, judging, checking, output, logging, action, other };

/// The groups, in the order of --help.
inline constexpr std::array groups{Group::target,
                                   Group::tls,
                                   Group::time,
                                   Group::judging,
                                   Group::checking,
                                   Group::output,
                                   Group::logging,
                                   Group::action,
                                   Group::other};

/// What becomes of a row's value.
enum class Fate {
    used,
    counted, ///< each occurrence adds one
    ignored, ///< accepted and validated, so that shared settings work; without effect here
    refused, ///< always an error, whose text is `help`
};

/// Everything that there is to know about an option. Command line, environment, configuration file,
/// connection strings, --help and the man page are walks over these rows.
struct OptionRow {
    std::string_view name = {};    ///< long option, without dashes
    std::string_view letters = {}; ///< short options, the preferred one first
    std::string_view aliases = {}; ///< further long options, blank-separated
    Slot slot = {};
    std::string_view arg = {}; ///< placeholder of the argument; empty: a flag; FILE: a file's name
    bool optional_arg = false; ///< it may be left out, and stands for `fixed` then
    ActionKind action = ActionKind::check; ///< what an option asks for beside storing its argument
    std::string_view fallback = {};        ///< the default as a user would write it
    std::string_view least =
        {}; ///< of a number or duration, as a user would write it; empty: no bound
    std::string_view most = {};
    std::string_view environment = {}; ///< variables, blank-separated, the preferred one first
    std::string_view conninfo =
        {}; ///< keyword in a connection URI or service file (PostgreSQL documentation, 34.1.2)
    /// Keys in the configuration file, "section.key", blank-separated, the preferred one first;
    /// empty: the section of the group and the name with '_' for '-' (yaml_keys says which).
    std::string_view yaml = {};
    /// The checks that use it, blank-separated, as users name them, and "cleanup" for the two
    /// actions that end sessions; empty: all. On the command line of another check it is refused;
    /// in settings that many checks share it has no effect there.
    std::string_view checks = {};
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

/// The keys of the configuration file that set `row`, the preferred one first. None for secrets,
/// for actions and for the rows of Group::other, unless the row names them.
std::vector<std::string> yaml_keys(const OptionRow& row);

/// Whether the row asks for an action: the rest of the command line is then of no interest.
bool asks_for_action(const OptionRow& row);

/// Whether the row says how the answer is to be given, which holds for every error, too.
bool shapes_answer(const OptionRow& row);

/// Whether the row's values may not be shown, nor be given on a command line.
bool is_secret(const OptionRow& row);

/// Whether the row can be written on a command line.
bool on_command_line(const OptionRow& row);

/// Whether a check of that kind uses the row; or what is called `user` there ("cleanup").
bool concerns(const OptionRow& row, CheckKind kind);
bool concerns(const OptionRow& row, std::string_view user);

/// Whether `--no-NAME` exists.
bool negatable(const OptionRow& row);

} // namespace dbup
