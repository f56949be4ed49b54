// SPDX-License-Identifier: MIT
#pragma once

#include "core/clock.hpp"
#include "core/trace.hpp"
#include "pg/libpq.hpp"
#include "pg/session.hpp"

namespace dbup {

struct Config;
class Failure;

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

    LibpqSession(Connection connection, Surroundings surroundings);

    std::vector<Rows> run(std::span<const Query> queries, const Deadline& deadline) override;
    [[nodiscard]] const ServerFacts& server() const override { return server_; }
    [[nodiscard]] const std::optional<TlsFacts>& tls() const override { return tls_; }
    void close() override;

private:
    std::vector<Rows> transaction(std::span<const Query> queries, const Deadline& deadline);
    [[noreturn]] static void refuse(const Failure& failure, bool hardens);
    void learn(const Rows& proof, double asked_at, double answered_at);
    void roll_back(const Deadline& deadline);

    Connection connection_;
    Surroundings around_;
    ServerFacts server_;
    std::optional<TlsFacts> tls_;
    bool notices_lost_client_ = false;
};

} // namespace dbup
