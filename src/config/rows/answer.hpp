// SPDX-License-Identifier: MIT
// The options of output and logging.
#pragma once

#include "config/options.hpp"

#include <array>

namespace dbup {

inline constexpr std::array answer_rows{
    OptionRow{.name = "output",
              .slot = &Config::output,
              .arg = "FORMAT",
              .fallback = "nagios",
              .environment = "DB_OUTPUT",
              .yaml = "output.format",
              .group = Group::output,
              .help = "how the result is written: nagios (status line with perfdata), text (lines "
                      "for people), json, prometheus, http or value=LABEL (one number); --help "
                      "outputs has more"},
    OptionRow{.name = "output-file",
              .slot = &Config::output_file,
              .arg = "FILE",
              .environment = "DB_OUTPUT_FILE",
              .group = Group::output,
              .help = "write the result to that file, in one piece, instead of stdout; it can be "
                      "read by everybody"},
    OptionRow{.name = "health-check",
              .slot = &Config::health_check,
              .fallback = "false",
              .group = Group::output,
              .help = "as --check activity --output json"},
    OptionRow{.name = "check-number",
              .slot = &Config::check_number,
              .arg = "N",
              .least = "0",
              .most = "9007199254740992",
              .environment = "DB_CHECK_NUMBER",
              .group = Group::output,
              .help = "the scheduler's own count of this check: check_number in JSON and in the "
                      "log's JSON, which have none without it"},
    OptionRow{.name = "exit-style",
              .slot = &Config::exit_style,
              .arg = "STYLE",
              .fallback = "nagios",
              .environment = "DB_EXIT_STYLE",
              .group = Group::output,
              .help = "exit codes: nagios (0 to 3), simple (0 OK or WARNING, else 1), isready "
                      "(those of pg_isready)"},
    OptionRow{.name = "hints",
              .slot = &Config::hints,
              .fallback = "true",
              .environment = "DB_HINTS",
              .group = Group::output,
              .help = "the lines Reason and Fix under a result that is not OK"},
    OptionRow{.name = "redact-hosts",
              .slot = &Config::redact_hosts,
              .fallback = "false",
              .environment = "DB_REDACT_HOSTS",
              .yaml = "logging.redact_hostnames output.redact_hosts",
              .group = Group::output,
              .help = "show *** for host names and addresses, also those in certificates"},
    OptionRow{.name = "verbose",
              .letters = "v",
              .slot = &Config::verbosity,
              .fallback = "0",
              .least = "0",
              .most = "3",
              .group = Group::output,
              .fate = Fate::counted,
              .help = "more lines: attempts and settings; twice: everything; three times: also "
                      "each step on stderr"},
    OptionRow{.name = "quiet",
              .letters = "q",
              .slot = &Config::quiet,
              .fallback = "false",
              .group = Group::output,
              .help = "print nothing; the exit code says it"},
    OptionRow{.name = "log-level",
              .slot = &Config::log_level,
              .arg = "LEVEL",
              .fallback = "off",
              .environment = "DB_LOG_LEVEL DB_MONITOR_LOG_LEVEL",
              .yaml = "logging.level",
              .group = Group::logging,
              .help = "lines on stderr: off, error, warning (also retries), info (also start and "
                      "result) or debug (each step)"},
    OptionRow{.name = "log-file",
              .slot = &Config::log_file,
              .arg = "FILE",
              .environment = "DB_LOG_FILE",
              .yaml = "logging.file logging.file_path",
              .group = Group::logging,
              .help = "append one line for the run to that file; a failure to write it changes "
                      "no result"},
    OptionRow{.name = "log-format",
              .slot = &Config::log_format,
              .arg = "FORMAT",
              .fallback = "text",
              .environment = "DB_LOG_FORMAT",
              .yaml = "logging.format",
              .group = Group::logging,
              .help = "how that line is written: text or json"},
    OptionRow{.name = "log-output",
              .slot = &Config::log_output,
              .arg = "WHERE",
              .fallback = "auto",
              .environment = "DB_LOG_OUTPUT",
              .yaml = "logging.output",
              .group = Group::logging,
              .help = "where the log goes: console (stderr), file, both, or auto (stderr with "
                      "--log-level, the file with --log-file)"},
};

} // namespace dbup
