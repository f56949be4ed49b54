// SPDX-License-Identifier: MIT
#include "config/completion.hpp"

#include "config/credentials.hpp"
#include "config/endpoints.hpp"
#include "config/values.hpp"
#include "config/write_table.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dbup {

namespace {

/// A line end comes with a name that a command or a YAML block wrote into a file; no server has it.
void refuse_line_ends(const Config& config, const Collector& collector)
{
    for (const auto* const name : {"host", "hostaddr", "database", "user"}) {
        const auto& row = row_named(name);
        const auto value = shown(config, row);
        if (value.ends_with('\n') || value.ends_with('\r')) {
            throw config_error(fmt::format(
                "{}: the value ends in a line end; write it without one (printf, not echo)",
                collector.origin_of(row)));
        }
    }
}

void show_settings(Config& config, const Collector& collector)
{
    for (const auto& row : option_table()) {
        const bool plain = row.fate == Fate::used && !asks_for_action(row);
        if (plain) {
            const bool from_file = row.name == "password" && !config.password_origin.empty();
            const auto origin = from_file ? config.password_origin : collector.origin_of(row);
            const bool hidden = row.name == "uri" && config.redact_hosts && !config.uri.empty();
            config.settings.push_back({std::string{row.name},
                                       hidden ? "***" : shown(config, row),
                                       origin,
                                       origin == "default"});
        } else if (row.fate == Fate::ignored && collector.origin_of(row) != "default") {
            config.notes.push_back(fmt::format("{}: {}", collector.origin_of(row), row.help));
        }
    }
}

/// The source of a setting, or the option that could be one.
std::string origin_or_option(std::string_view name, const Collector& collector)
{
    auto origin = collector.origin_of(row_named(name));
    return origin == "default" ? fmt::format("--{}", name) : origin;
}

void refuse_unusable(std::string_view option,
                     const std::string& path,
                     const std::string& objection,
                     const Collector& collector)
{
    if (!objection.empty()) {
        throw config_error(fmt::format(
            "{}: cannot use '{}': {}", origin_or_option(option, collector), path, objection));
    }
}

/// The certificates to trust: libpq reads them, if there are any, in every mode with TLS.
void check_authorities(const Config& config,
                       const std::string& folder,
                       const Collector& collector,
                       const Reader& reader)
{
    const bool system_roots = config.ssl_root_cert == "system";
    if (system_roots && !reader.knows_system_roots()) {
        throw config_error(
            fmt::format("{}: 'system' needs libpq 16 or newer; name a file, for example "
                        "/etc/ssl/certs/ca-certificates.crt",
                        collector.origin_of(row_named("ssl-root-cert"))));
    }
    const auto usual = folder + "/root.crt";
    const auto& path = config.ssl_root_cert.empty() ? usual : config.ssl_root_cert;
    const bool is_there = &path != &usual || reader.exists(usual);
    if (is_there && !system_roots) {
        refuse_unusable("ssl-root-cert", path, reader.certificates_objection(path), collector);
    }
    if (!is_there && config.ssl_mode >= SslMode::verify_ca) {
        throw config_error(fmt::format(
            "{}: {} needs the certificates to trust; name their file with --ssl-root-cert "
            "or DB_SSLROOTCERT (there is no {})",
            collector.origin_of(row_named("ssl-mode")),
            shown(config, row_named("ssl-mode")),
            usual));
    }
}

/// A key without a certificate: a mistake of a command line; settings that many programs share may
/// have it.
void note_lone_key(Config& config,
                   const std::string& certificate,
                   const Collector& collector,
                   const Reader& reader)
{
    if (config.ssl_key.empty()) {
        return;
    }
    const auto origin = collector.origin_of(row_named("ssl-key"));
    auto text =
        fmt::format("{}: has no effect without --ssl-cert (there is no {})", origin, certificate);
    if (origin.starts_with('-')) {
        throw config_error(text);
    }
    refuse_unusable("ssl-key", config.ssl_key, reader.file_objection(config.ssl_key), collector);
    config.notes.push_back(std::move(text));
}

/// Our own certificate and its key.
void check_client_certificate(Config& config,
                              const std::string& folder,
                              const Collector& collector,
                              const Reader& reader)
{
    const auto usual_certificate = folder + "/postgresql.crt";
    const bool usual = config.ssl_cert.empty() && reader.exists(usual_certificate);
    const auto& certificate = usual ? usual_certificate : config.ssl_cert;
    if (certificate.empty()) { // libpq does not look at the key, either
        note_lone_key(config, usual_certificate, collector, reader);
        return;
    }
    refuse_unusable("ssl-cert", certificate, reader.certificates_objection(certificate), collector);
    const auto key = config.ssl_key.empty() ? folder + "/postgresql.key" : config.ssl_key;
    if (config.ssl_key.empty() && !reader.exists(key)) {
        throw config_error(fmt::format("{}: '{}' needs its key; name that file with --ssl-key or "
                                       "DB_SSLKEY (there is no {})",
                                       origin_or_option("ssl-cert", collector),
                                       certificate,
                                       key));
    }
    refuse_unusable("ssl-key", key, reader.key_objection(key), collector);
    config.client_cert = certificate;
    config.client_key = key;
}

/// The files of TLS must be there, and as libpq wants them, before a packet is sent.
void check_tls_files(Config& config, const Collector& collector, const Inputs& inputs)
{
    const bool encrypts = config.ssl_mode != SslMode::disable &&
                          std::any_of(config.endpoints.begin(),
                                      config.endpoints.end(),
                                      [](const auto& endpoint) { return !endpoint.is_socket(); });
    if (encrypts) {
        const auto folder = home_of(inputs) + "/.postgresql";
        check_authorities(config, folder, collector, *inputs.reader);
        check_client_certificate(config, folder, collector, *inputs.reader);
    }
}

/// --log-output must say the same as --log-file on a command line; settings that many programs
/// share may name a file that this one is not to write.
void settle_log(Config& config, const Collector& collector)
{
    const auto output = collector.origin_of(row_named("log-output"));
    const auto file = collector.origin_of(row_named("log-file"));
    const bool wants_file =
        config.log_output == LogOutput::file || config.log_output == LogOutput::both;
    if (wants_file && config.log_file.empty()) {
        throw config_error(fmt::format("{}: '{}' needs the name of a file; add --log-file",
                                       output,
                                       shown(config, row_named("log-output"))));
    }
    if (config.log_output == LogOutput::console && !config.log_file.empty()) {
        if (output.starts_with('-') && file.starts_with('-')) {
            throw config_error(
                fmt::format("{}: 'console' contradicts {}; use 'both'", output, file));
        }
        config.notes.push_back(
            fmt::format("{}: no log file is written, {} is 'console'", file, output));
        config.log_file.clear();
    }
}

/// --health-check is another name for two options: they may be given beside it, but not with
/// another value.
void refuse_contradiction(const Config& config, const Collector& collector)
{
    struct Meant {
        std::string_view option = {};
        std::string_view value = {};
    };
    for (const auto& [option, value] : {Meant{"check", "activity"}, Meant{"output", "json"}}) {
        const auto& row = row_named(option);
        const auto origin = collector.origin_of(row);
        const auto given = shown(config, row);
        if (config.health_check && origin.starts_with('-') && given != value) {
            throw config_error(
                fmt::format("{}: '{}' contradicts {}, which is --check activity --output json",
                            origin,
                            given,
                            collector.origin_of(row_named("health-check"))));
        }
    }
}

/// A cleanup does no check and judges no number.
void refuse_checking(const Config& config, const Collector& collector)
{
    const bool checks =
        config.action != ActionKind::cleanup && config.action != ActionKind::emergency_shutdown;
    if (checks) {
        return;
    }
    for (const auto* const name : {"check", "warning", "critical"}) {
        const auto origin = collector.origin_of(row_named(name));
        if (origin.starts_with('-')) {
            throw config_error(fmt::format("{}: a cleanup does not use it", origin));
        }
    }
}

/// What was written on this command line has to have an effect on this run.
void refuse_useless(const Config& config, const Collector& collector)
{
    const bool cleans = config.action == ActionKind::cleanup;
    const bool ends = config.action == ActionKind::emergency_shutdown;
    const auto user =
        cleans || ends ? std::string_view{"cleanup"} : row_of(config.check_kind()).name;
    for (const auto& row : option_table()) {
        const auto origin = collector.origin_of(row);
        if (origin.starts_with('-') && !concerns(row, user)) {
            throw config_error(fmt::format("{}: {} does not use it (used by {})",
                                           origin,
                                           cleans || ends ? std::string{"a cleanup"}
                                                          : fmt::format("the check '{}'", user),
                                           joined(words_of(row.checks))));
        }
    }
    refuse_contradiction(config, collector);
    refuse_checking(config, collector);
    const auto refuse = [&collector](std::string_view name, bool used, std::string_view by) {
        const auto origin = collector.origin_of(row_named(name));
        if (origin.starts_with('-') && !used) {
            throw config_error(fmt::format("{}: has no effect without {}", origin, by));
        }
    };
    refuse("execute", cleans || ends, "--cleanup or --emergency-shutdown");
    refuse("cleanup-kinds", cleans, "--cleanup");
    refuse("confirm", ends, "--emergency-shutdown");
    const bool has_table = !config.write_table.empty();
    refuse("create-table", has_table, "--write-table");
    refuse("log-format", config.logs_to_file(), "--log-file");
    // libpq's PGSERVICE goes with PGSERVICEFILE.
    const auto service = collector.origin_of(row_named("service"));
    refuse("service-file", service.starts_with('-'), "--service");
    if (has_table) { // must be right before a packet is sent
        static_cast<void>(
            write_table_of(config.write_table, collector.origin_of(row_named("write-table"))));
    }
}

/// The limits that one of the sources calls by names of their own.
void add_named_limits(Config& config, const Collector& collector)
{
    struct Named {
        std::string_view option = {};
        std::string_view label = {};
    };
    for (const auto& [option, label] :
         {Named{"max-connections", "total_connections"}, Named{"max-locks", "total_locks"}}) {
        const auto& row = row_named(option);
        const auto range = shown(config, row);
        if (!range.empty() && concerns(row, config.check_kind())) {
            // In front: what -c says is stronger.
            config.thresholds.insert(config.thresholds.begin(),
                                     {true, std::string{label}, range, collector.origin_of(row)});
        }
    }
}

} // namespace

void complete(Config& config, Collector& collector, const Inputs& inputs)
{
    collector.attempt([&] { settle_log(config, collector); });
    collector.attempt([&] { refuse_line_ends(config, collector); });
    collector.attempt([&] { make_endpoints(config, collector); });
    collector.attempt([&] {
        if (config.database.empty()) {
            throw config_error(
                "DB_NAME is required. Set environment variable or use --database flag");
        }
    });
    collector.attempt([&] { refuse_useless(config, collector); });
    add_named_limits(config, collector);
    config.backoff = {config.retry_backoff, config.retry_delay, config.retry_jitter};
    if (config.action != ActionKind::generate) { // a definition is for another place or user
        collector.attempt([&] { check_tls_files(config, collector, inputs); });
        const auto* const source = config.password.empty() ? "password-file" : "password";
        collector.attempt(
            [&] { find_password(config, collector.origin_of(row_named(source)), inputs); });
    }
    show_settings(config, collector);
}

} // namespace dbup
