// SPDX-License-Identifier: MIT
#pragma once

#include "core/deadline.hpp"
#include "pg/libpq.hpp"
#include "pg/session.hpp"

#include <string>

namespace dbup {

/// One pipeline of libpq (PostgreSQL documentation, 34.5): statements go out together and their
/// answers come back in one round trip. Whatever the server sends, memory stays bounded and the
/// deadline holds.
class Pipeline {
public:
    /// \throws Failure{network} if the connection is not usable
    Pipeline(PGconn* connection, const Deadline& deadline, int stop_fd);

    /// Queues a statement; constant text without parameters.
    void send(const std::string& sql);

    /// Sends all that was queued, with a synchronisation point behind it.
    void flush();

    /// The answer to the next statement. A command without rows gives empty Rows.
    /// \throws Failure by SQLSTATE for an error of the server; {timeout}, {network}, {protocol},
    /// {unexpected_result}
    Rows next();

    /// Reads up to the synchronisation point, whatever comes, and leaves pipeline mode.
    void finish();

private:
    Result next_result();
    Result awaited_result();
    [[noreturn]] void fail(const Result& result);
    [[noreturn]] void lost();

    PGconn* connection_;
    Deadline deadline_;
    int stop_fd_;
};

} // namespace dbup
