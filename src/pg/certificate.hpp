// SPDX-License-Identifier: MIT
#pragma once

#include "core/failure.hpp"
#include "pg/libpq.hpp"

#include <openssl/types.h>

#include <optional>
#include <string>

namespace dbup {

/// Learns why the certificate of a handshake was not trusted, for which libpq has one sentence
/// only: it throws the TLS session away, perhaps in the very call that has made it, and this asks
/// the session at that moment. One for each thread.
class Overheard {
public:
    Overheard();
    Overheard(const Overheard&) = delete;
    Overheard& operator=(const Overheard&) = delete;
    ~Overheard();

    /// Tells every session's end to the one of its thread; to be called once, before there are any.
    static void begin();

    /// Nothing if that is not what ended it.
    [[nodiscard]] const std::optional<Failure>& distrust() const { return distrust_; }

private:
    /// As OpenSSL calls it when a session is freed.
    static void
    on_end(void* session, void* data, CRYPTO_EX_DATA* all, int index, long number, void* argument);

    std::optional<Failure> distrust_;
};

/// Subject or issuer: "CN=db1,O=Example". Foreign text.
std::string name_text(const X509_NAME* name);

/// A point in time in a certificate: "2026-11-21 10:30:45Z".
std::string time_text(const ASN1_TIME* time);

/// The point in time from which on the certificate is valid, if `unix_time` is before it; else
/// empty.
std::string still_to_begin(const X509* certificate, double unix_time);

} // namespace dbup
