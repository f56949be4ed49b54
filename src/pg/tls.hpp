// SPDX-License-Identifier: MIT
#pragma once

#include "pg/libpq.hpp"
#include "pg/session.hpp"

#include <optional>

namespace dbup {

/// Makes the TLS library read its configuration (OPENSSL_CONF), which libpq would otherwise do in
/// the middle of a connection: a file that blocks is then not taken for a server that is silent.
void load_tls_library();

/// What protects a connection that is open; empty if nothing does.
/// \param unix_time now, by the host's clock: the certificate's days are counted from it
std::optional<TlsFacts> tls_facts(PGconn* connection, double unix_time);

} // namespace dbup
