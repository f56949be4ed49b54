// SPDX-License-Identifier: MIT
#include "config/credentials.hpp"

#include <fmt/format.h>

#include <cstring>

namespace dbup {

namespace {

/// The password in a file: its content less one line end.
Secret password_in(const std::string& path, const std::string& origin, const Inputs& inputs)
{
    std::string content;
    try {
        content = inputs.reader->small_file(path);
    } catch (const Failure& failure) {
        throw config_error(fmt::format("{}: {}", origin, failure.detail()));
    }
    std::string_view text = content;
    for (const char end : {'\n', '\r'}) {
        if (text.ends_with(end)) {
            text.remove_suffix(1);
        }
    }
    const bool usable =
        !text.empty() && text.find_first_of(std::string_view{"\0\n", 2}) == std::string_view::npos;
    Secret password{std::string{text}};
    explicit_bzero(content.data(), content.size());
    if (!usable) {
        throw config_error(fmt::format(
            "{}: '{}' must hold the password on one line and nothing else", origin, path));
    }
    return password;
}

void look_at_passfile(Config& config, const Inputs& inputs)
{
    config.password_search.emplace_back(
        "none of DB_PASSWORD, DB_PASSWORD_FILE, the URL, POSTGRES_PASSWORD, "
        "PGPASSWORD is set");
    if (config.passfile.empty()) {
        const auto home = home_of(inputs);
        if (home.empty()) {
            config.password_search.emplace_back("HOME is not set, so there is no .pgpass");
            return;
        }
        config.passfile = home + "/.pgpass";
    }
    const auto objection = inputs.reader->passfile_objection(config.passfile);
    if (objection.empty()) {
        config.password_search.push_back(
            fmt::format("{} has no line for this server", config.passfile));
        return;
    }
    config.password_search.push_back(fmt::format("{}: {}", config.passfile, objection));
    config.passfile.clear();
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
        config.password_origin = origin;
    } else if (!config.password_file.empty()) {
        config.password = password_in(config.password_file, origin, inputs);
        config.password_origin = fmt::format("file {} ({})", config.password_file, origin);
    } else {
        look_at_passfile(config, inputs);
    }
}

} // namespace dbup
