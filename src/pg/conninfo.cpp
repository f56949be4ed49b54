// SPDX-License-Identifier: MIT
#include "pg/conninfo.hpp"

#include "core/failure.hpp"
#include "core/text.hpp"
#include "pg/libpq.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace dbup {

namespace {

std::vector<ConninfoPart> named_parts(const PQconninfoOption* options)
{
    std::vector<ConninfoPart> parts;
    for (const auto* option = options; option != nullptr && option->keyword != nullptr; ++option) {
        if (option->val != nullptr) {
            parts.push_back({option->keyword, option->val});
        }
    }
    return parts;
}

/// libpq quotes what it did not understand, which may be the password: only the words before it are
/// kept.
std::string_view without_quotation(std::string_view reason)
{
    reason = reason.substr(0, reason.find_first_of("\"\n"));
    const auto last = reason.find_last_not_of(" :");
    return reason.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

void check_scheme(std::string_view uri)
{
    if (uri.starts_with("postgresql://") || uri.starts_with("postgres://")) {
        return;
    }
    const auto colon = uri.find("://");
    if (colon == std::string_view::npos) {
        throw config_error("failed to parse postgres DSN: a connection URI begins with "
                           "postgresql:// or postgres://");
    }
    throw config_error(fmt::format("unsupported database scheme: {} (this build speaks postgresql)",
                                   uri.substr(0, std::min<std::size_t>(colon, 32))));
}

/// Whether '@' stands behind the part for user and password. libpq ends that part at the first '@',
/// if no '/' comes before: of a password with one of these the rest is taken for host, port or
/// database, which are told to everybody.
bool has_stray_at(std::string_view uri)
{
    uri.remove_prefix(uri.find("://") + 3);
    const auto end = uri.find_first_of("@/");
    const bool has_user = end != std::string_view::npos && uri[end] == '@';
    uri.remove_prefix(has_user ? end + 1 : 0);
    return uri.substr(0, uri.find('?')).find('@') != std::string_view::npos;
}

/// Whether what libpq takes for the port is one, or a list of them. Of a password with a '?' or '#'
/// the beginning is taken for it, as the user is for the host.
bool has_wrong_port(const std::vector<ConninfoPart>& parts)
{
    return std::any_of(parts.begin(), parts.end(), [](const ConninfoPart& part) {
        constexpr std::string_view letters_of_ports = "0123456789,";
        constexpr std::size_t most_digits = 5;
        if (part.keyword != "port") {
            return false;
        }
        const auto ports = parts_of(part.value, ',');
        return part.value.find_first_not_of(letters_of_ports) != std::string::npos ||
               std::any_of(ports.begin(), ports.end(), [](std::string_view port) {
                   return port.size() > most_digits;
               });
    });
}

/// What stands where the service file is silent. It takes the place of the environment and of the
/// operating system's user, which libpq would fill in.
constexpr const char* not_given = "\x01 not given";

/// Sets variables for the time of the calls of libpq that read a service. Nothing else runs yet
/// that could read them, and the PG* variables were taken from the environment before.
class LentEnvironment {
public:
    void set(const char* name, const char* value)
    {
        setenv(name, value, 1); // NOLINT(concurrency-mt-unsafe): see above
        names_.emplace_back(name);
    }
    LentEnvironment() = default;
    LentEnvironment(const LentEnvironment&) = delete;
    LentEnvironment& operator=(const LentEnvironment&) = delete;
    ~LentEnvironment()
    {
        for (const auto& name : names_) {
            unsetenv(name.c_str()); // NOLINT(concurrency-mt-unsafe): see above
        }
    }

private:
    std::vector<std::string> names_;
};

/// libpq's words on why the service cannot be read; empty if it can. It only tells when it is to
/// connect: an impossible sslmode lets it end before it does.
std::string service_objection(const std::string& name)
{
    // A password is given so that libpq looks for no password file.
    const std::array keywords{"service", "sslmode", "password", static_cast<const char*>(nullptr)};
    const std::array values{name.c_str(), "none", "none", static_cast<const char*>(nullptr)};
    const Connection probe{PQconnectStartParams(keywords.data(), values.data(), 0)};
    const std::string reason = probe ? PQerrorMessage(probe.get()) : "out of memory";
    const bool about_service = reason.find("service") != std::string::npos;
    return about_service ? reason.substr(0, reason.find('\n')) : std::string{};
}

} // namespace

std::vector<ConninfoPart> parse_uri(const std::string& uri)
{
    check_scheme(uri);
    if (has_stray_at(uri)) {
        throw config_error("failed to parse postgres DSN: '@' or '/' stands where none can; in "
                           "user, password and database write %3A for :, %2F for /, %40 for @");
    }
    char* reason = nullptr;
    const ConninfoOptions options{PQconninfoParse(uri.c_str(), &reason)};
    const LibpqText owner{reason};
    if (!options) {
        throw config_error(fmt::format("failed to parse postgres DSN: {}",
                                       without_quotation(reason == nullptr ? "" : reason)));
    }
    auto parts = named_parts(options.get());
    if (has_wrong_port(parts)) { // and not told, as it may be of the password
        throw config_error(
            "failed to parse postgres DSN: the port is no number from 1 to 65535; in "
            "user and password write %23 for #, %2F for /, %3A for :, %3F for ?");
    }
    return parts;
}

std::vector<ConninfoPart> parse_service(const std::string& name, const std::string& file)
{
    LentEnvironment lent;
    if (!file.empty()) {
        lent.set("PGSERVICEFILE", file.c_str());
    }
    const auto objection = service_objection(name);
    if (!objection.empty()) {
        throw config_error(fmt::format("service '{}': {}", name, objection));
    }
    const ConninfoOptions known{PQconndefaults()};
    for (const auto* option = known.get(); option != nullptr && option->keyword != nullptr;
         ++option) {
        if (option->envvar != nullptr && std::string_view{option->envvar} != "PGSERVICEFILE") {
            lent.set(option->envvar, not_given);
        }
    }
    lent.set("PGSERVICE", name.c_str());
    const ConninfoOptions filled{PQconndefaults()};
    if (!filled) {
        throw config_error(fmt::format("service '{}': libpq cannot read it", name));
    }
    auto parts = named_parts(filled.get());
    std::erase_if(parts, [](const ConninfoPart& part) {
        return part.value == not_given || part.keyword == "service";
    });
    return parts;
}

} // namespace dbup
