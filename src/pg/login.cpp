// SPDX-License-Identifier: MIT
#include "pg/login.hpp"

#include "config/options.hpp"
#include "config/values.hpp"
#include "pg/bounds.hpp"
#include "pg/kept_key.hpp"
#include "pg/messages.hpp"
#include "pg/peek.hpp"
#include "pg/wait.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <vector>

namespace dbup {

namespace {

/// Keyword and value lists as PQconnectStartParams() wants them. Empty values are left out: to
/// libpq they mean "not given".
class Parameters {
public:
    void add(const char* keyword, const std::string& value)
    {
        if (!value.empty()) {
            keywords_.push_back(keyword);
            values_.emplace_back(value);
        }
    }

    [[nodiscard]] Connection start()
    {
        std::vector<const char*> values;
        for (const auto& value : values_) {
            values.push_back(value.reveal().c_str());
        }
        keywords_.push_back(nullptr);
        values.push_back(nullptr);
        constexpr int names_are_names =
            0; // expand_dbname: a database name is data, never a connection string
        return Connection{PQconnectStartParams(keywords_.data(), values.data(), names_are_names)};
    }

private:
    std::vector<const char*> keywords_;
    std::vector<Secret> values_; // one of them is the password: all are wiped
};

std::string setting(const Config& config, std::string_view option)
{
    return shown(config, *find_option(option));
}

/// Where there is no password file or client certificate that libpq may use, it must not look for
/// one: it would complain on stderr about the one, and give up over the other.
constexpr const char* no_file = "/dev/null/none";

Parameters parameters(const Config& config, const Candidate& candidate)
{
    Parameters all;
    all.add("host", candidate.endpoint.host);
    all.add("hostaddr", candidate.address);
    all.add("port", candidate.endpoint.port);
    all.add("dbname", config.database);
    all.add("user", config.user);
    all.add("password", config.password.reveal());
    all.add("passfile", config.passfile.empty() ? no_file : config.passfile);
    all.add("sslmode", setting(config, "ssl-mode"));
    all.add("sslrootcert", config.ssl_root_cert);
    all.add("sslcert", config.client_cert.empty() ? no_file : config.ssl_cert);
    all.add("sslkey", config.ssl_key);
    all.add("channel_binding", setting(config, "channel-binding"));
    all.add("application_name", config.application_name);
    all.add("client_encoding", "UTF8");
    all.add("gssencmode", "disable");
    all.add("target_session_attrs", "any");
    all.add("tcp_user_timeout", std::to_string(config.timeout.count())); // for what outlives us
    if (PQlibVersion() >= libpq_16 && !config.allow_cleartext_password) {
        all.add("require_auth", "!password");
    }
    return all;
}

Stage stage_of(ConnStatusType status, bool encrypts)
{
    if (status == CONNECTION_NEEDED || status == CONNECTION_STARTED) {
        return Stage::tcp;
    }
    const bool before_startup =
        status == CONNECTION_SSL_STARTUP || (status == CONNECTION_MADE && encrypts);
    return before_startup ? Stage::tls : Stage::auth;
}

bool wants_guard(const Config& config)
{
    // libpq 16 needs no guard, but what the guard sees is worth telling.
    const bool curious = config.action == ActionKind::validate;
    return !config.allow_cleartext_password && (PQlibVersion() < libpq_16 || curious);
}

/// Before TLS a server says one byte. One that says more is no PostgreSQL server (an SSH server
/// begins with an S, too), or somebody has put in words of his own. libpq would go on and complain
/// later, if ever.
void refuse_talk_before_tls(PGconn* connection)
{
    const bool asked = PQstatus(connection) == CONNECTION_SSL_STARTUP &&
                       PQsslStruct(connection, "OpenSSL") == nullptr;
    std::array<char, 2> bytes{};
    const auto size =
        asked ? recv(PQsocket(connection), bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT) : 0;
    if (size == 2 && bytes.front() == 'S') {
        throw Failure{ErrorClass::protocol, "more than an answer to the request for TLS"};
    }
}

PostgresPollingStatusType proceed(PGconn* connection)
{
    const KeptKey for_scram;
    return PQconnectPoll(connection);
}

void swallow_notice(void* /*unused*/, const PGresult* /*notice*/) {}

} // namespace

void Login::start()
{
    connection_ = parameters(config_, candidate_).start();
    if (!connection_) {
        throw Failure{ErrorClass::local, "out of memory"};
    }
    PQsetErrorVerbosity(connection_.get(),
                        PQERRORS_VERBOSE); // puts the SQLSTATE into the texts of connect errors
    PQsetNoticeReceiver(connection_.get(), &swallow_notice, nullptr);
}

Secret Login::password() const
{
    const char* const password = PQpass(connection_.get());
    return Secret{password == nullptr ? "" : password};
}

/// Whether libpq may go on; waits until there is something for it.
bool Login::may_proceed(PostgresPollingStatusType wants, const Lull& lull, CleartextGuard* guard)
{
    const bool reads = wants == PGRES_POLLING_READING;
    // There is room for a first packet on a connection that has just been made.
    const bool has_room = PQstatus(connection_.get()) == CONNECTION_MADE;
    if (reads || !has_room) {
        wait_for(connection_.get(), reads ? POLLIN : POLLOUT, lull, stop_fd_);
    }
    if (!reads) {
        return true;
    }
    flood_gate_.look(PQsocket(connection_.get()));
    refuse_talk_before_tls(connection_.get());
    if (guard == nullptr) {
        return true;
    }
    const auto advice = guard->advise();
    if (advice == CleartextGuard::Advice::pause) {
        pause_for(Millis{5},
                  stop_fd_); // the socket stays readable, so there is no event to wait for
    }
    return advice == CleartextGuard::Advice::proceed;
}

/// The limit of the next wait. While there is no connection, --connect-timeout is the only one.
Lull Login::lull_for(PostgresPollingStatusType wants, const Deadline& deadline) const
{
    if (trace_.stage() == Stage::tcp) {
        return Lull{deadline};
    }
    return {wants == PGRES_POLLING_READING ? Lull::Of::reading : Lull::Of::writing,
            {.deadline = deadline,
             .read = config_.read_timeout,
             .write = config_.write_timeout,
             .stop_fd = stop_fd_}};
}

/// The same while libpq may not read yet what came: it begins anew where that was more.
Lull Login::lull_after(const CleartextGuard& guard,
                       const Lull& before,
                       const Deadline& deadline) const
{
    return guard.saw_more() ? lull_for(PGRES_POLLING_READING, deadline) : before;
}

/// Why libpq has given up.
Failure Login::failure(const Overheard& overheard) const
{
    PGconn* const connection = connection_.get();
    const bool needs_password = PQconnectionNeedsPassword(connection) != 0;
    auto told = login_failure(PQerrorMessage(connection), trace_.stage(), needs_password);
    if (told.error() == ErrorClass::tls && overheard.distrust()) {
        return *overheard.distrust();
    }
    const auto& endpoint = candidate_.endpoint;
    if (!endpoint.is_socket()) {
        return told;
    }
    const bool folder_is_there = access(endpoint.host.c_str(), F_OK) == 0 || errno != ENOENT;
    return socket_failure(std::move(told), endpoint.host, endpoint.port, folder_is_there);
}

Connection Login::finish(const Patience& patience)
{
    trace_.enter(Stage::tcp);
    PGconn* const connection = connection_.get();
    Deadline deadline = patience.of_stage();
    const bool encrypts = config_.ssl_mode != SslMode::disable && !candidate_.endpoint.is_socket();
    const bool guarded = wants_guard(config_);
    CleartextGuard guard{connection};
    const Overheard overheard;
    auto wants =
        PQstatus(connection) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
    auto lull = lull_for(wants, deadline);
    while (wants != PGRES_POLLING_OK) {
        if (wants == PGRES_POLLING_FAILED) {
            throw failure(overheard);
        }
        if (!may_proceed(wants, lull, guarded ? &guard : nullptr)) {
            lull = lull_after(guard, lull, deadline);
            continue;
        }
        wants = proceed(connection);
        read_ahead(connection);
        const Stage stage = stage_of(PQstatus(connection), encrypts);
        if (wants != PGRES_POLLING_FAILED && stage != trace_.stage()) {
            trace_.enter(stage);
            deadline = patience.of_stage();
        }
        lull = lull_for(wants, deadline);
    }
    const bool used_password = PQconnectionUsedPassword(connection) != 0;
    exchange_ = !used_password ? Exchange::none : guarded ? guard.asked_for() : exchange_;
    return std::move(connection_);
}

} // namespace dbup
