// SPDX-License-Identifier: MIT
#pragma once

#include "config/options.hpp"
#include "core/failure.hpp"

#include <optional>
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

/// A command line that was read.
struct CommandLine {
    std::vector<Given> options = {};
    std::optional<Failure> objection = {}; ///< the first thing that is wrong with it
};

/// Reads a command line GNU style: `--name value`, `--name=value`, unique abbreviations, `-x
/// value`, `-xvalue`, bundled flags, `--`. Connection strings with a password are overwritten in
/// place once they were copied. \param arguments argv without the program's name \returns with an
/// objection for an unknown or ambiguous option, a missing or superfluous argument, a positional
/// one: the other options may still say how that is to be told
CommandLine read_arguments(std::span<char* const> arguments);

} // namespace dbup
