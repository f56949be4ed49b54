// SPDX-License-Identifier: MIT
#include "config/manual.hpp"

#include "config/options.hpp"
#include "core/ascii.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <array>

namespace dbup {

std::string roff(std::string_view text)
{
    std::string escaped = replaced(text, "\\", "\\e");
    escaped = replaced(escaped, "-", "\\-");
    escaped = replaced(escaped, "…", "...");
    escaped = replaced(escaped, "~", "\\(ti");
    return escaped.starts_with('.') || escaped.starts_with('\'') ? "\\&" + escaped : escaped;
}

std::string roff_sentence(std::string_view text)
{
    constexpr std::size_t longest = 76;
    std::string result;
    std::size_t column = 0;
    bool first = true;
    for (const auto word : words_of(text)) {
        const std::string escaped = roff(word);
        const bool ends_sentence = result.ends_with('.');
        if (!first) {
            const bool breaks = ends_sentence || column + escaped.size() + 1 > longest;
            result += breaks ? '\n' : ' ';
            column = breaks ? 0 : column + 1;
        }
        result += escaped;
        column += escaped.size();
        if (first) {
            result.front() = upper(result.front());
        }
        first = false;
    }
    return result + '.';
}

namespace {

std::string item(const OptionRow& row)
{
    std::string line = ".It";
    for (const char letter : row.letters) {
        const bool bare = row.arg.empty() || row.optional_arg;
        line += fmt::format(" Fl {}{} ,", letter, bare ? "" : " Ar " + roff(row.arg));
    }
    line += fmt::format(" Fl \\-{}", roff(row.name));
    if (negatable(row)) {
        line += fmt::format(" , Fl \\-no\\-{}", roff(row.name));
    }
    for (const auto alias : words_of(row.aliases)) {
        line += fmt::format(" , Fl \\-{}", roff(alias));
    }
    if (row.optional_arg) {
        return line + fmt::format(" Op Ar {}\n", roff(row.arg));
    }
    return line + (row.arg.empty() ? "\n" : " Ar " + roff(row.arg) + '\n');
}

std::string option_entry(const OptionRow& row)
{
    std::string text = item(row) + roff_sentence(row.help) + '\n';
    if (!row.fallback.empty() && row.fate == Fate::used) {
        text += fmt::format("Default: {}.\n", roff(row.fallback));
    }
    if (!row.least.empty() && row.fate == Fate::used) {
        text += fmt::format("From {} to {}.\n", roff(row.least), roff(row.most));
    }
    if (!row.environment.empty()) {
        text += fmt::format("Environment: {}.\n", joined(words_of(row.environment)));
    }
    if (const auto keys = yaml_keys(row); !keys.empty()) {
        text += fmt::format("In the configuration file: {}.\n", roff(keys.front()));
    }
    if (!row.conninfo.empty()) {
        text += fmt::format("In a connection URI or service: {}.\n", roff(row.conninfo));
    }
    return text;
}

struct Mark {
    std::string_view line = {};
    std::string (*text)() = nullptr;
};

constexpr std::array marks{
    Mark{"@OPTIONS@\n", &options_mdoc},
    Mark{"@KINDS@\n", &kinds_mdoc},
    Mark{"@ENVIRONMENT@\n", &environment_mdoc},
    Mark{"@ERRORS@\n", &errors_mdoc},
};

} // namespace

std::string options_mdoc()
{
    std::string text;
    for (const auto group : groups) {
        text += fmt::format(".Ss {}\n.Bl -tag -width Ds\n", heading(group));
        for (const auto& row : option_table()) {
            if (row.group == group && on_command_line(row)) {
                text += option_entry(row);
            }
        }
        text += ".El\n";
    }
    return text;
}

std::string kinds_mdoc()
{
    std::string text = ".Bl -tag -width Ds\n";
    for (const auto& row : definition_table) {
        text += fmt::format(".It Cm {}\n{}\n", roff(row.name), roff_sentence(row.summary));
    }
    return text + ".El\n";
}

std::string environment_mdoc()
{
    std::string text = ".Bl -tag -width Ds\n";
    for (const auto& row : option_table()) {
        for (const auto name : words_of(row.environment)) {
            text += fmt::format(".It Ev {}\n{}\n",
                                name,
                                is_secret(row) ? roff_sentence(row.help)
                                               : fmt::format("As\n.Fl \\-{} .", roff(row.name)));
        }
    }
    text += ".It Ev CREDENTIALS_DIRECTORY\nThe folder of systemd's LoadCredential=; its file\n.Pa "
            "db\\-password\nholds "
            "the password.\n";
    text += ".It Ev NO_COLOR\nNo colours, also on a terminal.\n";
    return text + ".El\n";
}

std::string errors_mdoc()
{
    std::string text = ".Bl -tag -width Ds\n";
    for (const auto& row : error_table()) {
        text += fmt::format(".It Sy {}\n", row.code);
        text += fmt::format(
            "{}.\n{}\n", row_of(row.state).word, roff_sentence(general_text(row.sentence)));
        text += fmt::format("{}\n", roff_sentence(general_text(row.fix)));
        if (!row.option.empty()) {
            text += fmt::format("Class\n.Sy {}\nof\n.Fl \\-state .\n", roff(row.option));
        }
    }
    return text + ".El\n";
}

std::string manual_page(std::string_view page)
{
    std::string text{page};
    for (const auto& mark : marks) {
        text = replaced(text, mark.line, mark.text());
    }
    return text;
}

} // namespace dbup
