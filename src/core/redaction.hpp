// SPDX-License-Identifier: MIT
// What can be known for a secret, or for the name of a host, by how it is written.
#pragma once

#include <string>
#include <string_view>

namespace dbup {

/// What is printed in the place of a secret.
inline constexpr std::string_view mask = "***";

/// Passwords inside connection strings and `password=…` settings replaced by ***, wherever they
/// stand in `text`.
std::string redact_connection_strings(std::string_view text);

/// A whole connection URI less its secrets, also where it is badly written: everything from the
/// first ':' behind the scheme to the last '@', and the values of parameters that are, or may be,
/// secret.
std::string redact_uri(std::string_view uri);

/// IPv4 and IPv6 addresses replaced by ***.
std::string redact_addresses(std::string_view text);

/// The names of hosts and people in a certificate replaced by ***: as libpq quotes them, and in
/// "CN=db1,O=Example".
std::string redact_certificate_names(std::string_view text);

} // namespace dbup
