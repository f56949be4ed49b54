// SPDX-License-Identifier: MIT
#include "actions/action.hpp"
#include "actions/generate/generators.hpp"
#include "actions/generate/settings.hpp"
#include "actions/reporting.hpp"
#include "config/credentials.hpp"
#include "config/values.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dbup {

namespace {

struct Generator {
    Definition definition = Definition::config;
    std::string (*make)(const Subject& subject) = nullptr;
    Scope scope = Scope::everything;
    std::string_view comment = "#"; ///< begins a line that its reader skips
};

constexpr std::array generators{
    Generator{Definition::config, &generate_config},
    Generator{Definition::env, &generate_env},
    Generator{Definition::pgpass_line, &generate_pgpass_line},
    Generator{Definition::nagios, &generate_nagios, Scope::monitoring},
    Generator{Definition::icinga2, &generate_icinga2, Scope::monitoring, "//"},
    Generator{Definition::nrpe, &generate_nrpe, Scope::monitoring},
    Generator{Definition::zabbix, &generate_zabbix, Scope::monitoring},
    Generator{Definition::systemd, &generate_systemd, Scope::unit},
    Generator{Definition::cron, &generate_cron, Scope::scheduler},
    Generator{Definition::sql, &generate_sql},
    Generator{Definition::docker_healthcheck, &generate_docker_healthcheck, Scope::container},
    Generator{Definition::kubernetes, &generate_kubernetes, Scope::container},
};
static_assert(generators.size() == definition_table.size());

/// Refuses what no definition can carry: they consist of lines, and are read in another folder.
void check_texts(const Config& config)
{
    for (const auto& row : option_table()) {
        const auto value = shown(config, row);
        if (!is_one_line(value)) {
            throw config_error(
                fmt::format("--{}: '{}' has a line end, another control character or "
                            "invalid UTF-8, which no definition can carry",
                            row.name,
                            value));
        }
    }
    for (const auto* const name :
         {"password-file", "passfile", "ssl-root-cert", "ssl-cert", "ssl-key"}) {
        const auto path = shown(config, *find_option(name));
        const bool is_word = path == "system" || path == "-";
        if (!path.empty() && !path.starts_with('/') && !is_word) {
            throw config_error(
                fmt::format("--{}: '{}' depends on the folder; write the whole path", name, path));
        }
    }
}

/// What a word is without betraying anything: a part of too many others, or a name of the target.
bool gives_nothing_away(const std::string& secret, const Config& config)
{
    constexpr std::size_t least_bytes = 4;
    return secret.size() < least_bytes || secret == config.user || secret == config.database ||
           secret == config.host_list;
}

/// The passwords that are known to this run.
std::vector<Secret> known_secrets(const Config& config, const Connector& connector)
{
    auto secrets = connector.secrets();
    secrets.insert(secrets.end(), config.secrets_seen.begin(), config.secrets_seen.end());
    secrets.push_back(config.password);
    return secrets;
}

/// Refuses a setting that would carry a password into the definition.
void refuse_passwords(const Config& config, const Connector& connector)
{
    auto secrets = known_secrets(config, connector);
    std::erase_if(secrets, [&config](const Secret& secret) {
        return gives_nothing_away(secret.reveal(), config);
    });
    auto settings = chosen_settings(config, Scope::everything);
    settings.push_back({find_option("password-file"), config.password_file});
    // Not of the host: /var/run/postgresql has in it what many a test server has for a password.
    std::erase_if(settings, [](const Chosen& one) { return one.row->name == "host"; });
    for (const auto& setting : settings) {
        const bool held =
            std::any_of(secrets.begin(), secrets.end(), [&setting](const Secret& secret) {
                return setting.value.find(secret.reveal()) != std::string::npos;
            });
        if (held) {
            throw config_error(fmt::format(
                "--{}: has a password in it, which no definition may carry", setting.row->name));
        }
    }
}

} // namespace

Config described(const Config& config, const Inputs& inputs)
{
    Config copy = config;
    if (copy.password_file == credential_file(inputs)) {
        copy.password_file.clear(); // systemd's
    }
    return copy;
}

std::string definition_text(Definition definition, const Subject& subject)
{
    check_texts(subject.config);
    const auto* const row = std::find_if(
        generators.begin(), generators.end(), [definition](const Generator& generator) {
            return generator.definition == definition;
        });
    std::string text; // every definition has a row: tests/unit walks over them
    for (const auto& one : left_out(subject.config, row->scope)) {
        text += fmt::format("{} not in this definition: {}\n", row->comment, one);
    }
    return text + row->make(subject);
}

Product perform_generate(const Config& config, const Surroundings& around)
{
    const Check& check = check_of(config.check_kind());
    static_cast<void>(thresholds_for(limits_of(check), config.thresholds));
    const Subject subject{described(config, around.inputs), around.inputs.program()};
    refuse_passwords(subject.config, around.connector);
    return Printed{definition_text(config.definition, subject), 0};
}

} // namespace dbup
