// SPDX-License-Identifier: MIT
#include "pg/libpq_session.hpp"

#include "config/config.hpp"
#include "core/failure.hpp"
#include "core/timestamp.hpp"
#include "pg/batch.hpp"
#include "pg/console.hpp"
#include "pg/hardening.hpp"
#include "pg/tls.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace dbup {

namespace {

/// "15.18 (Debian 15.18-0+deb12u1)" → "15.18"
std::string version_of(PGconn* connection)
{
    const char* const text = PQparameterStatus(connection, "server_version");
    const std::string_view whole = text == nullptr ? "unknown" : text;
    return std::string{whole.substr(0, std::min<std::size_t>(whole.find(' '), 32))};
}

/// Whether the server says that it writes dates as in "2025-12-15 10:30:45.123+01".
bool iso_dates(PGconn* connection)
{
    const char* const style = PQparameterStatus(connection, "DateStyle");
    return style != nullptr && std::string_view{style}.starts_with("ISO");
}

bool all_ours(std::span<const Query> queries)
{
    return std::all_of(
        queries.begin(), queries.end(), [](const Query& query) { return query.fixed; });
}

/// "192.0.2.7:5432" as the server has it, "[2001:db8::7]:5432"; empty: a unix socket.
std::string address_text(const Rows& proof)
{
    constexpr std::size_t longest = 64; // of what comes from outside
    const auto& address = proof.cell(0, "server_address");
    const auto& port = proof.cell(0, "server_port");
    if (!address || !port) {
        return {};
    }
    return Endpoint{.host = address->substr(0, longest), .port = port->substr(0, longest)}.text();
}

void refuse_console(const ServerFacts& server)
{
    if (server.console) {
        throw Failure{ErrorClass::config, "the server is the admin console of PgBouncer"}
            .with_message(
                "the database is PgBouncer's admin console, where no health check can run")
            .with_fix("Name a database that PgBouncer serves (DB_NAME or --database), or use "
                      "--check pool");
    }
}

void expect_no_rows(const Rows& answer)
{
    if (answer.columns() != 0) {
        throw Failure{ErrorClass::protocol, "the server answers a command with rows"};
    }
}

/// Before BEGIN and after ROLLBACK. A pooler may hand over a server that somebody else left dirty.
void expect_no_transaction(const PGconn* connection)
{
    if (PQtransactionStatus(connection) != PQTRANS_IDLE) {
        throw Failure{ErrorClass::hardening,
                      "outside of our transaction the server says that it is in one"};
    }
}

} // namespace

LibpqSession::LibpqSession(Connection connection,
                           const Surroundings& surroundings,
                           Exchange exchange)
    : connection_{std::move(connection)}, around_{surroundings}
{
    tls_ = tls_facts(connection_.get(), around_.clock.unix_time());
    server_.version = version_of(connection_.get());
    server_.version_number = PQserverVersion(connection_.get());
    server_.console = server_.version.ends_with("/bouncer");
    server_.backend_pid = PQbackendPID(connection_.get());
    server_.exchange = exchange;
    constexpr int knows_check_interval = 140'000; // client_connection_check_interval
    notices_lost_client_ = server_.version_number >= knows_check_interval;
}

std::vector<Rows> LibpqSession::run(std::span<const Query> queries, const Deadline& deadline)
{
    return hardened(queries, deadline, Access::read);
}

std::vector<Rows> LibpqSession::commit(std::span<const Query> queries, const Deadline& deadline)
{
    return hardened(queries, deadline, Access::write);
}

std::vector<Rows>
LibpqSession::hardened(std::span<const Query> queries, const Deadline& deadline, Access access)
{
    refuse_console(server_);
    try {
        return transaction(queries, deadline, access);
    } catch (const Failure& failure) {
        if (access == Access::write && failure.sqlstate().empty()) {
            give_up_commit();
        }
        const bool fell_silent =
            failure.error() == ErrorClass::timeout && failure.sqlstate().empty();
        if (!fell_silent) { // whoever does not answer would not answer to this either
            roll_back(deadline);
        }
        const bool hardens = !hardened_;
        const bool cannot_notice = hardens && failure.sqlstate() == "22023" && notices_lost_client_;
        if (!cannot_notice) {
            refuse(failure, hardens);
        }
    }
    notices_lost_client_ = false; // a server on Windows
    return transaction(queries, deadline, access);
}

std::vector<Rows> LibpqSession::show(std::span<const Query> commands, const Deadline& deadline)
{
    if (!server_.console) {
        throw config_error("the database is not PgBouncer's admin console")
            .with_fix("Connect to PgBouncer's port with --database pgbouncer");
    }
    around_.trace.enter(Stage::query);
    std::vector<Rows> answers;
    for (const auto& command : commands) {
        answers.push_back(console_answer(connection_.get(), command, bounds(deadline)));
    }
    return answers;
}

void LibpqSession::refuse(const Failure& failure, bool hardens) const
{
    if (failure.excessive() && !answering_) { // nothing of ours is that long
        throw Failure{failure.error(), failure.detail()};
    }
    if (hardens && failure.error() == ErrorClass::query) {
        // The statements of the hardening are ours: a server that refuses them is no place to look
        // at.
        throw Failure{ErrorClass::hardening, failure.detail()}.with_sqlstate(failure.sqlstate());
    }
    throw Failure{failure};
}

WaitBounds LibpqSession::bounds(const Deadline& deadline) const
{
    return {.deadline = deadline,
            .read = around_.config.read_timeout,
            .write = around_.config.write_timeout,
            .stop_fd = around_.stop_fd};
}

std::unique_ptr<Batch> LibpqSession::batch_for(std::span<const Query> queries,
                                               const Deadline& deadline)
{
    if (all_ours(queries)) {
        return std::make_unique<Script>(connection_.get(), bounds(deadline));
    }
    return std::make_unique<Pipeline>(connection_.get(), bounds(deadline));
}

std::vector<Rows>
LibpqSession::transaction(std::span<const Query> queries, const Deadline& deadline, Access access)
{
    hardened_ = false;
    answering_ = false;
    around_.trace.enter(Stage::harden);
    expect_no_transaction(connection_.get());
    const Hardening hardening{around_.config,
                              deadline,
                              {.notices_lost_client = notices_lost_client_,
                               .writes = access == Access::write,
                               .iso_dates = all_ours(queries) && iso_dates(connection_.get())}};
    try {
        return answers_under(hardening, queries, deadline, access);
    } catch (const Failure& failure) {
        throw hardening.explained(failure);
    }
}

std::vector<Rows> LibpqSession::answers_under(const Hardening& hardening,
                                              std::span<const Query> queries,
                                              const Deadline& deadline,
                                              Access access)
{
    const auto batch = batch_for(queries, deadline);
    for (const auto& statement : hardening.statements()) {
        batch->send({.sql = statement});
    }
    for (const auto& query : queries) {
        batch->send(query);
    }
    batch->send(hardening.proof());
    batch->send({.sql = access == Access::write ? "COMMIT" : "ROLLBACK"});
    in_transaction_ = true;
    const double asked_at = around_.clock.unix_time();
    batch->flush();

    // The server keeps its answers until the last statement has ended: whoever waits for the first
    // of them waits for the query.
    around_.trace.enter(Stage::query);
    for (std::size_t i = 0; i < hardening.statements().size(); ++i) {
        expect_no_rows(batch->next());
    }
    hardened_ = true;
    std::vector<Rows> answers;
    answering_ = true;
    for (std::size_t i = 0; i < queries.size(); ++i) {
        answers.push_back(batch->next());
    }
    answering_ = false;
    const Rows proof = batch->next();
    const double answered_at = around_.clock.unix_time();
    expect_no_rows(batch->next()); // ROLLBACK or COMMIT
    batch->finish();
    in_transaction_ = false;
    expect_no_transaction(connection_.get());
    hardening.verify(proof);
    server_.held = hardening.settings();
    learn(proof, asked_at, answered_at);
    return answers;
}

void LibpqSession::learn(const Rows& proof, double asked_at, double answered_at)
{
    constexpr double impossible_time = 1e12; // seconds
    const auto date = unix_time_of(proof.text(0, "server_time"));
    const double server_time = date ? *date : proof.number(0, "server_time");
    if (!std::isfinite(server_time) || std::abs(server_time) > impossible_time) {
        throw Failure{ErrorClass::unexpected_result, "the server's clock says an impossible time"};
    }
    server_.standby = proof.is_true(0, "standby");
    if (proof.has("server_address")) {
        server_.own_address = address_text(proof);
    }
    server_.skew = server_time - (asked_at + answered_at) / 2;
}

/// A transaction left open makes a pooler throw its server connection away. Best effort: the
/// session ends anyway.
void LibpqSession::roll_back(const Deadline& deadline)
{
    PGconn* const connection = connection_.get();
    const bool there = PQstatus(connection) == CONNECTION_OK && !deadline.expired();
    if (!std::exchange(in_transaction_, false) || !there) {
        return;
    }
    constexpr Millis enough{200};
    try {
        if (PQpipelineStatus(connection) != PQ_PIPELINE_OFF) {
            Pipeline{connection, bounds(deadline.within(enough))}.skip();
        }
        Script farewell{connection, bounds(deadline.within(enough))};
        farewell.skip();
        if (PQtransactionStatus(connection) != PQTRANS_IDLE) {
            farewell.send({.sql = "ROLLBACK"});
            farewell.flush();
            expect_no_rows(farewell.next());
            farewell.finish();
        }
    } catch (const Failure&) { // the first error is the one to tell
        return;
    }
}

/// A commit that waits for a synchronous standby heeds no time limit and does not notice that its
/// client is gone: each run would leave a session behind. Only a request to cancel ends the wait.
/// Best effort; whoever kept time for it sees that this does not take too long.
void LibpqSession::give_up_commit()
{
    if (PQstatus(connection_.get()) != CONNECTION_OK) {
        return;
    }
    const Cancel request{PQgetCancel(connection_.get())};
    if (request) {
        std::array<char, 256> words{};
        static_cast<void>(PQcancel(request.get(), words.data(), static_cast<int>(words.size())));
    }
}

void LibpqSession::close()
{
    around_.trace.enter(Stage::close);
    connection_.reset();
}

} // namespace dbup
