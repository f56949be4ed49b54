// SPDX-License-Identifier: MIT
#pragma once

#include "actions/generate/generators.hpp"
#include "config/options.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace dbup {

/// A setting that a definition has to name, as a user would write it. An option that may be
/// repeated is several of these.
struct Chosen {
    const OptionRow* row = nullptr;
    std::string value = {};
};

/// For whom a definition is, which says what can stand in it beside what is checked and how it is
/// judged.
enum class Scope {
    monitoring, ///< a host that reads the plugin's output; the log file is the user's own
    scheduler,  ///< cron: whatever shapes answer and log
    unit,       ///< systemd: the journal has the output, the sandbox keeps files from being written
    container,  ///< the file system may not be written to, the exit codes are settled
    everything, ///< files that db-up reads
};

/// Host, port, database, user and TLS mode, and what differs from the defaults, in the order of the
/// table. Not among them: the password and its file, and what is said for one run only.
std::vector<Chosen> chosen_settings(const Config& config, Scope scope);

/// What of `everything` differs from its default and is not said in `scope`, as on a command line.
std::vector<std::string> left_out(const Config& config, Scope scope);

/// The file that a definition has the password from: the one of the settings, else `usual`; empty
/// where the check needs none or has it from libpq's password file.
std::string password_path(const Subject& subject, std::string_view usual);

/// The words of a command that checks what `config` describes.
/// \param password_file empty: none
std::vector<std::string> command_of(const Config& config,
                                    Scope scope,
                                    std::string_view program,
                                    std::string_view password_file);

/// Time between two checks; 60 s where nobody has said it.
Millis interval_of(const Config& config);

/// Something for a definition that another limits in time: what a run may take, and a little more.
/// Whole seconds.
long patience_seconds(const Config& config);

/// Host and database, for the title of an object.
std::string title_of(const Config& config);

} // namespace dbup
