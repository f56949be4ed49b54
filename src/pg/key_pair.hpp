// SPDX-License-Identifier: MIT
#pragma once

#include "config/config.hpp"

namespace dbup {

/// Reads the client certificate and its key, if libpq will use any, as the TLS library will, which
/// is then loaded. libpq does so only when a server has answered, and what is wrong with our own
/// files is nothing of the server's. Nobody is asked for a passphrase, from here on.
/// \throws Failure{config} if there is no certificate or no key in them, the key has a passphrase,
/// or it is not that of the certificate
void check_key_pair(const Config& config);

} // namespace dbup
