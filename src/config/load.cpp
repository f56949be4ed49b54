// SPDX-License-Identifier: MIT
#include "config/load.hpp"

#include "config/collector.hpp"
#include "config/completion.hpp"
#include "config/config_file.hpp"
#include "config/credentials.hpp"
#include "config/values.hpp"
#include "core/redaction.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

namespace dbup {

namespace {

/// Whether an action is about the settings; the others do not even look at them.
bool needs_settings(ActionKind action)
{
    return action != ActionKind::help && action != ActionKind::version &&
           action != ActionKind::list_codes;
}

/// The text of the last `name` in `options`, if there is one.
const Given* last_of(const std::vector<Given>& options, std::string_view name)
{
    const auto found = std::find_if(options.rbegin(), options.rend(), [name](const Given& option) {
        return option.row->name == name;
    });
    return found == options.rend() ? nullptr : &*found;
}

/// What was said of `row`, by the strongest of command line, environment and file; or its default.
Given strongest(const OptionRow& row,
                const Collector& collector,
                const std::vector<Given>& options,
                const std::vector<Given>& file)
{
    if (const auto* const option = last_of(options, row.name)) {
        return *option;
    }
    if (auto variable = collector.variable(row)) {
        return std::move(*variable);
    }
    const auto* const setting = last_of(file, row.name);
    return setting == nullptr ? Given{&row, std::string{row.fallback}, "default"} : *setting;
}

/// Says how long everything may take.
void announce_timeout(const Inputs& inputs, const Given& timeout)
{
    if (inputs.on_timeout) {
        inputs.on_timeout(duration_of(*timeout.row, timeout.text, timeout.origin));
    }
}

/// The configuration file that was asked for, or the one that is always looked for.
ConfigFile read_file(Config& config, const Inputs& inputs, const Given& chosen)
{
    const std::string path = chosen.text.empty() ? std::string{default_config_file} : chosen.text;
    std::optional<std::string> content;
    try {
        content = inputs.reader->config_file(path);
    } catch (const Failure& failure) {
        throw config_error(chosen.text.empty()
                               ? failure.detail()
                               : fmt::format("{}: {}", chosen.origin, failure.detail()));
    }
    const bool must_exist = !chosen.text.empty() && config.action != ActionKind::setup;
    if (!content && must_exist) {
        throw config_error(fmt::format("{}: there is no file '{}'", chosen.origin, path));
    }
    if (!content) {
        return {};
    }
    config.config_file = path;
    return ConfigFile{*content, path};
}

/// Where libpq looks for a service, and what keeps the user's file from being read.
std::string service_places(const Config& config, const Inputs& inputs)
{
    constexpr std::string_view of_system = "the pg_service.conf of the system (pg_config "
                                           "--sysconfdir)";
    const auto home = home_of(inputs);
    if (config.service_file.empty() && home.empty()) {
        return fmt::format("{}; there is no home folder", of_system);
    }
    const auto file =
        config.service_file.empty() ? home + "/.pg_service.conf" : config.service_file;
    const auto objection = inputs.reader->file_objection(file);
    return fmt::format("{}{} and {}",
                       file,
                       objection.empty() ? std::string{} : fmt::format(" ({})", objection),
                       of_system);
}

std::vector<ConninfoPart> service_parts(const Config& config, const Inputs& inputs)
{
    try {
        return inputs.reader->service(config.service, config.service_file);
    } catch (const Failure& failure) {
        // Where libpq objects to a file, it names that itself.
        if (failure.message().find("definition of service") == std::string::npos) {
            throw Failure{failure};
        }
        throw config_error(
            fmt::format("{}; looked for in {}", failure.message(), service_places(config, inputs)));
    }
}

void collect_service(Collector& collector,
                     Config& config,
                     const Inputs& inputs,
                     const std::string& origin)
{
    if (!config.service.empty()) {
        collector.conninfo(service_parts(config, inputs), origin);
    }
}

void refuse_two_passwords(const Inputs& inputs)
{
    const auto is_set = [&inputs](std::string_view name) {
        auto value = inputs.environment->find(name).value_or("");
        const WipedAtEnd guard{value};
        return !value.empty();
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

/// The variables that say how the answer is to be given.
std::vector<Given> answer_variables(const Collector& collector)
{
    std::vector<Given> set;
    for (const auto& row : option_table()) {
        auto variable = shapes_answer(row) ? collector.variable(row) : std::nullopt;
        if (variable) {
            set.push_back(std::move(*variable));
        }
    }
    return set;
}

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
    auto url = inputs.environment->find("DATABASE_URL").value_or("");
    const WipedAtEnd guard{url};
    if (!url.empty()) {
        collector.take(row_named("uri"), redact_uri(url), "environment DATABASE_URL");
        collector.uri(url, "environment DATABASE_URL");
    }
}

/// The options of one source: the service is weaker than single options, a URI stronger.
void collect_options(Collector& collector,
                     Config& config,
                     const Inputs& inputs,
                     std::vector<Given> options,
                     bool with_service)
{
    for (const auto* const name : {"service-file", "service"}) {
        if (const auto* const option = last_of(options, name)) {
            collector.take(*option->row, option->text, option->origin);
        }
    }
    const auto* const service = last_of(options, "service");
    if (service != nullptr && with_service) {
        collect_service(collector,
                        config,
                        inputs,
                        fmt::format("service '{}' ({})", config.service, service->origin));
    }
    const auto* const last_uri = last_of(options, "uri");
    auto uri = last_uri == nullptr ? Given{} : *last_uri;
    const WipedAtEnd guard{uri.text};
    for (auto& option : options) {
        if (option.row->name == "uri") {
            auto redacted = redact_uri(option.text);
            wipe(option.text);
            option.text = std::move(redacted);
        }
    }
    collector.take(std::move(options));
    if (uri.row != nullptr) {
        collector.uri(uri.text, uri.origin);
    }
}

void collect_command_line(Collector& collector,
                          Config& config,
                          const Inputs& inputs,
                          std::vector<Given> options)
{
    const auto* const uri = last_of(options, "uri");
    const bool was_visible = uri != nullptr && redact_uri(uri->text) != uri->text;
    collect_options(collector, config, inputs, std::move(options), true);
    if (was_visible) {
        config.notes.emplace_back(
            "--uri: every user could see the password in it until db-up overwrote it; use "
            "DATABASE_URL or --password-file");
    }
}

bool holds_password(const Given& uri, const Inputs& inputs)
{
    const auto parts = inputs.reader->uri(uri.text);
    return std::any_of(parts.begin(), parts.end(), [](const ConninfoPart& part) {
        return part.keyword == "password";
    });
}

void collect_file(Collector& collector,
                  Config& config,
                  const Inputs& inputs,
                  const std::vector<Given>& settings,
                  bool with_service)
{
    collect_options(collector, config, inputs, settings, with_service);
    const auto* const uri = last_of(settings, "uri");
    if (uri != nullptr && holds_password(*uri, inputs)) {
        throw config_error(
            fmt::format("{}: a password does not belong in a configuration file; leave it out of "
                        "the URI and use database.password_file, DB_PASSWORD_FILE or DB_PASSWORD",
                        uri->origin));
    }
}

/// Takes the option that names an action; whether nothing else matters beside it.
bool take_action(Collector& collector, const Config& config, const Given& option)
{
    const auto before = config.action;
    collector.take(*option.row, option.text, option.origin);
    if (!needs_settings(config.action)) {
        return true;
    }
    if (before != ActionKind::check && before != config.action) {
        throw config_error(fmt::format("{}: another action was asked for before; give one of them",
                                       option.origin));
    }
    return false;
}

/// As far as a command line that is wrong says it.
void tell_how_to_answer(Collector& collector, const std::vector<Given>& options)
{
    try {
        collector.how_to_answer(options);
        collector.how_to_answer(answer_variables(collector));
    } catch (const Failure&) { // the first objection is the one to tell
        return;
    }
}

} // namespace

void load(Config& config, const Inputs& inputs)
{
    config.secrets_seen = secrets_in(*inputs.environment);
    Collector collector{config, inputs};
    collector.defaults();
    auto line = read_arguments(inputs.arguments);
    if (line.objection) {
        tell_how_to_answer(collector, line.options);
        throw Failure{*line.objection};
    }
    auto options = std::move(line.options);
    for (const auto& option : options) {
        if (asks_for_action(*option.row) && take_action(collector, config, option)) {
            return;
        }
    }
    // How the answer is to be given holds for every error from here on.
    const auto& timeout = row_named("timeout");
    collector.attempt([&] {
        collector.how_to_answer(options);
        collector.how_to_answer(answer_variables(collector));
        announce_timeout(inputs, strongest(timeout, collector, options, {}));
    });
    std::vector<Given> settings;
    collector.attempt([&] {
        const auto file =
            read_file(config, inputs, strongest(row_named("config"), collector, options, {}));
        collector.how_to_answer(file.how_to_answer());
        settings = file.options(config.notes);
        if (last_of(settings, "timeout") != nullptr) {
            announce_timeout(inputs, strongest(timeout, collector, options, settings));
        }
    });
    const bool service_chosen = last_of(options, "service") != nullptr;
    bool service_named = service_chosen;
    collector.attempt([&] {
        service_named = service_chosen || collector.variable(row_named("service"));
        collect_file(collector, config, inputs, settings, !service_named);
    });
    collector.attempt(
        [&] { collect_environment(collector, config, inputs, service_named && !service_chosen); });
    collector.attempt([&] { collect_command_line(collector, config, inputs, std::move(options)); });
    if (config.action != ActionKind::setup) { // which asks for what is missing
        complete(config, collector, inputs);
    }
}

} // namespace dbup
