// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string_view>

namespace dbup {

/// Writes `text` to `fd`, in pieces that a pipe takes as a whole, and gives up after `patience`
/// when nobody reads. A text of up to 4096 bytes is one write. The exit code speaks for itself if
/// this fails, so nothing is reported.
void deliver(int fd, std::string_view text, std::chrono::milliseconds patience);

/// One line for a person who follows the run: UTC, level, sentence.
void tell_step(int fd, double unix_time, std::string_view sentence);

} // namespace dbup
