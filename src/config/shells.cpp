// SPDX-License-Identifier: MIT
#include "config/shells.hpp"

#include "config/options.hpp"
#include "config/values.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <string_view>
#include <vector>

namespace dbup {

namespace {

/// Every way to write the option, dashes included.
std::vector<std::string> spellings(const OptionRow& row)
{
    std::vector<std::string> all;
    for (const char letter : row.letters) {
        all.push_back(std::string{'-', letter});
    }
    all.push_back(fmt::format("--{}", row.name));
    for (const auto alias : words_of(row.aliases)) {
        all.push_back(fmt::format("--{}", alias));
    }
    return all;
}

std::string joined_spellings(const OptionRow& row, std::string_view separator)
{
    const auto all = spellings(row);
    const std::vector<std::string_view> views{all.begin(), all.end()};
    return joined(views, separator);
}

bool takes_file(const OptionRow& row)
{
    return row.arg == "FILE";
}

bool takes_class(const OptionRow& row)
{
    return std::holds_alternative<std::vector<StateSetting> Config::*>(row.slot);
}

bool repeatable(const OptionRow& row)
{
    return row.fate == Fate::counted || takes_class(row) ||
           std::holds_alternative<std::vector<ThresholdSetting> Config::*>(row.slot);
}

/// The words that may follow the option.
std::vector<std::string> values(const OptionRow& row)
{
    std::vector<std::string> all;
    if (!row.arg.empty()) {
        for (const auto word : allowed_words(row)) {
            all.emplace_back(word);
        }
    }
    return all;
}

std::string joined_values(const OptionRow& row)
{
    const auto all = values(row);
    const std::vector<std::string_view> views{all.begin(), all.end()};
    return joined(views, " ");
}

/// The CLASS of every error that has one, with `end` behind it.
std::string classes(std::string_view end, std::string_view separator)
{
    std::string all;
    for (const auto& row : error_table()) {
        if (!row.option.empty()) {
            all += fmt::format("{}{}{}", all.empty() ? "" : separator, row.option, end);
        }
    }
    return all;
}

std::string states(std::string_view separator)
{
    std::string all;
    for (const auto& row : state_table) {
        all += fmt::format("{}{}", all.empty() ? "" : separator, row.option);
    }
    return all;
}

/// The first clause of the help: one short line is all that a menu shows.
std::string_view summary(const OptionRow& row)
{
    return std::string_view{row.help}.substr(0, row.help.find(';'));
}

/// `text` between single quotes, for any shell; fish takes backslashes for escapes there.
std::string quoted(std::string_view text, bool fish)
{
    return fish ? '\'' + replaced(replaced(text, "\\", "\\\\"), "'", "\\'") + '\''
                : '\'' + replaced(text, "'", R"('\'')") + '\'';
}

std::string bash_case(const OptionRow& row)
{
    if (row.arg.empty()) {
        return {};
    }
    std::string action = "COMPREPLY=()";
    if (takes_file(row)) {
        action = R"(compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur"))";
    } else if (takes_class(row)) {
        action = fmt::format(
            R"(compopt -o nospace; mapfile -t COMPREPLY < <(compgen -W '{}' -- "$cur"))",
            classes("=", " "));
    } else if (const auto words = joined_values(row); !words.empty()) {
        action = fmt::format(R"(mapfile -t COMPREPLY < <(compgen -W '{}' -- "$cur"))", words);
    }
    const std::string guard = // without its argument the option may be followed by another
        row.optional_arg ? R"([[ $cur != -* ]] || option=)" : "";
    return fmt::format("        {})\n            {}{}{}\n            ;;\n",
                       joined_spellings(row, " | "),
                       guard,
                       guard.empty() ? "" : "\n            ",
                       guard.empty() ? action
                                     : fmt::format("[[ -z $option ]] || {{ {}; }}", action));
}

/// The part of a bash function that comes before what is made of the table.
constexpr std::string_view bash_head =
    R"(# bash completion of db-up. Made from its table of options.
# shellcheck shell=bash

_db_up() {
    local at=$COMP_CWORD cur=${COMP_WORDS[COMP_CWORD]} option before=''
    COMPREPLY=()
    # Bash takes = for a word of its own: --name = value, --state class = state.
    [[ $cur != '=' ]] || { cur=''; at=$((at + 1)); }
    option=${COMP_WORDS[at - 1]}
    if [[ $option == '=' && $at -ge 2 ]]; then
        option=${COMP_WORDS[at - 2]}
        [[ $at -lt 3 ]] || before=${COMP_WORDS[at - 3]}
        [[ $before != '=' || $at -lt 4 ]] || before=${COMP_WORDS[at - 4]}
    fi
    if [[ $before == --state ]]; then
        mapfile -t COMPREPLY < <(compgen -W '@STATES@' -- "$cur")
        return
    fi
    case $option in
)";

constexpr std::string_view bash_tail = R"(        *) option= ;;
    esac
    [[ -n $option ]] || mapfile -t COMPREPLY < <(compgen -W '@NAMES@' -- "$cur")
}
complete -F _db_up db-up check_db_up
)";

/// What _arguments does with a `:`, `[` or `]` in a description.
std::string zsh_text(std::string_view text)
{
    std::string escaped = replaced(text, "\\", "\\\\");
    for (const auto* const sign : {":", "[", "]"}) {
        escaped = replaced(escaped, sign, std::string{"\\"} + sign);
    }
    return escaped;
}

std::string zsh_argument(const OptionRow& row)
{
    if (row.arg.empty()) {
        return {};
    }
    std::string action = " ";
    if (takes_file(row)) {
        action = "_files";
    } else if (takes_class(row)) {
        action = "_db_up_class_state";
    } else if (const auto words = joined_values(row); !words.empty()) {
        action = fmt::format("({})", words);
    }
    return fmt::format("{}{}:{}", row.optional_arg ? "::" : ":", zsh_text(row.arg), action);
}

std::string zsh_line(const OptionRow& row, std::string_view spelling, std::string_view all)
{
    const bool is_long = spelling.starts_with("--");
    const std::string_view join = row.arg.empty() ? "" : is_long ? "=" : "+";
    const std::string exclusion = repeatable(row) ? "*" : fmt::format("({})", all);
    return fmt::format("    {} \\\n",
                       quoted(fmt::format("{}{}{}[{}]{}",
                                          exclusion,
                                          spelling,
                                          join,
                                          zsh_text(summary(row)),
                                          zsh_argument(row)),
                              false));
}

std::string fish_line(const OptionRow& row)
{
    std::string line = "complete -c $program";
    for (const char letter : row.letters) {
        line += fmt::format(" -s {}", letter);
    }
    line += fmt::format(" -l {}", row.name);
    for (const auto alias : words_of(row.aliases)) {
        line += fmt::format(" -l {}", alias);
    }
    if (takes_file(row)) {
        line += " -r -F";
    } else if (!row.arg.empty()) {
        line += " -x"; // fish would take an optional argument behind = only
        std::string words = joined_values(row);
        if (takes_class(row)) {
            for (const auto& state : state_table) {
                words += fmt::format("{}{}",
                                     words.empty() ? "" : " ",
                                     classes(fmt::format("={}", state.option), " "));
            }
        }
        line += words.empty() ? "" : fmt::format(" -a {}", quoted(words, true));
    }
    return fmt::format("    {} -d {}\n", line, quoted(summary(row), true));
}

} // namespace

std::string bash_completion()
{
    std::string cases;
    std::string names;
    for (const auto& row : option_table()) {
        if (on_command_line(row)) {
            cases += bash_case(row);
            names += fmt::format("{}{}", names.empty() ? "" : " ", joined_spellings(row, " "));
            names += negatable(row) ? fmt::format(" --no-{}", row.name) : std::string{};
        }
    }
    return replaced(bash_head, "@STATES@", states(" ")) + cases +
           replaced(bash_tail, "@NAMES@", names);
}

std::string zsh_completion()
{
    std::string text = "#compdef db-up check_db_up\n"
                       "# zsh completion of db-up. Made from its table of options.\n\n";
    text += fmt::format("_db_up_class_state() {{\n"
                        "    if compset -P '*='; then\n"
                        "        compadd -- {}\n"
                        "    else\n"
                        "        compadd -S = -- {}\n"
                        "    fi\n"
                        "}}\n\n",
                        states(" "),
                        classes("", " "));
    text += "_arguments -s -S : \\\n";
    for (const auto& row : option_table()) {
        if (!on_command_line(row)) {
            continue;
        }
        auto all = spellings(row);
        if (negatable(row)) {
            all.push_back(fmt::format("--no-{}", row.name));
        }
        const std::vector<std::string_view> views{all.begin(), all.end()};
        for (const auto& spelling : all) {
            text += zsh_line(row, spelling, joined(views, " "));
        }
    }
    return text + "    && return 0\n";
}

std::string fish_completion()
{
    std::string text = "# fish completion of db-up. Made from its table of options.\n"
                       "for program in db-up check_db_up\n"
                       "    complete -c $program -f\n";
    for (const auto& row : option_table()) {
        if (on_command_line(row)) {
            text += fish_line(row);
        }
        if (on_command_line(row) && negatable(row)) {
            text += fmt::format("    complete -c $program -l no-{} -d {}\n",
                                row.name,
                                quoted(fmt::format("not: {}", summary(row)), true));
        }
    }
    return text + "end\n";
}

} // namespace dbup
