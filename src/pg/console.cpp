// SPDX-License-Identifier: MIT
#include "pg/console.hpp"

#include "pg/batch.hpp"

namespace dbup {

Rows console_answer(PGconn* connection, const Query& command, const WaitBounds& bounds)
{
    Script script{connection, bounds};
    script.send(command);
    script.flush();
    Rows rows = script.next();
    script.finish();
    return rows;
}

} // namespace dbup
