// SPDX-License-Identifier: MIT
// The program under test, called as a monitoring host calls it.
#pragma once

#include <string>

#include "support/process.hpp"
#include "support/status_line.hpp"

namespace dbup_test {

/// Whether the program under test carries sanitizers or runs inside a tool, which needs
/// descriptors, memory and time of its own.
extern const bool sanitized;

/// The limit to hold a run's duration against: `seconds`, and more where the program carries
/// sanitizers, with which a few that start at once on a small machine take a second until main().
double in_time(double seconds);

/// The command line of the program with these arguments, with an empty environment (but for the
/// settings of sanitizers) and `environment` added.
Command plugin(const Strings& arguments, const Strings& environment = {});

/// Arguments that make it check the shared cluster: verify-full, SCRAM, password from a file.
Strings cluster_arguments(const Strings& more = {});

/// Arguments for a peer on a port of 127.0.0.1, without password and without TLS.
Strings peer_arguments(const std::string& port, const Strings& more = {});

Strings operator+(Strings left, const Strings& right);

/// The variables that give a program a wall clock which is `hours` further at every look.
Strings jumping_clock(int hours);

/// The variable that lets a program send no more than its peer takes.
Strings small_buffers();

/// Runs it and reads the line; throws when the shape is wrong.
StatusLine check(const Strings& arguments, const Strings& environment = {});
StatusLine check_cluster(const Strings& more = {}, const Strings& environment = {});

} // namespace dbup_test
