// SPDX-License-Identifier: MIT
#include "config/values.hpp"

#include "config/words.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace dbup {

namespace {

[[noreturn]] void refuse_word(std::string_view name,
                              std::string_view text,
                              std::string_view origin,
                              std::span<const std::string_view> offered)
{
    auto message = fmt::format("{}: Invalid {} '{}'. Valid options: {}",
                               origin,
                               replaced(name, "-", "_"),
                               text,
                               joined(offered));
    const auto near = nearest(text, offered);
    if (!near.empty()) {
        message += fmt::format(". Did you mean '{}'?", near);
    }
    throw config_error(std::move(message));
}

template <Worded Value>
Value worded(std::string_view name, std::string_view text, std::string_view origin)
{
    for (const auto& row : words<Value>) {
        if (same_word(row.word, text)) {
            return row.value;
        }
    }
    refuse_word(name, text, origin, offered_words<Value>());
}

template <Worded Value>
std::string word_of(Value value)
{
    for (const auto& row : words<Value>) {
        if (row.value == value) {
            return std::string{row.word};
        }
    }
    return {};
}

template <class Number>
std::optional<Number> parsed(std::string_view text)
{
    Number value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    return whole ? std::optional{value} : std::nullopt;
}

/// A whole number with the bounds of a row.
template <class Number>
Number number_of(const OptionRow& row, std::string_view text, std::string_view origin)
{
    const auto value = parsed<Number>(text);
    if (!value || *value < parsed<Number>(row.least).value_or(0) ||
        *value > parsed<Number>(row.most).value_or(0)) {
        throw config_error(fmt::format(
            "{}: '{}' is not a whole number from {} to {}", origin, text, row.least, row.most));
    }
    return *value;
}

/// "host=db1 password=…", which psql takes for a database. A database may have '=' in its name.
bool is_connection_string(std::string_view text)
{
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) {
        return false;
    }
    const auto keyword = without_blanks(text.substr(0, equals));
    const auto rows = option_table();
    return !keyword.empty() && std::any_of(rows.begin(), rows.end(), [keyword](const auto& row) {
        return row.conninfo == keyword;
    });
}

std::string string_of(const OptionRow& row, std::string_view text, std::string_view origin)
{
    if (text.empty() && row.fate != Fate::ignored) {
        throw config_error(fmt::format("{}: the value is empty", origin));
    }
    const bool is_uri = text.find("://") != std::string_view::npos;
    if (is_uri && row.slot != Slot{&Config::uri}) { // not shown: it may hold a password
        throw config_error(fmt::format(
            "{}: a connection URI is not expected here; use --uri or DATABASE_URL", origin));
    }
    const bool is_name =
        row.slot == Slot{&Config::database} || row.slot == Slot{&Config::host_list};
    if (is_name && is_connection_string(text)) { // nor this
        throw config_error(fmt::format(
            "{}: a connection string is not expected here; use --host, --database, --user",
            origin));
    }
    if (row.slot == Slot{&Config::interval}) {
        const auto seconds = parse_duration(text);
        if (!text.empty() &&
            (!seconds || *seconds < Millis{5'000} || *seconds > Millis{3'600'000})) {
            throw config_error(fmt::format(
                "{}: '{}': Check interval must be between 5 and 3600 seconds", origin, text));
        }
    }
    return std::string{text};
}

ThresholdSetting threshold_of(const OptionRow& row, std::string_view text, std::string_view origin)
{
    const auto equals = text.find('=');
    const bool labelled = equals != std::string_view::npos;
    return {.critical = row.fixed == "critical",
            .label = std::string{labelled ? text.substr(0, equals) : std::string_view{}},
            .range = std::string{labelled ? text.substr(equals + 1) : text},
            .origin = std::string{origin}};
}

StateSetting state_setting_of(std::string_view text, std::string_view origin)
{
    const auto equals = text.find('=');
    const std::string_view name = text.substr(0, equals);
    const auto* const error = find_error(name);
    if (error == nullptr || equals == std::string_view::npos) {
        std::vector<std::string_view> names;
        for (const auto& row : error_table()) {
            if (!row.option.empty()) {
                names.push_back(row.option);
            }
        }
        const auto near = error == nullptr ? nearest(name, names) : std::string_view{};
        throw config_error(
            fmt::format("{}: '{}' is not CLASS=STATE with CLASS one of {}{}",
                        origin,
                        text,
                        joined(names),
                        near.empty() ? "" : fmt::format(". Did you mean '{}'?", near)));
    }
    return {error->error, worded<State>("state", text.substr(equals + 1), origin)};
}

OutputChoice output_of(std::string_view text, std::string_view origin)
{
    const auto equals = text.find('=');
    const auto format = worded<OutputFormat>("output", text.substr(0, equals), origin);
    if (equals == std::string_view::npos) {
        return {format, {}};
    }
    const auto argument = text.substr(equals + 1);
    if (row_of(format).argument.empty() || argument.empty()) {
        throw config_error(fmt::format("{}: '{}': {}",
                                       origin,
                                       text,
                                       argument.empty() ? "a label is missing behind the '='"
                                                        : "only value takes a label"));
    }
    return {format, std::string{argument}};
}

/// One parser per type of member.
struct Storer {
    Config& config;
    const OptionRow& row;
    std::string_view text;
    std::string_view origin;

    void operator()(std::monostate /*none*/) const {}
    void operator()(std::string Config::*member) const
    {
        config.*member = string_of(row, text, origin);
    }
    void operator()(int Config::*member) const
    {
        config.*member = number_of<int>(row, text, origin);
    }
    void operator()(std::optional<std::uint64_t> Config::*member) const
    {
        config.*member = number_of<std::uint64_t>(row, text, origin);
    }
    void operator()(Millis Config::*member) const
    {
        config.*member = duration_of(row, text, origin);
    }
    void operator()(Secret Config::*member) const { config.*member = Secret{std::string{text}}; }
    void operator()(OutputChoice Config::*member) const
    {
        config.*member = output_of(text, origin);
    }
    void operator()(std::vector<ThresholdSetting> Config::*member) const
    {
        (config.*member).push_back(threshold_of(row, text, origin));
    }
    void operator()(std::vector<StateSetting> Config::*member) const
    {
        (config.*member).push_back(state_setting_of(text, origin));
    }
    template <Worded Value>
    void operator()(Value Config::*member) const
    {
        const bool is_topic = std::is_same_v<Value, HelpTopic>;
        const bool is_kind = std::is_same_v<Value, Definition>;
        config.*member = worded<Value>(is_topic  ? "topic"
                                       : is_kind ? "kind"
                                                 : row.name,
                                       text,
                                       origin);
    }
};

/// How each type of member is written.
struct Shower {
    const Config& config;
    const OptionRow& row;

    std::string operator()(std::monostate /*none*/) const { return {}; }
    std::string operator()(std::string Config::*member) const { return config.*member; }
    std::string operator()(int Config::*member) const { return std::to_string(config.*member); }
    std::string operator()(std::optional<std::uint64_t> Config::*member) const
    {
        const auto value = config.*member;
        return value ? std::to_string(*value) : std::string{};
    }
    std::string operator()(Millis Config::*member) const
    {
        const bool unset = row.fallback.empty() && config.*member == Millis{0};
        return unset ? std::string{} : setting_text(config.*member);
    }
    std::string operator()(Secret Config::*member) const
    {
        return (config.*member).empty() ? "" : "***";
    }
    std::string operator()(OutputChoice Config::*member) const
    {
        const auto& [format, argument] = config.*member;
        return word_of(format) + (argument.empty() ? std::string{} : '=' + argument);
    }
    std::string operator()(std::vector<ThresholdSetting> Config::*member) const
    {
        std::string text;
        for (const auto& setting : config.*member) {
            if (setting.critical == (row.fixed == "critical")) {
                text += text.empty() ? "" : " ";
                text += setting.label.empty() ? setting.range : setting.label + '=' + setting.range;
            }
        }
        return text;
    }
    std::string operator()(std::vector<StateSetting> Config::*member) const
    {
        std::string text;
        for (const auto& setting : config.*member) {
            text += fmt::format("{}{}={}",
                                text.empty() ? "" : " ",
                                row_of(setting.error).option,
                                row_of(setting.state).option);
        }
        return text;
    }
    template <Worded Value>
    std::string operator()(Value Config::*member) const
    {
        return word_of(config.*member);
    }
};

struct WordLister {
    template <Worded Value>
    std::vector<std::string_view> operator()(Value Config::* /*member*/) const
    {
        return offered_words<Value>();
    }
    std::vector<std::string_view> operator()(OutputChoice Config::* /*member*/) const
    {
        return offered_words<OutputFormat>();
    }
    template <class Other>
    std::vector<std::string_view> operator()(Other /*member*/) const
    {
        return {};
    }
};

} // namespace

void store(Config& config, const OptionRow& row, std::string_view text, std::string_view origin)
{
    if (text.find('\0') != std::string_view::npos) {
        throw config_error(fmt::format("{}: the value holds a NUL byte", origin));
    }
    std::visit(Storer{config, row, text, origin}, row.slot);
    if (row.action != ActionKind::check) {
        config.action = row.action;
    }
}

std::string shown(const Config& config, const OptionRow& row)
{
    return std::visit(Shower{config, row}, row.slot);
}

std::vector<std::string_view> allowed_words(const OptionRow& row)
{
    return std::visit(WordLister{}, row.slot);
}

Millis duration_of(const OptionRow& row, std::string_view text, std::string_view origin)
{
    constexpr Millis most_bare{
        3'600'000}; // above that a bare number is meant as milliseconds: one source had it so
    const auto value = parse_duration(text);
    const bool bare = !text.empty() && text.back() >= '0' && text.back() <= '9';
    if (value && bare && *value > most_bare) {
        throw config_error(fmt::format("{}: '{}' would be {} seconds; write {}ms or {}s",
                                       origin,
                                       text,
                                       text,
                                       text,
                                       number_text(static_cast<double>(value->count()) / 1e6)));
    }
    const auto least = parse_duration(row.least).value_or(Millis{0});
    const auto most = parse_duration(row.most).value_or(Millis::max());
    if (!value || *value < least || *value > most) {
        throw config_error(fmt::format(
            "{}: '{}' is not a time from {} to {} (a bare number is seconds; us, ms, s, "
            "m, h may follow)",
            origin,
            text,
            row.least,
            row.most));
    }
    return *value;
}

} // namespace dbup
