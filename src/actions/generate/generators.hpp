// SPDX-License-Identifier: MIT
#pragma once

#include "config/config.hpp"
#include "config/inputs.hpp"

#include <string>
#include <string_view>

namespace dbup {

/// What is to be defined.
struct Subject {
    Config config = {};            ///< complete; its texts are one line each
    std::string program = "db-up"; ///< how to start this program on this machine
    /// Name a file with the password where the settings name none; else it is handed over
    /// otherwise.
    bool names_password = true;
};

// One function per definition; the table in generate.cpp knows which. Each returns the whole text.
// \throws Failure{config} what the target cannot carry

std::string generate_config(const Subject& subject);
std::string generate_env(const Subject& subject);
std::string generate_pgpass_line(const Subject& subject);
std::string generate_nagios(const Subject& subject);
std::string generate_icinga2(const Subject& subject);
std::string generate_nrpe(const Subject& subject);
std::string generate_zabbix(const Subject& subject);
std::string generate_systemd(const Subject& subject);
std::string generate_cron(const Subject& subject);
std::string generate_sql(const Subject& subject);
std::string generate_docker_healthcheck(const Subject& subject);
std::string generate_kubernetes(const Subject& subject);

/// `config` without what holds for this process only.
Config described(const Config& config, const Inputs& inputs);

/// The text of a definition.
/// \throws Failure{config} for a text that no definition can carry, or not this one
std::string definition_text(Definition definition, const Subject& subject);

} // namespace dbup
