// SPDX-License-Identifier: MIT
#include "pg/kept_key.hpp"

#include <openssl/crypto.h>

#include <cstring>

namespace dbup {

namespace {

// A function of a C library that another C library calls has no argument of ours.
thread_local KeptKey* innermost = nullptr;

} // namespace

KeptKey::KeptKey() noexcept : outer_{innermost}
{
    innermost = this;
}

KeptKey::~KeptKey()
{
    forget();
    innermost = outer_;
}

bool KeptKey::has(const HMAC_CTX* context,
                  const void* key,
                  std::size_t size,
                  const EVP_MD* digest) const
{
    // Not the address of the key: what stands there may be another one by now.
    return context_ == context && digest_ == digest && size_ == size &&
           CRYPTO_memcmp(key_.data(), key, size) == 0;
}

void KeptKey::keep(const HMAC_CTX* context, const void* key, std::size_t size, const EVP_MD* digest)
{
    context_ = context;
    digest_ = digest;
    size_ = size;
    std::memcpy(key_.data(), key, size);
}

void KeptKey::forget()
{
    OPENSSL_cleanse(key_.data(), size_);
    context_ = nullptr;
    size_ = 0;
}

int hmac_init(HMAC_CTX* context,
              const void* key,
              int size,
              const EVP_MD* digest,
              ENGINE* engine,
              HmacInit original) noexcept
{
    KeptKey* const kept = innermost;
    const auto bytes = static_cast<std::size_t>(size);
    const bool whole =
        context != nullptr && key != nullptr && digest != nullptr && engine == nullptr && size > 0;
    // A context that was emptied since, or another one at the same address, refuses.
    if (kept != nullptr && whole && kept->has(context, key, bytes, digest) &&
        original(context, nullptr, 0, nullptr, nullptr) == 1) {
        return 1;
    }
    const int answer = original(context, key, size, digest, engine);
    if (kept != nullptr) {
        kept->forget();
        if (answer == 1 && whole && bytes <= kept->key_.size()) {
            kept->keep(context, key, bytes, digest);
        }
    }
    return answer;
}

} // namespace dbup
