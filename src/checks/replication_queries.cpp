// SPDX-License-Identifier: MIT
#include "checks/replication_queries.hpp"

#include "checks/lean_sql.hpp"
#include "core/text.hpp"

namespace dbup {

namespace {

constexpr int knows_wal_status = 130'000;
constexpr int knows_inactive_since = 170'000;

// Functions and not the views over them, because each table and view that a fresh session meets
// costs it look-ups in the catalogs; the names are short, because the transaction has set
// search_path to pg_catalog when it comes to them.
//
// o: what this server has of the log (h standby, r received, y replayed, u when the last
//    transaction was, p paused, l the end of what it can send). What is only for a standby, or only
//    for who may see it, is an error for everybody else.
// n: synchronous_standby_names. The number in `FIRST 2 (a, b)`, `ANY 2 (*)` and `2 (a, b)` is how
//    many standbys a commit waits for; NULL, which is 1, in a plain list. Outside of quotes only
//    these have a parenthesis.
// w: who is fed. A base backup is no standby, a client in `startup` is not yet anything, and one
//    that replays nothing (pg_receivewal) has no replay_lsn, and may have no flush_lsn: the lag
//    that the server tells of what is never done grows for ever, so it is left out. What has all of
//    the log lags by 0; the server's own lag is NULL then. GREATEST leaves a NULL out, so that it
//    stands inside of the difference.
// s: the slots (i inactive, b what it holds back). One that is lost holds nothing back any more,
//    even where it keeps its place (logical ones, and those that were idle for too long), and one
//    that is synced from the primary is never active here: neither counts as inactive. A status of
//    NULL is that of a slot that has no place yet.
constexpr LeanSql numbers_sql{R"(
SELECT ROW(h, pg_has_role('pg_read_all_stats', 'USAGE'), r, r-y, extract(epoch FROM t-u), p,
           CASE WHEN h AND pg_has_role('pg_read_all_settings', 'USAGE')
                THEN current_setting('primary_conninfo')<>'' END,
           v.status, extract(epoch FROM t-last_msg_receipt_time), w.*, s.*)
FROM (SELECT *, CASE WHEN h THEN GREATEST(r, y) ELSE pg_current_wal_lsn() END l
      FROM (SELECT h, CASE WHEN h THEN pg_last_wal_receive_lsn() END r,
                   CASE WHEN h THEN pg_last_wal_replay_lsn() END y,
                   CASE WHEN h THEN pg_last_xact_replay_timestamp() END u,
                   CASE WHEN h THEN pg_is_wal_replay_paused() ELSE h END p
            FROM pg_is_in_recovery() h) o) o,
clock_timestamp() t, pg_stat_get_wal_receiver() v,
current_setting('synchronous_standby_names') n,
LATERAL (SELECT count(*), count(*) FILTER (WHERE state IS NULL),
                count(*) FILTER (WHERE state='streaming' AND replay_lsn IS NOT NULL AND pid NOT IN (
                  SELECT active_pid FROM pg_get_replication_slots()
                  WHERE active AND slot_type='logical')),
                count(*) FILTER (WHERE state<>'streaming'),
                CASE WHEN n<>'' AND NOT h
                     THEN count(*) FILTER (WHERE state='streaming'
                                             AND sync_state IN ('sync', 'quorum')) END,
                substring(n, '^[^"0-9]*([0-9]+)[^",]*[(]'),
                max(GREATEST(l, write_lsn)-write_lsn),
                max(GREATEST(l, flush_lsn)-flush_lsn),
                max(GREATEST(l, replay_lsn)-replay_lsn),
                extract(epoch FROM max(CASE WHEN write_lsn>=l THEN '0' ELSE write_lag END)),
                extract(epoch FROM max(CASE WHEN flush_lsn>=l THEN '0'
                                            WHEN flush_lsn<l THEN flush_lag END)),
                extract(epoch FROM max(CASE WHEN replay_lsn>=l THEN '0'
                                            WHEN replay_lsn<l THEN replay_lag END))
         FROM pg_stat_get_wal_senders()
         WHERE state IS NULL OR state NOT IN ('startup', 'backup')) w,
LATERAL (SELECT count(*), count(*) FILTER (WHERE i), max(b) FILTER (WHERE status<>'lost'),
                max(b) FILTER (WHERE i),
                extract(epoch FROM t-min(since) FILTER (WHERE i)),
                count(*) FILTER (WHERE status='lost'),
                count(*) FILTER (WHERE status='unreserved')
         FROM (SELECT {status} status, {since} since, GREATEST(l, restart_lsn)-restart_lsn b,
                      {inactive} i
               FROM pg_get_replication_slots()) a) s)"};

/// Up to where this server can send: `l`.
constexpr LeanSql end_sql{R"(
SELECT CASE WHEN pg_is_in_recovery()
            THEN GREATEST(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
            ELSE pg_current_wal_lsn() END l)"};

constexpr LeanSql clients_sql{R"(
SELECT pid, "left"(application_name, 63) AS name, client_addr, state, sync_state,
       EXISTS (SELECT FROM pg_get_replication_slots()
               WHERE active_pid=r.pid AND slot_type='logical') AS logical,
       state='streaming' AND replay_lsn IS NULL AS receives,
       CASE WHEN replay_lsn>=l THEN 0 WHEN replay_lsn<l THEN extract(epoch FROM replay_lag) END
         AS lag,
       GREATEST(l, has)-has AS bytes
FROM (SELECT *, COALESCE(replay_lsn, flush_lsn, write_lsn) has FROM pg_stat_replication) r,
     ({end}) e
WHERE state NOT IN ('startup', 'backup')
ORDER BY state='streaming', lag DESC NULLS LAST, bytes DESC NULLS LAST, pid LIMIT 10)"};

constexpr LeanSql slots_sql{R"(
SELECT slot_name, slot_type, active, status,
       CASE WHEN NOT active THEN extract(epoch FROM clock_timestamp()-{since}) END AS age,
       CASE WHEN status<>'lost' THEN GREATEST(l, restart_lsn)-restart_lsn END AS retained
FROM (SELECT *, COALESCE({status}, '') status, {inactive} inactive
      FROM pg_get_replication_slots()) s, ({end}) e
ORDER BY status='lost' DESC, status='unreserved' DESC, inactive DESC, retained DESC NULLS LAST,
         slot_name LIMIT 10)"};

constexpr LeanSql sender_sql{R"(
SELECT "left"(sender_host, 60) AS sender, sender_port FROM pg_stat_get_wal_receiver())"};

constexpr LeanSql missing_sql{R"(
SELECT pg_catalog.count(*) AS missing,
       pg_catalog.string_agg(pg_catalog."left"(expected.name, 63), ', ' ORDER BY expected.name) AS names
FROM (SELECT DISTINCT pg_catalog.btrim(part) AS name
      FROM pg_catalog.unnest(pg_catalog.string_to_array($1, ',')) AS part) AS expected
WHERE expected.name <> ''
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_replication AS r
                  WHERE r.application_name = expected.name
                    AND (r.state IS NULL OR r.state NOT IN ('startup', 'backup'))))"};

} // namespace

ReplicationQueries::ReplicationQueries(int server_version)
    : server_version_{server_version},
      numbers_{filled(numbers_sql)},
      clients_{filled(clients_sql)},
      slots_{filled(slots_sql)}
{
}

bool ReplicationQueries::has_status() const
{
    return server_version_ >= knows_wal_status;
}

bool ReplicationQueries::has_age() const
{
    return server_version_ >= knows_inactive_since;
}

std::string ReplicationQueries::filled(std::string_view sql) const
{
    auto text = replaced(sql, "{status}", has_status() ? "wal_status" : "''::text");
    text = replaced(text, "{since}", has_age() ? "inactive_since" : "NULL::timestamptz");
    text = replaced(text, "{end}", end_sql);
    std::string inactive = "NOT active";
    inactive += has_age() ? " AND NOT synced" : "";
    inactive += has_status() ? " AND wal_status IS DISTINCT FROM 'lost'" : "";
    return replaced(text, "{inactive}", inactive);
}

std::string_view ReplicationQueries::sender()
{
    return sender_sql;
}

std::string_view ReplicationQueries::missing()
{
    return missing_sql;
}

std::string_view ReplicationQueries::caught_up()
{
    return "SELECT pg_catalog.pg_last_wal_replay_lsn() >= $1::pg_catalog.pg_lsn AS caught_up";
}

} // namespace dbup
