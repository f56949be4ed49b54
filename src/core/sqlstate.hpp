// SPDX-License-Identifier: MIT
#pragma once

#include "core/failure.hpp"

#include <string_view>

namespace dbup {

/// When an error comes.
enum class Moment {
    login,     ///< until the session has started
    statement, ///< it refuses a statement, and the session goes on (severity ERROR)
    end,       ///< it ends the session (FATAL, PANIC)
};

/// The class of an error that a server sent (PostgreSQL documentation, Appendix A). The SQLSTATE
/// decides; the `message` only tells apart what shares one code: 57P03 (starting and stopping),
/// 08P01 (everything that a pooler says of its own, or hands on from its server).
ErrorClass classify(std::string_view sqlstate, std::string_view message, Moment moment);

} // namespace dbup
