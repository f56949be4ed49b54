// SPDX-License-Identifier: MIT
#include "pg/cleartext_guard.hpp"

#include "core/failure.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace dbup {

namespace {

constexpr std::size_t type_and_length = 5;
constexpr std::size_t type_length_and_kind = 9;
constexpr std::uint32_t authentication_ok = 0;
constexpr std::uint32_t cleartext_password = 3;
constexpr std::uint32_t longest_message = 30'000; // libpq's own bound for these messages

std::uint32_t big_endian(std::span<const std::uint8_t> bytes)
{
    std::uint32_t value = 0;
    for (const std::uint8_t byte : bytes.first(4)) {
        value = (value << 8U) | byte;
    }
    return value;
}

struct Peeked {
    std::size_t size = 0;
    bool nothing_yet = false;
};

using Buffer = std::array<std::uint8_t, 8'192>; // libpq always has room for at least that much

Peeked peek_tls(SSL* tls, Buffer& buffer)
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

Peeked peek_plain(int socket, Buffer& buffer)
{
    const auto size = recv(socket, buffer.data(), buffer.size(), MSG_PEEK | MSG_DONTWAIT);
    if (size > 0) {
        return {static_cast<std::size_t>(size), false};
    }
    return {0, size < 0 && (errno == EAGAIN || errno == EINTR)};
}

} // namespace

AuthFrames::Finding AuthFrames::look_at_message(std::span<const std::uint8_t> bytes)
{
    const bool request = bytes[0] == 'R';
    if (bytes.size() < (request ? type_length_and_kind : type_and_length)) {
        return Finding::incomplete;
    }
    const std::uint32_t length = big_endian(bytes.subspan(1));
    const std::uint32_t kind =
        request ? big_endian(bytes.subspan(type_and_length)) : authentication_ok;
    if (request && kind == cleartext_password) {
        return Finding::cleartext;
    }
    // libpq ends the connection over an impossible length: nothing behind it will be read.
    authenticated_ =
        length < 4 || length > longest_message || (request && kind == authentication_ok);
    skip_ = std::size_t{length} + 1;
    return Finding::harmless;
}

AuthFrames::Finding AuthFrames::look(std::span<const std::uint8_t> bytes)
{
    const AuthFrames before = *this;
    auto rest = bytes;
    const auto skip = [&] {
        const std::size_t here = std::min(skip_, rest.size());
        rest = rest.subspan(here);
        skip_ -= here;
    };
    for (skip(); !rest.empty() && !authenticated_; skip()) {
        const auto finding = look_at_message(rest);
        if (finding != Finding::harmless) {
            *this = before; // libpq will not read these bytes: they come again
            return finding;
        }
    }
    // A full buffer may hide a request behind what was looked at; no honest server sends that much
    // before log-in, but for an error, which ends the connection.
    const bool full = bytes.size() >= Buffer{}.size() && !authenticated_;
    return full && bytes.front() != 'E' ? Finding::oversized : Finding::harmless;
}

/// libpq connects again by itself: with sslmode=allow and prefer, and without application_name
/// after SQLSTATE 42704. The descriptor's number may be the same; the socket's inode is not.
void CleartextGuard::begin_anew_on_a_new_socket()
{
    struct stat facts {};
    if (fstat(PQsocket(connection_), &facts) == 0 && facts.st_ino != socket_) {
        socket_ = facts.st_ino;
        frames_ = {};
    }
}

CleartextGuard::Advice CleartextGuard::advise()
{
    begin_anew_on_a_new_socket();
    const char* const password = PQpass(connection_);
    const bool at_stake = PQstatus(connection_) == CONNECTION_AWAITING_RESPONSE &&
                          password != nullptr && *password != '\0';
    if (!at_stake) {
        return Advice::proceed;
    }
    Buffer buffer{};
    auto* const tls = static_cast<SSL*>(PQsslStruct(connection_, "OpenSSL"));
    const auto [size, nothing_yet] =
        tls != nullptr ? peek_tls(tls, buffer) : peek_plain(PQsocket(connection_), buffer);
    if (nothing_yet) {
        return Advice::wait;
    }
    switch (frames_.look(std::span{buffer}.first(size))) {
    case AuthFrames::Finding::cleartext: throw Failure{ErrorClass::cleartext};
    case AuthFrames::Finding::oversized:
        throw Failure{ErrorClass::protocol, "more than 8 KB before authentication"};
    case AuthFrames::Finding::incomplete:
        if (tls != nullptr) { // the next record cannot be seen before this one is read
            throw Failure{ErrorClass::protocol, "the authentication request comes in pieces"};
        }
        return Advice::pause;
    case AuthFrames::Finding::harmless: break;
    }
    return Advice::proceed;
}

} // namespace dbup
