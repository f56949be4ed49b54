// SPDX-License-Identifier: MIT
#include "actions/cleanup.hpp"
#include "actions/rights.hpp"
#include "checks/patterns.hpp"
#include "core/failure.hpp"
#include "core/text.hpp"

#include <algorithm>

namespace dbup {

namespace {

// One statement that finds and, for the identities in $16, signals: what is true of a session when
// it is found must be true when it is ended. A signal that is not permitted would be an error in
// the middle of the others, so the right is looked at first.
constexpr std::string_view stuck_sql = R"(
WITH option AS (
  SELECT $1::pg_catalog.text[] AS databases, $2::pg_catalog.text[] AS not_databases,
         $3::pg_catalog.text[] AS roles, $4::pg_catalog.text[] AS not_roles,
         $5::pg_catalog.text[] AS applications, $6::pg_catalog.text[] AS not_applications,
         $7::pg_catalog.text[] AS types, $8::pg_catalog.text[] AS not_types,
         NULLIF($9, '')::pg_catalog.float8 AS blocker_age,
         NULLIF($10, '')::pg_catalog.float8 AS idle_transaction_age,
         NULLIF($11, '')::pg_catalog.float8 AS query_age,
         NULLIF($12, '')::pg_catalog.float8 AS idle_age,
         $13::pg_catalog.bool AS everybody, $14::pg_catalog.bool AS show_queries,
         $15::pg_catalog.bool AS signal, $16::pg_catalog.text[] AS victims),
every AS MATERIALIZED (
  SELECT s.pid, s.backend_type, s.datid, s.usesysid, s.state, s.query, s.state_change,
         s.pid || pg_catalog.to_char(s.backend_start AT TIME ZONE 'UTC', ':YYYYMMDDHH24MISSUS')
           AS identity,
         CASE WHEN s.state = 'active'
              THEN pg_catalog.to_char(s.query_start AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS')
              ELSE '' END AS running,
         COALESCE(pg_catalog.pg_get_userbyid(s.usesysid), '')::pg_catalog.text AS role,
         COALESCE(s.application_name, '') AS application,
         COALESCE(pg_catalog.host(s.client_addr), 'local') AS client,
         GREATEST(EXTRACT(EPOCH FROM pg_catalog.now() - s.state_change), 0) AS state_age,
         GREATEST(EXTRACT(EPOCH FROM pg_catalog.now() - s.query_start), 0) AS query_age,
         GREATEST(EXTRACT(EPOCH FROM pg_catalog.now() - s.backend_start), 0) AS age
    FROM pg_catalog.pg_stat_get_activity(NULL) AS s
   WHERE s.pid <> pg_catalog.pg_backend_pid()),
waiting AS MATERIALIZED (
  -- The function has waitstart from 14 on; before, the name means that of before_14.
  SELECT l.pid, GREATEST(EXTRACT(EPOCH FROM pg_catalog.now() - GREATEST(
                  COALESCE(l.waitstart, pg_catalog.now()), e.state_change)), 0) AS seconds
    FROM (VALUES ('-infinity'::pg_catalog.timestamptz)) AS before_14 (waitstart)
         CROSS JOIN LATERAL (SELECT pid, waitstart FROM pg_catalog.pg_lock_status()
                              WHERE NOT granted) AS l
         JOIN every AS e ON e.pid = l.pid AND e.backend_type = 'client backend'),
-- Who waits is no blocker, and does not run for long: the one at the head of the queue does that.
blocker AS MATERIALIZED (
  SELECT b.pid, pg_catalog.max(w.seconds) AS seconds
    FROM option AS o JOIN waiting AS w ON w.seconds >= o.blocker_age
         CROSS JOIN LATERAL pg_catalog.unnest(pg_catalog.pg_blocking_pids(w.pid)) AS b (pid)
   WHERE NOT EXISTS (SELECT FROM waiting AS v WHERE v.pid = b.pid)
   GROUP BY b.pid),
stuck AS MATERIALIZED (
  SELECT e.*, k.kind, k.seconds,
         CASE WHEN o.show_queries THEN pg_catalog."left"(e.query, 80) ELSE '' END AS words,
         pg_catalog.pg_has_role(CURRENT_USER, 'pg_signal_backend', 'USAGE')
           OR pg_catalog.pg_has_role(e.usesysid, 'USAGE') AS permitted
    FROM option AS o
         JOIN every AS e ON e.backend_type = 'client backend'
         JOIN pg_catalog.pg_database AS d ON d.oid = e.datid
          AND d.datname = pg_catalog.current_database()
         JOIN pg_catalog.pg_roles AS r ON r.oid = e.usesysid AND NOT r.rolsuper
         LEFT JOIN blocker AS b ON b.pid = e.pid
         CROSS JOIN LATERAL (
           SELECT v.kind, v.seconds
             FROM (VALUES
               (0, 'session', e.age, o.everybody),
               (1, 'blocker', b.seconds, b.pid IS NOT NULL),
               (2, 'idle-in-transaction', e.state_age, e.state_age >= o.idle_transaction_age
                  AND e.state IN ('idle in transaction', 'idle in transaction (aborted)')),
               (3, 'long-query', e.query_age, e.query_age >= o.query_age AND e.state = 'active'
                  AND NOT EXISTS (SELECT FROM waiting AS w WHERE w.pid = e.pid)),
               (4, 'idle', e.state_age, e.state_age >= o.idle_age AND e.state = 'idle')
             ) AS v (place, kind, seconds, fits)
            WHERE v.fits ORDER BY v.place LIMIT 1) AS k
   WHERE e.backend_type LIKE ANY (CASE WHEN o.types = '{}' THEN '{%}' ELSE o.types END)
     AND NOT e.backend_type LIKE ANY (o.not_types)
     AND (o.databases = '{}' OR d.datname::pg_catalog.text LIKE ANY (o.databases))
     AND NOT d.datname::pg_catalog.text LIKE ANY (o.not_databases)
     AND (o.roles = '{}' OR e.role LIKE ANY (o.roles))
     AND NOT e.role LIKE ANY (o.not_roles)
     AND (o.applications = '{}' OR e.application LIKE ANY (o.applications))
     AND NOT e.application LIKE ANY (o.not_applications))
SELECT pg_catalog.current_database() AS database,
       pg_catalog.pg_has_role(CURRENT_USER, 'pg_read_all_stats', 'USAGE') AS sees_all,
       s.identity, s.pid, s.kind, s.seconds, s.role, s.application, s.client, s.words, s.running,
       s.permitted,
       CASE WHEN NOT o.signal OR NOT s.permitted THEN false
            WHEN s.kind = 'long-query' THEN pg_catalog.pg_cancel_backend(s.pid)
            ELSE pg_catalog.pg_terminate_backend(s.pid) END AS signalled
  FROM option AS o
       LEFT JOIN stuck AS s ON NOT o.signal OR s.identity = ANY (o.victims)
 ORDER BY s.seconds DESC, s.pid)";

constexpr std::string_view left_sql = R"(
SELECT s.pid || pg_catalog.to_char(s.backend_start AT TIME ZONE 'UTC', ':YYYYMMDDHH24MISSUS')
         AS identity,
       CASE WHEN s.state = 'active'
            THEN pg_catalog.to_char(s.query_start AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS')
            ELSE '' END AS running
  FROM pg_catalog.pg_stat_get_activity(NULL) AS s
 WHERE s.pid || pg_catalog.to_char(s.backend_start AT TIME ZONE 'UTC', ':YYYYMMDDHH24MISSUS')
         = ANY ($1::pg_catalog.text[]))";

/// Identities are digits and colons: nothing to quote.
std::string array_of(const std::vector<StuckSession>& sessions)
{
    std::string text{'{'};
    for (const auto& session : sessions) {
        text += (text.size() > 1 ? "," : "") + session.identity;
    }
    return text + '}';
}

StuckSession session_of(const Rows& rows, std::size_t row)
{
    return {.identity = rows.text(row, "identity"),
            .pid = rows.text(row, "pid"),
            .kind = rows.text(row, "kind"),
            .seconds = rows.number(row, "seconds"),
            .role = rows.text(row, "role"),
            .application = rows.text(row, "application"),
            .client = rows.text(row, "client"),
            .words = rows.text(row, "words"),
            .running = rows.text(row, "running"),
            .permitted = rows.text(row, "permitted") == "t",
            .signalled = rows.text(row, "signalled") == "t"};
}

/// The row of the same session; none where it was not found.
std::optional<std::size_t> row_with(const Rows& rows, const StuckSession& session)
{
    for (std::size_t row = 0; row < rows.size(); ++row) {
        if (rows.cell(row, "identity") == session.identity) {
            return row;
        }
    }
    return std::nullopt;
}

Rows left_of(Session& session, const std::vector<StuckSession>& victims, const Deadline& deadline)
{
    const std::array parameters{array_of(victims)};
    const Query query{"left", left_sql, parameters};
    return session.run({&query, 1}, deadline).at(0);
}

/// Whether a session still does what it was signalled for.
bool stays(const Rows& left, const StuckSession& victim)
{
    const auto row = row_with(left, victim);
    return row && (!victim.cancels_query() || left.text(*row, "running") == victim.running);
}

Ending ending_of(const StuckSession& victim, const Rows& signalled, const Rows& left)
{
    if (const auto row = row_with(signalled, victim)) {
        const auto then = session_of(signalled, *row);
        return !then.permitted       ? Ending::forbidden
               : stays(left, victim) ? (then.signalled ? Ending::stays : Ending::refused)
                                     : Ending::ended;
    }
    return row_with(left, victim) ? Ending::recovered : Ending::gone;
}

} // namespace

Rows Cleaner::ask(Session& session,
                  const std::vector<StuckSession>* victims,
                  const Deadline& deadline) const
{
    std::vector<std::string> parameters{like_patterns(config_.include_database),
                                        like_patterns(config_.exclude_database),
                                        like_patterns(config_.include_user),
                                        like_patterns(config_.exclude_user),
                                        like_patterns(config_.include_application),
                                        like_patterns(config_.exclude_application),
                                        like_patterns(config_.include_type),
                                        like_patterns(config_.exclude_type)};
    for (const auto& age : wanted_.ages) {
        parameters.push_back(age ? number_text(seconds(*age)) : std::string{});
    }
    parameters.emplace_back(wanted_.everybody ? "true" : "false");
    parameters.emplace_back(config_.show_queries ? "true" : "false");
    parameters.emplace_back(victims != nullptr ? "true" : "false");
    parameters.push_back(victims != nullptr ? array_of(*victims) : std::string{"{}"});
    const Query query{victims != nullptr ? "signal" : "stuck", stuck_sql, parameters};
    return session.run({&query, 1}, deadline).at(0);
}

StuckSessions Cleaner::find(Session& session, const Deadline& deadline) const
{
    const Rows rows = ask(session, nullptr, deadline);
    if (rows.text(0, "sees_all") != "t") {
        throw Failure{ErrorClass::privilege_missing,
                      "what other sessions do is hidden from this role (pg_read_all_stats)"}
            .with_fix(replaced(grant_of("pg_monitor, pg_signal_backend",
                                        standing_of(session, deadline),
                                        session.server().version_number),
                               "{role_ident}",
                               sql_identifier(config_.user)));
    }
    StuckSessions found{.database = rows.text(0, "database")};
    for (std::size_t row = 0; row < rows.size(); ++row) {
        if (rows.cell(row, "pid")) {
            found.sessions.push_back(session_of(rows, row));
        }
    }
    return found;
}

std::vector<Ending> Cleaner::end(Session& session,
                                 const std::vector<StuckSession>& victims,
                                 Clock& clock,
                                 const Deadline& deadline) const
{
    constexpr Millis pause{20};
    const Deadline patience = deadline.within(std::chrono::seconds{2});
    const Rows signalled = ask(session, &victims, deadline);
    const auto lingers = [&](const Rows& left) {
        return std::any_of(victims.begin(), victims.end(), [&](const StuckSession& victim) {
            const auto row = row_with(signalled, victim);
            return row && signalled.text(*row, "signalled") == "t" && stays(left, victim);
        });
    };
    Rows left = left_of(session, victims, deadline);
    while (lingers(left) && patience.left() > pause) {
        clock.sleep(pause);
        left = left_of(session, victims, deadline);
    }
    std::vector<Ending> endings;
    endings.reserve(victims.size());
    for (const auto& victim : victims) {
        endings.push_back(ending_of(victim, signalled, left));
    }
    return endings;
}

} // namespace dbup
