// SPDX-License-Identifier: MIT
#include "core/remedies.hpp"

#include <algorithm>
#include <array>

namespace dbup {

namespace {

using enum ErrorClass;

constexpr std::string_view admit = "Let a line of the server's pg_hba.conf admit this user and "
                                   "database from this host (the Reason names them), "
                                   "then SELECT pg_reload_conf();";
constexpr std::string_view own_account =
    "The server asks the system who you are, not for a password: run db-up as the account of that "
    "name (or let a map in pg_ident.conf name yours), put scram-sha-256 into that line of "
    "pg_hba.conf, or use --host localhost in place of the socket";
constexpr std::string_view encrypt = "Use --ssl-mode require or stronger; if there is no line with "
                                     "TLS either, let one of the server's pg_hba.conf admit "
                                     "this user and database from this host";
constexpr std::string_view our_certificate =
    "The server refuses our client certificate: compare the dates and the issuer of --ssl-cert "
    "with the server's clock "
    "and ssl_ca_file";
constexpr std::string_view give_certificate =
    "The server wants a client certificate: give one for this role with --ssl-cert and --ssl-key";
constexpr std::string_view tls_files =
    "Check the files of --ssl-cert, --ssl-key and --ssl-root-cert: certificates and key as PEM "
    "that belong together";
constexpr std::string_view our_policy =
    "The OpenSSL of this host refuses what the server uses: give the server a stronger "
    "certificate, key or protocol, or allow it in openssl.cnf or the file of OPENSSL_CONF "
    "(CipherString with its SECLEVEL, MinProtocol, SignatureAlgorithms)";
constexpr std::string_view nothing_in_common =
    "The server finds no cipher, group or signature that both sides allow: compare its "
    "ssl_ciphers, ssl_ecdh_curve and the key of its certificate with the OpenSSL configuration "
    "of this host (openssl.cnf or the file of OPENSSL_CONF: CipherString, Groups, "
    "SignatureAlgorithms)";
constexpr std::string_view no_version =
    "Server and host have no version of TLS in common, and this host takes TLS 1.2 or newer: look "
    "at ssl_min_protocol_version and ssl_max_protocol_version of the server";
constexpr std::string_view open_to_all =
    "GRANT SELECT ON what the Reason names TO {role_ident}; a new cluster lets everybody read it";
constexpr std::string_view unbound =
    "Use --channel-binding prefer; require needs a role whose password is stored as SCRAM, asked "
    "for with scram-sha-256, and TLS up to the server (PgBouncer 1.18 cannot do it)";
constexpr std::string_view of_pooler =
    "Compare user and password with PgBouncer's auth_file (or what its auth_query returns), then "
    "RELOAD; in its admin console; the server's pg_hba.conf has no part in it";

// clang-format off
constexpr std::array table{
    RemedyRow{config, "", "private key file", tls_files},
    RemedyRow{config, "", "certificate file", tls_files},
    RemedyRow{tls, "", "does not match host name",
              "Use a name that the certificate has (--host, with --hostaddr for the address), or a certificate for this name"},
    RemedyRow{tls, "", "too weak", our_policy}, // SECLEVEL: key or digest of a certificate
    RemedyRow{tls, "", "key too small", our_policy},
    RemedyRow{tls, "", "no suitable signature algorithm", our_policy},
    RemedyRow{tls, "", "wrong signature type", our_policy},
    RemedyRow{tls, "", "legacy sigalg disallowed", our_policy},
    RemedyRow{tls, "", "unsupported protocol", no_version},
    RemedyRow{tls, "", "alert protocol version", no_version},
    RemedyRow{tls, "", "alert handshake failure", nothing_in_common},
    RemedyRow{tls, "", "alert insufficient security", nothing_in_common},
    RemedyRow{tls, "", "SSL required", "Use --ssl-mode require or stronger"}, // PgBouncer
    RemedyRow{tls, "", "certificate required", give_certificate},
    RemedyRow{tls, "", "alert unknown ca", our_certificate},
    RemedyRow{tls, "", "alert certificate", our_certificate}, // expired, revoked, unknown
    RemedyRow{tls, "", "alert bad certificate", our_certificate},
    RemedyRow{tls, "", "alert unsupported certificate", our_certificate},
    RemedyRow{authentication, "28000", R"(host "[local]")", admit},
    RemedyRow{authentication, "28000", "no encryption", encrypt},
    RemedyRow{authentication, "28000", "SSL off", encrypt}, // PostgreSQL up to 13
    RemedyRow{authentication, "28000", "pg_hba.conf", admit},
    RemedyRow{authentication, "28000", "Peer authentication", own_account},
    RemedyRow{authentication, "28000", "Ident authentication", own_account},
    RemedyRow{authentication, "08P01", "pg_hba.conf", admit},
    RemedyRow{authentication, "28000", "is not permitted to log in", "ALTER ROLE {role_ident} LOGIN;"},
    RemedyRow{authentication, "28000", "valid client certificate", give_certificate},
    RemedyRow{authentication, "28000", "certificate authentication failed",
              "The certificate of --ssl-cert must be for this role: by its CN, or by a map in the server's pg_ident.conf"},
    RemedyRow{authentication, "", "channel binding is required", unbound}, // both are libpq's
    RemedyRow{authentication, "", "channel binding required", unbound},
    RemedyRow{authentication, "08P01", "SASL authentication failed", of_pooler},
    RemedyRow{authentication, "08P01", "no such user", of_pooler},
    RemedyRow{database_missing, "08P01", "no such database",
              "Check DB_NAME; PgBouncer serves what stands in [databases] of its pgbouncer.ini: add {database_ident} there, "
              "then RELOAD; in its admin console"},
    RemedyRow{permission, "08P01", "is disabled", "ENABLE {database_ident}; in PgBouncer's admin console"},
    RemedyRow{permission, "55000", "invalid database",
              "DROP DATABASE {database_ident}; it is what an interrupted DROP DATABASE has left, and cannot be used again"},
    RemedyRow{permission, "08P01", "not currently accepting", "ALTER DATABASE {database_ident} WITH ALLOW_CONNECTIONS true;"},
    RemedyRow{permission, "55000", "", "ALTER DATABASE {database_ident} WITH ALLOW_CONNECTIONS true;"},
    RemedyRow{timeout, "08P01", "query_wait_timeout",
              "PgBouncer had no server connection to give in time: look at SHOW POOLS; and SHOW DATABASES; in its admin console "
              "(paused, pool_size), and at the server behind it"},
    RemedyRow{timeout, "57P05", "",
              "idle_session_timeout ended the session before db-up could ask: look where it is set (server, database, role), "
              "or ALTER ROLE {role_ident} SET idle_session_timeout = 0;"},
    RemedyRow{shutting_down, "57P01", "",
              "Either the server is stopped (its log, systemctl status postgresql), or somebody ended only this session: "
              "pg_terminate_backend() by hand or of a tool that ends sessions"},
    RemedyRow{privilege_missing, "42501", "permission denied for function",
              "GRANT EXECUTE ON FUNCTION and its name (in the Reason) TO {role_ident}; a new cluster lets everybody call it"},
    RemedyRow{privilege_missing, "42501", "permission denied for table", open_to_all},
    RemedyRow{privilege_missing, "42501", "permission denied for view", open_to_all},
    RemedyRow{starting_up, "57P03", "is not accepting connections",
              "A standby with hot_standby = off takes no sessions: switch it on there, or check the primary; else wait for it"},
    RemedyRow{query_timeout, "55P03", "",
              "Look for who holds the lock (pg_locks, pg_stat_activity), or increase --lock-timeout"},
};
// clang-format on

} // namespace

std::span<const RemedyRow> remedy_table()
{
    return table;
}

std::string_view remedy_of(const Failure& failure)
{
    const auto* const row = std::find_if(table.begin(), table.end(), [&](const RemedyRow& one) {
        return one.error == failure.error() &&
               (one.sqlstate.empty() || one.sqlstate == failure.sqlstate()) &&
               failure.detail().find(one.words) != std::string::npos;
    });
    return row == table.end() ? row_of(failure.error()).fix : row->fix;
}

} // namespace dbup
