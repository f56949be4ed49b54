// SPDX-License-Identifier: MIT
#include "pg/cleartext_guard.hpp"

#include "core/failure.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

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
    ERR_clear_error();
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

AuthFrames::Finding AuthFrames::look(std::span<const std::uint8_t> bytes)
{
    std::size_t at = std::min(skip_, bytes.size());
    std::size_t skip = skip_ - at;
    while (at < bytes.size() && !authenticated_) {
        const auto rest = bytes.subspan(at);
        const bool request = rest[0] == 'R';
        if (rest.size() < (request ? type_length_and_kind : type_and_length)) {
            return Finding::incomplete;
        }
        const std::uint32_t length = big_endian(rest.subspan(1));
        if (length < 4 || length > longest_message) {
            return Finding::harmless; // libpq ends the connection over that
        }
        const std::uint32_t kind = request ? big_endian(rest.subspan(type_and_length)) : 0;
        if (request && kind == cleartext_password) {
            return Finding::cleartext;
        }
        authenticated_ = request && kind == authentication_ok;
        const std::size_t whole = std::size_t{length} + 1;
        const std::size_t here = std::min(whole, rest.size());
        skip = whole - here;
        at += here;
    }
    skip_ = skip;
    // A full buffer may hide a request behind what was looked at; no honest server sends that much
    // before log-in, but for an error, which ends the connection.
    const bool full = bytes.size() >= Buffer{}.size() && !authenticated_;
    return full && bytes.front() != 'E' ? Finding::oversized : Finding::harmless;
}

CleartextGuard::Advice CleartextGuard::advise()
{
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
