// SPDX-License-Identifier: MIT
#include "checks/cells.hpp"
#include "checks/lean_sql.hpp"
#include "checks/table.hpp"
#include "core/duration.hpp"
#include "core/text.hpp"
#include "core/timestamp.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dbup {

namespace {

constexpr int knows_ended_sessions = 140'000;

/// The row of pg_stat_database, by the functions of that view, which costs a fresh session a sixth
/// less; everybody may call them. Wrong checksums in the shared catalogs are counted for database
/// 0, which is nobody's and concerns all. Where checksums are off, both numbers are NULL.
///
/// What is no session of a client has another type, or no user; the type of others' sessions is
/// seen with pg_monitor only, and without it one that has a user is taken for a client's. A limit
/// that does not bind this role is NULL: -1 is none, and for a superuser there is none.
constexpr LeanSql statistics_sql{R"(
SELECT pg_stat_get_db_xact_commit(d.oid) AS xact_commit,
       pg_stat_get_db_xact_rollback(d.oid) AS xact_rollback,
       pg_stat_get_db_deadlocks(d.oid) AS deadlocks,
       pg_stat_get_db_conflict_all(d.oid) AS conflicts,
       pg_stat_get_db_temp_files(d.oid) AS temp_files,
       pg_stat_get_db_temp_bytes(d.oid) AS temp_bytes,
       pg_stat_get_db_blocks_fetched(d.oid) AS blks_fetched,
       pg_stat_get_db_blocks_hit(d.oid) AS blks_hit,
       {ended_sessions}
       pg_stat_get_db_checksum_failures(d.oid) AS own_failures,
       pg_stat_get_db_checksum_failures(0) AS shared_failures,
       extract(epoch FROM t-GREATEST(pg_stat_get_db_checksum_last_failure(d.oid),
                                     pg_stat_get_db_checksum_last_failure(0))) AS failure_age,
       extract(epoch FROM pg_stat_get_db_stat_reset_time(d.oid)) AS reset,
       extract(epoch FROM t-pg_stat_get_db_stat_reset_time(d.oid)) AS reset_age,
       database_sessions, CASE WHEN datconnlimit>=0 AND NOT rolsuper THEN datconnlimit END AS database_limit,
       role_sessions, CASE WHEN rolconnlimit>=0 AND NOT rolsuper THEN rolconnlimit END AS role_limit
FROM pg_database d, pg_roles r, clock_timestamp() t,
LATERAL (SELECT count(*) FILTER (WHERE datid=d.oid) AS database_sessions,
                count(*) FILTER (WHERE usesysid=r.oid) AS role_sessions
         FROM pg_stat_get_activity(NULL)
         WHERE usesysid IS NOT NULL AND COALESCE(backend_type, 'client backend')='client backend') s
WHERE datname=current_database() AND rolname=SESSION_USER)"};

/// What fills {ended_sessions}.
constexpr LeanSql ended_sessions_sql{R"(
pg_stat_get_db_sessions_abandoned(d.oid) AS sessions_abandoned,
pg_stat_get_db_sessions_fatal(d.oid) AS sessions_fatal,
pg_stat_get_db_sessions_killed(d.oid) AS sessions_killed,)"};

constexpr std::string_view counters =
    "xact_commit xact_rollback deadlocks conflicts temp_files temp_bytes blks_hit blks_read "
    "sessions_abandoned sessions_fatal sessions_killed checksum_failures";

// A counter has no limits: whether it is high depends on how long it counts. The one exception
// should be 0 for ever. Limits of connections that bind come to one number in the check `activity`.
constexpr std::array limits{
    Limit{.label = "database_sessions", .help = "sessions of clients in this database, with ours"},
    Limit{.label = "database_limit", .help = "the CONNECTION LIMIT of the database, if it has one"},
    Limit{.label = "database_free_slots", .help = "sessions until that limit is reached"},
    Limit{.label = "role_sessions", .help = "sessions of this role in all databases, with ours"},
    Limit{.label = "role_limit", .help = "the CONNECTION LIMIT of the role, if it has one"},
    Limit{.label = "role_free_slots", .help = "sessions of the role until that limit is reached"},
    Limit{.label = "xact_commit", .unit = Unit::counter, .help = "transactions committed"},
    Limit{.label = "xact_rollback", .unit = Unit::counter, .help = "transactions rolled back"},
    Limit{.label = "deadlocks", .unit = Unit::counter, .help = "deadlocks found"},
    Limit{.label = "conflicts",
          .unit = Unit::counter,
          .help = "queries of this standby cancelled because of a conflict with recovery"},
    Limit{.label = "temp_files",
          .unit = Unit::counter,
          .help = "temporary files that queries wrote, because work_mem was too small for them"},
    Limit{.label = "temp_bytes", .unit = Unit::counter, .help = "bytes in those files"},
    Limit{
        .label = "blks_hit", .unit = Unit::counter, .help = "blocks found in the server's buffers"},
    Limit{.label = "blks_read",
          .unit = Unit::counter,
          .help = "blocks that were not there and had to be read"},
    Limit{.label = "sessions_abandoned",
          .unit = Unit::counter,
          .help = "sessions whose client was gone (PostgreSQL 14)"},
    Limit{.label = "sessions_fatal",
          .unit = Unit::counter,
          .help = "sessions ended by a fatal error (PostgreSQL 14)"},
    Limit{.label = "sessions_killed",
          .unit = Unit::counter,
          .help = "sessions ended by an administrator (PostgreSQL 14)"},
    Limit{.label = "checksum_failures",
          .unit = Unit::counter,
          .critical = "0",
          .help = "pages of this database or of the shared catalogs whose checksum was wrong, if "
                  "checksums are on",
          .fix = "Data on the disk is damaged: the server's log names file and block. Keep a copy "
                 "of the data folder, look at disk, controller and memory, restore from a backup; "
                 "after that -c checksum_failures=N accepts what was counted"},
};

std::string ago(const Rows& rows, std::string_view age)
{
    return age_text(std::max(0.0, rows.number(0, age))) + " ago";
}

/// Of a limit that binds: it, and what is left of it.
void add_bound(Evidence& evidence, const Rows& rows, const std::string& of_whom)
{
    const auto sessions = rows.number(0, of_whom + "_sessions");
    evidence.metrics.push_back({of_whom + "_sessions", sessions});
    if (const auto limit = number_if(rows, of_whom + "_limit")) {
        evidence.metrics.push_back({of_whom + "_limit", *limit});
        evidence.metrics.push_back({of_whom + "_free_slots", std::max(0.0, *limit - sessions)});
    }
}

void add_failures(Evidence& evidence, const Rows& rows)
{
    if (!rows.cell(0, "own_failures") || !rows.cell(0, "shared_failures")) {
        evidence.details.push_back({"", "checksums are off: damaged pages are not noticed"});
        return;
    }
    const double own = rows.number(0, "own_failures");
    const double shared = rows.number(0, "shared_failures");
    add(evidence, "checksum_failures", own + shared);
    if (own + shared > 0) {
        evidence.details.push_back(
            {"checksum_failures",
             fmt::format("wrong checksums: {} in this database, {} in the shared catalogs, the "
                         "last one {}",
                         number_text(own),
                         number_text(shared),
                         rows.cell(0, "failure_age") ? ago(rows, "failure_age") : "unknown")});
    }
}

Evidence look(Session& session, const Config& /*config*/, const Deadline& deadline)
{
    const bool ended = session.server().version_number >= knows_ended_sessions;
    const std::string_view more = ended ? std::string_view{ended_sessions_sql} : "";
    const auto sql = replaced(statistics_sql, "{ended_sessions}", more);
    const Query query{.name = "statistics", .sql = sql, .fixed = true};
    const auto rows = session.run({&query, 1}, deadline).at(0);

    Evidence evidence{.summary =
                          Words::own(fmt::format("{}, {}, {}",
                                                 counted(rows.text(0, "xact_commit"), "commit"),
                                                 counted(rows.text(0, "xact_rollback"), "rollback"),
                                                 counted(rows.text(0, "deadlocks"), "deadlock")))};
    add_bound(evidence, rows, "database");
    add_bound(evidence, rows, "role");
    for (const std::string_view label :
         {"xact_commit", "xact_rollback", "deadlocks", "conflicts", "temp_files", "temp_bytes"}) {
        add(evidence, label, rows.number(0, label));
    }
    const double hit = rows.number(0, "blks_hit");
    add(evidence, "blks_hit", hit);
    add(evidence, "blks_read", std::max(0.0, rows.number(0, "blks_fetched") - hit));
    if (ended) {
        for (const std::string_view label :
             {"sessions_abandoned", "sessions_fatal", "sessions_killed"}) {
            add(evidence, label, rows.number(0, label));
        }
    }
    add_failures(evidence, rows);
    evidence.details.push_back(
        {std::string{counters},
         rows.cell(0, "reset") ? fmt::format("counted since {}, {}",
                                             timestamp_text(rows.number(0, "reset")),
                                             ago(rows, "reset_age"))
                               : "never reset: counted since the database was made or the server "
                                 "last crashed"});
    return evidence;
}

} // namespace

constinit const Check statistics_check{.kind = CheckKind::statistics,
                                       .limits = limits,
                                       .main_label = "database_sessions",
                                       .privileges = {},
                                       .look = &look};

} // namespace dbup
