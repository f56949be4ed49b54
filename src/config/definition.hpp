// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <string_view>

namespace dbup {

/// What --generate can print.
enum class Definition {
    config,
    env,
    pgpass_line,
    nagios,
    icinga2,
    nrpe,
    zabbix,
    systemd,
    cron,
    sql,
    docker_healthcheck,
    kubernetes,
};

struct DefinitionRow {
    Definition definition = Definition::config;
    std::string_view name = {};
    std::string_view summary = {};
};

/// The definitions as users name them; actions/generate has what writes them.
inline constexpr std::array definition_table{
    DefinitionRow{Definition::config, "config", "configuration file of db-up (YAML)"},
    DefinitionRow{Definition::env,
                  "env",
                  "environment file, for systemd, containers and '. FILE' in a shell"},
    DefinitionRow{
        Definition::pgpass_line, "pgpass-line", "lines of libpq's password file, without password"},
    DefinitionRow{
        Definition::nagios, "nagios", "command and service of Nagios, Naemon and Shinken"},
    DefinitionRow{Definition::icinga2, "icinga2", "CheckCommand and Service of Icinga 2"},
    DefinitionRow{Definition::nrpe, "nrpe", "command of the NRPE daemon"},
    DefinitionRow{Definition::zabbix, "zabbix", "user parameters of the Zabbix agent"},
    DefinitionRow{Definition::systemd, "systemd", "service with a sandbox, and its timer"},
    DefinitionRow{Definition::cron, "cron", "table for /etc/cron.d that mails what is not OK"},
    DefinitionRow{Definition::sql, "sql", "statements that create the role, with the least rights"},
    DefinitionRow{Definition::docker_healthcheck,
                  "docker-healthcheck",
                  "HEALTHCHECK instruction of a Dockerfile"},
    DefinitionRow{
        Definition::kubernetes, "kubernetes", "CronJob with its Secret by name, and an exec probe"},
};

} // namespace dbup
