// SPDX-License-Identifier: MIT
#include "pg/libpq_session.hpp"

#include "config/config.hpp"
#include "core/failure.hpp"
#include "pg/hardening.hpp"
#include "pg/pipeline.hpp"
#include "pg/tls.hpp"

#include <cmath>

namespace dbup {

namespace {

/// "15.18 (Debian 15.18-0+deb12u1)" → "15.18"
std::string version_of(PGconn* connection)
{
    const char* const text = PQparameterStatus(connection, "server_version");
    const std::string_view whole = text == nullptr ? "unknown" : text;
    return std::string{whole.substr(0, std::min<std::size_t>(whole.find(' '), 32))};
}

void refuse_console(std::string_view version)
{
    if (version.ends_with("/bouncer")) {
        throw Failure{ErrorClass::config, "the server is the admin console of PgBouncer"}
            .with_message(
                "the database is PgBouncer's admin console, where no health check can run")
            .with_fix("Name a database that PgBouncer serves: DB_NAME or --database");
    }
}

} // namespace

LibpqSession::LibpqSession(Connection connection, Surroundings surroundings)
    : connection_{std::move(connection)}, around_{surroundings}
{
    tls_ = tls_facts(connection_.get(), around_.clock.unix_time());
    server_.version = version_of(connection_.get());
    server_.backend_pid = PQbackendPID(connection_.get());
    constexpr int knows_check_interval = 140'000; // client_connection_check_interval
    notices_lost_client_ = PQserverVersion(connection_.get()) >= knows_check_interval;
    refuse_console(server_.version);
}

std::vector<Rows> LibpqSession::run(std::span<const Query> queries, const Deadline& deadline)
{
    try {
        return transaction(queries, deadline);
    } catch (const Failure& failure) {
        roll_back(deadline);
        const bool hardens = around_.trace.stage() == Stage::harden;
        const bool cannot_notice = hardens && failure.sqlstate() == "22023" && notices_lost_client_;
        if (!cannot_notice) {
            refuse(failure, hardens);
        }
    }
    notices_lost_client_ = false; // a server on Windows
    return transaction(queries, deadline);
}

void LibpqSession::refuse(const Failure& failure, bool hardens)
{
    if (hardens && failure.error() == ErrorClass::query) {
        // The statements of the hardening are ours: a server that refuses them is no place to look
        // at.
        throw Failure{ErrorClass::hardening, failure.detail()}.with_sqlstate(failure.sqlstate());
    }
    throw Failure{failure};
}

std::vector<Rows> LibpqSession::transaction(std::span<const Query> queries,
                                            const Deadline& deadline)
{
    around_.trace.enter(Stage::harden);
    const Hardening hardening{around_.config, deadline, notices_lost_client_};
    Pipeline pipeline{connection_.get(), deadline, around_.stop_fd};
    for (const auto& statement : hardening.statements()) {
        pipeline.send(statement);
    }
    for (const auto& query : queries) {
        pipeline.send(std::string{query.sql});
    }
    pipeline.send(std::string{Hardening::proof().sql});
    pipeline.send("ROLLBACK");
    const double asked_at = around_.clock.unix_time();
    pipeline.flush();

    for (std::size_t i = 0; i < hardening.statements().size(); ++i) {
        pipeline.next();
    }
    around_.trace.enter(Stage::query);
    std::vector<Rows> answers;
    for (std::size_t i = 0; i < queries.size(); ++i) {
        answers.push_back(pipeline.next());
    }
    const Rows proof = pipeline.next();
    const double answered_at = around_.clock.unix_time();
    pipeline.next(); // ROLLBACK
    pipeline.finish();
    hardening.verify(proof);
    learn(proof, asked_at, answered_at);
    return answers;
}

void LibpqSession::learn(const Rows& proof, double asked_at, double answered_at)
{
    const auto& standby = proof.text(0, "standby");
    if (standby != "t" && standby != "f") {
        throw Failure{ErrorClass::unexpected_result, "pg_is_in_recovery() is '" + standby + "'"};
    }
    constexpr double impossible_time = 1e12; // seconds
    const double server_time = proof.number(0, "server_time");
    if (!std::isfinite(server_time) || std::abs(server_time) > impossible_time) {
        throw Failure{ErrorClass::unexpected_result, "the server's clock says an impossible time"};
    }
    server_.standby = standby == "t";
    server_.skew = server_time - (asked_at + answered_at) / 2;
}

/// A transaction left open makes a pooler throw its server connection away. Best effort: the
/// session ends anyway.
void LibpqSession::roll_back(const Deadline& deadline)
{
    const bool in_transaction = PQstatus(connection_.get()) == CONNECTION_OK &&
                                PQpipelineStatus(connection_.get()) != PQ_PIPELINE_OFF;
    if (!in_transaction || deadline.expired()) {
        return;
    }
    constexpr Millis enough{200};
    try {
        Pipeline pipeline{connection_.get(), deadline.within(enough), around_.stop_fd};
        pipeline.finish();
        Pipeline farewell{connection_.get(), deadline.within(enough), around_.stop_fd};
        farewell.send("ROLLBACK");
        farewell.flush();
        farewell.finish();
    } catch (const Failure&) { // the first error is the one to tell
        return;
    }
}

void LibpqSession::close()
{
    around_.trace.enter(Stage::close);
    connection_.reset();
}

} // namespace dbup
