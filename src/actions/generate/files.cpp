// SPDX-License-Identifier: MIT
// Files that db-up and libpq read themselves.
#include "actions/generate/generators.hpp"
#include "actions/generate/quoting.hpp"
#include "actions/generate/settings.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dbup {

namespace {

/// The names under which libpq looks for a host in its password file. The folder that it was built
/// with is "localhost" there, whatever it is.
std::vector<std::string> pgpass_hosts(const Endpoint& endpoint)
{
    const bool usual = endpoint.host == "/var/run/postgresql" || endpoint.host == "/tmp";
    if (!usual) {
        return {endpoint.host};
    }
    return {endpoint.host, "localhost"};
}

/// The variables of an option that has several values.
std::string variables_of(const std::vector<Chosen>& chosen)
{
    std::string text;
    for (const auto& [row, value] : chosen) {
        const auto names = words_of(row->environment);
        text += names.empty() ? fmt::format("# has no variable: --{} {}\n", row->name, value)
                              : fmt::format("{}={}\n", names.front(), environment_value(value));
    }
    return text;
}

/// The names of the variables in `text` whose values stand in quotes.
std::vector<std::string_view> quoted_variables(std::string_view text)
{
    std::vector<std::string_view> names;
    for (const auto line : parts_of(text, '\n')) {
        const auto end = line.find('=');
        const bool quoted = end != std::string_view::npos && line.substr(end).starts_with("=\"");
        if (quoted && !line.starts_with('#')) {
            names.push_back(line.substr(0, end));
        }
    }
    return names;
}

struct Key {
    std::string name = {};
    std::vector<std::string> values = {};
};

using Section = std::pair<std::string, std::vector<Key>>;

std::string section_text(const Section& section)
{
    std::string text = section.first + ":\n";
    for (const auto& [name, values] : section.second) {
        text += values.size() == 1
                    ? fmt::format("  {}: {}\n", name, values.front())
                    : fmt::format("  {}:\n    - {}\n", name, fmt::join(values, "\n    - "));
    }
    return text;
}

/// The sections of a configuration file with their keys, in the order of their first settings.
std::string sections_of(const std::vector<Chosen>& chosen)
{
    std::vector<Section> sections;
    for (const auto& [row, value] : chosen) {
        const auto keys = yaml_keys(*row);
        if (keys.empty()) {
            throw Failure{ErrorClass::internal, fmt::format("--{} has no key", row->name)};
        }
        const auto& full = keys.front();
        const auto section = full.substr(0, full.find('.'));
        const auto name = full.substr(full.find('.') + 1);
        auto place = std::find_if(sections.begin(), sections.end(), [&section](const auto& one) {
            return one.first == section;
        });
        if (place == sections.end()) {
            place = sections.insert(sections.end(), {section, {}});
        }
        auto& keys_there = place->second;
        if (keys_there.empty() || keys_there.back().name != name) {
            keys_there.push_back({name, {}});
        }
        const bool is_flag = std::holds_alternative<bool Config::*>(row->slot);
        keys_there.back().values.push_back(is_flag ? value : json_string(value));
    }
    std::string text;
    for (const auto& section : sections) {
        text += section_text(section);
    }
    return text;
}

} // namespace

std::string generate_config(const Subject& subject)
{
    const Config& config = subject.config;
    auto chosen = chosen_settings(config, Scope::everything);
    const auto add = [&chosen](std::string_view name, const std::string& value) {
        if (!value.empty()) {
            chosen.push_back({find_option(name), value});
        }
    };
    add("password-file", password_path(subject, "/etc/db-up/password"));
    add("interval", config.interval);
    return "# db-up: lies in /etc/db-up/config.yaml, or where --config says; mode 0600. The "
           "password is "
           "not here.\n" +
           sections_of(chosen);
}

std::string generate_env(const Subject& subject)
{
    const Config& config = subject.config;
    auto text = variables_of(chosen_settings(config, Scope::everything));
    if (!config.interval.empty()) {
        text += fmt::format("DB_CHECK_INTERVAL={}\n", environment_value(config.interval));
    }
    const auto password = password_path(subject, "/etc/db-up/password");
    if (!password.empty()) {
        text += fmt::format("DB_PASSWORD_FILE={}\n", environment_value(password));
    }
    const auto quoted = quoted_variables(text);
    const auto readers =
        quoted.empty()
            ? std::string{"# db-up: for EnvironmentFile= of systemd, '. FILE' in a shell "
                          "and '--env-file' of containers.\n"}
            : fmt::format("# db-up: for EnvironmentFile= of systemd and '. FILE' in a "
                          "shell. Not for docker's --env-file,\n# which takes the quotes "
                          "for a part of the value: {}\n",
                          joined(quoted));
    return readers + text;
}

std::string generate_pgpass_line(const Subject& subject)
{
    const Config& config = subject.config;
    std::string text = "# For ~/.pgpass, which must have mode 0600: write the password in place of "
                       "PASSWORD, with \\ before each : and \\ of it.\n";
    for (const auto& endpoint : config.endpoints) {
        for (const auto& host : pgpass_hosts(endpoint)) {
            text += fmt::format("{}:{}:{}:{}:PASSWORD\n",
                                pgpass_field(host),
                                endpoint.port,
                                pgpass_field(config.database),
                                pgpass_field(config.user));
        }
    }
    return text;
}

} // namespace dbup
