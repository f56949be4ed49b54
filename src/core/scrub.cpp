// SPDX-License-Identifier: MIT
#include "core/scrub.hpp"

#include "core/ascii.hpp"
#include "core/redaction.hpp"
#include "core/text.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace dbup {

namespace {

constexpr std::size_t most_input =
    16'384; // far more than any line shows; bounds the work on a 10 MB error text

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

} // namespace

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
