// SPDX-License-Identifier: MIT
#pragma once

#include "config/config.hpp"
#include "core/report.hpp"
#include "pg/connector.hpp"

#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace dbup {

/// What an action may use; all of it handed in.
struct Surroundings {
    Clock& clock;
    Random& random;
    Connector& connector;
    Trace& trace;
};

/// A report to be rendered, or a text to be printed as it is.
using Product = std::variant<Report, std::string>;

/// Something that the program can be asked to do. A new one is a file with this function and a line
/// in action_table.
struct Action {
    ActionKind kind = ActionKind::check;
    /// \throws Failure
    Product (*perform)(const Config& config, const Surroundings& around) = nullptr;
};

/// The row of `kind`.
const Action& row_of(ActionKind kind);

/// Runs the chosen check, with retries, and judges it.
Product perform_check(const Config& config, const Surroundings& around);

/// The text of --help, at most 80 columns wide.
Product perform_help(const Config& config, const Surroundings& around);

/// The versions of db-up and of what it is made of.
Product perform_version(const Config& config, const Surroundings& around);

} // namespace dbup
