// SPDX-License-Identifier: MIT
#include "actions/generate/quoting.hpp"

#include "core/ascii.hpp"

#include <algorithm>

namespace dbup {

namespace {

/// `text` with `escape` before each character of `special`.
std::string escaped(std::string_view text, std::string_view special, std::string_view escape = "\\")
{
    std::string result;
    for (const char c : text) {
        if (special.find(c) != std::string_view::npos) {
            result += escape;
        }
        result += c;
    }
    return result;
}

/// `text` with each of its `special` characters doubled.
std::string doubled(std::string_view text, std::string_view special)
{
    std::string result;
    for (const char c : text) {
        result.append(special.find(c) == std::string_view::npos ? 1 : 2, c);
    }
    return result;
}

std::string in_double_quotes(const std::string& text)
{
    return '"' + text + '"';
}

} // namespace

std::string shell_command(std::span<const std::string> words)
{
    std::string command;
    for (const auto& word : words) {
        command += command.empty() ? "" : " ";
        command += shell_word(word);
    }
    return command;
}

std::string json_string(std::string_view text)
{
    return in_double_quotes(escaped(text, "\"\\"));
}

std::string kubernetes_string(std::string_view text)
{
    return json_string(doubled(text, "$"));
}

std::string environment_value(std::string_view text)
{
    const bool needs_quotes = !text.empty() && !is_plain_word(text);
    return needs_quotes ? in_double_quotes(escaped(text, "\"\\$`")) : std::string{text};
}

std::string systemd_word(std::string_view text)
{
    return is_plain_word(text) ? std::string{text}
                               : in_double_quotes(escaped(doubled(text, "%$"), "\"\\"));
}

std::string systemd_text(std::string_view text)
{
    return doubled(text, "%");
}

std::string pgpass_field(std::string_view text)
{
    auto field = escaped(text, ":\\");
    // A field that is just '*' matches everything, a line that begins with '#' is a comment.
    return text == "*" || text.starts_with('#') ? '\\' + field : field;
}

std::string nagios_command(std::string_view command)
{
    return escaped(doubled(command, "$"), ";");
}

std::string nrpe_command(std::string_view command)
{
    return doubled(command, "$");
}

std::string icinga_string(std::string_view text)
{
    return in_double_quotes(escaped(doubled(text, "$"), "\"\\"));
}

std::string cron_command(std::string_view command)
{
    // What "\\" and "\%" behind a backslash mean differs between implementations. shell_word() has
    // put both into single quotes; those are closed and opened again between the two characters.
    std::string result;
    for (const char c : command) {
        const bool special = c == '\\' || c == '%';
        result += special && result.ends_with('\\') ? "''" : "";
        result += c == '%' ? "\\%" : std::string{c};
    }
    return result;
}

std::string sql_literal(std::string_view text)
{
    const bool has_backslash = text.find('\\') != std::string_view::npos;
    return (has_backslash ? "E'" : "'") + doubled(text, "'\\") + '\'';
}

std::string object_name(std::string_view text)
{
    std::string name{text};
    std::replace_if(
        name.begin(),
        name.end(),
        [](char c) { return !is_alphanumeric(c) && c != '-' && c != '_' && c != '.'; },
        '_');
    return name;
}

} // namespace dbup
