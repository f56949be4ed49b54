// SPDX-License-Identifier: MIT
// The program under test, called as a monitoring host calls it.
#pragma once

#include <string>

#include "support/process.hpp"
#include "support/status_line.hpp"

namespace dbup_test {

/// Whether the program was built with sanitizers, which need descriptors of their own.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

/// The command line of the program with these arguments, with an empty environment (but for the
/// settings of sanitizers) and `environment` added.
Command plugin(const Strings& arguments, const Strings& environment = {});

/// Arguments that make it check the shared cluster: verify-full, SCRAM, password from a file.
Strings cluster_arguments(const Strings& more = {});

/// Arguments for a peer on a port of 127.0.0.1, without password and without TLS.
Strings peer_arguments(const std::string& port, const Strings& more = {});

Strings operator+(Strings left, const Strings& right);

/// Runs it and reads the line; throws when the shape is wrong.
StatusLine check(const Strings& arguments, const Strings& environment = {});
StatusLine check_cluster(const Strings& more = {}, const Strings& environment = {});

} // namespace dbup_test
