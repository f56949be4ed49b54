// SPDX-License-Identifier: MIT
#include "config/endpoints.hpp"

#include "core/failure.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <sys/un.h>

#include <array>
#include <charconv>

namespace dbup {

namespace {

bool is_port(std::string_view text)
{
    int port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc{} && end == text.data() + text.size() && port >= 1 && port <= 65'535;
}

/// The items of a comma list, without the blanks that people write behind commas.
std::vector<std::string_view> items_of(std::string_view list)
{
    auto items = parts_of(list, ',');
    for (auto& item : items) {
        item = without_blanks(item);
    }
    return items;
}

/// As libpq takes it for `hostaddr`: in digits, with a scope where one is needed (fe80::1%eth0).
bool is_address(const std::string& text)
{
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    return inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 ||
           inet_pton(AF_INET6, text.substr(0, text.find('%')).c_str(), bytes.data()) == 1;
}

/// The item of a comma list that belongs to host `index`: a list of one serves all.
std::string item(const std::vector<std::string_view>& list, std::size_t index)
{
    return std::string{list.size() == 1 ? list.front() : list.at(index)};
}

/// With other plugins -p is the password: what does not look like a port is not repeated.
std::string port_as_told(const std::string& port, const std::string& origin)
{
    const bool numeric = port.find_first_not_of("0123456789-+. ") == std::string::npos;
    return numeric || origin != "-p"
               ? fmt::format("'{}'", port)
               : "the value (not shown: a password goes to --password-file or DB_PASSWORD)";
}

/// Refuses what is more than the name of a host, or of a folder of sockets.
void check_host_name(const Endpoint& endpoint, const std::string& origin)
{
    const auto& host = endpoint.host;
    if (endpoint.is_socket()) { // a folder's name may have blanks
        const auto file = host.rfind("/.s.PGSQL.");
        if (file != std::string::npos) {
            throw config_error(fmt::format("{}: '{}' is a socket; name its folder, and its number "
                                           "with --port",
                                           origin,
                                           host));
        }
        return;
    }
    if (host.find('@') != std::string::npos) { // not shown: a password may stand in front of it
        throw config_error(fmt::format(
            "{}: '@' stands in no host's name; a connection URI goes to --uri", origin));
    }
    if (host.find_first_of(" \t") != std::string::npos) {
        throw config_error(fmt::format("{}: '{}' has a blank, as no host's name", origin, host));
    }
    if (host.find(':') != std::string::npos && !is_address(host)) {
        throw config_error(
            fmt::format("{}: '{}' is no host's name; a port goes to --port", origin, host));
    }
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
    check_host_name(endpoint, origin("host"));
    if (!endpoint.hostaddr.empty() && !is_address(endpoint.hostaddr)) {
        throw config_error(
            fmt::format("{}: '{}' is not an IP address; a name goes to --host, a port to --port",
                        origin("hostaddr"),
                        endpoint.hostaddr));
    }
    if (!is_port(endpoint.port)) {
        throw config_error(fmt::format("{}: {} is not a TCP port (1 to 65535)",
                                       origin("port"),
                                       port_as_told(endpoint.port, origin("port"))));
    }
    constexpr std::size_t most = sizeof(sockaddr_un::sun_path) - 1;
    const auto path = fmt::format("{}/.s.PGSQL.{}", endpoint.host, endpoint.port);
    if (endpoint.is_socket() && path.size() > most) {
        throw config_error(
            fmt::format("{}: the socket's path '{}' is longer than a system can take ({} bytes)",
                        origin("host"),
                        path,
                        most));
    }
}

std::string without_brackets(const std::string& host)
{
    const bool bracketed = host.starts_with('[') && host.ends_with(']');
    return bracketed ? host.substr(1, host.size() - 2) : host;
}

} // namespace

void make_endpoints(Config& config, const Collector& collector)
{
    const auto hosts = items_of(config.host_list);
    const auto ports = items_of(config.port_list);
    const auto addresses = items_of(config.hostaddr_list);
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

} // namespace dbup
