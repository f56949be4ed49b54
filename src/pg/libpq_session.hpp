// SPDX-License-Identifier: MIT
#pragma once

#include "core/clock.hpp"
#include "core/trace.hpp"
#include "pg/libpq.hpp"
#include "pg/session.hpp"
#include "pg/wait.hpp"

#include <memory>

namespace dbup {

struct Config;
class Batch;
class Failure;
class Hardening;

/// A session over a connection that is logged in.
class LibpqSession final : public Session {
public:
    /// All of them must outlive the session.
    struct Surroundings {
        const Config& config;
        const Clock& clock;
        Trace& trace;
        int stop_fd = -1;
    };

    /// \param exchange how the server asked for the password
    LibpqSession(Connection connection, const Surroundings& surroundings, Exchange exchange);

    std::vector<Rows> run(std::span<const Query> queries, const Deadline& deadline) override;
    std::vector<Rows> commit(std::span<const Query> queries, const Deadline& deadline) override;
    std::vector<Rows> show(std::span<const Query> commands, const Deadline& deadline) override;
    [[nodiscard]] const ServerFacts& server() const override { return server_; }
    [[nodiscard]] const std::optional<TlsFacts>& tls() const override { return tls_; }
    void close() override;

private:
    enum class Access { read, write };

    std::vector<Rows>
    hardened(std::span<const Query> queries, const Deadline& deadline, Access access);
    std::vector<Rows>
    transaction(std::span<const Query> queries, const Deadline& deadline, Access access);
    std::vector<Rows> answers_under(const Hardening& hardening,
                                    std::span<const Query> queries,
                                    const Deadline& deadline,
                                    Access access);
    [[nodiscard]] WaitBounds bounds(const Deadline& deadline) const;
    std::unique_ptr<Batch> batch_for(std::span<const Query> queries, const Deadline& deadline);
    [[noreturn]] void refuse(const Failure& failure, bool hardens) const;
    void learn(const Rows& proof, double asked_at, double answered_at);
    void roll_back(const Deadline& deadline);
    void give_up_commit();

    Connection connection_;
    Surroundings around_;
    ServerFacts server_;
    std::optional<TlsFacts> tls_;
    bool notices_lost_client_ = false;
    bool in_transaction_ = false;
    bool hardened_ = false;  ///< the statements of the hardening have been answered
    bool answering_ = false; ///< what comes is the answer to the queries
};

} // namespace dbup
