// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace dbup {

/// Does `work` in a thread of its own that nobody waits for: it may be stuck for ever, so it must
/// share what it uses. False where no thread can be had.
bool start_detached(std::function<void()> work);

/// Does `work`, which may be stuck in a file system for as long as that likes, and waits for it for
/// `patience` at most.
/// \returns what it returns: an objection, empty if all went well; or that it takes too long
std::string done_in_time(std::function<std::string()> work, std::chrono::milliseconds patience);

} // namespace dbup
