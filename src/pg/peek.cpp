// SPDX-License-Identifier: MIT
#include "pg/peek.hpp"

#include "core/failure.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>

#include <array>

namespace dbup {

SSL* tls_of(PGconn* connection)
{
    return static_cast<SSL*>(PQsslStruct(connection, "OpenSSL"));
}

Peeked peek_tls(SSL* tls, std::span<std::uint8_t> buffer)
{
    const int size = SSL_peek(tls, buffer.data(), static_cast<int>(buffer.size()));
    const int error = SSL_get_error(tls, size);
    const char* const reason = ERR_reason_error_string(ERR_peek_error());
    ERR_clear_error();
    if (error == SSL_ERROR_SSL) { // an alert, read by us: libpq would not see it any more
        throw Failure{ErrorClass::tls, reason == nullptr ? "the TLS session is broken" : reason};
    }
    if (size > 0) {
        return {static_cast<std::size_t>(size), false};
    }
    return {0, error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE};
}

void read_ahead(PGconn* connection)
{
    SSL* const tls = tls_of(connection);
    if (tls != nullptr) {
        SSL_set_read_ahead(tls, 1);
    }
}

bool has_unread(PGconn* connection)
{
    SSL* const tls = tls_of(connection);
    // In a handshake the library goes on as long as it has a whole record.
    if (tls == nullptr || SSL_is_init_finished(tls) == 0 || SSL_has_pending(tls) == 0) {
        return false;
    }
    std::array<std::uint8_t, 1> byte{}; // what is pending may be a part of a record only
    return !peek_tls(tls, byte).nothing_yet;
}

short wait_for(PGconn* connection, short events, const Lull& lull, int stop_fd)
{
    const bool reads = (events & POLLIN) != 0;
    if (reads && !lull.end().expired() && has_unread(connection)) {
        return POLLIN;
    }
    try {
        return wait_for(PQsocket(connection), events, lull.end(), stop_fd);
    } catch (const Failure& failure) {
        if (failure.error() == ErrorClass::timeout && lull.is_shorter()) {
            throw Failure{lull.failure()};
        }
        throw;
    }
}

} // namespace dbup
