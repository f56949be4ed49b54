// SPDX-License-Identifier: MIT
#include "config/arguments.hpp"

#include "core/scrub.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <getopt.h>

#include <cstring>

namespace dbup {

namespace {

struct LongName {
    std::string name = {};
    const OptionRow* row = nullptr;
    bool negated = false;
};

bool is_secret(const OptionRow& row)
{
    return std::holds_alternative<Secret Config::*>(row.slot);
}

/// Every long name with its row. getopt_long returns the index into this list plus an offset.
std::vector<LongName> long_names()
{
    std::vector<LongName> names;
    for (const auto& row : option_table()) {
        names.push_back({std::string{row.name}, &row, false});
        for (const auto alias : words_of(row.aliases)) {
            names.push_back({std::string{alias}, &row, false});
        }
        if (negatable(row)) {
            names.push_back({"no-" + std::string{row.name}, &row, true});
        }
    }
    return names;
}

constexpr int first_long = 1'000;

std::vector<option> getopt_table(const std::vector<LongName>& names)
{
    std::vector<option> table;
    int index = first_long;
    for (const auto& name : names) {
        const bool takes = !name.row->arg.empty() || is_secret(*name.row);
        table.push_back(
            {name.name.c_str(), takes ? required_argument : no_argument, nullptr, index++});
    }
    table.push_back({nullptr, 0, nullptr, 0});
    return table;
}

/// "+:" first: stop at the first positional argument, tell a missing argument from an unknown
/// option.
std::string getopt_letters()
{
    std::string letters = "+:";
    for (const auto& row : option_table()) {
        for (const char letter : row.letters) {
            letters += letter;
            letters += row.arg.empty() ? "" : ":";
        }
    }
    return letters;
}

const OptionRow& row_of_letter(char letter)
{
    for (const auto& row : option_table()) {
        if (row.letters.find(letter) != std::string_view::npos) {
            return row;
        }
    }
    throw config_error(fmt::format("unknown option '-{}' (see --help)", letter));
}

[[noreturn]] void refuse_unknown(std::string_view written, const std::vector<LongName>& names)
{
    const auto name = written.substr(0, written.find('='));
    std::vector<std::string_view> known;
    known.reserve(names.size());
    for (const auto& candidate : names) {
        known.push_back(candidate.name);
    }
    std::string message = fmt::format("unknown option '{}'", name);
    if (name.starts_with("--")) {
        for (const auto& candidate : names) {
            if (candidate.name.starts_with(name.substr(2))) {
                throw config_error(
                    fmt::format("option '{}' is ambiguous; write it out, for example '--{}'",
                                name,
                                candidate.name));
            }
        }
        const auto near = nearest(name.substr(2), known);
        message += near.empty() ? std::string{} : fmt::format("; did you mean '--{}'?", near);
    }
    throw config_error(message + " (see --help)");
}

/// Whether a word of the command line may hold a password: a URI with credentials or parameters, a
/// `password=…`.
bool may_hold_secret(std::string_view word)
{
    const bool uri = word.find("://") != std::string_view::npos && redact_uri(word) != word;
    return uri || word.starts_with("--password=") || redact_connection_strings(word) != word;
}

/// The words of the command line, copied; those that may hold a secret are overwritten where the
/// system shows them (ps, /proc), before anything else can happen.
std::vector<std::string> copied(std::span<char* const> arguments)
{
    std::vector<std::string> words;
    words.reserve(arguments.size());
    for (char* const argument : arguments) {
        const bool is_password = !words.empty() && words.back() == "--password";
        words.emplace_back(argument);
        if (is_password || may_hold_secret(words.back())) {
            memset(argument, '*', words.back().size());
        }
    }
    return words;
}

Given given(const LongName& name, const char* argument, std::string origin)
{
    const OptionRow& row = *name.row;
    if (is_secret(row)) {
        throw config_error(fmt::format(
            "--{}: every user can see a command line; use DB_PASSWORD, DB_PASSWORD_FILE or "
            "--password-file",
            row.name));
    }
    if (row.fate == Fate::refused) {
        throw config_error(fmt::format("--{}: {}", row.name, row.help));
    }
    if (!row.arg.empty()) {
        return {&row, argument, std::move(origin)};
    }
    const std::string_view meaning = row.fixed.empty() ? "true" : row.fixed;
    return {&row, std::string{name.negated ? "false" : meaning}, std::move(origin)};
}

/// The message for what getopt_long did not take. `written` is the argument that it looked at.
[[noreturn]] void refuse(int code, std::string_view written, const std::vector<LongName>& names)
{
    const auto letter = static_cast<char>(optopt);
    const bool is_long = optopt == 0 || optopt >= first_long;
    if (code == ':') {
        throw config_error(is_long ? fmt::format("option '{}' needs a value", written)
                                   : fmt::format("option '-{}' needs a value", letter));
    }
    if (optopt >= first_long) {
        throw config_error(
            fmt::format("option '{}' takes no value", written.substr(0, written.find('='))));
    }
    if (optopt != 0) {
        throw config_error(fmt::format("unknown option '-{}' (see --help)", letter));
    }
    refuse_unknown(written, names);
}

} // namespace

std::vector<Given> read_arguments(std::span<char* const> arguments)
{
    const auto names = long_names();
    const auto table = getopt_table(names);
    const auto letters = getopt_letters();
    std::string program = "db-up";
    auto words = copied(arguments);
    std::vector<char*> argv{program.data()};
    for (auto& word : words) {
        argv.push_back(word.data());
    }
    const int count = static_cast<int>(argv.size());
    argv.push_back(nullptr);

    std::vector<Given> all;
    optind = 0; // begin anew, also when called twice
    opterr = 0;
    for (;;) {
        const int at = optind == 0 ? 1 : optind;
        const int code =
            // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread reads the command line, once
            getopt_long(count, argv.data(), letters.c_str(), table.data(), nullptr);
        if (code == -1) {
            break;
        }
        if (code == '?' || code == ':') {
            refuse(code, argv[static_cast<std::size_t>(at)], names);
        }
        if (code >= first_long) {
            const auto& name = names[static_cast<std::size_t>(code - first_long)];
            all.push_back(given(name, optarg, "--" + name.name));
        } else {
            const auto letter = static_cast<char>(code);
            all.push_back(
                given({"", &row_of_letter(letter), false}, optarg, std::string{'-', letter}));
        }
    }
    if (optind < count) {
        const std::string extra = redact_uri(argv[static_cast<std::size_t>(optind)]);
        throw config_error(
            fmt::format("unexpected argument '{}'; db-up takes options only (see --help)", extra));
    }
    return all;
}

} // namespace dbup
