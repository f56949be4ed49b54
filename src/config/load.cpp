// SPDX-License-Identifier: MIT
#include "config/load.hpp"

#include "config/arguments.hpp"
#include "config/credentials.hpp"
#include "config/values.hpp"
#include "core/scrub.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

namespace dbup {

namespace {

/// Collects the settings of a level after the other; a later one replaces an earlier one of the
/// same row.
class Collector {
public:
    Collector(Config& config, const Inputs& inputs) : config_{config}, inputs_{inputs} {}

    void take(const OptionRow& row, std::string_view text, const std::string& origin)
    {
        store(config_, row, text, origin);
        origins_[&row] = origin;
        // Two ways to give the password: the later one replaces the other, and a file that lost is
        // not read.
        // An address belongs to the host that was named with it, not to one from a stronger source.
        if (row.name == "host") {
            config_.hostaddr_list.clear();
            origins_.erase(find_option("hostaddr"));
        } else if (row.name == "password") {
            config_.password_file.clear();
        } else if (row.name == "password-file") {
            config_.password = {};
        }
    }

    void take(std::vector<Given> options)
    {
        std::stable_partition(options.begin(), options.end(), [](const Given& option) {
            return option.row->name == "host"; // before the address that belongs to it
        });
        for (const auto& option : options) {
            if (option.row->fate == Fate::counted) {
                config_.verbosity = std::min(config_.verbosity + 1, 3);
                origins_[option.row] = option.origin;
            } else {
                take(*option.row, option.text, option.origin);
            }
        }
    }

    void defaults()
    {
        for (const auto& row : option_table()) {
            if (!row.fallback.empty()) {
                store(config_, row, row.fallback, "default");
            }
        }
    }

    /// The variables whose names begin with `prefix`.
    void environment(std::string_view prefix);

    /// The DB_* variables that say how the answer is to be given.
    void output_environment();

    /// The parts of a connection string or service. A part that no row knows is refused by name.
    void conninfo(const std::vector<ConninfoPart>& parts, const std::string& origin);

    /// The parts of a connection URI.
    void uri(const std::string& text, const std::string& origin)
    {
        std::vector<ConninfoPart> parts;
        try {
            parts = inputs_.reader->uri(text);
        } catch (const Failure& failure) {
            throw config_error(fmt::format("{}: {}", origin, failure.message()));
        }
        conninfo(parts, origin);
    }

    [[nodiscard]] std::string origin_of(const OptionRow& row) const
    {
        const auto found = origins_.find(&row);
        return found == origins_.end() ? "default" : found->second;
    }

private:
    Config& config_;
    const Inputs& inputs_;
    std::map<const OptionRow*, std::string> origins_;
};

/// libpq's way to write an unlimited connect_timeout: as good as not set, because --timeout limits
/// it anyway.
bool means_no_limit(std::string_view connect_timeout)
{
    return connect_timeout == "0" || connect_timeout.starts_with('-');
}

void Collector::environment(std::string_view prefix)
{
    for (const auto& row : option_table()) {
        std::string first_name;
        std::string first_value;
        for (const auto name : words_of(row.environment)) {
            auto value = inputs_.environment->find(name);
            const bool no_limit = name == "PGCONNECT_TIMEOUT" && value && means_no_limit(*value);
            if (!name.starts_with(prefix) || !value || value->empty() || no_limit) {
                continue; // a variable that is set to nothing is as good as unset: compose files do
                          // that
            }
            if (first_name.empty()) {
                first_name = name;
                first_value = std::move(*value);
                take(row, first_value, fmt::format("environment {}", name));
            } else if (*value != first_value) {
                throw config_error(
                    fmt::format("environment {} and {} name different values for --{}; unset one",
                                first_name,
                                name,
                                row.name));
            }
        }
    }
}

void Collector::output_environment()
{
    for (const auto& row : option_table()) {
        const auto names =
            words_of(row.group == Group::output ? row.environment : std::string_view{});
        const auto value = names.empty() ? std::nullopt : inputs_.environment->find(names.front());
        if (value && !value->empty()) {
            take(row, *value, fmt::format("environment {}", names.front()));
        }
    }
}

/// Keywords of libpq that change nothing which db-up does not set itself.
constexpr std::array harmless{
    std::string_view{"gssencmode"},
    std::string_view{"sslcompression"},
    std::string_view{"keepalives"},
    std::string_view{"keepalives_idle"},
    std::string_view{"keepalives_count"},
    std::string_view{"keepalives_interval"},
    std::string_view{"tcp_user_timeout"},
    std::string_view{"fallback_application_name"},
    std::string_view{"client_encoding"},
    std::string_view{"sslsni"},
    std::string_view{"load_balance_hosts"},
};

void Collector::conninfo(const std::vector<ConninfoPart>& parts, const std::string& origin)
{
    for (const auto& [keyword, value] : parts) {
        const auto rows = option_table();
        const auto row = std::find_if(
            rows.begin(), rows.end(), [&keyword = keyword](const OptionRow& candidate) {
                return !candidate.conninfo.empty() && candidate.conninfo == keyword;
            });
        if (row != rows.end()) {
            const bool no_limit = keyword == "connect_timeout" && means_no_limit(value);
            if (!value.empty() && !no_limit) {
                take(*row, value, fmt::format("{} ({})", origin, keyword));
            }
        } else if (std::find(harmless.begin(), harmless.end(), keyword) != harmless.end()) {
            config_.notes.push_back(
                fmt::format("{}: {} is set by db-up itself and was ignored", origin, keyword));
        } else {
            throw config_error(
                fmt::format("{}: '{}' is not supported by db-up; leave it out", origin, keyword));
        }
    }
}

const OptionRow& row_named(std::string_view name)
{
    const auto* const row = find_option(name);
    if (row == nullptr) {
        throw Failure{ErrorClass::internal, "no option row " + std::string{name}};
    }
    return *row;
}

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

void make_endpoints(Config& config, const Collector& collector)
{
    const auto hosts = parts_of(config.host_list, ',');
    const auto ports = parts_of(config.port_list, ',');
    const auto addresses = parts_of(config.hostaddr_list, ',');
    const auto fits = [&hosts](const auto& list) {
        return list.size() == 1 || list.size() == hosts.size();
    };
    if (!fits(ports)) {
        throw config_error(
            fmt::format("{}: {} ports for {} hosts; give one port, or one for each host",
                        collector.origin_of(row_named("port")),
                        ports.size(),
                        hosts.size()));
    }
    if (addresses.size() != 1 && addresses.size() != hosts.size()) {
        throw config_error("--hostaddr: give one address for each host");
    }
    for (std::size_t i = 0; i < hosts.size(); ++i) {
        Endpoint endpoint{item({hosts[i]}, 0), item(ports, i), item(addresses, i)};
        if (endpoint.host.starts_with('[') && endpoint.host.ends_with(']')) {
            endpoint.host = endpoint.host.substr(1, endpoint.host.size() - 2);
        }
        if (endpoint.is_socket() && !endpoint.hostaddr.empty()) {
            throw config_error(fmt::format("{}: '{}' is a folder of sockets and has no address",
                                           collector.origin_of(row_named("hostaddr")),
                                           endpoint.host));
        }
        if (endpoint.host.empty()) {
            throw config_error(fmt::format("{}: '{}' names an empty host",
                                           collector.origin_of(row_named("host")),
                                           config.host_list));
        }
        if (endpoint.port.empty() && ports.size() > 1) {
            endpoint.port = row_named("port").fallback; // as in libpq, an empty item is the default
        }
        if (!is_port(endpoint.port)) {
            throw config_error(fmt::format("{}: '{}' is not a TCP port (1 to 65535)",
                                           collector.origin_of(row_named("port")),
                                           endpoint.port));
        }
        config.endpoints.push_back(std::move(endpoint));
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

/// What only the whole can tell.
void complete(Config& config, Collector& collector, const Inputs& inputs)
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
