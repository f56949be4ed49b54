// SPDX-License-Identifier: MIT
#pragma once

#include "core/failure.hpp"

#include <string_view>

namespace dbup {

/// The class of an error that a server sent (PostgreSQL documentation, Appendix A). The SQLSTATE
/// decides; the `message` only tells apart what shares one code: 57P03 (starting and stopping),
/// 08P01 (everything that a pooler says of its own). `login` is true until the session has started.
ErrorClass classify(std::string_view sqlstate, std::string_view message, bool login);

} // namespace dbup
