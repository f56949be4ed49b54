// SPDX-License-Identifier: MIT
#include "config/credentials.hpp"

#include "config/options.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <cstring>
#include <utility>

namespace dbup {

namespace {

/// What an editor or `echo` puts behind a password is not part of it.
Secret without_line_end(std::string_view text)
{
    for (const char end : {'\n', '\r'}) {
        if (text.ends_with(end)) {
            text.remove_suffix(1);
        }
    }
    return Secret{std::string{text}};
}

/// The password in a file: its content less one line end.
Secret password_in(const std::string& path, const std::string& origin, const Inputs& inputs)
{
    std::string content;
    const auto announce = [&inputs](std::string file) {
        if (inputs.on_file) {
            inputs.on_file(std::move(file));
        }
    };
    announce(fmt::format("{} '{}'", origin, path));
    try {
        content = inputs.reader->small_file(path);
        announce({});
    } catch (const Failure& failure) {
        throw config_error(fmt::format("{}: {}", origin, failure.detail()));
    }
    auto password = without_line_end(content);
    const bool usable =
        !password.empty() &&
        password.reveal().find_first_of(std::string_view{"\0\n", 2}) == std::string_view::npos;
    explicit_bzero(content.data(), content.size());
    if (!usable) {
        throw config_error(fmt::format(
            "{}: '{}' must hold the password on one line and nothing else", origin, path));
    }
    return password;
}

/// `text` as a field of libpq's password file.
std::string field(std::string_view text)
{
    return replaced(replaced(text, "\\", "\\\\"), ":", "\\:");
}

/// The line that libpq looks for; not told where there are several, or where it depends on libpq.
std::string wanted_line(const Config& config)
{
    if (config.endpoints.size() != 1 || config.endpoints.front().is_socket()) {
        return "this server";
    }
    const auto& endpoint = config.endpoints.front();
    return fmt::format("{}:{}:{}:{}",
                       field(endpoint.host),
                       endpoint.port,
                       field(config.database),
                       field(config.user));
}

/// What libpq's password file has to offer: its name goes to `config.passfile` if libpq would use
/// it, else there is a reason in what is returned.
std::string look_at_passfile(Config& config, const Inputs& inputs)
{
    if (config.passfile.empty()) {
        const auto home = home_of(inputs);
        if (home.empty()) {
            return "HOME is not set, so there is no .pgpass";
        }
        config.passfile = home + "/.pgpass";
    }
    const auto objection = inputs.reader->passfile_objection(config.passfile);
    if (objection.empty()) {
        return fmt::format("{} has no line for {}", config.passfile, wanted_line(config));
    }
    return fmt::format("{}: {}", std::exchange(config.passfile, {}), objection);
}

/// Where there could have been a password, and why there was none: first what somebody may have
/// meant to hold one.
std::vector<std::string> places_without_password(const Config& config, const Inputs& inputs)
{
    std::vector<std::string> places;
    std::vector<std::string_view> unset;
    for (const auto* const option : {"password", "password-file"}) {
        for (const auto name : words_of(find_option(option)->environment)) {
            if (inputs.environment->find(name)) {
                places.push_back(fmt::format("{} is empty", name));
            } else {
                unset.push_back(name);
            }
        }
    }
    const auto folder = inputs.environment->find("CREDENTIALS_DIRECTORY").value_or("");
    if (folder.empty()) {
        unset.emplace_back("CREDENTIALS_DIRECTORY");
    } else {
        places.push_back(fmt::format("there is no {}/db-password", folder));
    }
    if (!config.uri.empty()) {
        places.emplace_back("the URI holds none");
    }
    if (!config.service.empty()) {
        places.push_back(fmt::format("service '{}' holds none", config.service));
    }
    places.push_back(fmt::format("not set: --password-file, {}", joined(unset)));
    return places;
}

} // namespace

std::string home_of(const Inputs& inputs)
{
    auto home = inputs.environment->find("HOME").value_or("");
    return home.empty() ? inputs.reader->home() : home;
}

std::string credential_file(const Inputs& inputs)
{
    const auto folder = inputs.environment->find("CREDENTIALS_DIRECTORY");
    if (!folder || folder->empty()) {
        return {};
    }
    auto path = *folder + "/db-password";
    return inputs.reader->exists(path) ? path : std::string{};
}

void find_password(Config& config, const std::string& origin, const Inputs& inputs)
{
    if (!config.password.empty()) {
        config.password = without_line_end(config.password.reveal());
        config.password_origin = origin;
    } else if (!config.password_file.empty()) {
        config.password = password_in(config.password_file, origin, inputs);
        config.password_origin = fmt::format("file {} ({})", config.password_file, origin);
    } else {
        config.password_search = places_without_password(config, inputs);
        config.password_search.insert(config.password_search.end() - 1,
                                      look_at_passfile(config, inputs));
    }
}

std::vector<Secret> secrets_in(const Environment& environment)
{
    std::vector<Secret> secrets;
    for (const auto& row : option_table()) {
        const bool secret = std::holds_alternative<Secret Config::*>(row.slot);
        for (const auto name : words_of(secret ? row.environment : std::string_view{})) {
            if (auto value = environment.find(name)) {
                secrets.emplace_back(std::move(*value));
            }
        }
    }
    return secrets;
}

} // namespace dbup
