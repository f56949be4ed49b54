// SPDX-License-Identifier: MIT
// The words that settings are chosen from, by the type of what they set.
#pragma once

#include "config/config.hpp"

#include <array>
#include <cstddef>
#include <string_view>
#include <type_traits>
#include <vector>

namespace dbup {

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
inline constexpr std::nullptr_t words = nullptr;

/// The words of a type that has a table of its own, with names.
template <class Value, class Row, std::size_t n, class ValueOf>
constexpr std::array<Word<Value>, n> words_in(const std::array<Row, n>& table, ValueOf value_of)
{
    std::array<Word<Value>, n> all{};
    for (std::size_t i = 0; i < n; ++i) {
        all.at(i) = {table.at(i).name, value_of(table.at(i))};
    }
    return all;
}

template <>
inline constexpr auto words<SslMode> = std::array{
    Word<SslMode>{"disable", SslMode::disable},
    Word<SslMode>{"allow", SslMode::allow},
    Word<SslMode>{"prefer", SslMode::prefer},
    Word<SslMode>{"require", SslMode::require},
    Word<SslMode>{"verify-ca", SslMode::verify_ca},
    Word<SslMode>{"verify-full", SslMode::verify_full},
};
template <>
inline constexpr auto words<ChannelBinding> = std::array{
    Word<ChannelBinding>{"disable", ChannelBinding::disable},
    Word<ChannelBinding>{"prefer", ChannelBinding::prefer},
    Word<ChannelBinding>{"require", ChannelBinding::require},
};
// The last rows are the words of libpq's target_session_attrs.
template <>
inline constexpr auto words<ExpectedRole> = std::array{
    Word<ExpectedRole>{"any", ExpectedRole::any},
    Word<ExpectedRole>{"primary", ExpectedRole::primary},
    Word<ExpectedRole>{"standby", ExpectedRole::standby},
    Word<ExpectedRole>{"read-write", ExpectedRole::primary, false},
    Word<ExpectedRole>{"read-only", ExpectedRole::standby, false},
};
template <>
inline constexpr auto words<ExitStyle> = std::array{
    Word<ExitStyle>{"nagios", ExitStyle::nagios},
    Word<ExitStyle>{"simple", ExitStyle::simple},
    Word<ExitStyle>{"isready", ExitStyle::isready},
};
template <>
inline constexpr auto words<Growth> = std::array{
    Word<Growth>{"fixed", Growth::fixed},
    Word<Growth>{"linear", Growth::linear},
    Word<Growth>{"exponential", Growth::exponential},
};
template <>
inline constexpr auto words<ActionKind> = std::array{
    Word<ActionKind>{"check", ActionKind::check},
    Word<ActionKind>{"help", ActionKind::help},
    Word<ActionKind>{"version", ActionKind::version},
    Word<ActionKind>{"list-codes", ActionKind::list_codes},
    Word<ActionKind>{"dry-run", ActionKind::dry_run},
    Word<ActionKind>{"validate", ActionKind::validate},
    Word<ActionKind>{"info", ActionKind::info},
    Word<ActionKind>{"generate", ActionKind::generate},
    Word<ActionKind>{"setup", ActionKind::setup},
    Word<ActionKind>{"cleanup", ActionKind::cleanup},
    Word<ActionKind>{"emergency-shutdown", ActionKind::emergency_shutdown},
};
template <>
inline constexpr auto words<LogOutput> = std::array{
    Word<LogOutput>{"auto", LogOutput::automatic},
    Word<LogOutput>{"console", LogOutput::console},
    Word<LogOutput>{"file", LogOutput::file},
    Word<LogOutput>{"both", LogOutput::both},
};
template <>
inline constexpr auto words<LogFormat> = std::array{
    Word<LogFormat>{"text", LogFormat::text},
    Word<LogFormat>{"json", LogFormat::json},
};
// The last rows are how other programs call levels.
template <>
inline constexpr auto words<LogLevel> = std::array{
    Word<LogLevel>{row_of(LogLevel::off).option, LogLevel::off},
    Word<LogLevel>{row_of(LogLevel::error).option, LogLevel::error},
    Word<LogLevel>{row_of(LogLevel::warning).option, LogLevel::warning},
    Word<LogLevel>{row_of(LogLevel::info).option, LogLevel::info},
    Word<LogLevel>{row_of(LogLevel::debug).option, LogLevel::debug},
    Word<LogLevel>{"warn", LogLevel::warning, false},
    Word<LogLevel>{"critical", LogLevel::error, false},
};
template <>
inline constexpr auto words<OutputFormat> =
    words_in<OutputFormat>(output_formats, [](const auto& row) { return row.format; });
template <>
inline constexpr auto words<HelpTopic> = words_in<HelpTopic>(help_topics, [](const auto& row) {
    return row.topic;
});
template <>
inline constexpr auto words<Definition> =
    words_in<Definition>(definition_table, [](const auto& row) { return row.definition; });
template <>
inline constexpr auto words<CheckKind> = words_in<CheckKind>(check_kinds, [](const auto& row) {
    return row.kind;
});
template <>
inline constexpr auto words<State> = std::array{
    Word<State>{row_of(State::ok).option, State::ok},
    Word<State>{row_of(State::warning).option, State::warning},
    Word<State>{row_of(State::critical).option, State::critical},
    Word<State>{row_of(State::unknown).option, State::unknown},
};
template <>
inline constexpr auto words<bool> = std::array{
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

} // namespace dbup
