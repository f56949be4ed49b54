// SPDX-License-Identifier: MIT
#include "core/redaction.hpp"

#include "core/ascii.hpp"
#include "core/text.hpp"

#include <algorithm>
#include <array>

namespace dbup {

namespace {

/// The length of the value at the front of `text`: up to a blank, '&', ';', ',' or ')'; these may
/// stand inside of quotes ('…' or "…", with backslashes) with which it begins.
std::size_t value_length(std::string_view text)
{
    std::size_t quoted = 0;
    if (text.starts_with('\'') || text.starts_with('"')) {
        quoted = 1;
        while (quoted < text.size() && text[quoted] != text.front()) {
            quoted += text[quoted] == '\\' ? 2U : 1U;
        }
    }
    return std::min(text.find_first_of(" \t\r\n&;,)", quoted), text.size());
}

/// The end of `key`, optional blanks, '=' or ':', optional blanks at the front of `text`; 0 if that
/// is not there.
std::size_t assignment_length(std::string_view text, std::string_view key)
{
    if (!same_word(text.substr(0, key.size()), key)) {
        return 0;
    }
    std::size_t at = key.size();
    const auto skip_blanks = [&] {
        while (at < text.size() && text[at] == ' ') {
            ++at;
        }
    };
    skip_blanks();
    if (at >= text.size() || text[at] != '=') {
        return 0;
    }
    ++at;
    skip_blanks();
    return at;
}

constexpr std::array secret_keys{std::string_view{"sslpassword"},
                                 std::string_view{"password"},
                                 std::string_view{"passwd"},
                                 std::string_view{"pwd"}};

std::string redact_assignments(std::string_view text)
{
    if (text.find('=') == std::string_view::npos) {
        return std::string{text};
    }
    std::string result;
    for (std::size_t at = 0; at < text.size();) {
        const std::string_view rest = text.substr(at);
        std::size_t key = 0;
        for (const auto word : secret_keys) {
            key = std::max(key, assignment_length(rest, word));
        }
        if (key == 0) {
            result += text[at++];
            continue;
        }
        result += rest.substr(0, key);
        result += mask;
        at += key + value_length(rest.substr(key));
    }
    return result;
}

/// `user:password@host/…` → `user:***@host/…`. The last '@' ends the password, so that an unescaped
/// '@' in it does not leave its tail behind; where a '?' stands before it, that may be the '@' of a
/// password in the query, and nothing behind is shown.
std::string redact_authority(std::string_view text)
{
    const auto at = text.rfind('@');
    const auto colon = text.find(':');
    if (at == std::string_view::npos || colon > at) {
        return std::string{text};
    }
    const bool in_query = text.substr(colon, at - colon).find('?') != std::string_view::npos;
    std::string result{text.substr(0, colon + 1)};
    result += mask;
    return in_query ? result : result.append(text.substr(at));
}

/// The same in every URL of a text.
std::string redact_urls(std::string_view text)
{
    std::string result;
    for (;;) {
        const auto slashes = text.find("://");
        if (slashes == std::string_view::npos) {
            return result.append(text);
        }
        const std::size_t begin = slashes + 3;
        const std::size_t end = std::min(text.find_first_of(" \t\r\n\"'<>", begin), text.size());
        result += text.substr(0, begin);
        result += redact_authority(text.substr(begin, end - begin));
        text.remove_prefix(end);
    }
}

} // namespace

std::string redact_connection_strings(std::string_view text)
{
    return redact_assignments(redact_urls(text));
}

std::string redact_uri(std::string_view uri)
{
    const auto scheme = uri.find("://");
    const std::size_t begin = scheme == std::string_view::npos ? 0 : scheme + 3;
    std::string text = std::string{uri.substr(0, begin)} + redact_authority(uri.substr(begin));
    const auto query = text.find('?');
    if (query == std::string::npos) {
        return text;
    }
    std::string result = text.substr(0, query);
    char separator = '?';
    for (const auto part : parts_of(std::string_view{text}.substr(query + 1), '&')) {
        const auto key = part.substr(0, part.find('='));
        const bool encoded = key.find('%') != std::string_view::npos;
        const bool tail = key.size() == part.size(); // of a password with an '&' in it, perhaps
        const bool secret = encoded || key.find("pass") != std::string_view::npos;
        result += separator;
        result += tail && !key.empty() ? std::string{mask}
                  : secret             ? std::string{key}.append("=").append(mask)
                                       : std::string{part};
        separator = '&';
    }
    return result;
}

} // namespace dbup
