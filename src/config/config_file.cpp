// SPDX-License-Identifier: MIT
#include "config/config_file.hpp"

#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dbup {

namespace {

constexpr std::string_view log_rotates = "accepted without effect: logrotate keeps logs small";
constexpr std::string_view host_alerts =
    "db-up opens no connection but to the database: alerts are sent by the monitoring host, or by "
    "cron and systemd as in contrib";

// clang-format off
constexpr std::array keys{
    FileKey{"monitor.read_only_mode", Fate::ignored, "true|yes|on|1",
            "accepted: the check always runs in a read-only transaction"},
    FileKey{"logging.max_file_size", Fate::ignored, "", log_rotates},
    FileKey{"logging.backup_count", Fate::ignored, "", log_rotates},
    FileKey{"logging.rotation", Fate::ignored, "", log_rotates},
    FileKey{"logging.compress", Fate::ignored, "", log_rotates},
    FileKey{"logging.timestamp_format", Fate::ignored, "", "accepted without effect: the form of a line is fixed"},
    FileKey{"logging.include_hostname", Fate::ignored, "", "accepted without effect: the form of a line is fixed"},
    FileKey{"logging.include_pid", Fate::ignored, "", "accepted without effect: the form of a line is fixed"},
    FileKey{"logging.include_thread", Fate::ignored, "", "accepted without effect: the form of a line is fixed"},
    FileKey{"logging.async_logging", Fate::ignored, "", "accepted without effect: one run writes once"},
    FileKey{"logging.buffer_size", Fate::ignored, "", "accepted without effect: one run writes once"},
    FileKey{"logging.redact_credentials", Fate::ignored, "true|yes|on|1", "accepted: passwords are never shown"},
    FileKey{"alerts.enabled", Fate::ignored, "", "accepted without effect: alerts are sent by the monitoring host"},
    FileKey{"alerts.consecutive_failures", Fate::ignored, "",
            "accepted without effect: it is max_check_attempts of the monitoring host"},
    FileKey{"alerts.webhook_url", Fate::refused, "", host_alerts},
    FileKey{"alerts.webhook_timeout", Fate::refused, "", host_alerts},
    FileKey{"alerts.webhook_retry", Fate::refused, "", host_alerts},
    FileKey{"alerts.include_error_details", Fate::refused, "", host_alerts},
};
// clang-format on

constexpr std::string_view password_help =
    "a password does not belong in a configuration file; name a file that holds nothing else with "
    "database.password_file, or use DB_PASSWORD_FILE or DB_PASSWORD";

/// Every key with the row of its option; null for those of file_key_table().
struct KnownKey {
    std::string key = {};
    const OptionRow* row = nullptr;
    const FileKey* other = nullptr;
};

std::vector<KnownKey> known_keys()
{
    std::vector<KnownKey> known;
    for (const auto& row : option_table()) {
        for (auto& key : yaml_keys(row)) {
            known.push_back({std::move(key), &row, nullptr});
        }
    }
    for (const auto& key : keys) {
        known.push_back({std::string{key.key}, nullptr, &key});
    }
    return known;
}

std::string full_name(const YamlSetting& setting)
{
    return setting.section.empty() ? setting.key : setting.section + '.' + setting.key;
}

const KnownKey* find_key(const std::vector<KnownKey>& known, std::string_view name)
{
    const auto found = std::find_if(
        known.begin(), known.end(), [name](const KnownKey& key) { return key.key == name; });
    return found == known.end() ? nullptr : &*found;
}

std::string_view section_of(std::string_view key)
{
    return key.substr(0, key.find('.'));
}

std::string_view last_part(std::string_view key)
{
    return key.substr(key.find('.') + 1);
}

std::vector<std::string_view> sections_of(const std::vector<KnownKey>& known)
{
    std::vector<std::string_view> sections;
    for (const auto& key : known) {
        const auto section = section_of(key.key);
        if (std::find(sections.begin(), sections.end(), section) == sections.end()) {
            sections.push_back(section);
        }
    }
    return sections;
}

std::string suggestion(std::string_view near)
{
    return near.empty() ? std::string{} : fmt::format("; did you mean '{}'?", near);
}

bool is_one_of(std::string_view word, const std::vector<std::string_view>& words)
{
    return std::find(words.begin(), words.end(), word) != words.end();
}

/// What is wrong with a key that no row knows.
std::string objection(const YamlSetting& setting, const std::vector<KnownKey>& known)
{
    const auto sections = sections_of(known);
    const auto& place = setting.section.empty() ? setting.key : setting.section;
    if (setting.section.empty() && is_one_of(place, sections)) {
        return "this is a section; expected lines 'key: value' below it";
    }
    const bool well_placed = is_one_of(place, sections);
    std::vector<std::string_view> names;
    for (const auto& key : known) {
        const bool offered = key.row != nullptr || key.other->fate != Fate::refused;
        if ((well_placed || setting.section.empty()) && last_part(key.key) == setting.key) {
            return fmt::format(
                "'{}' belongs to the section '{}'", setting.key, section_of(key.key));
        }
        if (offered && section_of(key.key) == setting.section) {
            names.push_back(last_part(key.key));
        }
    }
    return well_placed ? fmt::format("unknown key '{}' in '{}'{}",
                                     setting.key,
                                     setting.section,
                                     suggestion(nearest(setting.key, names)))
                       : fmt::format("unknown section '{}'; expected one of {}{}",
                                     place,
                                     joined(sections),
                                     suggestion(nearest(place, sections)));
}

bool takes_several(const OptionRow& row)
{
    return std::holds_alternative<std::vector<ThresholdSetting> Config::*>(row.slot) ||
           std::holds_alternative<std::vector<StateSetting> Config::*>(row.slot);
}

/// Reads one file's settings as options, one error after the other.
class Translation {
public:
    explicit Translation(std::string_view origin) : origin_{origin} {}

    void add(const YamlSetting& setting, std::vector<std::string>& notes)
    {
        const auto* const key = find_key(known_, full_name(setting));
        const bool empty = setting.shape == YamlShape::value && setting.values.empty();
        if (setting.key == "password" && !empty) {
            refuse(setting, password_help);
        }
        if (key == nullptr && setting.key != "password") {
            const auto sections = sections_of(known_);
            if (setting.section.empty() && empty && is_one_of(setting.key, sections)) {
                return; // a section with nothing in it
            }
            refuse(setting, objection(setting, known_));
        }
        if (empty || key == nullptr) {
            return;
        }
        if (key->row != nullptr) {
            take(*key->row, setting);
        } else {
            check(*key->other, setting, notes);
        }
    }

    /// The row of a setting; null where none is behind it.
    [[nodiscard]] const OptionRow* row_of(const YamlSetting& setting) const
    {
        const auto* const key = find_key(known_, full_name(setting));
        return key == nullptr ? nullptr : key->row;
    }

    void take(const OptionRow& row, const YamlSetting& setting)
    {
        if (!takes_several(row)) {
            if (setting.shape != YamlShape::value) {
                refuse(setting, "expected one value, not a list or map");
            }
            refuse_contradiction(row, setting);
        }
        for (const auto& value : setting.values) {
            const bool labelled = setting.shape == YamlShape::map;
            options_.push_back({&row,
                                labelled ? value.label + '=' + value.text : value.text,
                                labelled ? place(value.line, full_name(setting) + '.' + value.label)
                                         : place(value.line, full_name(setting))});
        }
    }

    std::vector<Given> options() && { return std::move(options_); }

private:
    [[nodiscard]] std::string place(int line, std::string_view key) const
    {
        return fmt::format("{} line {} ({})", origin_, line, key);
    }

    [[noreturn]] void refuse(const YamlSetting& setting, std::string_view why) const
    {
        throw config_error(fmt::format("{}: {}", place(setting.line, full_name(setting)), why));
    }

    /// Two names of one option must agree.
    void refuse_contradiction(const OptionRow& row, const YamlSetting& setting) const
    {
        for (const auto& option : options_) {
            if (option.row == &row && option.text != setting.values.front().text) {
                refuse(setting,
                       fmt::format("names another value for --{} than {}; remove one",
                                   row.name,
                                   option.origin));
            }
        }
    }

    void check(const FileKey& key, const YamlSetting& setting, std::vector<std::string>& notes)
    {
        if (key.fate == Fate::refused) {
            refuse(setting, key.help);
        }
        const auto allowed = parts_of(key.only, '|');
        const auto is_allowed = [&setting](std::string_view one) {
            return setting.shape == YamlShape::value && same_word(one, setting.values.front().text);
        };
        if (!key.only.empty() && std::none_of(allowed.begin(), allowed.end(), is_allowed)) {
            refuse(setting,
                   fmt::format("nothing but '{}' is accepted; {}",
                               allowed.front(),
                               key.help.substr(key.help.find(':') + 2)));
        }
        notes.push_back(fmt::format("{}: {}", place(setting.line, full_name(setting)), key.help));
    }

    std::string_view origin_;
    std::vector<KnownKey> known_ = known_keys();
    std::vector<Given> options_;
};

} // namespace

std::span<const FileKey> file_key_table()
{
    return keys;
}

ConfigFile::ConfigFile(std::string_view text, std::string_view path)
    : origin_{fmt::format("file {}", path)}, settings_{read_yaml(text, origin_)}
{
}

std::vector<Given> ConfigFile::how_to_answer() const
{
    Translation translation{origin_};
    for (const auto& setting : settings_) {
        const auto* const row = translation.row_of(setting);
        const bool usable = setting.shape == YamlShape::value && !setting.values.empty();
        if (row != nullptr && shapes_answer(*row) && usable) {
            translation.take(*row, setting);
        }
    }
    return std::move(translation).options();
}

std::vector<Given> ConfigFile::options(std::vector<std::string>& notes) const
{
    Translation translation{origin_};
    for (const auto& setting : settings_) {
        translation.add(setting, notes);
    }
    return std::move(translation).options();
}

} // namespace dbup
