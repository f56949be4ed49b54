// SPDX-License-Identifier: MIT
#pragma once

#include "config/config.hpp"

#include <cstddef>

namespace dbup {

/// What makes a password easily guessed.
enum class PasswordFault { none, well_known, too_short };

/// Fewer characters can be guessed.
inline constexpr std::ptrdiff_t enough_characters = 12;

/// Judges a password by itself: whether it is among those that are tried first (common words, the
/// names of user, database and host), or short. `none` for an empty one.
PasswordFault password_fault(const Config& config, const Secret& password);

} // namespace dbup
