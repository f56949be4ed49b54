// SPDX-License-Identifier: MIT
#include "pg/tls.hpp"

#include "pg/connector.hpp"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cmath>

namespace dbup {

namespace {

using Certificate = std::unique_ptr<X509, FreeWith<&X509_free>>;
using Time = std::unique_ptr<ASN1_TIME, FreeWith<&ASN1_TIME_free>>;
using Memory = std::unique_ptr<BIO, FreeWith<&BIO_free_all>>;

std::optional<double> days_left(const X509* certificate, double unix_time)
{
    const Time now{ASN1_TIME_set(nullptr, static_cast<time_t>(unix_time))};
    int days = 0;
    int rest = 0;
    if (!now || ASN1_TIME_diff(&days, &rest, now.get(), X509_get0_notAfter(certificate)) != 1) {
        return std::nullopt;
    }
    constexpr double day = 86'400;
    return std::floor(days + rest / day);
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

std::string attribute(PGconn* connection, const char* name)
{
    const char* const value = PQsslAttribute(connection, name);
    return value == nullptr ? std::string{} : std::string{value};
}

} // namespace

std::optional<TlsFacts> tls_facts(PGconn* connection, double unix_time)
{
    if (PQsslInUse(connection) == 0) {
        return std::nullopt;
    }
    TlsFacts facts{.protocol = attribute(connection, "protocol"),
                   .cipher = attribute(connection, "cipher")};
    const auto* const tls = static_cast<const SSL*>(PQsslStruct(connection, "OpenSSL"));
    if (tls == nullptr) {
        return facts; // a libpq with another TLS library
    }
    const Certificate certificate{SSL_get1_peer_certificate(tls)};
    if (certificate) {
        facts.cert_days = days_left(certificate.get(), unix_time);
        facts.subject = name_text(X509_get_subject_name(certificate.get()));
        facts.issuer = name_text(X509_get_issuer_name(certificate.get()));
    }
    return facts;
}

int libpq_version()
{
    return PQlibVersion();
}

std::string openssl_version()
{
    return OpenSSL_version(OPENSSL_VERSION);
}

} // namespace dbup
