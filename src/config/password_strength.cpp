// SPDX-License-Identifier: MIT
#include "config/password_strength.hpp"

#include "core/text.hpp"

#include <algorithm>
#include <array>

namespace dbup {

namespace {

constexpr std::array well_known{
    std::string_view{"123456"},       std::string_view{"12345678"}, std::string_view{"123456789"},
    std::string_view{"admin"},        std::string_view{"changeit"}, std::string_view{"changeme"},
    std::string_view{"database"},     std::string_view{"db-up"},    std::string_view{"default"},
    std::string_view{"example"},      std::string_view{"letmein"},  std::string_view{"monitor"},
    std::string_view{"monitoring"},   std::string_view{"nagios"},   std::string_view{"passw0rd"},
    std::string_view{"password"},     std::string_view{"postgres"}, std::string_view{"postgresql"},
    std::string_view{"qwerty"},       std::string_view{"root"},     std::string_view{"secret"},
    std::string_view{"supersecret"},  std::string_view{"test"},     std::string_view{"tuxpass"},
    std::string_view{"administrator"}};

bool is_well_known(const Config& config, std::string_view password)
{
    const auto same = [password](std::string_view word) { return same_word(word, password); };
    const bool is_host = std::any_of(config.endpoints.begin(),
                                     config.endpoints.end(),
                                     [&](const auto& endpoint) { return same(endpoint.host); });
    return is_host || same(config.user) || same(config.database) ||
           std::any_of(well_known.begin(), well_known.end(), same);
}

} // namespace

PasswordFault password_fault(const Config& config, const Secret& password)
{
    if (password.empty()) {
        return PasswordFault::none;
    }
    const auto& text = password.reveal();
    if (is_well_known(config, text)) {
        return PasswordFault::well_known;
    }
    const auto characters = std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) !=
               0x80U; // not the rest of a UTF-8 character
    });
    return characters < enough_characters ? PasswordFault::too_short : PasswordFault::none;
}

} // namespace dbup
