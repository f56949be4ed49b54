// SPDX-License-Identifier: MIT
#include "config/values.hpp"

#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace dbup {

namespace {

/// A word and what it stands for. Rows after the first of a value are other spellings of it, not
/// offered.
template <class Value>
struct Word {
    std::string_view word = {};
    Value value = {};
    bool offered = true;
};

/// The words of a type; none for a type that is not chosen from words.
template <class Value>
constexpr std::nullptr_t words = nullptr;

template <>
constexpr auto words<SslMode> = std::array{
    Word<SslMode>{"disable", SslMode::disable},
    Word<SslMode>{"allow", SslMode::allow},
    Word<SslMode>{"prefer", SslMode::prefer},
    Word<SslMode>{"require", SslMode::require},
    Word<SslMode>{"verify-ca", SslMode::verify_ca},
    Word<SslMode>{"verify-full", SslMode::verify_full},
};
template <>
constexpr auto words<ChannelBinding> = std::array{
    Word<ChannelBinding>{"disable", ChannelBinding::disable},
    Word<ChannelBinding>{"prefer", ChannelBinding::prefer},
    Word<ChannelBinding>{"require", ChannelBinding::require},
};
// The last rows are the words of libpq's target_session_attrs.
template <>
constexpr auto words<ExpectedRole> = std::array{
    Word<ExpectedRole>{"any", ExpectedRole::any},
    Word<ExpectedRole>{"primary", ExpectedRole::primary},
    Word<ExpectedRole>{"standby", ExpectedRole::standby},
    Word<ExpectedRole>{"read-write", ExpectedRole::primary, false},
    Word<ExpectedRole>{"read-only", ExpectedRole::standby, false},
};
template <>
constexpr auto words<ExitStyle> = std::array{
    Word<ExitStyle>{"nagios", ExitStyle::nagios},
    Word<ExitStyle>{"simple", ExitStyle::simple},
    Word<ExitStyle>{"isready", ExitStyle::isready},
};
template <>
constexpr auto words<Growth> = std::array{
    Word<Growth>{"fixed", Growth::fixed},
    Word<Growth>{"linear", Growth::linear},
    Word<Growth>{"exponential", Growth::exponential},
};
template <>
constexpr auto words<ActionKind> = std::array{
    Word<ActionKind>{"check", ActionKind::check},
    Word<ActionKind>{"help", ActionKind::help},
    Word<ActionKind>{"version", ActionKind::version},
};
template <>
constexpr auto words<State> = std::array{
    Word<State>{row_of(State::ok).option, State::ok},
    Word<State>{row_of(State::warning).option, State::warning},
    Word<State>{row_of(State::critical).option, State::critical},
    Word<State>{row_of(State::unknown).option, State::unknown},
};
template <>
constexpr auto words<bool> = std::array{
    Word<bool>{"true", true},
    Word<bool>{"false", false},
    Word<bool>{"yes", true, false},
    Word<bool>{"no", false, false},
    Word<bool>{"on", true, false},
    Word<bool>{"off", false, false},
    Word<bool>{"1", true, false},
    Word<bool>{"0", false, false},
};

template <class Value>
concept Worded = !std::is_null_pointer_v<std::remove_const_t<decltype(words<Value>)>>;

template <Worded Value>
std::vector<std::string_view> offered_words()
{
    std::vector<std::string_view> offered;
    for (const auto& row : words<Value>) {
        if (row.offered) {
            offered.push_back(row.word);
        }
    }
    return offered;
}

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

std::optional<int> parse_int(std::string_view text)
{
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    return whole ? std::optional{value} : std::nullopt;
}

int int_of(const OptionRow& row, std::string_view text, std::string_view origin)
{
    const auto value = parse_int(text);
    if (!value || *value < parse_int(row.least).value_or(0) ||
        *value > parse_int(row.most).value_or(0)) {
        throw config_error(fmt::format(
            "{}: '{}' is not a whole number from {} to {}", origin, text, row.least, row.most));
    }
    return *value;
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
    void operator()(int Config::*member) const { config.*member = int_of(row, text, origin); }
    void operator()(Millis Config::*member) const
    {
        config.*member = duration_of(row, text, origin);
    }
    void operator()(Secret Config::*member) const { config.*member = Secret{std::string{text}}; }
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
        config.*member = worded<Value>(row.name, text, origin);
    }
};

/// How each type of member is written.
struct Shower {
    const Config& config;
    const OptionRow& row;

    std::string operator()(std::monostate /*none*/) const { return {}; }
    std::string operator()(std::string Config::*member) const { return config.*member; }
    std::string operator()(int Config::*member) const { return std::to_string(config.*member); }
    std::string operator()(Millis Config::*member) const { return setting_text(config.*member); }
    std::string operator()(Secret Config::*member) const
    {
        return (config.*member).empty() ? "" : "***";
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
