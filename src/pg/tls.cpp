// SPDX-License-Identifier: MIT
#include "pg/tls.hpp"

#include "pg/certificate.hpp"
#include "pg/connector.hpp"

#include <arpa/inet.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <cmath>

namespace dbup {

namespace {

using Certificate = std::unique_ptr<X509, FreeWith<&X509_free>>;
using Time = std::unique_ptr<ASN1_TIME, FreeWith<&ASN1_TIME_free>>;
using AlternativeNames = std::unique_ptr<GENERAL_NAMES, FreeWith<&GENERAL_NAMES_free>>;

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

std::string text_of(const ASN1_STRING* string)
{
    const auto* const bytes = ASN1_STRING_get0_data(string);
    return {bytes, bytes + ASN1_STRING_length(string)};
}

/// An address as a certificate holds it: 4 or 16 bytes.
std::string address_text(const ASN1_STRING* string)
{
    std::array<char, INET6_ADDRSTRLEN> buffer{};
    const int size = ASN1_STRING_length(string);
    const int family = size == 4 ? AF_INET : AF_INET6;
    const bool known = size == 4 || size == 16;
    const char* const text =
        known ? inet_ntop(family, ASN1_STRING_get0_data(string), buffer.data(), buffer.size())
              : nullptr;
    return text == nullptr ? std::string{} : std::string{text};
}

/// The host names and addresses of the certificate's subjectAltName.
std::vector<std::string> names_of(const X509* certificate)
{
    const AlternativeNames all{static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr))};
    std::vector<std::string> names;
    const int count = all ? sk_GENERAL_NAME_num(all.get()) : 0;
    for (int i = 0; i < count; ++i) {
        int type = 0;
        const void* const value =
            GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(all.get(), i), &type);
        const auto* const string = static_cast<const ASN1_STRING*>(value);
        if (type == GEN_DNS) {
            names.push_back(text_of(string));
        } else if (type == GEN_IPADD) {
            names.push_back(address_text(string));
        }
    }
    return names;
}

/// Whether the certificate was issued for `host`, a name or an address.
bool is_for(X509* certificate, const char* host)
{
    return X509_check_host(certificate, host, 0, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, nullptr) ==
               1 ||
           X509_check_ip_asc(certificate, host, 0) == 1;
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
    facts.client_certificate = SSL_get_certificate(tls) != nullptr;
    const Certificate certificate{SSL_get1_peer_certificate(tls)};
    if (certificate) {
        facts.cert_days = days_left(certificate.get(), unix_time);
        facts.valid_from = still_to_begin(certificate.get(), unix_time);
        facts.subject = name_text(X509_get_subject_name(certificate.get()));
        facts.issuer = name_text(X509_get_issuer_name(certificate.get()));
        facts.names = names_of(certificate.get());
        const char* const host = PQhost(connection);
        facts.names_host = host != nullptr && is_for(certificate.get(), host);
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
