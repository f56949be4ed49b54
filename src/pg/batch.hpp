// SPDX-License-Identifier: MIT
#pragma once

#include "core/failure.hpp"
#include "pg/bounds.hpp"
#include "pg/libpq.hpp"
#include "pg/session.hpp"
#include "pg/wait.hpp"

#include <optional>
#include <string>

namespace dbup {

/// Statements that go out together and are answered in one round trip. Whatever the server sends,
/// memory stays bounded and the deadline holds.
class Batch {
public:
    Batch(const Batch&) = delete;
    Batch& operator=(const Batch&) = delete;
    virtual ~Batch();

    /// Queues a statement.
    virtual void send(const Query& query) = 0;

    /// Sends all that was queued.
    void flush();

    /// The answer to the next statement. A command without rows gives empty Rows.
    /// \throws Failure by SQLSTATE for an error of the server; {timeout}, {network}, {protocol},
    /// {unexpected_result}
    Rows next();

    /// Reads to the end of the answers, where nothing may be left.
    /// \throws Failure as next() does
    virtual void finish() = 0;

    /// The same after an error: what is left does not matter.
    virtual void skip() = 0;

protected:
    /// \throws Failure{network} if the connection is not usable
    Batch(PGconn* connection, const WaitBounds& bounds);

    [[nodiscard]] PGconn* connection() const { return connection_; }
    Result awaited_result();
    [[noreturn]] void fail(const Result& result);
    [[noreturn]] void lost();

private:
    virtual void end_of_questions() = 0;
    virtual void end_of_answer() = 0;
    Result next_result();
    static void hear(void* batch, const PGresult* notice);

    PGconn* connection_;
    WaitBounds bounds_;
    FloodGate flood_gate_{most_bytes_of_session};
    PQnoticeReceiver heard_before_;
    std::optional<Failure> last_words_; ///< of a server that is stopped at once
};

/// By the extended protocol, in a pipeline of libpq (PostgreSQL documentation, 34.5): the server
/// takes each text for one statement, whoever wrote it, and values apart from it.
class Pipeline final : public Batch {
public:
    Pipeline(PGconn* connection, const WaitBounds& bounds);

    void send(const Query& query) override;
    void finish() override;
    void skip() override { finish(); }

private:
    void end_of_questions() override;
    void end_of_answer() override;
};

/// By the simple protocol, in one message (PostgreSQL documentation, 55.2.2.1): two thirds of the
/// bytes of a pipeline, and less work on both sides. Only for texts of our own without values:
/// what stands behind a semicolon is the next statement.
class Script final : public Batch {
public:
    Script(PGconn* connection, const WaitBounds& bounds) : Batch{connection, bounds} {}

    void send(const Query& query) override;
    void finish() override;
    void skip() override;

private:
    void end_of_questions() override;
    void end_of_answer() override {}

    std::string text_;
};

} // namespace dbup
