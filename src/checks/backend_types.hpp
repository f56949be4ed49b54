// SPDX-License-Identifier: MIT
#pragma once

#include "config/config.hpp"

namespace dbup {

/// Refuses a word of --include-type or --exclude-type that no backend can be: nothing would ever be
/// found. \throws Failure{config}
void expect_backend_types(const Config& config);

} // namespace dbup
