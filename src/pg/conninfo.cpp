// SPDX-License-Identifier: MIT
#include "pg/conninfo.hpp"

#include "core/failure.hpp"
#include "core/text.hpp"
#include "pg/libpq.hpp"

#include <fmt/format.h>

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
        throw config_error("a connection URI begins with postgresql:// or postgres://");
    }
    throw config_error(fmt::format("unsupported database scheme: {} (this build speaks postgresql)",
                                   uri.substr(0, std::min<std::size_t>(colon, 32))));
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
    char* reason = nullptr;
    const ConninfoOptions options{PQconninfoParse(uri.c_str(), &reason)};
    const LibpqText owner{reason};
    if (!options) {
        throw config_error(fmt::format("the connection URI is not valid: {}",
                                       without_quotation(reason == nullptr ? "" : reason)));
    }
    return named_parts(options.get());
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
