// SPDX-License-Identifier: MIT
// Redaction: a secret never stands in what is printed. Input: the secret, a line end, a text in
// which '@@' stands for the secret.
#include "core/redaction.hpp"
#include "core/scrub.hpp"
#include "core/text.hpp"

#include <algorithm>

#include "fuzz/fuzz.hpp"

namespace dbup_fuzz {

namespace {

/// Secrets that are the mask, or made of what stands beside it, cannot be told from it.
bool can_be_told(std::string_view secret)
{
    const bool long_enough = secret.size() >= 4 && secret.size() < 200;
    return long_enough && secret.find_first_of("*.") == std::string_view::npos;
}

void demand_clean(std::string_view secret, std::string_view text)
{
    dbup::Scrubber scrubber;
    scrubber.add_secret(secret);
    for (const std::size_t most : {300U, 20U, 20'000U}) {
        const auto result = scrubber(text, most);
        demand(result.size() <= most, "bounded", result);
        demand(is_clean(result), "clean", result);
        demand(count(result, secret) == 0, "the secret is gone", result);
        const auto line = dbup::one_line(secret);
        demand(line.size() < 4 || count(result, line) == 0, "also as a line", result);
    }
}

/// What stands behind every `password=` is the mask.
void demand_masked_values(std::string_view text)
{
    static constexpr std::string_view key = "password";
    const auto behind_blanks = [text](std::size_t at) {
        return std::min(text.find_first_not_of(' ', at), text.size());
    };
    for (std::size_t at = 0; at + key.size() < text.size(); ++at) {
        if (!dbup::same_word(text.substr(at, key.size()), key)) {
            continue;
        }
        const auto sign = behind_blanks(at + key.size());
        if (sign < text.size() && text[sign] == '=') {
            const auto value = text.substr(behind_blanks(sign + 1));
            demand(value.starts_with("***"), "no value behind password=", text);
        }
    }
}

void demand_hidden_hosts(std::string_view host, std::string_view text)
{
    dbup::Scrubber scrubber;
    scrubber.add_host(host);
    const auto result = scrubber(text);
    demand(result.size() <= 300 && is_clean(result), "clean without hosts", result);
    demand(count(result, " 192.168.77.1 ") == 0, "no address", result);
}

} // namespace

void one_input(std::string_view input)
{
    const auto [secret, template_text] = cut(input);
    const auto text = dbup::replaced(template_text, "@@", secret);
    if (can_be_told(secret)) {
        demand_clean(secret, text);
    }
    demand_hidden_hosts(secret, text);
    demand_masked_values(dbup::redact_connection_strings(text));
}

} // namespace dbup_fuzz
