// SPDX-License-Identifier: MIT
#pragma once

#include "core/failure.hpp"

namespace dbup {

struct Config;

/// The failure with what is peculiar to a statement of the user.
Failure told_of_query(const Failure& failure, const Config& config);

} // namespace dbup
