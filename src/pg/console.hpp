// SPDX-License-Identifier: MIT
#pragma once

#include "pg/libpq.hpp"
#include "pg/session.hpp"
#include "pg/wait.hpp"

namespace dbup {

/// The answer of PgBouncer's admin console to one command. The console speaks the simple query
/// protocol only. \throws Failure as a Batch does
Rows console_answer(PGconn* connection, const Query& command, const WaitBounds& bounds);

} // namespace dbup
