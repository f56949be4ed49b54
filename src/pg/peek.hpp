// SPDX-License-Identifier: MIT
#pragma once

#include "pg/libpq.hpp"
#include "pg/wait.hpp"

#include <openssl/types.h>

#include <cstdint>
#include <span>

namespace dbup {

/// What a look at a connection has shown, which takes nothing away from libpq.
struct Peeked {
    std::size_t size = 0; ///< bytes that are there
    bool nothing_yet = false;
};

/// The TLS session of a connection; null where there is none.
SSL* tls_of(PGconn* connection);

/// What is there of the record that libpq will read next.
/// \throws Failure{tls} if the session is broken: libpq would not learn why
Peeked peek_tls(SSL* tls, std::span<std::uint8_t> buffer);

/// Lets the TLS library take all that has come by one call to the system, not by two for each
/// record. From then on the socket does not tell of everything: see has_unread().
void read_ahead(PGconn* connection);

/// Whether the TLS library has something for libpq that the socket does not tell of any more.
/// \throws as peek_tls() does
bool has_unread(PGconn* connection);

/// Waits until the connection's socket is ready for `events`, or there is something to read that
/// the TLS library has already taken from it.
/// \returns what there is
/// \throws Failure{tls} as well; Failure{timeout} that names the option where it was the limit of
/// this wait that has ended it
short wait_for(PGconn* connection, short events, const Lull& lull, int stop_fd);

} // namespace dbup
