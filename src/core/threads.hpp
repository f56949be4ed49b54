// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

namespace dbup {

/// Does `work` in a thread of its own that nobody waits for: it may be stuck for ever, so it must
/// share what it uses. False where no thread can be had. Handed in so that tests own it.
using StartThread = std::function<bool(std::function<void()> work)>;

} // namespace dbup
