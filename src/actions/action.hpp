// SPDX-License-Identifier: MIT
#pragma once

#include "config/config.hpp"
#include "config/inputs.hpp"
#include "core/report.hpp"
#include "core/threads.hpp"
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
    const Inputs& inputs;          ///< what the Config was made of; its secrets are wiped by now
    StartThread start_thread = {}; ///< empty: what could be done at the same time is not
};

/// A text for a person, to be printed as it is: the action has scrubbed what is foreign in it.
struct Printed {
    std::string text = {};
    int exit_code = 3; ///< the plugin interface wants 3 for --help and --version
};

/// A report to be rendered, or a text.
using Product = std::variant<Report, Printed>;

/// `text`, or nothing with --quiet.
Product printed(const Config& config, std::string text, int exit_code);

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

/// The text of --help, or that of one of its topics, at most 80 columns wide.
Product perform_help(const Config& config, const Surroundings& around);

/// The stable error codes, one a line.
Product perform_list_codes(const Config& config, const Surroundings& around);

/// The version of db-up: "0.1.0".
std::string_view program_version();

/// The effective settings as a definition for another program; connects to nothing.
Product perform_generate(const Config& config, const Surroundings& around);

/// Asks a person for the settings, tries them, and writes them down.
Product perform_setup(const Config& config, const Surroundings& around);

/// Lists the sessions that --cleanup-kinds names; with --execute, ends them. Exit code: 0 done, or
/// nothing to do; 1 partly; 2 failed; 3 not permitted or wrong usage.
Product perform_cleanup(const Config& config, const Surroundings& around);

/// Lists every other session of the database that is not a superuser's; with --execute and
/// --confirm, ends them. Exit codes as above.
Product perform_emergency_shutdown(const Config& config, const Surroundings& around);

/// The versions of db-up and of what it is made of.
Product perform_version(const Config& config, const Surroundings& around);
std::string version_lines(const Inputs& inputs);

/// The settings in effect, each with its source. Connects to nothing and resolves nothing.
Product perform_dry_run(const Config& config, const Surroundings& around);

/// What is wrong or weak with settings, connection and role, with what mends it. Exit code: 0
/// nothing; 1 weaknesses; 2 no connection, or a privilege is missing; 3 a fault of this host.
Product perform_validate(const Config& config, const Surroundings& around);

/// Versions, the files that are looked for, and the settings in effect. Exit code: 0; 3 if the
/// settings are wrong.
Product perform_info(const Config& config, const Surroundings& around);

} // namespace dbup
