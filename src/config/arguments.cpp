// SPDX-License-Identifier: MIT
#include "config/arguments.hpp"

#include "core/redaction.hpp"
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
        const int argument = !takes                   ? no_argument
                             : name.row->optional_arg ? optional_argument
                                                      : required_argument;
        table.push_back({name.name.c_str(), argument, nullptr, index++});
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
            letters += row.arg.empty() || row.optional_arg ? "" : ":";
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

/// "--password", also with one dash, which getopt would take for a port; alone or with a value,
/// also one that is written without a blank.
bool is_spelled_password(std::string_view word)
{
    constexpr std::string_view option = "--password";
    const auto name = word.substr(0, word.find('='));
    const bool longer = name.size() > option.size() && name.starts_with(option);
    const bool other_option = longer && (name[option.size()] == '-' || name[option.size()] == '_');
    return name == "-password" || (name.starts_with(option) && !other_option);
}

/// Whether a word of the command line may hold a password: a URI with credentials or parameters, a
/// `password=…`.
bool may_hold_secret(std::string_view word)
{
    const bool uri = word.find("://") != std::string_view::npos && redact_uri(word) != word;
    return uri || is_spelled_password(word) || redact_connection_strings(word) != word;
}

/// The words of the command line, copied; those that may hold a secret are overwritten where the
/// system shows them (ps, /proc), before anything else can happen.
std::vector<std::string> copied(std::span<char* const> arguments)
{
    std::vector<std::string> words;
    words.reserve(arguments.size());
    for (char* const argument : arguments) {
        const bool is_password = !words.empty() && is_spelled_password(words.back());
        words.emplace_back(argument);
        if (is_password || may_hold_secret(words.back())) {
            memset(argument, '*', words.back().size());
        }
    }
    return words;
}

[[noreturn]] void refuse_secret(const OptionRow& row)
{
    throw config_error(
        fmt::format("--{}: every user can see a command line; use DB_PASSWORD, DB_PASSWORD_FILE or "
                    "--password-file",
                    row.name));
}

Given given(const LongName& name, const char* argument, std::string origin)
{
    const OptionRow& row = *name.row;
    if (is_secret(row)) {
        refuse_secret(row);
    }
    if (row.fate == Fate::refused) {
        throw config_error(fmt::format("--{}: {}", row.name, row.help));
    }
    if (argument != nullptr) {
        return {&row, argument, std::move(origin)};
    }
    const std::string_view meaning = row.fixed.empty() ? "true" : row.fixed;
    return {&row, std::string{name.negated ? "false" : meaning}, std::move(origin)};
}

/// `written` gives a value to letters that take none: "-v=2".
[[noreturn]] void refuse_value(std::string_view written)
{
    const auto letters = written.substr(0, written.find('='));
    const auto* const advice = letters.ends_with('v') ? "; use -vv" : "";
    throw config_error(fmt::format("-{} takes no value{}", letters.back(), advice));
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
    if (letter == '=' && written.find('=') > 1) { // getopt takes it for one more letter
        refuse_value(written);
    }
    if (optopt != 0) {
        throw config_error(fmt::format("unknown option '-{}' (see --help)", letter));
    }
    refuse_unknown(written, names);
}

/// The argument of `row` that getopt_long found. It does not look for an optional one in the next
/// word; `--help TOPIC` is what people write.
char* argument_of(const OptionRow& row, std::span<char* const> argv, bool word_is_over)
{
    const auto next = static_cast<std::size_t>(optind);
    const bool may_follow = row.optional_arg && optarg == nullptr && word_is_over;
    if (may_follow && next < argv.size() && argv[next] != nullptr && argv[next][0] != '-') {
        ++optind;
        return argv[next];
    }
    return optarg;
}

/// What getopt_long found: `code`, in the word `at`.
Given option_of(int code, int at, std::span<char* const> argv, const std::vector<LongName>& names)
{
    if (is_spelled_password(argv[static_cast<std::size_t>(at)])) {
        refuse_secret(*find_option("password"));
    }
    if (code == '?' || code == ':') {
        refuse(code, argv[static_cast<std::size_t>(at)], names);
    }
    const bool word_is_over = optind > at; // more letters may be in it
    if (code >= first_long) {
        const auto& name = names[static_cast<std::size_t>(code - first_long)];
        return given(name, argument_of(*name.row, argv, word_is_over), "--" + name.name);
    }
    const auto letter = static_cast<char>(code);
    const OptionRow& row = row_of_letter(letter);
    return given({"", &row, false}, argument_of(row, argv, word_is_over), std::string{'-', letter});
}

} // namespace

CommandLine read_arguments(std::span<char* const> arguments)
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

    CommandLine line;
    const auto object = [&line](const Failure& failure) {
        if (!line.objection) {
            line.objection = failure;
        }
    };
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
        try {
            line.options.push_back(option_of(code, at, argv, names));
        } catch (const Failure& failure) {
            object(failure);
        }
    }
    if (optind < count) {
        const std::string extra = redact_uri(argv[static_cast<std::size_t>(optind)]);
        object(config_error(
            fmt::format("unexpected argument '{}'; db-up takes options only (see --help)", extra)));
    }
    for (auto& word : words) {
        wipe(word);
    }
    return line;
}

} // namespace dbup
