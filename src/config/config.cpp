// SPDX-License-Identifier: MIT
#include "config/config.hpp"

#include <algorithm>

namespace dbup {

std::string Endpoint::text() const
{
    const bool bare_ipv6 = !is_socket() && host.find(':') != std::string::npos;
    const bool elsewhere = !hostaddr.empty() && hostaddr != host;
    return (bare_ipv6 ? '[' + host + ']' : host) + ':' + port +
           (elsewhere ? " (" + hostaddr + ')' : "");
}

State Config::state_of(ErrorClass error) const
{
    State state = error == ErrorClass::timeout ? timeout_state : row_of(error).state;
    for (const auto& setting : states) {
        if (setting.error == error) {
            state = setting.state; // the last one given wins
        }
    }
    return state;
}

CheckKind Config::check_kind() const
{
    if (health_check) {
        return CheckKind::activity;
    }
    const bool usual = query == "SELECT 1 AS health_check" || query == "SELECT 1";
    const bool expects = !expect.empty() || !expect_regex.empty();
    const bool own_query = !query.empty() && (expects || !usual);
    return own_query && check == CheckKind::connection ? CheckKind::query : check;
}

std::string Config::origin_of(std::string_view option) const
{
    const auto found =
        std::find_if(settings.begin(), settings.end(), [option](const ShownSetting& setting) {
            return setting.name == option && !setting.is_default;
        });
    return found == settings.end() ? "--" + std::string{option} : found->origin;
}

OutputFormat Config::format() const
{
    return health_check ? OutputFormat::json : output.format;
}

LogLevel Config::console_level() const
{
    constexpr int steps = 3; // -vvv
    if (verbosity >= steps) {
        return LogLevel::debug;
    }
    const bool console = log_output == LogOutput::console || log_output == LogOutput::both;
    if (console && log_level == LogLevel::off) {
        return LogLevel::info;
    }
    return log_output == LogOutput::file ? LogLevel::off : log_level;
}

bool Config::logs_to_file() const
{
    return !log_file.empty() && log_output != LogOutput::console;
}

} // namespace dbup
