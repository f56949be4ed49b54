// SPDX-License-Identifier: MIT
#pragma once

#include "pg/libpq.hpp"
#include "pg/session.hpp"

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace dbup {

/// Reads the frames of a server's answer during authentication and tells when it asks for the
/// password in clear text (AuthenticationCleartextPassword; PostgreSQL documentation, 55.7). Knows
/// nothing of sockets.
class AuthFrames {
public:
    enum class Finding {
        harmless,   ///< libpq may read all of it
        incomplete, ///< a request has begun whose kind is not there yet
        cleartext,  ///< the server wants the password as it is
        oversized,  ///< more than any authentication message is
    };

    /// Looks at `bytes`, the next ones of the stream; libpq will consume exactly these if the
    /// finding is harmless. After AuthenticationOk everything is.
    Finding look(std::span<const std::uint8_t> bytes);

    /// What the server has asked for so far.
    [[nodiscard]] Exchange asked_for() const { return asked_for_; }
    /// The same where libpq may consume an incomplete request, because what follows will be seen
    /// before libpq reads it: the finding is never `incomplete`.
    Finding look_piecewise(std::span<const std::uint8_t> bytes);

private:
    Finding look_at_message(std::span<const std::uint8_t> bytes);

    std::size_t skip_ = 0;           ///< bytes still to come of a message that was judged
    std::vector<std::uint8_t> head_; ///< begin of a message that libpq has and that was not judged
    bool authenticated_ = false;     ///< or given up by libpq: no request can follow
    Exchange asked_for_ = Exchange::none;
};

/// libpq before 16 has no require_auth: it hands the password to any server that asks. This guard
/// looks at the bytes before libpq does (SSL_peek, MSG_PEEK) and withholds them if they ask for
/// clear text. Over TLS one record is looked at and read at a time, so nothing slips between; over
/// plain TCP a hostile server may win a race of microseconds, which is one more reason against
/// sslmode below require.
class CleartextGuard {
public:
    explicit CleartextGuard(PGconn* connection) : connection_{connection} {}

    enum class Advice {
        proceed, ///< let libpq read
        wait,    ///< nothing to read yet
        pause,   ///< part of a message is there, which must not be read yet; look again in a moment
    };

    /// To be asked before each PQconnectPoll() that may read.
    /// \throws Failure{cleartext}, Failure{protocol}
    Advice advise();

    /// What the server has asked for so far; none if there was no password at stake.
    [[nodiscard]] Exchange asked_for() const { return frames_.asked_for(); }

    /// Whether the last look has shown more than the one before.
    [[nodiscard]] bool saw_more() const { return saw_more_; }

private:
    void begin_anew_on_a_new_socket();
    Advice look_at_what_came();

    PGconn* connection_;
    AuthFrames frames_;
    std::size_t seen_ = 0; ///< bytes at the last look
    bool saw_more_ = false;
    ino_t socket_ =
        0; ///< libpq may connect again within one PGconn: number of the socket looked at
};

} // namespace dbup
