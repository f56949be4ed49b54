// SPDX-License-Identifier: MIT
#include "core/failure.hpp"

#include "core/text.hpp"

#include <algorithm>
#include <array>

namespace dbup {

namespace {

using enum ErrorClass;
using enum Remedy;

// clang-format off
constexpr std::array table{
    ErrorRow{config, "CONFIG_ERROR", "", State::unknown, none, 3,
             "the configuration is not usable",
             "see db-up --help"},
    ErrorRow{dns, "DNS_ERROR", "dns", State::critical, retry, 2,
             "cannot resolve hostname {host}",
             "Check DNS settings (getent hosts {host}) and the spelling of the host"},
    ErrorRow{refused, "CONNECTION_REFUSED", "refused", State::critical, retry, 2,
             "connection refused at {target}",
             "Check that PostgreSQL runs there (systemctl status postgresql) and listens on that address and port; "
             "check firewall rules"},
    ErrorRow{network, "NETWORK_ERROR", "network", State::critical, retry, 2,
             "cannot reach database at {target}",
             "Check network and firewall rules, and the server's log"},
    ErrorRow{timeout, "TIMEOUT", "timeout", State::critical, retry, 2,
             "no answer from {target}",
             "Check network latency and the server's load, or increase --connect-timeout and --timeout"},
    ErrorRow{tls, "TLS_ERROR", "tls", State::critical, none, 2,
             "no safe TLS connection to {target}",
             "Check ssl and the certificate on the server, --ssl-mode and --ssl-root-cert here"},
    ErrorRow{protocol, "PROTOCOL_ERROR", "protocol", State::critical, none, 2,
             "{target} does not speak the PostgreSQL protocol properly",
             "Check that host and port are those of PostgreSQL or its pooler, not of another service"},
    ErrorRow{authentication, "AUTHENTICATION_ERROR", "auth", State::critical, none, 1,
             R"(authentication failed for user "{user}" at {target})",
             "Check DB_USER and DB_PASSWORD (or the password file) and the server's pg_hba.conf"},
    ErrorRow{impostor, "SERVER_NOT_PROVEN", "proof", State::critical, none, 1,
             R"({target} could not prove that it knows the password of user "{user}")",
             "Another server may be answering there: compare its certificate, and use --ssl-mode verify-full"},
    ErrorRow{cleartext, "CLEARTEXT_REFUSED", "cleartext", State::critical, none, 1,
             "{target} asks for the password in clear text, which was not given",
             "Let the server use scram-sha-256 in pg_hba.conf; if you trust it, use --allow-cleartext-password"},
    ErrorRow{password_missing, "PASSWORD_MISSING", "password", State::critical, none, 1,
             R"({target} wants a password for user "{user}" and none was given)",
             "Set DB_PASSWORD or DB_PASSWORD_FILE, use --password-file, or add a line to the password file"},
    ErrorRow{permission, "PERMISSION_ERROR", "permission", State::critical, none, 1,
             R"(user "{user}" may not connect to database "{database}" at {target})",
             "User lacks CONNECT privilege. Grant with: GRANT CONNECT ON DATABASE {database_ident} TO {role_ident};"},
    ErrorRow{database_missing, "DATABASE_NOT_FOUND", "database", State::critical, none, 1,
             R"(database "{database}" does not exist at {target})",
             "Check DB_NAME, or create it with: CREATE DATABASE {database_ident};"},
    ErrorRow{no_slots, "TOO_MANY_CONNECTIONS", "slots", State::critical, retry, 1,
             "too many connections at {target}",
             "Check max_connections setting, the limits of role and database, and who holds the sessions "
             "(pg_stat_activity)"},
    ErrorRow{starting_up, "STARTING_UP", "starting", State::critical, retry, 1,
             "the database at {target} is starting up or recovering",
             "Wait for it; the server's log says how far recovery is"},
    ErrorRow{shutting_down, "SHUTTING_DOWN", "stopping", State::critical, retry, 1,
             "the database at {target} is shutting down",
             "Find out who stops it: the server's log, systemctl status postgresql"},
    ErrorRow{server, "SERVER_ERROR", "server", State::critical, retry, 1,
             "{target} cannot start a session",
             "The reason is the server's or the pooler's own; its log has more"},
    ErrorRow{query_timeout, "QUERY_TIMEOUT", "query-timeout", State::critical, none, 1,
             "the query at {target} was ended by its time limit",
             "Look for locks and load on the server (pg_stat_activity, pg_locks), or increase --statement-timeout"},
    ErrorRow{conflict, "QUERY_CONFLICT", "conflict", State::critical, retry, 1,
             "the query at {target} was cancelled or gave way to another transaction",
             "Look for who cancels queries, for deadlocks, or on a standby for conflicts with recovery (max_standby_streaming_delay)"},
    ErrorRow{query, "QUERY_ERROR", "query", State::critical, none, 1,
             "health check query failed at {target}",
             "The server's log has the whole statement and error"},
    ErrorRow{unexpected_result, "UNEXPECTED_RESULT", "result", State::critical, none, 1,
             "{target} answers, but not what was asked",
             "Check what stands between db-up and the server (proxy, pooler), and the server itself"},
    ErrorRow{hardening, "HARDENING_FAILED", "hardening", State::critical, none, 1,
             "the read-only transaction did not hold at {target}",
             "Use a pooler in transaction or session mode, or connect to the server directly"},
    ErrorRow{role_mismatch, "ROLE_MISMATCH", "role", State::critical, next_host, 1,
             "the server at {target} has the wrong role",
             "If it was promoted or demoted on purpose, change --role; else look at the cluster manager"},
    ErrorRow{privilege_missing, "PRIVILEGE_MISSING", "privilege", State::unknown, none, 1,
             R"(user "{user}" may not look at what this check needs at {target})",
             "GRANT pg_monitor TO {role_ident};"},
    ErrorRow{local, "LOCAL_ERROR", "local", State::unknown, none, 3,
             "db-up could not do its work on this host",
             "Check memory, descriptors, files and OPENSSL_CONF of the monitoring host; the server was not judged"},
    ErrorRow{interrupted, "INTERRUPTED", "interrupted", State::unknown, none, 3,
             "the check was interrupted",
             "The caller ended it before the deadline; give it a longer time limit than --timeout"},
    ErrorRow{internal, "INTERNAL_ERROR", "", State::unknown, none, 3,
             "db-up has failed in a way it did not foresee",
             "Please report it with the output of db-up -vv and db-up --version"},
};
// clang-format on

constexpr bool in_order()
{
    for (std::size_t i = 0; i < table.size(); ++i) {
        if (table.at(i).error != static_cast<ErrorClass>(i)) {
            return false;
        }
    }
    return table.back().error == internal;
}
static_assert(in_order(), "error_table follows the enumeration");

} // namespace

std::span<const ErrorRow> error_table()
{
    return table;
}

const ErrorRow& row_of(ErrorClass error)
{
    return table.at(static_cast<std::size_t>(error));
}

std::string general_text(std::string_view row_text)
{
    struct Place {
        std::string_view name = {};
        std::string_view word = {};
    };
    constexpr std::array places{Place{"{target}", "HOST:PORT"},
                                Place{"{host}", "HOST"},
                                Place{"{user}", "USER"},
                                Place{"{database}", "DATABASE"},
                                Place{"{role_ident}", R"("USER")"},
                                Place{"{database_ident}", R"("DATABASE")"}};
    std::string text{row_text};
    for (const auto& [name, word] : places) {
        text = replaced(text, name, word);
    }
    return text;
}

const ErrorRow* find_error(std::string_view word)
{
    const auto* const row =
        std::find_if(table.begin(), table.end(), [&](const ErrorRow& candidate) {
            return !candidate.option.empty() &&
                   (same_word(word, candidate.option) || same_word(word, candidate.code));
        });
    return row == table.end() ? nullptr : row;
}

Remedy Failure::remedy() const
{
    const Remedy usual = row_of(error_).remedy;
    return usual == retry && !retried_ ? next_host : usual;
}

Failure&& Failure::with_message(std::string message) &&
{
    message_ = std::move(message);
    return std::move(*this);
}

Failure&& Failure::with_fix(std::string fix) &&
{
    fix_ = std::move(fix);
    return std::move(*this);
}

Failure&& Failure::with_sqlstate(std::string sqlstate) &&
{
    sqlstate_ = std::move(sqlstate);
    return std::move(*this);
}

Failure&& Failure::without_retry() &&
{
    retried_ = false;
    return std::move(*this);
}

Failure&& Failure::with_target(std::string target, std::string host) &&
{
    target_ = std::move(target);
    host_ = std::move(host);
    return std::move(*this);
}

Failure&& Failure::with_answer() &&
{
    answered_ = true;
    return std::move(*this);
}

Failure&& Failure::with_excess() &&
{
    excessive_ = true;
    return std::move(*this);
}

Failure&& Failure::with_error(ErrorClass error) &&
{
    error_ = error;
    return std::move(*this);
}

Failure config_error(std::string message)
{
    return Failure{config}.with_message(std::move(message));
}

} // namespace dbup
