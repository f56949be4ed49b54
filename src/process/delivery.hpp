// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string_view>

#include "app/run.hpp"
#include "process/console.hpp"

namespace dbup {

/// Writes `text` to `fd`, in pieces that a pipe takes as a whole, and gives up after `patience`
/// when nobody reads. A text of up to 4096 bytes is one write. The exit code speaks for itself if
/// this fails, so nothing is reported.
void deliver(int fd, std::string_view text, std::chrono::milliseconds patience);

/// Gives everybody what `outcome` has for him: stdout or the file in its place, stderr, the log
/// file. The result goes first, and nothing of what follows can change it; all of it is over soon
/// after `deadline`.
/// \returns the exit code: that of the outcome, or of UNKNOWN if its file could not be written
int leave_behind(const Outcome& outcome, const Clock& clock, Instant deadline, Console& console);

} // namespace dbup
