// SPDX-License-Identifier: MIT
#include "pg/login.hpp"

#include "config/options.hpp"
#include "config/values.hpp"
#include "pg/messages.hpp"
#include "pg/wait.hpp"

#include <poll.h>

#include <algorithm>
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
    all.add("sslcert",
            config.ssl_cert.empty() && !config.default_ssl_cert ? no_file : config.ssl_cert);
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

void swallow_notice(void* /*unused*/, const PGresult* /*notice*/) {}

} // namespace

void Login::start()
{
    trace_.enter(Stage::tcp);
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
bool Login::may_proceed(PostgresPollingStatusType wants,
                        const Deadline& deadline,
                        CleartextGuard* guard)
{
    const bool reads = wants == PGRES_POLLING_READING;
    wait_for(PQsocket(connection_.get()), reads ? POLLIN : POLLOUT, deadline, stop_fd_);
    if (!reads || guard == nullptr) {
        return true;
    }
    const auto advice = guard->advise();
    if (advice == CleartextGuard::Advice::pause) {
        pause_for(Millis{5},
                  stop_fd_); // the socket stays readable, so there is no event to wait for
    }
    return advice == CleartextGuard::Advice::proceed;
}

Connection Login::finish(const Deadline& deadline)
{
    PGconn* const connection = connection_.get();
    const bool encrypts = config_.ssl_mode != SslMode::disable && !candidate_.endpoint.is_socket();
    const bool guarded = !config_.allow_cleartext_password && PQlibVersion() < libpq_16;
    CleartextGuard guard{connection};
    auto wants =
        PQstatus(connection) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
    while (wants != PGRES_POLLING_OK) {
        if (wants == PGRES_POLLING_FAILED) {
            const bool needs_password = PQconnectionNeedsPassword(connection) != 0;
            throw login_failure(PQerrorMessage(connection), trace_.stage(), needs_password);
        }
        if (may_proceed(wants, deadline, guarded ? &guard : nullptr)) {
            wants = PQconnectPoll(connection);
            if (wants != PGRES_POLLING_FAILED) {
                trace_.enter(stage_of(PQstatus(connection), encrypts));
            }
        }
    }
    return std::move(connection_);
}

} // namespace dbup
