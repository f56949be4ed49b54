// SPDX-License-Identifier: MIT
#pragma once

#include "config/options.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dbup {

/// An option as it was written somewhere.
struct Given {
    const OptionRow* row = nullptr;
    std::string text = {};
    std::string origin = {};
};

/// Reads a command line GNU style: `--name value`, `--name=value`, unique abbreviations, `-x
/// value`, `-xvalue`, bundled flags, `--`. Connection strings with a password are overwritten in
/// place once they were copied. \param arguments argv without the program's name \throws
/// Failure{config} for an unknown or ambiguous option, a missing or superfluous argument, a
/// positional one
std::vector<Given> read_arguments(std::span<char* const> arguments);

} // namespace dbup
