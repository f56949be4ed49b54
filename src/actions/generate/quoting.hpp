// SPDX-License-Identifier: MIT
// How text is written for other programs. Each function takes one line of valid UTF-8 without
// control characters (is_one_line), and returns what the other program reads as that text.
#pragma once

#include "core/shell_word.hpp"

#include <span>
#include <string>
#include <string_view>

namespace dbup {

/// The words of a shell command.
std::string shell_command(std::span<const std::string> words);

/// A string of JSON (RFC 8259), which is a double-quoted scalar of YAML 1.2 as well.
std::string json_string(std::string_view text);

/// A string in the containers of a Kubernetes manifest, where $(NAME) would be a variable.
std::string kubernetes_string(std::string_view text);

/// A value that systemd's EnvironmentFile= and a shell's `.` read alike (systemd.exec(5), POSIX);
/// where it is written without quotes, docker's --env-file reads the same, which keeps quotes.
std::string environment_value(std::string_view text);

/// One argument of ExecStart= (systemd.service(5), systemd.unit(5): specifiers).
std::string systemd_word(std::string_view text);

/// The value of a setting in a unit that takes the rest of the line: only specifiers mean
/// something.
std::string systemd_text(std::string_view text);

/// A field of libpq's password file (PostgreSQL documentation, 34.16).
std::string pgpass_field(std::string_view text);

/// A shell command as the command_line of Nagios: macros and comments mean nothing in it.
std::string nagios_command(std::string_view command);

/// A shell command as a command of the NRPE daemon, which takes $…$ for macros.
std::string nrpe_command(std::string_view command);

/// A string of Icinga 2's language in which macros mean nothing.
std::string icinga_string(std::string_view text);

/// A shell command in a crontab (crontab(5): '%' ends the command). The words must be quoted by
/// shell_word().
std::string cron_command(std::string_view command);

/// A string constant of SQL (PostgreSQL documentation, 4.1.2.1), whatever
/// standard_conforming_strings is.
std::string sql_literal(std::string_view text);

/// `text` with '_' for everything but ASCII letters, digits and "-_.": for names of objects.
std::string object_name(std::string_view text);

} // namespace dbup
