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

/// The length of the value at the front of `text`: quoted ('…' or "…", with backslashes) or up to a
/// blank, '&', ';'.
std::size_t value_length(std::string_view text)
{
    if (text.empty() || (text.front() != '\'' && text.front() != '"')) {
        return std::min(text.find_first_of(" \t\r\n&;,)"), text.size());
    }
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '\\') {
            ++i;
        } else if (text[i] == text.front()) {
            return i + 1;
        }
    }
    return text.size();
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

/// `//user:password@` → `//user:***@`. The last '@' before the path ends the password, so that an
/// unescaped '@' in it does not leave its tail behind.
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
        const std::string_view authority = text.substr(begin, end - begin);
        const auto at = authority.rfind('@');
        const auto colon = authority.find(':');
        const bool has_password = at != std::string_view::npos && colon < at;
        result += text.substr(0, begin);
        if (has_password) {
            result += authority.substr(0, colon + 1);
            result += mask;
            result += authority.substr(at);
        } else {
            result += authority;
        }
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

} // namespace

std::string redact_connection_strings(std::string_view text)
{
    return redact_assignments(redact_urls(text));
}

std::string redact_uri(std::string_view uri)
{
    const auto scheme = uri.find("://");
    const std::size_t begin = scheme == std::string_view::npos ? 0 : scheme + 3;
    const auto at = uri.rfind('@');
    const auto colon = uri.find(':', begin);
    std::string text{uri};
    if (at != std::string_view::npos && at >= begin && colon < at) {
        text = std::string{uri.substr(0, colon + 1)}.append(mask).append(uri.substr(at));
    }
    const auto query = text.find('?');
    if (query == std::string::npos) {
        return text;
    }
    std::string result = text.substr(0, query);
    char separator = '?';
    for (const auto part : parts_of(std::string_view{text}.substr(query + 1), '&')) {
        const auto key = part.substr(0, part.find('='));
        const bool encoded = key.find('%') != std::string_view::npos;
        const bool secret = encoded || key.find("pass") != std::string_view::npos;
        result += separator;
        result += secret ? std::string{key}.append("=").append(mask) : std::string{part};
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
    // A server may send the secret with characters that the sanitizer drops or changes: both forms
    // are looked for.
    for (std::string form : {std::string{text}, one_line(text)}) {
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
    hide_addresses_ = true;
    if (!name.empty()) {
        hosts_.emplace_back(name);
    }
}

std::string Scrubber::without_secrets(std::string_view text) const
{
    constexpr std::size_t replaced_everywhere_from = 4;
    std::string result{text};
    for (const auto& secret : secrets_) {
        result = secret.size() >= replaced_everywhere_from ? replaced(result, secret, mask)
                                                           : replaced_words(result, secret);
    }
    return result;
}

std::string Scrubber::operator()(std::string_view foreign, std::size_t most_bytes) const
{
    std::string text = without_secrets(foreign.substr(0, most_input));
    if (foreign.size() > most_input) {
        // The cut may have gone through a secret: its head must not stay.
        const std::size_t longest = secrets_.empty() ? 0 : secrets_.front().size();
        text.resize(text.size() - std::min(longest, text.size()));
    }
    text = one_line(redact_connection_strings(text));
    text = redact_connection_strings(without_secrets(text));
    for (const auto& host : hosts_) {
        text = replaced_words(text, host);
    }
    if (hide_addresses_) {
        text = redact_addresses(text);
    }
    return shortened(std::move(text), most_bytes);
}

Scrubber::~Scrubber()
{
    for (auto& secret : secrets_) {
        explicit_bzero(secret.data(), secret.size());
    }
}

} // namespace dbup
