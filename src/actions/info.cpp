// SPDX-License-Identifier: MIT
#include "actions/action.hpp"
#include "actions/reporting.hpp"
#include "actions/settings_table.hpp"
#include "config/config_file.hpp"
#include "config/credentials.hpp"

#include <fmt/format.h>

namespace dbup {

namespace {

/// Where files are looked for, and what was found there.
class Places {
public:
    Places(const Config& config, const Inputs& inputs, const Scrubber& scrubber)
        : config_{config}, reader_{*inputs.reader}, home_{home_of(inputs)}, scrubber_{scrubber}
    {
    }

    [[nodiscard]] std::string text() const
    {
        const auto or_at_home = [this](const std::string& path, std::string_view name) {
            return path.empty() && !home_.empty() ? fmt::format("{}/{}", home_, name) : path;
        };
        const auto passfile = or_at_home(config_.passfile, ".pgpass");
        return "Files and where they are looked for:\n" + line("user", reader_.user()) +
               line("HOME", home_.empty() ? "(none)" : home_) +
               file("configuration",
                    config_.config_file.empty() ? std::string{default_config_file}
                                                : config_.config_file) +
               file("service file", or_at_home(config_.service_file, ".pg_service.conf")) +
               line("libpq's password file",
                    found(passfile, passfile.empty() ? "" : reader_.passfile_objection(passfile))) +
               file("password file", config_.password_file) +
               file("authorities", or_at_home(config_.ssl_root_cert, ".postgresql/root.crt")) +
               file("client certificate",
                    or_at_home(config_.ssl_cert, ".postgresql/postgresql.crt"));
    }

private:
    [[nodiscard]] std::string line(std::string_view name, const std::string& value) const
    {
        return table_line(name, scrubber_(value));
    }

    [[nodiscard]] std::string file(std::string_view name, const std::string& path) const
    {
        if (path == "-" || path == "system") {
            return line(name, path == "-" ? "standard input" : "those of the system");
        }
        return line(name, found(path, path.empty() ? "" : reader_.file_objection(path)));
    }

    /// A path, what is there, and why it cannot be used, if so.
    [[nodiscard]] std::string found(const std::string& path, const std::string& objection) const
    {
        if (path.empty()) {
            return "(none)";
        }
        const auto facts = reader_.facts_of(path);
        if (!facts) {
            return path + ": not found";
        }
        auto text = fmt::format("{}: found, mode {:04o}, of {}", path, facts->mode, facts->owner);
        return objection.empty() ? text : text + "; not usable: " + objection;
    }

    const Config& config_;
    const Reader& reader_;
    std::string home_;
    const Scrubber& scrubber_;
};

/// The ranges; what is wrong with them is one more objection.
std::string limits_or_objection(const Config& config, std::vector<std::string>& objections)
{
    try {
        return limits_table(config);
    } catch (const Failure& failure) {
        objections.push_back(failure.message());
        return {};
    }
}

} // namespace

Product perform_info(const Config& config, const Surroundings& around)
{
    const auto scrubber = scrubber_for(config, around.connector.secrets());
    auto objections = config.objections;
    const auto limits = limits_or_objection(config, objections);
    std::string text = version_lines(around.inputs) + '\n' +
                       Places{config, around.inputs, scrubber}.text() + '\n' +
                       settings_table(config, scrubber) + limits +
                       listed("What is wrong with the settings", objections, scrubber);
    text.pop_back(); // the last empty line
    constexpr int unusable = 3;
    return printed(config, std::move(text), objections.empty() ? 0 : unusable);
}

} // namespace dbup
