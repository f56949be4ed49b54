// SPDX-License-Identifier: MIT
// The SQL of the check `activity`, for PostgreSQL 12 to 18, with places that
// checks/activity_queries.cpp fills in.
//
// Every table and function that a fresh session meets costs it look-ups in the catalogs: so these
// are functions and not views, few of them, and each as often as it is of use. The names are short,
// because the transaction has already set search_path to pg_catalog when it comes to them.
#pragma once

#include "checks/lean_sql.hpp"

#include <array>
#include <string_view>

namespace dbup {

/// The conditions, the same for the numbers and for the names behind them. `t` is the time of the
/// server, taken once in the statement.
inline constexpr LeanSql stuck_sql{"state LIKE 'idle in %' AND t-state_change>={idle_age}"};
inline constexpr LeanSql slow_sql{"state='active' AND t-query_start>={query_age}"};
inline constexpr LeanSql old_sql{"t-xact_start>={transaction_age}"};
/// What a join or a dump holds in any number (AccessShareLock), what every transaction has of its
/// own, and what is gone in a moment say nothing.
inline constexpr LeanSql heavy_sql{"mode<>'AccessShareLock' AND locktype NOT "
                                   "IN ('virtualxid', 'transactionid')"};

/// What `numbers_sql` answers, in this order. Where there is nothing to take the greatest or the
/// sum of, it is empty.
inline constexpr std::array<std::string_view, 27> number_names{
    // of ourselves and of what this role can have
    "sees_all",
    "superuser",
    "max_connections",
    "superuser_reserved",
    "reserved",
    "may_use_reserved",
    "limit_of_database",
    "limit_of_role",
    // of the sessions
    "used",
    "used_of_database",
    "used_of_role",
    "total_connections",
    "idle_transactions",
    "long_queries",
    "long_transactions",
    "untracked",
    "session_xid",
    "session_xmin",
    // of the locks
    "all_locks",
    "total_locks",
    "blocked_locks",
    "longest_wait",
    // of prepared transactions and replication slots
    "prepared",
    "prepared_age",
    "prepared_xid",
    "slot_xmin",
    "slot_catalog_xmin"};

/// All that is judged, in one cell: `(t,f,100,…)`. That is a quarter of the bytes of as many
/// columns with names. Each session stands beside the locks that it has (n all, h heavy, w since
/// when it waits for one); locks may be nobody's. c is a client backend. Who does not wait has no
/// w: IS TRUE, because an AND does not stop at NULL, and pg_blocking_pids() locks the whole lock
/// table.
inline constexpr LeanSql numbers_sql{R"(
SELECT ROW(pg_has_role('pg_read_all_stats', 'USAGE'), rolsuper, current_setting('max_connections'),
           current_setting('superuser_reserved_connections'), {reserved}, datconnlimit,
           rolconnlimit, s.*, p.*, x.*)
FROM pg_roles r, pg_database d, clock_timestamp() t,
LATERAL (SELECT count(c OR NULL),
                count(c AND datid=d.oid OR NULL),
                count(c AND usesysid=r.oid OR NULL),
                count({seen} OR NULL),
                count({seen} AND {stuck} OR NULL),
                count({seen} AND {slow} OR NULL),
                count({seen} AND {old} OR NULL),
                count({seen} AND state='disabled' OR NULL),
                max(age(backend_xid)), max(age(backend_xmin)),
                sum(n), sum(h) FILTER (WHERE {seen} AND t-xact_start>={blocked_age}),
                count({seen} AND ({waited}>={blocked_age}) IS TRUE
                      AND (pg_blocking_pids(pid))[1] IS NOT NULL OR NULL),
                extract(epoch FROM max({waited}) FILTER (WHERE {seen}))
         FROM ({sessions}) a
         FULL JOIN (SELECT pid, count(*) n,
                           count({heavy} OR NULL) h,
                           max({since}) FILTER (WHERE NOT granted) w
                    FROM pg_lock_status() WHERE mode<>'SIReadLock' GROUP BY 1) l USING (pid)
         WHERE pid IS DISTINCT FROM pg_backend_pid()) s,
LATERAL (SELECT count(*), extract(epoch FROM max(t-prepared)), max(age(transaction))
         FROM pg_prepared_xact()) p,
(SELECT max(age(xmin)), max(age(catalog_xmin)) FROM pg_get_replication_slots()) x
WHERE rolname=SESSION_USER AND datname=current_database())"};

/// What fills {sessions}: where nothing is chosen, no names have to be looked up.
inline constexpr LeanSql clients_sql{
    "SELECT *, backend_type='client backend' c FROM pg_stat_get_activity(NULL)"};
inline constexpr LeanSql chosen_sql{R"(
SELECT a.*, backend_type='client backend' c, {chosen} seen
FROM pg_stat_get_activity(NULL) a LEFT JOIN pg_database b ON b.oid=datid)"};

/// What fills {reserved}: from 16 on.
inline constexpr LeanSql reserved_sql{"current_setting('reserved_connections'), "
                                      "pg_has_role(r.oid, 'pg_use_reserved_connections', 'USAGE')"};
inline constexpr LeanSql nothing_reserved_sql{"0, false"};

/// Who is behind a number, at most ten of a kind: all sessions, those to look at being `seen`; then
/// the parts below, joined by UNION ALL, then `culprits_end`. Only what is to be told is asked for.
inline constexpr LeanSql culprits_sql{R"(
WITH every AS MATERIALIZED (
  SELECT a.*, t, {chosen} seen, COALESCE(b.datname, '')::text AS database,
         COALESCE(pg_get_userbyid(usesysid), '')::text AS role,
         COALESCE(application_name, '') AS application,
         COALESCE(host(client_addr), 'local') AS client, {words} AS words
    FROM clock_timestamp() t, pg_stat_get_activity(NULL) a
         LEFT JOIN pg_database b ON b.oid=datid
   WHERE pid IS DISTINCT FROM pg_backend_pid())
SELECT label, weight, pid, "left"(role, 40) AS role, "left"(database, 40) AS database,
       "left"(application, 40) AS application, client, words, "left"(note, 100) AS note
  FROM ()"};
inline constexpr LeanSql culprits_end{") c ORDER BY label, weight DESC"};

inline constexpr LeanSql blocked_culprits{R"(
(SELECT 'blocked_locks' AS label, GREATEST(extract(epoch FROM w.waited), 0) AS weight, w.pid,
        w.role, w.database, w.application, w.client, w.words,
        CASE w.blockers[1] WHEN 0 THEN 'a prepared transaction'
             ELSE "left"(array_to_string(w.blockers, ' '), 40) END
          || COALESCE(' (' || b.role || ', ' || b.application || ', ' || b.state || ')', '') AS note
   FROM (SELECT e.*, {waited_alone} AS waited, pg_blocking_pids(e.pid) AS blockers
           FROM every e JOIN pg_lock_status() l ON l.pid=e.pid
          WHERE seen AND NOT granted AND mode<>'SIReadLock'
            AND {waited_alone}>={blocked_age}) w
        LEFT JOIN every b ON b.pid=w.blockers[1]
  WHERE w.blockers[1] IS NOT NULL ORDER BY 2 DESC LIMIT 10))"};

inline constexpr LeanSql stuck_culprits{R"(
(SELECT 'idle_transactions' AS label, GREATEST(extract(epoch FROM t-state_change), 0) AS weight, pid,
        role, database, application, client, words, state AS note
   FROM every WHERE seen AND {stuck} ORDER BY 2 DESC LIMIT 10))"};

inline constexpr LeanSql slow_culprits{R"(
(SELECT 'long_queries' AS label, GREATEST(extract(epoch FROM t-query_start), 0) AS weight, pid, role,
        database, application, client, words, '' AS note
   FROM every WHERE seen AND {slow} ORDER BY 2 DESC LIMIT 10))"};

inline constexpr LeanSql old_culprits{R"(
(SELECT 'long_transactions' AS label, GREATEST(extract(epoch FROM t-xact_start), 0) AS weight, pid,
        role, database, application, client, words, state AS note
   FROM every WHERE seen AND {old} ORDER BY 2 DESC LIMIT 10))"};

inline constexpr LeanSql untracked_culprits{R"(
(SELECT 'untracked' AS label, 0 AS weight, pid, role, database, application, client, '' AS words,
        '' AS note
   FROM every WHERE seen AND state='disabled' ORDER BY pid LIMIT 10))"};

inline constexpr LeanSql lock_culprits{R"(
(SELECT 'total_locks' AS label, count(*) AS weight, e.pid, e.role, e.database, e.application,
        e.client, '' AS words, '' AS note
   FROM every e JOIN pg_lock_status() l ON l.pid=e.pid
  WHERE seen AND t-xact_start>={blocked_age} AND {heavy} AND mode<>'SIReadLock'
  GROUP BY 3, 4, 5, 6, 7 ORDER BY 2 DESC LIMIT 10))"};

inline constexpr LeanSql crowd_culprits{R"(
(SELECT 'total_connections' AS label, count(*) AS weight, NULL::int4 AS pid, role, database,
        application, '' AS client, '' AS words, '' AS note
   FROM every WHERE seen GROUP BY role, database, application ORDER BY 2 DESC LIMIT 5))"};

inline constexpr LeanSql host_culprits{R"(
(SELECT 'connections_used' AS label, count(*) AS weight, NULL::int4 AS pid, '' AS role,
        '' AS database, '' AS application, client, '' AS words, '' AS note
   FROM every WHERE backend_type='client backend' GROUP BY client ORDER BY 2 DESC LIMIT 5))"};

inline constexpr LeanSql prepared_culprits{R"(
(SELECT 'prepared_age' AS label, GREATEST(extract(epoch FROM clock_timestamp()-prepared), 0) AS weight,
        NULL::int4 AS pid, owner::text AS role, database::text AS database, '' AS application,
        '' AS client, '' AS words, gid AS note
   FROM pg_prepared_xacts ORDER BY 2 DESC LIMIT 10))"};

inline constexpr LeanSql xmin_culprits{R"(
(SELECT 'xmin_age' AS label, weight, pid, role, database, application, client, '' AS words, note
   FROM (SELECT pid, role, database, application, client, '' AS note,
                GREATEST(age(backend_xid), age(backend_xmin)) AS weight
           FROM every
         UNION ALL
         SELECT NULL, '', '', '', '', 'replication slot ' || slot_name,
                GREATEST(age(xmin), age(catalog_xmin))
           FROM pg_get_replication_slots()
         UNION ALL
         SELECT NULL, owner::text, database::text, '', '', 'prepared transaction ' || gid,
                age(transaction)
           FROM pg_prepared_xacts) h
  WHERE weight IS NOT NULL ORDER BY 2 DESC LIMIT 3))"};

} // namespace dbup
