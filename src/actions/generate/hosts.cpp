// SPDX-License-Identifier: MIT
// Definitions for monitoring hosts and their agents.
#include "actions/generate/generators.hpp"
#include "actions/generate/icinga.hpp"
#include "actions/generate/quoting.hpp"
#include "actions/generate/settings.hpp"
#include "core/unit.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dbup {

namespace {

/// The host whose service a check is.
std::string host_object(const Config& config)
{
    const auto& first = config.endpoints.front();
    return first.is_socket() ? "localhost" : object_name(first.host);
}

/// An interval in the unit of Nagios, minutes (interval_length=60).
std::string minutes(Millis interval)
{
    constexpr double per_minute = 60'000;
    return number_text(static_cast<double>(interval.count()) / per_minute);
}

/// A failure is looked at again at least once a minute.
Millis retry_interval_of(const Config& config)
{
    constexpr Millis most{60'000};
    return std::min(interval_of(config), most);
}

long whole_seconds(Millis time)
{
    return std::chrono::ceil<std::chrono::seconds>(time).count();
}

/// A command that runs below another time limit, which only a few know that it is there.
Config hurried(const Config& config, Millis most)
{
    Config copy = config;
    copy.timeout = std::min(copy.timeout, most);
    return copy;
}

/// Several values of one setting.
std::string icinga_list(std::span<const Chosen> values)
{
    std::string list;
    for (const auto& one : values) {
        list += list.empty() ? "" : ", ";
        list += icinga_string(one.value);
    }
    return fmt::format("[ {} ]", list);
}

/// The custom variables of a Service, which fill the arguments of the CheckCommand.
std::string icinga_variables(const Subject& subject)
{
    std::string lines;
    const auto set = [&lines](const std::string& option, const std::string& value) {
        lines += fmt::format("  vars.{} = {}\n", icinga_variable(option), value);
    };
    const auto chosen = chosen_settings(subject.config, Scope::monitoring);
    for (auto one = chosen.begin(); one != chosen.end();) {
        const auto& row = *one->row;
        const auto end = std::find_if(
            one, chosen.end(), [&row](const Chosen& other) { return other.row != &row; });
        if (row.arg.empty()) {
            set((one->value == "false" ? "no-" : "") + std::string{row.name}, "true");
        } else if (end - one == 1) {
            set(std::string{row.name}, icinga_string(one->value));
        } else {
            set(std::string{row.name}, icinga_list({one, end}));
        }
        one = end;
    }
    const auto password = password_path(subject, "/etc/db-up/password");
    if (!password.empty()) {
        set("password-file", icinga_string(password));
    }
    return lines;
}

} // namespace

std::string generate_nagios(const Subject& subject)
{
    const Config& config = subject.config;
    const auto name = object_name(config.database);
    const auto words = command_of(config,
                                  Scope::monitoring,
                                  subject.program,
                                  password_path(subject, "/etc/nagios4/db-up.password"));
    return fmt::format(
        R"(# db-up for Nagios 4, Naemon and Shinken. host_name is the name of your host object; the
# password file belongs to the user that Nagios runs as, mode 0600.
define command {{
    command_name            check_db_up_{name}
    command_line            {command}
}}

define service {{
    use                     generic-service
    host_name               {host}
    service_description     PostgreSQL {name}
    check_command           check_db_up_{name}
    check_interval          {interval}
    retry_interval          {retry}
    max_check_attempts      3
}}
)",
        fmt::arg("name", name),
        fmt::arg("command", nagios_command(shell_command(words))),
        fmt::arg("host", host_object(config)),
        fmt::arg("interval", minutes(interval_of(config))),
        fmt::arg("retry", minutes(retry_interval_of(config))));
}

std::string generate_icinga2(const Subject& subject)
{
    const Config& config = subject.config;
    return fmt::format(
        R"(// db-up for Icinga 2. The CheckCommand knows every option and serves all services: needed once.
// host_name is the name of your Host object; the password file belongs to the user that Icinga
// runs as, mode 0600.
{command}
object Service {title} {{
  host_name = {host}
  check_command = "db-up"
  check_interval = {interval}s
  retry_interval = {retry}s
  max_check_attempts = 3
{variables}}}
)",
        fmt::arg("command",
                 icinga_command({icinga_string(subject.program),
                                 fmt::format("{}s", patience_seconds(config)),
                                 false})),
        fmt::arg("title", json_string("PostgreSQL " + object_name(config.database))),
        fmt::arg("host", json_string(host_object(config))),
        fmt::arg("interval", whole_seconds(interval_of(config))),
        fmt::arg("retry", whole_seconds(retry_interval_of(config))),
        fmt::arg("variables", icinga_variables(subject)));
}

std::string generate_nrpe(const Subject& subject)
{
    const Config& config = subject.config;
    constexpr Millis below_check_nrpe{8'000};
    constexpr std::size_t longest_line = 2'000; // MAX_INPUT_BUFFER of NRPE is 2048
    const auto words = command_of(hurried(config, below_check_nrpe),
                                  Scope::monitoring,
                                  subject.program,
                                  password_path(subject, "/etc/nagios/db-up.password"));
    const auto line = fmt::format("command[check_db_up_{}]={}",
                                  object_name(config.database),
                                  nrpe_command(shell_command(words)));
    if (line.size() > longest_line) {
        throw config_error(fmt::format(
            "--generate nrpe: the line has {} bytes, NRPE reads {}", line.size(), longest_line));
    }
    return fmt::format(
        R"(# db-up for the NRPE daemon: a file in /etc/nagios/nrpe.d. The password file belongs to the
# user that the daemon runs as, mode 0600. check_nrpe waits 10 s, so --timeout is at most 8 s.
{}
)",
        line);
}

std::string generate_zabbix(const Subject& subject)
{
    const Config& config = subject.config;
    constexpr Millis below_most{28'000};
    const auto limited = hurried(config, below_most);
    const auto words = command_of(limited,
                                  Scope::monitoring,
                                  subject.program,
                                  password_path(subject, "/etc/zabbix/db-up.password"));
    const auto command = shell_command(words);
    return fmt::format(
        R"(# db-up for the Zabbix agent: a file in /etc/zabbix/zabbix_agentd.d. The password file belongs
# to the user that the agent runs as, mode 0600. In the agent's own file: Timeout={timeout}
# The line with its numbers (type Text):
UserParameter=db_up.line.{name},{command}
# The state, 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN (type Numeric):
UserParameter=db_up.state.{name},{command} --quiet; echo $?
)",
        fmt::arg("timeout", patience_seconds(limited)),
        fmt::arg("name", object_name(config.database)),
        fmt::arg("command", command));
}

} // namespace dbup
