// SPDX-License-Identifier: MIT
#include "support/tls_server.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <stdexcept>

namespace dbup_test {

namespace {

void demand(bool condition, const std::string& what)
{
    if (!condition) {
        ERR_clear_error();
        throw std::runtime_error{"TLS server: " + what};
    }
}

} // namespace

void TlsServer::Free::operator()(ssl_ctx_st* context) const noexcept
{
    SSL_CTX_free(context);
}

void TlsServer::Free::operator()(ssl_st* session) const noexcept
{
    SSL_free(session);
}

TlsServer::TlsServer(const KeyPair& identity, Version version)
    : context_{SSL_CTX_new(TLS_server_method())}
{
    SSL_CTX* const context = context_.get();
    demand(context != nullptr, "no context");
    demand(SSL_CTX_use_certificate_file(context, identity.certificate.c_str(), SSL_FILETYPE_PEM) ==
               1,
           "certificate");
    demand(SSL_CTX_use_PrivateKey_file(context, identity.key.c_str(), SSL_FILETYPE_PEM) == 1,
           "key");
    SSL_CTX_set_num_tickets(context, 0); // as PostgreSQL
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    if (version == Version::tls_1_2) {
        SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    }
    session_.reset(SSL_new(context));
    demand(session_ != nullptr, "no session");
    SSL_set_bio(session_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(session_.get());
}

void TlsServer::take(std::string_view wire)
{
    BIO_write(SSL_get_rbio(session_.get()), wire.data(), static_cast<int>(wire.size()));
    if (!established()) {
        const int result = SSL_do_handshake(session_.get());
        demand(result == 1 || SSL_get_error(session_.get(), result) == SSL_ERROR_WANT_READ,
               "the client ended the handshake");
    }
}

std::string TlsServer::to_send()
{
    BIO* const out = SSL_get_wbio(session_.get());
    std::string bytes(BIO_ctrl_pending(out), '\0');
    if (!bytes.empty()) {
        BIO_read(out, bytes.data(), static_cast<int>(bytes.size()));
    }
    return bytes;
}

bool TlsServer::established() const
{
    return SSL_is_init_finished(session_.get()) == 1;
}

std::string TlsServer::read()
{
    std::string all;
    std::array<char, 16384> block{};
    for (;;) {
        const int count = SSL_read(session_.get(), block.data(), static_cast<int>(block.size()));
        if (count <= 0) { // nothing more yet, or good-bye
            ERR_clear_error();
            return all;
        }
        all.append(block.data(), static_cast<std::size_t>(count));
    }
}

void TlsServer::write(std::string_view plain)
{
    if (!plain.empty()) {
        SSL_write(session_.get(), plain.data(), static_cast<int>(plain.size()));
        ERR_clear_error();
    }
}

} // namespace dbup_test
