// SPDX-License-Identifier: MIT
#include "checks/cells.hpp"
#include "checks/table.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dbup {

namespace {

/// How archiving is set up and what became of it. One row. A failure counts from the last success,
/// or from the server's start where there was none. Of the commands, which may hold secrets, only
/// whether there is one is read; archive_library is of PostgreSQL 15.
constexpr Query archiver{"archiver", R"(
SELECT pg_catalog.pg_is_in_recovery() AS standby,
       pg_catalog.current_setting('archive_mode') AS mode,
       pg_catalog.current_setting('archive_command') <> '' OR
           COALESCE(pg_catalog.current_setting('archive_library', true), '') <> '' AS has_command,
       pg_catalog.has_function_privilege('pg_catalog.pg_ls_archive_statusdir()', 'EXECUTE') AS may_list,
       a.archived_count, a.failed_count, a.last_archived_wal, a.last_failed_wal,
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - a.last_archived_time) AS archived_age,
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - a.last_failed_time) AS failed_age,
       COALESCE(a.last_failed_time > COALESCE(a.last_archived_time, '-infinity'), false) AS failing,
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp()
                          - COALESCE(a.last_archived_time, pg_catalog.pg_postmaster_start_time())) AS since
FROM pg_catalog.pg_stat_archiver AS a)"};

/// What waits for the archiver: the server makes the file NAME.ready when a segment is complete.
constexpr Query backlog{"backlog", R"(
SELECT pg_catalog.count(*) AS files,
       COALESCE(EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - pg_catalog.min(modification)), 0) AS age
FROM pg_catalog.pg_ls_archive_statusdir()
WHERE name LIKE '%.ready')"};

std::string ago(const Rows& rows, std::string_view name, std::string_view age)
{
    if (!rows.cell(0, name) || !rows.cell(0, age)) {
        return "none";
    }
    return fmt::format("{}, {} ago",
                       rows.text(0, name),
                       quantity_text(std::max(0.0, rows.number(0, age)), Unit::seconds));
}

/// What waits, if the role may see that: one more round trip, because SQL cannot ask for the right
/// and use it in one statement.
void add_backlog(Evidence& evidence,
                 Session& session,
                 const Deadline& deadline,
                 double& failing_for)
{
    const auto rows = session.run({&backlog, 1}, deadline).at(0);
    const double age = std::max(0.0, rows.number(0, "age"));
    evidence.metrics.push_back({"ready_files", rows.number(0, "files")});
    evidence.metrics.push_back({"ready_age", age});
    if (rows.number(0, "files") > 0) {
        evidence.summary +=
            Words::own(fmt::format(", {} waiting", number_text(rows.number(0, "files"))));
        // A server that was idle for hours does not fail for hours.
        failing_for = std::min(failing_for, age);
    }
}

/// Of a server that archives.
void add_archiver(Evidence& evidence, const Rows& rows, Session& session, const Deadline& deadline)
{
    const bool failing = rows.is_true(0, "failing");
    const bool configured = rows.is_true(0, "has_command");
    double failing_for = failing ? std::max(0.0, rows.number(0, "since")) : 0;
    evidence.summary =
        rows.cell(0, "archived_age")
            ? Words::own(fmt::format(
                  "last segment archived {} ago",
                  quantity_text(std::max(0.0, rows.number(0, "archived_age")), Unit::seconds)))
            : Words{"nothing archived yet"};
    if (rows.is_true(0, "may_list")) {
        add_backlog(evidence, session, deadline, failing_for);
    } else {
        evidence.details.push_back(
            {"ready_files ready_age",
             "what waits is seen by a role that has the rights of pg_monitor"});
        // A command that hangs does not fail: only what waits tells it from one that works.
        evidence.hidden = {.labels = "ready_files ready_age",
                           .reason = "which segments wait for the archiver is hidden from this "
                                     "role (pg_ls_archive_statusdir)"};
    }
    evidence.metrics.push_back({"no_command", configured ? 0.0 : 1.0});
    evidence.metrics.push_back({"failing", failing ? 1.0 : 0.0});
    evidence.metrics.push_back({"failing_for", failing_for});
    add(evidence, "last_archived_age", number_if(rows, "archived_age"));
    evidence.details.insert(
        evidence.details.begin(),
        {"failing failing_for ready_files ready_age last_archived_age",
         fmt::format("last failure: {}", ago(rows, "last_failed_wal", "failed_age"))});
    evidence.details.insert(
        std::next(evidence.details.begin()),
        {"failing failing_for ready_files ready_age last_archived_age",
         fmt::format("last success: {}", ago(rows, "last_archived_wal", "archived_age"))});
}

Evidence look(Session& session, const Config& /*config*/, const Deadline& deadline)
{
    const auto rows = session.run({&archiver, 1}, deadline).at(0);
    const auto& mode = rows.text(0, "mode");
    const bool standby = rows.is_true(0, "standby");

    Evidence evidence;
    if (standby && mode != "always") {
        evidence.summary = phrase("a standby archives nothing, archive_mode is {}", {mode});
        for (const std::string_view label :
             {"failing", "failing_for", "ready_files", "ready_age"}) {
            add(evidence, label, 0); // there is nothing to do that could fail or wait
        }
    } else if (mode == "off") {
        evidence.summary = "archive_mode is off";
    } else {
        add_archiver(evidence, rows, session, deadline);
    }
    if (!standby) { // of a standby, it is a matter of the primary
        evidence.metrics.push_back({"archive_off", mode == "off" ? 1.0 : 0.0});
    }
    add(evidence, "archived", number_if(rows, "archived_count"));
    add(evidence, "failed", number_if(rows, "failed_count"));
    return evidence;
}

constexpr std::array limits{
    Limit{
        "failing",
        Unit::none,
        "0",
        "",
        "1 if the last attempt to archive has failed, else 0",
        "The server's log says why archive_command (or archive_library) fails; pg_wal grows until "
        "it succeeds"},
    Limit{
        "failing_for",
        Unit::seconds,
        "",
        "300",
        "for how long it fails",
        "The server's log says why archive_command (or archive_library) fails; pg_wal grows until "
        "it succeeds"},
    Limit{"archive_off",
          Unit::none,
          "0",
          "",
          "1 if archive_mode is off, else 0",
          "Set archive_mode and archive_command and restart; or accept it with -w archive_off=1"},
    Limit{"no_command",
          Unit::none,
          "0",
          "",
          "1 if archive_mode is on and there is nothing to archive with, else 0",
          "Set archive_command (or archive_library) and reload; pg_wal grows until then"},
    Limit{"ready_files", Unit::none, "", "", "segments that wait for the archiver"},
    Limit{"ready_age",
          Unit::seconds,
          "300",
          "1800",
          "how long the oldest of them waits",
          "See whether archive_command hangs or is too slow for what is written"},
    Limit{"last_archived_age", Unit::seconds, "", "", "since the last segment was archived"},
    Limit{"archived", Unit::counter, "", "", "segments archived since the statistics were reset"},
    Limit{"failed", Unit::counter, "", "", "failed attempts since then"},
};

constexpr std::array needs{
    Privilege{.name = "the right to see which segments wait for the archiver (pg_monitor)",
              .test = {"may_list_archive",
                       "SELECT pg_catalog.has_function_privilege("
                       "'pg_catalog.pg_ls_archive_statusdir()', 'EXECUTE') AS granted"},
              .grant = "GRANT pg_monitor TO {role_ident};"},
};

/// Nothing where the limits of what waits are switched off, or where nothing is archived.
std::vector<Need> needs_of(const Config& config)
{
    constexpr std::string_view sql = R"(
SELECT pg_catalog.has_function_privilege('pg_catalog.pg_ls_archive_statusdir()', 'EXECUTE')
       OR pg_catalog.current_setting('archive_mode') = 'off'
       OR (pg_catalog.pg_is_in_recovery() AND pg_catalog.current_setting('archive_mode') = 'on')
       AS granted)";
    const auto is_off = [&config](bool critical) {
        return std::any_of(
            config.thresholds.begin(), config.thresholds.end(), [critical](const auto& setting) {
                return setting.label == "ready_age" && setting.critical == critical &&
                       setting.range == "~:";
            });
    };
    if (is_off(false) && is_off(true)) {
        return {};
    }
    return {{.name = "what it takes to see which segments wait for the archiver (pg_monitor, where "
                     "archiving is on)",
             .test = needs.front().test.name,
             .sql = sql,
             .grant = fmt::format("GRANT pg_monitor TO {};", sql_identifier(config.user))}};
}

} // namespace

constinit const Check archive_check{.kind = CheckKind::archive,
                                    .limits = limits,
                                    .main_label = "failing_for",
                                    .privileges = needs,
                                    .look = &look,
                                    .needs = &needs_of};

} // namespace dbup
