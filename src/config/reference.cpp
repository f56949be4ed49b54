// SPDX-License-Identifier: MIT
#include "config/reference.hpp"

#include "config/config_file.hpp"
#include "core/failure.hpp"
#include "core/remedies.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

namespace dbup {

namespace {

std::string cell(std::string_view text)
{
    return replaced(text, "|", "\\|");
}

std::string code(std::string_view text)
{
    return text.empty() ? std::string{} : fmt::format("`{}`", cell(text));
}

template <class Words>
std::string codes(const Words& words)
{
    std::string text;
    for (const auto& word : words) {
        text += text.empty() ? "" : " ";
        text += code(word);
    }
    return text;
}

std::string option_line(const OptionRow& row)
{
    std::string names = is_secret(row) ? std::string{"(none)"} : code("--" + std::string{row.name});
    for (const char letter : row.letters) {
        names += ' ' + code(std::string{'-', letter});
    }
    return fmt::format("| {} | {} | {} | {} | {} |\n",
                       names,
                       codes(words_of(row.environment)),
                       codes(yaml_keys(row)),
                       row.fate == Fate::used ? code(row.fallback) : std::string{},
                       cell(row.help));
}

std::string options_table()
{
    std::string text;
    for (const auto group : groups) {
        text += fmt::format("\n### {}\n\n| Option | Environment | File | Default | |\n"
                            "|--|--|--|--|--|\n",
                            heading(group));
        for (const auto& row : option_table()) {
            if (row.group == group && row.fate != Fate::refused) {
                text += option_line(row);
            }
        }
    }
    return text + '\n';
}

std::string keys_table()
{
    std::string text = "\n| Key | Accepted | |\n|--|--|--|\n";
    for (const auto& key : file_key_table()) {
        const auto accepted = key.fate == Fate::refused ? std::string{"no"}
                              : key.only.empty()        ? std::string{"every value"}
                                                        : code(parts_of(key.only, '|').front());
        text += fmt::format("| {} | {} | {} |\n", code(key.key), accepted, cell(key.help));
    }
    return text + '\n';
}

/// "yes" where another attempt may help, at this server or at another one.
std::string_view retried(Remedy remedy)
{
    switch (remedy) {
    case Remedy::retry: return "yes";
    case Remedy::next_host: return "at the next host";
    case Remedy::none: break;
    }
    return "no";
}

std::string class_of(const ErrorRow& row)
{
    return row.option.empty() ? std::string{"(fixed)"} : code(row.option);
}

/// The name that a heading has in links.
std::string anchor(std::string_view heading)
{
    std::string text;
    for (const char c : heading) {
        text += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return text;
}

std::string codes_table()
{
    std::string text = "\n| Code | State | Retried | Class | What happened |\n|--|--|--|--|--|\n";
    for (const auto& row : error_table()) {
        text += fmt::format("| [{0}](#{1}) | {2} | {3} | {4} | {5} |\n",
                            row.code,
                            anchor(row.code),
                            row_of(row.state).word,
                            retried(row.remedy),
                            class_of(row),
                            cell(general_text(row.sentence)));
    }
    return text + '\n';
}

/// The remedies for some cases of an error; nothing where there are none.
std::string remedies_table(const ErrorRow& row)
{
    std::string text;
    for (const auto& remedy : remedy_table()) {
        if (remedy.error != row.error) {
            continue;
        }
        const bool both = !remedy.sqlstate.empty() && !remedy.words.empty();
        text += fmt::format("| {}{}{} | `{}` |\n",
                            remedy.sqlstate.empty() ? std::string{}
                                                    : fmt::format("SQLSTATE {}", remedy.sqlstate),
                            both ? ", " : "",
                            remedy.words.empty() ? std::string{} : code(remedy.words),
                            general_text(remedy.fix));
    }
    return text.empty() ? text : "| Reason has | Fix is then |\n|--|--|\n" + text + '\n';
}

std::string code_table(const ErrorRow& row)
{
    return fmt::format("\n| State | Retried | Class of `--state` | `--exit-style isready` |\n"
                       "|--|--|--|--|\n| {} | {} | {} | {} |\n\n"
                       "What happened: `{}`\\\nFix: `{}`\n\n{}",
                       row_of(row.state).word,
                       retried(row.remedy),
                       class_of(row),
                       row.isready,
                       general_text(row.sentence),
                       general_text(row.fix),
                       remedies_table(row));
}

/// `page` with `table` between the marks of `name`; as it is where it has none.
std::string renewed(std::string_view page, std::string_view name, std::string_view table)
{
    const auto first = fmt::format("<!-- {}: begin -->\n", name);
    std::string text{page};
    const auto begin = text.find(first);
    const auto end = text.find(fmt::format("<!-- {}: end -->\n", name));
    if (begin != std::string::npos && end != std::string::npos && begin < end) {
        const auto from = begin + first.size();
        text.replace(from, end - from, table);
    }
    return text;
}

} // namespace

std::string configuration_page(std::string_view page)
{
    return renewed(renewed(page, "options", options_table()), "keys", keys_table());
}

std::string errors_page(std::string_view page)
{
    auto text = renewed(page, "codes", codes_table());
    for (const auto& row : error_table()) {
        text = renewed(text, row.code, code_table(row));
    }
    return text;
}

} // namespace dbup
