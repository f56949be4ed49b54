// SPDX-License-Identifier: MIT
#include "config/completion.hpp"

#include "config/credentials.hpp"
#include "config/values.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace dbup {

namespace {

bool is_port(std::string_view text)
{
    int port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc{} && end == text.data() + text.size() && port >= 1 && port <= 65'535;
}

/// The item of a comma list that belongs to host `index`: a list of one serves all.
std::string item(const std::vector<std::string_view>& list, std::size_t index)
{
    return std::string{list.size() == 1 ? list.front() : list.at(index)};
}

/// Refuses what no connection can be made to.
void check(const Endpoint& endpoint, const Config& config, const Collector& collector)
{
    const auto origin = [&collector](std::string_view name) {
        return collector.origin_of(row_named(name));
    };
    if (endpoint.host.empty()) {
        throw config_error(
            fmt::format("{}: '{}' names an empty host", origin("host"), config.host_list));
    }
    if (endpoint.is_socket() && !endpoint.hostaddr.empty()) {
        throw config_error(fmt::format("{}: '{}' is a folder of sockets and has no address",
                                       origin("hostaddr"),
                                       endpoint.host));
    }
    if (!is_port(endpoint.port)) {
        throw config_error(
            fmt::format("{}: '{}' is not a TCP port (1 to 65535)", origin("port"), endpoint.port));
    }
}

std::string without_brackets(const std::string& host)
{
    const bool bracketed = host.starts_with('[') && host.ends_with(']');
    return bracketed ? host.substr(1, host.size() - 2) : host;
}

void make_endpoints(Config& config, const Collector& collector)
{
    const auto hosts = parts_of(config.host_list, ',');
    const auto ports = parts_of(config.port_list, ',');
    const auto addresses = parts_of(config.hostaddr_list, ',');
    if (ports.size() != 1 && ports.size() != hosts.size()) {
        throw config_error(
            fmt::format("{}: {} ports for {} hosts; give one port, or one for each host",
                        collector.origin_of(row_named("port")),
                        ports.size(),
                        hosts.size()));
    }
    if (!config.hostaddr_list.empty() && addresses.size() != hosts.size()) {
        throw config_error(fmt::format("{}: give one address for each host",
                                       collector.origin_of(row_named("hostaddr"))));
    }
    for (std::size_t i = 0; i < hosts.size(); ++i) {
        auto port = item(ports, i);
        if (port.empty() && ports.size() > 1) {
            port = row_named("port").fallback; // as in libpq, an empty item is the default
        }
        const Endpoint endpoint{
            without_brackets(std::string{hosts[i]}), std::move(port), item(addresses, i)};
        check(endpoint, config, collector);
        config.endpoints.push_back(endpoint);
    }
}

void show_settings(Config& config, const Collector& collector)
{
    for (const auto& row : option_table()) {
        const bool plain =
            row.fate == Fate::used && !std::holds_alternative<ActionKind Config::*>(row.slot);
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

/// The files of TLS must be there before a packet is sent.
void check_tls_files(Config& config, const Collector& collector, const Inputs& inputs)
{
    const bool encrypts = config.ssl_mode != SslMode::disable &&
                          std::any_of(config.endpoints.begin(),
                                      config.endpoints.end(),
                                      [](const auto& endpoint) { return !endpoint.is_socket(); });
    if (!encrypts) {
        return;
    }
    const bool system_roots = config.ssl_root_cert == "system";
    if (system_roots && !inputs.reader->knows_system_roots()) {
        throw config_error(
            fmt::format("{}: 'system' needs libpq 16 or newer; name a file, for example "
                        "/etc/ssl/certs/ca-certificates.crt",
                        collector.origin_of(row_named("ssl-root-cert"))));
    }
    for (const auto* const name : {"ssl-root-cert", "ssl-cert", "ssl-key"}) {
        const auto path = shown(config, row_named(name));
        const bool asked_for = !path.empty() && !(system_roots && path == config.ssl_root_cert);
        const auto objection = asked_for ? inputs.reader->file_objection(path) : std::string{};
        if (!objection.empty()) {
            throw config_error(fmt::format(
                "{}: cannot read '{}': {}", collector.origin_of(row_named(name)), path, objection));
        }
    }
    const auto folder = home_of(inputs) + "/.postgresql";
    config.default_ssl_cert =
        config.ssl_cert.empty() && inputs.reader->exists(folder + "/postgresql.crt");
    const bool verifies = config.ssl_mode >= SslMode::verify_ca;
    if (verifies && config.ssl_root_cert.empty() && !inputs.reader->exists(folder + "/root.crt")) {
        throw config_error(fmt::format(
            "{}: {} needs the certificates to trust; name their file with --ssl-root-cert "
            "or DB_SSLROOTCERT (there is no {}/root.crt)",
            collector.origin_of(row_named("ssl-mode")),
            shown(config, row_named("ssl-mode")),
            folder));
    }
}

} // namespace

void complete(Config& config, const Collector& collector, const Inputs& inputs)
{
    make_endpoints(config, collector);
    if (config.database.empty()) {
        throw config_error("DB_NAME is required. Set environment variable or use --database flag");
    }
    check_tls_files(config, collector, inputs);
    config.backoff = {config.retry_backoff, config.retry_delay, config.retry_jitter};
    const auto* const source = config.password.empty() ? "password-file" : "password";
    find_password(config, collector.origin_of(row_named(source)), inputs);
    show_settings(config, collector);
}

} // namespace dbup
