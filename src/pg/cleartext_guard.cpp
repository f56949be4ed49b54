// SPDX-License-Identifier: MIT
#include "pg/cleartext_guard.hpp"

#include "core/failure.hpp"
#include "pg/peek.hpp"

#include <poll.h>
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
constexpr std::uint32_t md5_password = 5;
constexpr std::uint32_t sasl = 10;
constexpr std::uint32_t sasl_final = 12;
constexpr std::uint32_t no_request = 0xffff'ffff;
constexpr std::uint32_t longest_message = 30'000; // libpq's own bound for these messages

std::uint32_t big_endian(std::span<const std::uint8_t> bytes)
{
    std::uint32_t value = 0;
    for (const std::uint8_t byte : bytes.first(4)) {
        value = (value << 8U) | byte;
    }
    return value;
}

Exchange exchange_of(std::uint32_t kind)
{
    if (kind == md5_password) {
        return Exchange::md5;
    }
    return kind >= sasl && kind <= sasl_final ? Exchange::scram : Exchange::unseen;
}

using Buffer = std::array<std::uint8_t, 8'192>; // libpq always has room for at least that much

Peeked peek_plain(int socket, Buffer& buffer)
{
    const auto size = recv(socket, buffer.data(), buffer.size(), MSG_PEEK | MSG_DONTWAIT);
    if (size > 0) {
        return {static_cast<std::size_t>(size), false};
    }
    return {0, size < 0 && (errno == EAGAIN || errno == EINTR)};
}

/// Whether the other side has said its last byte, and it is here.
bool has_ended(int socket)
{
    pollfd end{socket, POLLRDHUP, 0};
    return poll(&end, 1, 0) > 0;
}

} // namespace

AuthFrames::Finding AuthFrames::look_at_message(std::span<const std::uint8_t> bytes)
{
    if (bytes.size() < type_and_length) {
        return Finding::incomplete;
    }
    const bool request = bytes[0] == 'R';
    const std::uint32_t length = big_endian(bytes.subspan(1));
    // libpq ends the connection over an impossible length: nothing behind it will be read.
    const bool impossible = length < (request ? 8U : 4U) || length > longest_message;
    const bool has_kind = request && bytes.size() >= type_length_and_kind;
    if (request && !has_kind && !impossible) {
        return Finding::incomplete;
    }
    const std::uint32_t kind = has_kind ? big_endian(bytes.subspan(type_and_length)) : no_request;
    if (kind == cleartext_password) {
        return Finding::cleartext;
    }
    if (has_kind && kind != authentication_ok) {
        asked_for_ = exchange_of(kind);
    }
    authenticated_ = impossible || kind == authentication_ok;
    skip_ = std::size_t{length} + 1;
    return Finding::harmless;
}

AuthFrames::Finding AuthFrames::look(std::span<const std::uint8_t> bytes)
{
    const bool full = bytes.size() >= Buffer{}.size();
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
            return full && finding == Finding::incomplete ? Finding::oversized : finding;
        }
    }
    // A full buffer may hide a request behind what was looked at; no honest server sends that much
    // before log-in, but for an error, which ends the connection.
    return full && !authenticated_ && bytes.front() != 'E' ? Finding::oversized : Finding::harmless;
}

AuthFrames::Finding AuthFrames::look_piecewise(std::span<const std::uint8_t> bytes)
{
    auto whole = head_;
    whole.insert(whole.end(), bytes.begin(), bytes.end());
    const auto finding = look(whole);
    if (finding != Finding::incomplete) {
        head_.clear();
        return finding;
    }
    head_ = std::move(whole);
    return Finding::harmless;
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
    const char* const password = PQpass(connection_);
    const bool at_stake = PQstatus(connection_) == CONNECTION_AWAITING_RESPONSE &&
                          password != nullptr && *password != '\0';
    if (!at_stake) {
        return Advice::proceed;
    }
    begin_anew_on_a_new_socket();
    const auto advice = look_at_what_came();
    if (advice != Advice::pause || !has_ended(PQsocket(connection_))) {
        return advice;
    }
    // No more will come: what is seen now is all.
    const auto last = look_at_what_came();
    return last == Advice::pause ? Advice::proceed : last;
}

CleartextGuard::Advice CleartextGuard::look_at_what_came()
{
    Buffer buffer{};
    SSL* const tls = tls_of(connection_);
    const auto [size, nothing_yet] =
        tls != nullptr ? peek_tls(tls, buffer) : peek_plain(PQsocket(connection_), buffer);
    saw_more_ = nothing_yet || size > seen_; // a part of a record is nothing yet, but it came
    seen_ = size;
    if (nothing_yet) {
        return Advice::wait;
    }
    // Of TLS, libpq reads the one record that was looked at; of a plain socket all that has come.
    const auto bytes = std::span{buffer}.first(size);
    switch (tls != nullptr ? frames_.look_piecewise(bytes) : frames_.look(bytes)) {
    case AuthFrames::Finding::cleartext: throw Failure{ErrorClass::cleartext};
    case AuthFrames::Finding::oversized:
        throw Failure{ErrorClass::protocol, "more than 8 KB before authentication"};
    case AuthFrames::Finding::incomplete: return Advice::pause;
    case AuthFrames::Finding::harmless: break;
    }
    return Advice::proceed;
}

} // namespace dbup
