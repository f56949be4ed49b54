// SPDX-License-Identifier: MIT
#pragma once

#include <openssl/types.h>

#include <array>
#include <cstddef>

namespace dbup {

/// HMAC_Init_ex() of OpenSSL.
using HmacInit = int (*)(HMAC_CTX*, const void*, int, const EVP_MD*, ENGINE*);

/// What it was called with; `size` of the key in bytes.
struct HmacCall {
    HMAC_CTX* context = nullptr;
    const void* key = nullptr;
    int size = 0;
    const EVP_MD* digest = nullptr;
    ENGINE* engine = nullptr;
};

/// SCRAM (RFC 5802) computes the HMAC of a password 4096 times (RFC 7677; the server says how
/// often), and libpq makes the key ready anew each time: four fifths of what a log-in costs the
/// client. While an object of this class lives, calls of HMAC_Init_ex() in its thread take up the
/// key that the context still has where it is the same one (HMAC_Init_ex(3): "If key is NULL").
///
/// pg/hmac_hook.cpp puts hmac_init() between libpq and OpenSSL; where that is not linked, nothing
/// changes. Objects of one thread must end in the reverse order of their beginning.
///
/// OpenSSL and other libraries come this way, too, and it is not seen when a context gets another
/// key by HMAC_CTX_copy() or HMAC_Init(). So only calls as libpq makes them are made faster: with
/// EVP_sha256(), where OpenSSL's own have digests of a provider. libpq calls neither function.
class KeptKey {
public:
    KeptKey() noexcept;
    ~KeptKey();
    KeptKey(const KeptKey&) = delete;
    KeptKey& operator=(const KeptKey&) = delete;
    KeptKey(KeptKey&&) = delete;
    KeptKey& operator=(KeptKey&&) = delete;

private:
    friend int hmac_init(const HmacCall& call, HmacInit original) noexcept;

    [[nodiscard]] bool has(const HmacCall& call) const;
    void keep(const HmacCall& call);
    void forget();

    KeptKey* outer_;
    const HMAC_CTX* context_ = nullptr; ///< the last one that was made ready, if its key was kept
    std::size_t size_ = 0;              ///< bytes of the key, at most all of `key_`
    std::array<unsigned char, 256> key_{}; ///< a password, or what is derived from one: wiped
};

/// HMAC_Init_ex() with the same arguments and the same answer: 1 or, after an error, 0. `original`
/// is OpenSSL's. It is OpenSSL's alone where no KeptKey lives in this thread.
int hmac_init(const HmacCall& call, HmacInit original) noexcept;

} // namespace dbup
