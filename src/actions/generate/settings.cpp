// SPDX-License-Identifier: MIT
#include "actions/generate/settings.hpp"

#include "config/values.hpp"
#include "core/shell_word.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dbup {

namespace {

/// Always named, so that a reader sees what is checked.
constexpr std::array essentials{
    std::string_view{"host"},
    std::string_view{"port"},
    std::string_view{"database"},
    std::string_view{"user"},
    std::string_view{"ssl-mode"},
};

/// Where other settings come from; those are named themselves.
constexpr std::array sources{
    std::string_view{"uri"},
    std::string_view{"service"},
    std::string_view{"service-file"},
    std::string_view{"password"},
    std::string_view{"password-file"},
};

template <std::size_t n>
bool is_among(std::string_view name, const std::array<std::string_view, n>& names)
{
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// Said for one run, not for every one.
constexpr std::array passing{std::string_view{"quiet"}, std::string_view{"verbose"}};

/// The options of answer and log that can stand in a definition, blank-separated.
std::string_view answer_options(Scope scope)
{
    switch (scope) {
    case Scope::monitoring: return "redact-hosts hints log-file log-format";
    case Scope::scheduler:
        return "redact-hosts output output-file health-check exit-style hints log-level "
               "log-file log-format log-output";
    case Scope::unit: return "redact-hosts output health-check exit-style hints";
    case Scope::container: return "redact-hosts output health-check hints";
    case Scope::everything: break;
    }
    return {};
}

bool is_within(const OptionRow& row, Scope scope, CheckKind kind)
{
    const bool shapes = row.group == Group::output || row.group == Group::logging;
    const auto taken = words_of(answer_options(scope));
    bool wanted = row.group != Group::other && row.group != Group::action;
    if (scope != Scope::everything) {
        wanted = wanted && (shapes ? std::find(taken.begin(), taken.end(), row.name) != taken.end()
                                   : concerns(row, kind));
    }
    return wanted && row.fate == Fate::used && !asks_for_action(row) &&
           !is_among(row.name, sources) && !is_among(row.name, passing);
}

/// The values of a row, one by one. No value of a row that grows has a blank in it.
std::vector<std::string> values_of(const Config& config, const OptionRow& row)
{
    const bool grows = std::holds_alternative<std::vector<ThresholdSetting> Config::*>(row.slot) ||
                       std::holds_alternative<std::vector<StateSetting> Config::*>(row.slot);
    const auto text = shown(config, row);
    if (!grows) {
        return {text};
    }
    std::vector<std::string> values;
    for (const auto word : words_of(text)) {
        values.emplace_back(word);
    }
    return values;
}

/// The option as on a command line, without its argument.
std::string option_of(const Chosen& chosen)
{
    const bool off = chosen.row->arg.empty() && chosen.value == "false";
    return fmt::format("--{}{}", off ? "no-" : "", chosen.row->name);
}

std::string option_text(const Chosen& chosen)
{
    const auto option = option_of(chosen);
    return chosen.row->arg.empty() ? option
                                   : fmt::format("{} {}", option, shell_word(chosen.value));
}

} // namespace

std::vector<Chosen> chosen_settings(const Config& config, Scope scope)
{
    std::vector<Chosen> chosen;
    for (const auto& row : option_table()) {
        if (!is_within(row, scope, config.check_kind())) {
            continue;
        }
        for (auto& value : values_of(config, row)) {
            if (is_among(row.name, essentials) || value != row.fallback) {
                chosen.push_back({&row, std::move(value)});
            }
        }
    }
    return chosen;
}

std::vector<std::string> left_out(const Config& config, Scope scope)
{
    std::vector<std::string> texts;
    for (const auto& [row, value] : chosen_settings(config, Scope::everything)) {
        // A container has it anyway; what the check does not use has no effect.
        const bool said =
            is_within(*row, scope, config.check_kind()) ||
            (scope == Scope::container && row->name == "exit-style" && value == "simple");
        if (!said && concerns(*row, config.check_kind())) {
            texts.push_back(option_text({row, value}));
        }
    }
    return texts;
}

std::string password_path(const Subject& subject, std::string_view usual)
{
    const Config& config = subject.config;
    if (!config.password_file.empty() && config.password_file != "-") {
        return config.password_file;
    }
    const bool elsewhere = !config.passfile.empty() || !config.ssl_cert.empty();
    const bool over_network =
        std::any_of(config.endpoints.begin(), config.endpoints.end(), [](const auto& endpoint) {
            return !endpoint.is_socket();
        });
    const bool needed =
        subject.names_password && (!config.password.empty() || (over_network && !elsewhere));
    return std::string{needed ? usual : std::string_view{}};
}

std::vector<std::string> command_of(const Config& config,
                                    Scope scope,
                                    std::string_view program,
                                    std::string_view password_file)
{
    std::vector<std::string> words{std::string{program}};
    for (const auto& chosen : chosen_settings(config, scope)) {
        words.push_back(option_of(chosen));
        if (!chosen.row->arg.empty()) {
            words.push_back(chosen.value);
        }
    }
    if (!password_file.empty()) {
        words.emplace_back("--password-file");
        words.emplace_back(password_file);
    }
    return words;
}

Millis interval_of(const Config& config)
{
    constexpr Millis usual{60'000};
    return parse_duration(config.interval).value_or(usual);
}

long patience_seconds(const Config& config)
{
    constexpr std::chrono::seconds more{2};
    return (std::chrono::ceil<std::chrono::seconds>(config.timeout) + more).count();
}

std::string title_of(const Config& config)
{
    return fmt::format("PostgreSQL {} at {}", config.database, config.endpoints.front().text());
}

} // namespace dbup
