// SPDX-License-Identifier: MIT
#include "core/ascii.hpp"
#include "core/redaction.hpp"
#include "core/text.hpp"

#include <algorithm>
#include <array>

namespace dbup {

namespace {

constexpr std::size_t longest_ipv6 = 45; // with an IPv4 address at its end (RFC 4291, 2.2)

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

} // namespace dbup
