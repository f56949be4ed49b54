// SPDX-License-Identifier: MIT
#pragma once

#include "core/failure.hpp"

namespace dbup {

/// What to tell a person who has left --setup.
Failure setup_left();

} // namespace dbup
