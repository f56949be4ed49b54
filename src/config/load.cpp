// SPDX-License-Identifier: MIT
#include "config/load.hpp"

#include "config/collector.hpp"
#include "config/completion.hpp"
#include "config/credentials.hpp"
#include "config/values.hpp"
#include "core/scrub.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dbup {

namespace {

/// The text of the last `name` in `options`, if there is one.
const Given* last_of(const std::vector<Given>& options, std::string_view name)
{
    const auto found = std::find_if(options.rbegin(), options.rend(), [name](const Given& option) {
        return option.row->name == name;
    });
    return found == options.rend() ? nullptr : &*found;
}

/// Everything that is known before a file is read decides how long that may take.
void announce_timeout(const Inputs& inputs, const std::vector<Given>& options)
{
    const OptionRow& row = row_named("timeout");
    std::string text{row.fallback};
    std::string origin = "default";
    for (const auto name : words_of(row.environment)) {
        const auto value = inputs.environment->find(name);
        if (value && !value->empty()) {
            text = *value;
            origin = fmt::format("environment {}", name);
        }
    }
    if (const auto* const option = last_of(options, "timeout")) {
        text = option->text;
        origin = option->origin;
    }
    if (inputs.on_timeout) {
        inputs.on_timeout(duration_of(row, text, origin));
    }
}

void collect_service(Collector& collector,
                     Config& config,
                     const Inputs& inputs,
                     const std::string& origin)
{
    if (!config.service.empty()) {
        collector.conninfo(inputs.reader->service(config.service, config.service_file), origin);
    }
}

void refuse_two_passwords(const Inputs& inputs)
{
    const auto is_set = [&inputs](std::string_view name) {
        const auto value = inputs.environment->find(name);
        return value && !value->empty();
    };
    if (is_set("DB_PASSWORD") && is_set("DB_PASSWORD_FILE")) {
        throw config_error("environment DB_PASSWORD and DB_PASSWORD_FILE are both set; unset one");
    }
}

/// Variables of libpq that a user may believe in, and that db-up neither uses nor lets through.
constexpr std::array unused_variables{
    std::string_view{"PGOPTIONS"},
    std::string_view{"PGTARGETSESSIONATTRS"},
    std::string_view{"PGREQUIREAUTH"},
    std::string_view{"PGREQUIREPEER"},
    std::string_view{"PGSSLCRL"},
    std::string_view{"PGSSLCRLDIR"},
    std::string_view{"PGSSLMINPROTOCOLVERSION"},
    std::string_view{"PGSSLMAXPROTOCOLVERSION"},
};

void note_unused_variables(Config& config, const Inputs& inputs)
{
    for (const auto name : unused_variables) {
        if (inputs.environment->find(name)) {
            config.notes.push_back(fmt::format("environment {}: not used by db-up", name));
        }
    }
}

void collect_environment(Collector& collector,
                         Config& config,
                         const Inputs& inputs,
                         bool with_service)
{
    note_unused_variables(config, inputs);
    collector.environment("PG");
    collector.environment("POSTGRES_");
    if (with_service) {
        collect_service(
            collector, config, inputs, fmt::format("service '{}' (PGSERVICE)", config.service));
    }
    const auto credential = credential_file(inputs);
    if (!credential.empty()) {
        collector.take(row_named("password-file"), credential, "environment CREDENTIALS_DIRECTORY");
    }
    refuse_two_passwords(inputs);
    collector.environment("DB_");
    // The URL comes last: it overrides the single variables.
    const auto url = inputs.environment->find("DATABASE_URL");
    if (url && !url->empty()) {
        collector.take(row_named("uri"), redact_uri(*url), "environment DATABASE_URL");
        collector.uri(*url, "environment DATABASE_URL");
    }
}

void collect_options(Collector& collector,
                     Config& config,
                     const Inputs& inputs,
                     std::vector<Given> options)
{
    for (const auto* const name : {"service-file", "service"}) {
        if (const auto* const option = last_of(options, name)) {
            collector.take(*option->row, option->text, option->origin);
        }
    }
    if (const auto* const option = last_of(options, "service")) {
        collect_service(collector,
                        config,
                        inputs,
                        fmt::format("service '{}' ({})", config.service, option->origin));
    }
    std::string uri;
    if (const auto* const option = last_of(options, "uri")) {
        uri = option->text;
    }
    for (auto& option : options) {
        if (option.row->name == "uri") {
            option.text = redact_uri(option.text);
        }
    }
    collector.take(options);
    if (!uri.empty()) {
        collector.uri(uri, "--uri");
        if (redact_uri(uri) != uri) {
            config.notes.emplace_back(
                "--uri: every user could see the password in it until db-up overwrote it; use "
                "DATABASE_URL or --password-file");
        }
    }
}

} // namespace

void load(Config& config, const Inputs& inputs)
{
    Collector collector{config, inputs};
    collector.defaults();
    auto options = read_arguments(inputs.arguments);
    collector
        .output_environment(); // how the answer is to be given holds for every error from here on
    for (const auto& option : options) {
        if (std::holds_alternative<ActionKind Config::*>(option.row->slot)) {
            collector.take(*option.row, option.text, option.origin);
            return;
        }
        if (option.row->group == Group::output && option.row->fate == Fate::used) {
            collector.take(*option.row, option.text, option.origin);
        }
    }
    announce_timeout(inputs, options);
    collect_environment(collector, config, inputs, last_of(options, "service") == nullptr);
    collect_options(collector, config, inputs, std::move(options));
    complete(config, collector, inputs);
}

} // namespace dbup
