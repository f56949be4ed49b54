// SPDX-License-Identifier: MIT
// db-up as a command of Icinga 2: every option of a check is an argument that a custom variable
// fills. contrib/icinga2, its Director basket and --generate icinga2 are made of the same walk.
#pragma once

#include "config/options.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace dbup {

/// An option as an argument of the CheckCommand.
struct IcingaArgument {
    std::string option = {};   ///< with its dashes; a flag that is on by default is there as --no-
    std::string variable = {}; ///< the custom variable that fills it
    std::string description = {};
    bool flag = false;    ///< takes no value: given if the variable is true
    bool repeats = false; ///< may be given again: the variable may be an array
};

/// The options of a check but those that would keep its answer from Icinga, in the order of --help.
std::vector<IcingaArgument> icinga_arguments();

/// The name of the custom variable for an option, without its dashes.
std::string icinga_variable(std::string_view option);

/// How an Icinga 2 starts the program.
struct IcingaStart {
    std::string command = {}; ///< an expression of Icinga's language
    std::string timeout = {};
    bool described = true; ///< with a description of each argument
};

/// The definition of the CheckCommand.
std::string icinga_command(const IcingaStart& start);

/// contrib/icinga2/command.conf: the command where the plugin is installed.
std::string icinga_command_file();

/// contrib/icinga2/director-basket.json: the same command with a data field for each variable.
std::string director_basket();

} // namespace dbup
