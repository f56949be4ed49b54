// SPDX-License-Identifier: MIT
#include "pg/kept_key.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

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

bool KeptKey::has(const HmacCall& call) const
{
    const auto size = static_cast<std::size_t>(call.size);
    // Not the address of the key: what stands there may be another one by now.
    return context_ == call.context && size_ == size &&
           CRYPTO_memcmp(key_.data(), call.key, size) == 0;
}

void KeptKey::keep(const HmacCall& call)
{
    context_ = call.context;
    size_ = static_cast<std::size_t>(call.size);
    std::memcpy(key_.data(), call.key, size_);
}

void KeptKey::forget()
{
    OPENSSL_cleanse(key_.data(), size_);
    context_ = nullptr;
    size_ = 0;
}

int hmac_init(const HmacCall& call, HmacInit original) noexcept
{
    KeptKey* const kept = innermost;
    const bool can_be_kept = kept != nullptr && call.context != nullptr && call.key != nullptr &&
                             call.digest == EVP_sha256() && call.engine == nullptr &&
                             call.size > 0 &&
                             static_cast<std::size_t>(call.size) <= kept->key_.size();
    // A context that was emptied since, or another one at the same address, refuses.
    if (can_be_kept && kept->has(call) &&
        original(call.context, nullptr, 0, nullptr, nullptr) == 1) {
        return 1;
    }
    if (kept != nullptr) {
        kept->forget();
    }
    const int answer = original(call.context, call.key, call.size, call.digest, call.engine);
    if (can_be_kept && answer == 1) {
        kept->keep(call);
    }
    return answer;
}

} // namespace dbup
