// SPDX-License-Identifier: MIT
#include "pg/key_pair.hpp"

#include "core/failure.hpp"
#include "pg/libpq.hpp"

#include <fmt/format.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

namespace dbup {

namespace {

using File = std::unique_ptr<BIO, FreeWith<&BIO_free_all>>;
using Certificate = std::unique_ptr<X509, FreeWith<&X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, FreeWith<&EVP_PKEY_free>>;

Failure unusable(const Config& config,
                 std::string_view option,
                 const std::string& path,
                 const std::string& objection)
{
    ERR_clear_error(); // or libpq would take it for its own
    return config_error(
        fmt::format("{}: cannot use '{}': {}", config.origin_of(option), path, objection));
}

/// Asked for a passphrase.
int has_passphrase(char* /*buf*/, int /*size*/, int /*rwflag*/, void* userdata)
{
    *static_cast<bool*>(userdata) = true;
    return -1;
}

/// The key of --ssl-key, as PEM or, from libpq 15 on, as DER.
Key key_of(const Config& config)
{
    const auto& path = config.client_key;
    bool locked = false;
    File file{BIO_new_file(path.c_str(), "re")};
    Key key{file ? PEM_read_bio_PrivateKey(file.get(), nullptr, has_passphrase, &locked) : nullptr};
    if (locked) { // OpenSSL would ask for it on the terminal, until the deadline
        throw unusable(config,
                       "ssl-key",
                       path,
                       "it has a passphrase, which db-up never asks for; write it without one: "
                       "openssl pkey -in KEY -out NEW-KEY");
    }
    if (!key) {
        file.reset(BIO_new_file(path.c_str(), "re"));
        key.reset(file ? d2i_PrivateKey_bio(file.get(), nullptr) : nullptr);
    }
    if (!key) {
        throw unusable(config, "ssl-key", path, "there is no private key in it");
    }
    return key;
}

/// libpq's own way of getting a passphrase, should it come to one all the same.
int no_passphrase(char* /*buf*/, int /*size*/, PGconn* /*connection*/)
{
    return 0;
}

} // namespace

void check_key_pair(const Config& config)
{
    PQsetSSLKeyPassHook_OpenSSL(&no_passphrase);
    if (config.client_cert.empty()) {
        return;
    }
    const File file{BIO_new_file(config.client_cert.c_str(), "re")};
    const Certificate certificate{
        file ? PEM_read_bio_X509_AUX(file.get(), nullptr, nullptr, nullptr) : nullptr};
    if (!certificate) {
        throw unusable(config, "ssl-cert", config.client_cert, "its certificate cannot be read");
    }
    if (X509_check_private_key(certificate.get(), key_of(config).get()) != 1) {
        throw unusable(
            config,
            "ssl-key",
            config.client_key,
            fmt::format("it is not the key of the certificate '{}'", config.client_cert));
    }
    ERR_clear_error();
}

} // namespace dbup
