// SPDX-License-Identifier: MIT
#include "support/certificates.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>
#include <string_view>

#include "support/sandbox.hpp"

namespace dbup_test {

namespace {

template <auto release>
struct FreeWith {
    template <class Handle>
    void operator()(Handle* handle) const noexcept
    {
        release(handle);
    }
};

using Bio = std::unique_ptr<BIO, FreeWith<&BIO_free_all>>;
using Key = std::unique_ptr<EVP_PKEY, FreeWith<&EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, FreeWith<&X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, FreeWith<&X509_EXTENSION_free>>;

constexpr long day = 24L * 60 * 60;

void demand(bool condition, const std::string& what)
{
    if (!condition) {
        throw std::runtime_error{"cannot make a certificate: " + what};
    }
}

std::string text_of(BIO* memory)
{
    std::string text(static_cast<std::size_t>(BIO_pending(memory)), '\0');
    demand(BIO_read(memory, text.data(), static_cast<int>(text.size())) >= 0, "read");
    return text;
}

Bio memory_with(const std::string& text)
{
    return Bio{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value)
{
    X509V3_CTX context{};
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const Extension extension{X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str())};
    demand(extension != nullptr, value);
    demand(X509_add_ext(certificate, extension.get(), -1) == 1, value);
}

void set_name(X509_NAME* name, const std::string& common_name)
{
    demand(X509_NAME_add_entry_by_NID(
               name,
               NID_commonName,
               MBSTRING_UTF8,
               std::basic_string<unsigned char>{common_name.begin(), common_name.end()}.c_str(),
               -1,
               -1,
               0) == 1,
           common_name);
}

void set_serial(X509* certificate)
{
    std::int64_t serial = 0;
    unsigned char byte = 0;
    for (int count = 0; count < 7; ++count) {
        demand(RAND_bytes(&byte, 1) == 1, "serial number");
        serial = serial * 256 + byte;
    }
    demand(ASN1_INTEGER_set_int64(X509_get_serialNumber(certificate), serial) == 1, "serial");
}

Certificate
build(const CertificateRequest& request, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key)
{
    Certificate certificate{X509_new()};
    X509* const raw = certificate.get();
    demand(raw != nullptr && X509_set_version(raw, 2) == 1, "X509");
    set_serial(raw);
    const long until = request.days * day;
    X509_gmtime_adj(X509_getm_notBefore(raw),
                    request.days < 0 ? until - 10 * day : request.from_days * day);
    X509_gmtime_adj(X509_getm_notAfter(raw), until);
    set_name(X509_get_subject_name(raw), request.common_name);
    X509* const by = issuer != nullptr ? issuer : raw;
    demand(X509_set_issuer_name(raw, X509_get_subject_name(by)) == 1, "issuer");
    demand(X509_set_pubkey(raw, key) == 1, "key");
    add_extension(
        raw, by, NID_basic_constraints, request.authority ? "critical,CA:TRUE" : "CA:FALSE");
    if (!request.names.empty()) {
        add_extension(raw, by, NID_subject_alt_name, request.names);
    }
    demand(X509_sign(raw, issuer_key != nullptr ? issuer_key : key, EVP_sha256()) > 0, "sign");
    return certificate;
}

KeyPair write(const CertificateRequest& request, X509* certificate, EVP_PKEY* key)
{
    const Bio certificate_text{BIO_new(BIO_s_mem())};
    const Bio key_text{BIO_new(BIO_s_mem())};
    demand(PEM_write_bio_X509(certificate_text.get(), certificate) == 1, "PEM");
    demand(PEM_write_bio_PrivateKey(key_text.get(), key, nullptr, nullptr, 0, nullptr, nullptr) ==
               1,
           "PEM of the key");
    Sandbox& sandbox = Sandbox::shared();
    return {sandbox.make_file(request.file + ".crt", text_of(certificate_text.get()), 0644),
            sandbox.make_file(request.file + ".key", text_of(key_text.get()), 0600)};
}

Key new_key()
{
    Key key{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")};
    demand(key != nullptr, "EC key");
    return key;
}

} // namespace

KeyPair make_certificate(const CertificateRequest& request)
{
    const Key key = new_key();
    const Certificate certificate = build(request, key.get(), nullptr, nullptr);
    return write(request, certificate.get(), key.get());
}

KeyPair make_certificate(const CertificateRequest& request, const KeyPair& issuer)
{
    const std::string issuer_text = read_file(issuer.certificate);
    const std::string issuer_key_text = read_file(issuer.key);
    const Certificate issuer_certificate{
        PEM_read_bio_X509(memory_with(issuer_text).get(), nullptr, nullptr, nullptr)};
    const Key issuer_key{
        PEM_read_bio_PrivateKey(memory_with(issuer_key_text).get(), nullptr, nullptr, nullptr)};
    demand(issuer_certificate != nullptr && issuer_key != nullptr, "issuer");
    const Key key = new_key();
    const Certificate certificate =
        build(request, key.get(), issuer_certificate.get(), issuer_key.get());
    return write(request, certificate.get(), key.get());
}

} // namespace dbup_test
