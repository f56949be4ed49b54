// SPDX-License-Identifier: MIT
#include "core/scrub.hpp"

#include "core/text.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace dbup {

namespace {

constexpr std::string_view mask = "***";
constexpr std::size_t most_input =
    16'384; // far more than any line shows; bounds the work on a 10 MB error text

constexpr std::size_t longest_ipv6 = 45; // with an IPv4 address at its end (RFC 4291, 2.2)

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_word(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/// `secret` replaced where it is a word of its own: a password of one letter must not blacken every
/// text.
std::string replaced_words(std::string_view text, std::string_view secret)
{
    std::string result;
    std::size_t from = 0;
    while (from < text.size()) {
        const auto at = text.find(secret, from);
        if (at == std::string_view::npos) {
            break;
        }
        const std::size_t end = at + secret.size();
        const bool alone =
            (at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end]));
        result += text.substr(from, at - from);
        result += alone ? mask : secret;
        from = end;
    }
    result += text.substr(std::min(from, text.size()));
    return result;
}

int hex_value(char c)
{
    return is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10;
}

/// The length of `secret` at the front of `text`, if there it is written as in a URL: each byte by
/// itself or as %XX, a blank also as '+'. 0 if it is not.
std::size_t url_form_length(std::string_view text, std::string_view secret)
{
    std::size_t at = 0;
    for (const char wanted : secret) {
        const auto rest = text.substr(at);
        const bool coded = rest.size() > 2 && rest[0] == '%' && is_hex(rest[1]) && is_hex(rest[2]);
        if (coded && static_cast<char>(hex_value(rest[1]) * 16 + hex_value(rest[2])) == wanted) {
            at += 3;
        } else if (!rest.empty() && (rest[0] == wanted || (rest[0] == '+' && wanted == ' '))) {
            ++at;
        } else {
            return 0;
        }
    }
    return at;
}

std::string replaced_url_forms(std::string_view text, std::string_view secret)
{
    std::string result;
    for (std::size_t at = 0; at < text.size();) {
        const auto length = url_form_length(text.substr(at), secret);
        if (length == 0) {
            result += text[at++];
        } else {
            result += mask;
            at += length;
        }
    }
    return result;
}

/// `secret` as it stands between quotes: `prefix` before each of `special`.
std::string quoted_form(std::string_view secret, std::string_view special, char prefix)
{
    std::string result;
    for (const char c : secret) {
        const bool escaped = special.find(c) != std::string_view::npos;
        if (escaped) {
            result += prefix;
        }
        result += c;
    }
    return result;
}

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

/// The length of an IPv4 address at the front of `text`, or 0.
std::size_t ipv4_length(std::string_view text)
{
    std::size_t at = 0;
    for (int part = 0; part < 4; ++part) {
        if (part > 0) {
            if (at >= text.size() || text[at] != '.') {
                return 0;
            }
            ++at;
        }
        const std::size_t begin = at;
        while (at < text.size() && is_digit(text[at]) && at - begin < 3) {
            ++at;
        }
        if (at == begin) {
            return 0;
        }
    }
    return at < text.size() && is_digit(text[at]) ? 0 : at;
}

/// The length of an IPv6 address at the front of `text`, or 0: hexadecimal groups with at least two
/// colons, one of them doubled or seven in all. A time of day (12:34:56) is none.
std::size_t ipv6_length(std::string_view text)
{
    std::size_t at = 0;
    int colons = 0;
    bool doubled = false;
    while (at < std::min(text.size(), longest_ipv6) &&
           (is_hex(text[at]) || text[at] == ':' || (text[at] == '.' && colons > 1))) {
        if (text[at] == ':') {
            ++colons;
            doubled = doubled || (at > 0 && text[at - 1] == ':');
        }
        ++at;
    }
    while (at > 0 && text[at - 1] == '.') {
        --at;
    }
    const bool whole = doubled ? at > 2 : colons == 7;
    return whole ? at : 0;
}

/// The parts of a name in a certificate ("CN=db1,O=Example") that may name a host.
constexpr std::array naming_keys{
    std::string_view{"CN="}, std::string_view{"DC="}, std::string_view{"emailAddress="}};

/// The length of the value at the front of `text`, as RFC 2253 writes it: what would end it has a
/// backslash before it.
std::size_t name_value_length(std::string_view text)
{
    constexpr std::string_view ends = ",+;\"<>";
    std::size_t at = 0;
    while (at < text.size() && ends.find(text[at]) == std::string_view::npos) {
        at += text[at] == '\\' ? 2U : 1U;
    }
    return std::min(at, text.size());
}

std::string redact_distinguished_names(std::string_view text)
{
    std::string result;
    for (std::size_t at = 0; at < text.size();) {
        const bool starts = at == 0 || !is_word(text[at - 1]);
        const auto* const key =
            std::find_if(naming_keys.begin(), naming_keys.end(), [&](std::string_view one) {
                return starts && same_word(text.substr(at, one.size()), one);
            });
        if (key == naming_keys.end()) {
            result += text[at++];
        } else {
            result += text.substr(at, key->size());
            result += mask;
            at += key->size() + name_value_length(text.substr(at + key->size()));
        }
    }
    return result;
}

} // namespace

std::string redact_certificate_names(std::string_view text)
{
    constexpr std::string_view before = "certificate for \""; // as libpq quotes the first name
    std::string result;
    for (auto at = text.find(before); at != std::string_view::npos; at = text.find(before)) {
        result += text.substr(0, at + before.size());
        result += mask;
        text.remove_prefix(at + before.size());
        // The name comes from the server and may have quotes in it: the last one before the
        // sentence goes on ends it.
        const auto rest = text.find("does not match");
        const auto end = text.substr(0, rest).rfind('"');
        text.remove_prefix(std::min(end, text.size()));
    }
    return redact_distinguished_names(result.append(text));
}

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

std::string redact_addresses(std::string_view text)
{
    std::string result;
    for (std::size_t at = 0; at < text.size();) {
        const bool starts = at == 0 || !(is_word(text[at - 1]) || text[at - 1] == '.');
        const std::string_view rest = text.substr(at);
        const std::size_t length = starts ? std::max(ipv4_length(rest), ipv6_length(rest)) : 0;
        if (length == 0) {
            result += text[at++];
        } else {
            result += mask;
            at += length;
        }
    }
    return result;
}

void Scrubber::add_secret(std::string_view text)
{
    // A server may send the secret with characters that the sanitizer drops or changes, and quoted
    // as in SQL, in a connection string or in JSON: all these forms are looked for.
    for (std::string form : {std::string{text},
                             one_line(text),
                             quoted_form(text, "'", '\''),
                             quoted_form(text, "'\\", '\\'),
                             quoted_form(text, "\"\\", '\\')}) {
        if (!form.empty() && std::find(secrets_.begin(), secrets_.end(), form) == secrets_.end()) {
            secrets_.push_back(std::move(form));
        }
    }
    std::stable_sort(secrets_.begin(), secrets_.end(), [](const auto& left, const auto& right) {
        return left.size() > right.size(); // a secret that contains another goes first
    });
}

void Scrubber::add_host(std::string_view name)
{
    hide_hosts_ = true;
    // As it stands in a text that was made clean: a part of a character is no host.
    auto clean = one_line(name);
    if (!clean.empty()) {
        hosts_.push_back(std::move(clean));
    }
}

std::string Scrubber::without_secrets(std::string_view text) const
{
    constexpr std::size_t replaced_everywhere_from = 4;
    std::string result{text};
    for (const auto& secret : secrets_) {
        const bool everywhere = secret.size() >= replaced_everywhere_from;
        result = everywhere ? replaced(result, secret, mask) : replaced_words(result, secret);
        if (everywhere && result.find_first_of("%+") != std::string::npos) {
            result = replaced_url_forms(result, secret);
        }
    }
    return result;
}

std::string Scrubber::operator()(std::string_view foreign, std::size_t most_bytes) const
{
    return clean(without_secrets_in(foreign), most_bytes);
}

std::string Scrubber::without_secrets_in(std::string_view foreign) const
{
    std::string text = without_secrets(foreign.substr(0, most_input));
    if (foreign.size() > most_input) {
        // The cut may have gone through a secret: its head must not stay.
        constexpr std::size_t most_growth = 3; // %XX for each byte
        const std::size_t longest = secrets_.empty() ? 0 : secrets_.front().size() * most_growth;
        text.resize(text.size() - std::min(longest, text.size()));
    }
    text = one_line(redact_connection_strings(text));
    text = redact_connection_strings(without_secrets(text));
    return hide_hosts_ ? redact_certificate_names(text) : text;
}

std::string Scrubber::clean(std::string_view text, std::size_t most_bytes) const
{
    auto line = redact_connection_strings(one_line(text.substr(0, most_input)));
    for (const auto& host : hosts_) {
        line = replaced_words(line, host);
    }
    if (hide_hosts_) {
        line = redact_addresses(line);
    }
    return shortened(std::move(line), most_bytes);
}

Scrubber::~Scrubber()
{
    for (auto& secret : secrets_) {
        explicit_bzero(secret.data(), secret.size());
    }
}

} // namespace dbup
