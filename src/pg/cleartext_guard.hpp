// SPDX-License-Identifier: MIT
#pragma once

#include "pg/libpq.hpp"

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>

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

private:
    Finding look_at_message(std::span<const std::uint8_t> bytes);

    std::size_t skip_ = 0;       ///< bytes still to come of a message that was judged
    bool authenticated_ = false; ///< or given up by libpq: no request can follow
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

private:
    void begin_anew_on_a_new_socket();

    PGconn* connection_;
    AuthFrames frames_;
    ino_t socket_ =
        0; ///< libpq may connect again within one PGconn: number of the socket looked at
};

} // namespace dbup
