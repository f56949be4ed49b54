// SPDX-License-Identifier: MIT
// A connection URI, by libpq's parser and the collector, and what is told of it. '@@' stands for a
// password.
#include "config/collector.hpp"
#include "core/failure.hpp"
#include "core/redaction.hpp"
#include "core/text.hpp"
#include "pg/conninfo.hpp"

#include <algorithm>

#include "fuzz/fuzz.hpp"
#include "unit/fakes.hpp"

namespace dbup_fuzz {

namespace {

constexpr std::string_view secret = "correct-horse-battery";

bool has_scheme(std::string_view uri)
{
    return uri.starts_with("postgresql://") || uri.starts_with("postgres://");
}

/// The parts by libpq; a refusal tells nothing of the URI.
std::vector<dbup::ConninfoPart> parsed(const std::string& uri)
{
    try {
        return dbup::parse_uri(uri);
    } catch (const dbup::Failure& failure) {
        demand(failure.error() == dbup::ErrorClass::config, "a wrong setting", uri);
        demand(!has_scheme(uri) || count(failure.message(), secret) == 0,
               "the reason holds no secret",
               failure.message());
        return {};
    }
}

bool is_password(const dbup::ConninfoPart& part)
{
    return part.keyword == "password" || part.keyword == "sslpassword";
}

/// Whether libpq takes the secret for a password wherever it stands. Of a host that a later one in
/// the URI replaces, nothing is left in `parts`.
bool is_password_only(const std::vector<dbup::ConninfoPart>& parts, std::string_view uri)
{
    std::size_t in_passwords = 0;
    for (const auto& part : parts) {
        in_passwords += is_password(part) ? count(part.value, secret) : 0;
    }
    return in_passwords > 0 && in_passwords == count(uri, secret);
}

/// Whether the secret stands where a person writes a password: between the first ':' and the last
/// '@', or in the value of a parameter that is called so. Of a URI that libpq refuses nothing more
/// is known.
bool is_written_as_password(std::string_view uri)
{
    const auto authority = uri.substr(uri.find("://") + 3);
    const auto colon = authority.find(':');
    const auto at_sign = authority.rfind('@');
    const bool has_password = colon < at_sign && at_sign != std::string_view::npos;
    std::size_t places = has_password ? count(authority.substr(colon, at_sign - colon), secret) : 0;
    const auto rest = has_password ? authority.substr(at_sign) : authority;
    const auto query = cut(rest, '?').second;
    for (const auto parameter : dbup::parts_of(query, '&')) {
        const auto [name, value] = cut(parameter, '=');
        places += name.find("password") != std::string_view::npos ? count(value, secret) : 0;
    }
    return places == count(uri, secret);
}

void demand_told_without(const std::string& uri, const std::vector<std::string>& arguments)
{
    dbup_test::Scene scene;
    scene.environment.variables["HOME"] = "/home/monitor";
    if (arguments.empty()) {
        scene.environment.variables["DATABASE_URL"] = uri;
    }
    auto command_line = arguments;
    command_line.insert(command_line.end(), {"-vvv", "--max-retries", "0"});
    scene.connector.servers = {dbup_test::refusing()};
    const auto outcome = scene.run(command_line);
    demand_readable(outcome);
    demand(count(outcome.text, secret) == 0, "the secret is not told", outcome.text);
    for (const auto& argument : scene.arguments) {
        demand(count(argument, secret) == 0, "nor left in the command line", argument);
    }
}

} // namespace

void one_input(std::string_view input)
{
    const std::string uri = dbup::replaced(input.substr(0, input.find('\0')), "@@", secret);
    const auto parts = parsed(uri);
    if (has_scheme(uri) &&
        (parts.empty() ? is_written_as_password(uri) : is_password_only(parts, uri))) {
        const auto shown = dbup::redact_uri(uri);
        demand(count(shown, secret) == 0, "redacted", shown);
        demand(dbup::redact_uri(shown) == shown, "once is enough", shown);
        demand_told_without(uri, {});
        demand_told_without(uri, {"--uri", uri});
        demand_told_without(uri, {std::string{"--uri="}.append(uri)});
    }
}

} // namespace dbup_fuzz
