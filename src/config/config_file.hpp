// SPDX-License-Identifier: MIT
#pragma once

#include "config/arguments.hpp"
#include "config/yaml.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dbup {

/// Where the configuration file is, unless --config names another.
inline constexpr std::string_view default_config_file = "/etc/db-up/config.yaml";

/// A key of the configuration file that no option stands behind.
struct FileKey {
    std::string_view key = {}; ///< "section.key"
    Fate fate = Fate::ignored; ///< ignored or refused
    std::string_view only =
        {}; ///< the values that are accepted, separated by '|'; empty: every one
    std::string_view help = {}; ///< why it has no effect or is refused
};

/// Those keys, in the order of the documentation.
std::span<const FileKey> file_key_table();

/// What a configuration file sets. Values are not looked at yet: they go the way of all settings.
class ConfigFile {
public:
    ConfigFile() = default; ///< no file

    /// \param text its content \throws Failure{config} with the line, if it is not of the shape of
    /// a configuration file
    ConfigFile(std::string_view text, std::string_view path);

    /// Options of Group::output, as far as they can be told: the rest of the file may be wrong.
    [[nodiscard]] std::vector<Given> how_to_answer() const;

    /// All options. What has no effect leaves a note.
    /// \throws Failure{config} for a key that is unknown, refused or given in two ways
    [[nodiscard]] std::vector<Given> options(std::vector<std::string>& notes) const;

private:
    std::string origin_;
    std::vector<YamlSetting> settings_;
};

} // namespace dbup
