// SPDX-License-Identifier: MIT
#define OPENSSL_SUPPRESS_DEPRECATED // libpq calls these, whatever OpenSSL 3 thinks of them
#include "pg/kept_key.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"

namespace {

using dbup::KeptKey;
using Context = std::unique_ptr<HMAC_CTX, decltype([](HMAC_CTX* old) { HMAC_CTX_free(old); })>;
using Digest = std::vector<unsigned char>;

// What OpenSSL was asked for; it calls a function without an argument of ours.
int keys_made_ready = 0;
int keys_taken_up = 0;

int counted(HMAC_CTX* context, const void* key, int size, const EVP_MD* digest, ENGINE* engine)
{
    ++(key == nullptr ? keys_taken_up : keys_made_ready);
    return HMAC_Init_ex(context, key, size, digest, engine);
}

class Counting {
public:
    Counting() { keys_made_ready = keys_taken_up = 0; }
};

int init(HMAC_CTX* context, std::string_view key, const EVP_MD* digest = EVP_sha256())
{
    const int size = static_cast<int>(key.size());
    return dbup::hmac_init({context, key.data(), size, digest}, &counted);
}

/// As libpq does it: the key is set for every message.
Digest hmac(HMAC_CTX* context, std::string_view key, const Digest& message)
{
    Digest answer(EVP_MAX_MD_SIZE);
    unsigned size = 0;
    REQUIRE(init(context, key) == 1);
    REQUIRE(HMAC_Update(context, message.data(), message.size()) == 1);
    REQUIRE(HMAC_Final(context, answer.data(), &size) == 1);
    answer.resize(size);
    return answer;
}

/// As OpenSSL does it in one call.
Digest expected(std::string_view key, const Digest& message)
{
    Digest answer(EVP_MAX_MD_SIZE);
    unsigned size = 0;
    HMAC(EVP_sha256(),
         key.data(),
         static_cast<int>(key.size()),
         message.data(),
         message.size(),
         answer.data(),
         &size);
    answer.resize(size);
    return answer;
}

const Digest one{1};
const Digest two{2, 2};

} // namespace

TEST_CASE("a key that a context has is taken up, not made ready again", "[kept_key]")
{
    const Counting counting;
    const KeptKey kept;
    const Context context{HMAC_CTX_new()};
    CHECK(hmac(context.get(), "secret", one) == expected("secret", one));
    CHECK(hmac(context.get(), "secret", two) == expected("secret", two));
    CHECK(hmac(context.get(), "secret", one) == expected("secret", one));
    CHECK(keys_made_ready == 1);
    CHECK(keys_taken_up == 2);
}

TEST_CASE("the salted password of SCRAM is the one of RFC 5802", "[kept_key]")
{
    // The example of RFC 7677, section 3, with its 4096 iterations.
    constexpr std::string_view password = "pencil";
    const Digest salt{0x5b,
                      0x6d,
                      0x99,
                      0x68,
                      0x9d,
                      0x12,
                      0x35,
                      0x8e,
                      0xec,
                      0xa0,
                      0x4b,
                      0x14,
                      0x12,
                      0x36,
                      0xfa,
                      0x81};
    constexpr int iterations = 4096;

    const Counting counting;
    const KeptKey kept;
    const Context context{HMAC_CTX_new()};
    auto first = salt;
    first.insert(first.end(), {0, 0, 0, 1});
    auto last = hmac(context.get(), password, first);
    auto salted = last;
    for (int i = 1; i < iterations; ++i) {
        last = hmac(context.get(), password, last);
        std::transform(
            salted.begin(), salted.end(), last.begin(), salted.begin(), [](auto left, auto right) {
                return static_cast<unsigned char>(left ^ right);
            });
    }

    Digest wanted(32);
    PKCS5_PBKDF2_HMAC(password.data(),
                      static_cast<int>(password.size()),
                      salt.data(),
                      static_cast<int>(salt.size()),
                      iterations,
                      EVP_sha256(),
                      static_cast<int>(wanted.size()),
                      wanted.data());
    CHECK(salted == wanted);
    CHECK(keys_made_ready == 1);
}

TEST_CASE("another key, digest or context is never taken for the one before", "[kept_key]")
{
    const KeptKey kept;
    const Context context{HMAC_CTX_new()};
    std::string key = "secret";
    CHECK(hmac(context.get(), key, one) == expected(key, one));
    SECTION("another key at the same address")
    {
        key[0] = 'S';
        CHECK(hmac(context.get(), key, one) == expected(key, one));
    }
    SECTION("a beginning of it")
    {
        CHECK(hmac(context.get(), key.substr(0, 3), one) == expected("sec", one));
    }
    SECTION("another digest")
    {
        const Counting counting;
        CHECK(init(context.get(), key, EVP_sha1()) == 1);
        CHECK(HMAC_size(context.get()) == 20);
        CHECK(keys_made_ready == 1);
    }
    SECTION("another context, and then the first one again")
    {
        const Context other{HMAC_CTX_new()};
        CHECK(hmac(other.get(), "other", one) == expected("other", one));
        CHECK(hmac(context.get(), key, two) == expected(key, two));
    }
    SECTION("the same context, emptied meanwhile")
    {
        HMAC_CTX_reset(context.get());
        CHECK(hmac(context.get(), key, two) == expected(key, two));
    }
    SECTION("a key of OpenSSL's own choice: the one that is there")
    {
        REQUIRE(dbup::hmac_init({context.get()}, &counted) == 1);
        CHECK(hmac(context.get(), key, two) == expected(key, two));
    }
}

TEST_CASE("what cannot be kept goes to OpenSSL as it is", "[kept_key]")
{
    const Counting counting;
    const Context context{HMAC_CTX_new()};
    SECTION("a key too long to be kept")
    {
        const KeptKey kept;
        const std::string key(1000, 'k');
        CHECK(hmac(context.get(), key, one) == expected(key, one));
        CHECK(hmac(context.get(), key, one) == expected(key, one));
        CHECK(keys_made_ready == 2);
    }
    SECTION("a digest of a provider: it is OpenSSL itself that calls")
    {
        const KeptKey kept;
        const std::unique_ptr<EVP_MD, decltype([](EVP_MD* old) { EVP_MD_free(old); })> fetched{
            EVP_MD_fetch(nullptr, "SHA256", nullptr)};
        CHECK(init(context.get(), "secret", fetched.get()) == 1);
        CHECK(init(context.get(), "secret", fetched.get()) == 1);
        CHECK(keys_made_ready == 2);
    }
    SECTION("a key while nothing is to be kept")
    {
        CHECK(hmac(context.get(), "secret", one) == expected("secret", one));
        CHECK(hmac(context.get(), "secret", one) == expected("secret", one));
        CHECK(keys_made_ready == 2);
        CHECK(keys_taken_up == 0);
    }
    SECTION("a call that OpenSSL refuses is refused")
    {
        const KeptKey kept;
        CHECK(init(context.get(), "secret", nullptr) == 0);
        CHECK(init(context.get(), "secret", nullptr) == 0);
    }
}

TEST_CASE("a key is kept no longer than its object lives, and wiped", "[kept_key]")
{
    const Counting counting;
    const Context context{HMAC_CTX_new()};
    constexpr std::string_view key = "a key to look for";
    alignas(KeptKey) std::array<char, sizeof(KeptKey)> memory{};
    const auto holds_key = [&] {
        return std::string_view{memory.data(), memory.size()}.find(key) != std::string_view::npos;
    };
    // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): the array owns it
    auto* const kept = new (memory.data()) KeptKey;
    CHECK(hmac(context.get(), key, one) == expected(key, one));
    CHECK(holds_key());
    SECTION("replaced by a shorter one")
    {
        CHECK(hmac(context.get(), "x", one) == expected("x", one));
        CHECK_FALSE(holds_key());
        std::destroy_at(kept);
    }
    SECTION("at its end")
    {
        std::destroy_at(kept);
        CHECK_FALSE(holds_key());
    }
    const KeptKey next;
    CHECK(hmac(context.get(), key, one) == expected(key, one));
    CHECK(keys_taken_up == 0);
}
