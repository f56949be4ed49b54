// SPDX-License-Identifier: MIT
#include "pg/certificate.hpp"

#include "core/text.hpp"

#include <fmt/format.h>

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <ctime>
#include <exception>

namespace dbup {

namespace {

using Memory = std::unique_ptr<BIO, FreeWith<&BIO_free_all>>;
using Chain = const STACK_OF(X509);

struct Doubt {
    std::string reason = {};
    const char* fix = "";
};

/// A name, short enough for the line of a Reason.
std::string short_name(const X509_NAME* name)
{
    constexpr std::size_t most = 80;
    return shortened(name_text(name), most);
}

std::string subject_of(const X509* certificate)
{
    return certificate == nullptr ? "unknown" : short_name(X509_get_subject_name(certificate));
}

std::string issuer_of(const X509* certificate)
{
    return certificate == nullptr ? "unknown" : short_name(X509_get_issuer_name(certificate));
}

bool has_expired(const X509* certificate)
{
    return X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0;
}

bool is_to_begin(const X509* certificate)
{
    return X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0;
}

/// The first certificate of the chain that was sent with that fault; null where it is another one.
const X509* first_with(bool (*fault)(const X509*), Chain* chain)
{
    const int count = chain == nullptr ? 0 : sk_X509_num(chain);
    for (int i = 0; i < count; ++i) {
        const X509* const certificate = sk_X509_value(chain, i);
        if (fault(certificate)) {
            return certificate;
        }
    }
    return nullptr;
}

const X509* first_of(Chain* chain)
{
    return chain == nullptr || sk_X509_num(chain) == 0 ? nullptr : sk_X509_value(chain, 0);
}

const X509* last_of(Chain* chain)
{
    return chain == nullptr || sk_X509_num(chain) == 0
               ? nullptr
               : sk_X509_value(chain, sk_X509_num(chain) - 1);
}

Doubt expired(Chain* chain)
{
    const X509* const certificate = first_with(&has_expired, chain);
    return {certificate == nullptr
                ? std::string{"a certificate that the server's depends on has expired"}
                : fmt::format("certificate has expired, it was valid until {}: {}",
                              time_text(X509_get0_notAfter(certificate)),
                              subject_of(certificate)),
            "Renew the certificate and let the server load it (SELECT pg_reload_conf();)"};
}

Doubt not_yet_valid(Chain* chain)
{
    const X509* const certificate = first_with(&is_to_begin, chain);
    return {certificate == nullptr
                ? std::string{"a certificate that the server's depends on is not yet valid"}
                : fmt::format("certificate is not yet valid, it will be from {}: {}",
                              time_text(X509_get0_notBefore(certificate)),
                              subject_of(certificate)),
            "See whether this host's clock is right (date -u); if it is, let the server use a "
            "certificate that is valid already"};
}

Doubt unknown_authority(Chain* chain)
{
    return {fmt::format("certificate is signed by an authority that --ssl-root-cert does not have: "
                        "{}",
                        issuer_of(last_of(chain))),
            "Add that authority's certificate to the file of --ssl-root-cert; if it is an "
            "intermediate one, let the server send it behind its own"};
}

Doubt self_signed(Chain* chain)
{
    return {fmt::format("certificate is self-signed and not in --ssl-root-cert: {}",
                        subject_of(first_of(chain))),
            "Let an authority sign the server's certificate and name that one's with "
            "--ssl-root-cert; or name the server's own, once you know that it is the server's"};
}

Doubt doubt_of(long code, Chain* chain)
{
    switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED: return expired(chain);
    case X509_V_ERR_CERT_NOT_YET_VALID: return not_yet_valid(chain);
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN: return unknown_authority(chain);
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: return self_signed(chain);
    default: return {X509_verify_cert_error_string(code)};
    }
}

/// Why the certificate of a session was not trusted; nothing if it was.
std::optional<Failure> distrust_of(const SSL* tls)
{
    // Without certificates to trust libpq verifies nothing, but OpenSSL has its opinion still.
    const bool verified = (SSL_get_verify_mode(tls) & SSL_VERIFY_PEER) != 0;
    const long code = verified ? SSL_get_verify_result(tls) : X509_V_OK;
    if (code == X509_V_OK) {
        return std::nullopt;
    }
    const auto [reason, fix] = doubt_of(code, SSL_get_peer_cert_chain(tls));
    return Failure{ErrorClass::tls, "certificate verify failed: " + reason}.with_fix(fix);
}

thread_local Overheard* listener = nullptr;

} // namespace

// NOLINTNEXTLINE(readability-function-size): the parameters are OpenSSL's
void Overheard::on_end(void* session,
                       void* /*data*/,
                       CRYPTO_EX_DATA* /*all*/,
                       int /*index*/,
                       long /*number*/,
                       void* /*argument*/)
{
    if (listener == nullptr) {
        return;
    }
    try {
        if (auto distrust = distrust_of(static_cast<const SSL*>(session))) {
            listener->distrust_ = std::move(distrust);
        }
    } catch (const std::exception&) { // no memory: libpq's sentence has to do
        listener->distrust_.reset();
    }
}

Overheard::Overheard()
{
    listener = this;
}

Overheard::~Overheard()
{
    listener = nullptr;
}

void Overheard::begin()
{
    static_cast<void>(SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, &on_end));
}

std::string name_text(const X509_NAME* name)
{
    const Memory memory{BIO_new(BIO_s_mem())};
    if (!memory || X509_NAME_print_ex(memory.get(), name, 0, XN_FLAG_RFC2253) < 0) {
        return {};
    }
    std::string text(512, '\0');
    const int size = BIO_read(memory.get(), text.data(), static_cast<int>(text.size()));
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return text;
}

std::string time_text(const ASN1_TIME* time)
{
    tm date{};
    if (ASN1_TIME_to_tm(time, &date) != 1) {
        return "an unknown time";
    }
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}Z",
                       date.tm_year + 1'900,
                       date.tm_mon + 1,
                       date.tm_mday,
                       date.tm_hour,
                       date.tm_min,
                       date.tm_sec);
}

std::string still_to_begin(const X509* certificate, double unix_time)
{
    const ASN1_TIME* const begin = X509_get0_notBefore(certificate);
    const bool later = ASN1_TIME_cmp_time_t(begin, static_cast<time_t>(unix_time)) == 1;
    return later ? time_text(begin) : std::string{};
}

} // namespace dbup
