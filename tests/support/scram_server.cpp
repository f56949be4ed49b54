// SPDX-License-Identifier: MIT
#include "support/scram_server.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace dbup_test {

namespace {

using Hash = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

void demand(bool condition, const char* what)
{
    if (!condition) {
        throw std::runtime_error{std::string{"SCRAM server: "} + what};
    }
}

std::basic_string<unsigned char> octets(std::string_view text)
{
    return {text.begin(), text.end()};
}

template <class Bytes>
std::string base64(const Bytes& bytes)
{
    std::basic_string<unsigned char> text(bytes.size() / 3 * 4 + 5, 0);
    const int size = EVP_EncodeBlock(text.data(), bytes.data(), static_cast<int>(bytes.size()));
    return {text.begin(), text.begin() + size};
}

/// Of a SHA-256 value: 32 bytes, which fill 44 characters.
Hash from_base64(std::string_view text)
{
    std::array<unsigned char, SHA256_DIGEST_LENGTH + 1> bytes{};
    demand(text.size() == 44 && EVP_DecodeBlock(bytes.data(), octets(text).data(), 44) == 33,
           "no base64 of 32 bytes");
    Hash hash{};
    std::copy_n(bytes.begin(), hash.size(), hash.begin());
    return hash;
}

Hash keyed(const Hash& key, std::string_view text)
{
    Hash hash{};
    const auto data = octets(text);
    HMAC(EVP_sha256(),
         key.data(),
         static_cast<int>(key.size()),
         data.data(),
         data.size(),
         hash.data(),
         nullptr);
    return hash;
}

Hash sha256(const Hash& data)
{
    Hash hash{};
    SHA256(data.data(), data.size(), hash.data());
    return hash;
}

/// The value of one attribute: "r" in "n=,r=abc".
std::string_view attribute(std::string_view message, char name)
{
    for (std::size_t at = 0; at < message.size();) {
        const std::size_t end = std::min(message.find(',', at), message.size());
        const std::string_view part = message.substr(at, end - at);
        if (part.size() >= 2 && part[0] == name && part[1] == '=') {
            return part.substr(2);
        }
        at = end + 1;
    }
    demand(false, "an attribute is missing");
    return {};
}

} // namespace

ScramServer::ScramServer(std::string password, int iterations)
    : password_{std::move(password)}, iterations_{iterations}, salt_(16, '\0')
{
    std::array<unsigned char, 18> random{};
    demand(RAND_bytes(random.data(), static_cast<int>(random.size())) == 1, "no random bytes");
    nonce_ = base64(random);
    std::copy_n(random.begin(), salt_.size(), salt_.begin());
}

std::string ScramServer::challenge(std::string_view client_first)
{
    const std::size_t flags_end = client_first.find(',', client_first.find(',') + 1);
    demand(flags_end != std::string_view::npos, "no client-first message");
    const std::string_view bare = client_first.substr(flags_end + 1);
    std::string first = "r=" + std::string{attribute(bare, 'r')} + nonce_ +
                        ",s=" + base64(octets(salt_)) + ",i=" + std::to_string(iterations_);
    conversation_ = std::string{bare} + "," + first;
    return first;
}

std::string ScramServer::verdict(std::string_view client_final) const
{
    Hash salted{};
    const auto salt = octets(salt_);
    PKCS5_PBKDF2_HMAC(password_.c_str(),
                      static_cast<int>(password_.size()),
                      salt.data(),
                      static_cast<int>(salt.size()),
                      iterations_,
                      EVP_sha256(),
                      static_cast<int>(salted.size()),
                      salted.data());
    const std::string whole =
        conversation_ + "," + std::string{client_final.substr(0, client_final.rfind(",p="))};
    const Hash stored = sha256(keyed(salted, "Client Key"));
    Hash key = from_base64(attribute(client_final, 'p'));
    const Hash mask = keyed(stored, whole);
    for (std::size_t index = 0; index < key.size(); ++index) {
        key.at(index) ^= mask.at(index);
    }
    const bool proved = sha256(key) == stored;
    return proved ? "v=" + base64(keyed(keyed(salted, "Server Key"), whole)) : std::string{};
}

} // namespace dbup_test
