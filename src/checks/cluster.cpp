// SPDX-License-Identifier: MIT
#include "checks/cells.hpp"
#include "checks/replay.hpp"
#include "checks/roster.hpp"
#include "checks/table.hpp"
#include "core/duration.hpp"
#include "core/failure.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

namespace dbup {

namespace {

// Every role may ask this, and every version from 12 on answers it. `position` is what was written
// (primary) or replayed (standby); `unreplayed` is NULL where nothing was streamed. Of
// pg_stat_wal_receiver a role without rights sees whether there is one; what it does, and from
// which timeline, a role with pg_monitor sees. The timeline that a primary writes stands in the
// name of its file, for that of its last checkpoint is the old one for a while after a promotion.
// A standby that has replayed no commit yet lags at least since its start.
constexpr Query member_query{"member", R"(
SELECT standby,
       pg_catalog.pg_wal_lsn_diff(CASE WHEN standby THEN pg_catalog.pg_last_wal_replay_lsn()
                                       ELSE pg_catalog.pg_current_wal_lsn() END,
                                  '0/0') AS position,
       pg_catalog.pg_last_wal_receive_lsn() AS received,
       pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_last_wal_receive_lsn(),
                                  pg_catalog.pg_last_wal_replay_lsn()) AS unreplayed,
       pid IS NOT NULL AND COALESCE(status, 'streaming') = 'streaming' AS streaming,
       CASE WHEN NOT standby
            THEN pg_catalog.concat('x', pg_catalog."left"(pg_catalog.pg_walfile_name(
                     pg_catalog.pg_current_wal_lsn()), 8))::bit(32)::int
            ELSE received_tli END AS timeline,
       COALESCE(GREATEST(pg_catalog.pg_last_wal_receive_lsn(),
                         pg_catalog.pg_last_wal_replay_lsn()) >= latest_end_lsn,
                false) AS drained,
       CASE WHEN standby THEN pg_catalog.pg_is_wal_replay_paused() ELSE false END AS paused,
       pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() -
                            COALESCE(pg_catalog.pg_last_xact_replay_timestamp(),
                                     pg_catalog.pg_postmaster_start_time())) AS replay_age,
       pg_catalog.pg_postmaster_start_time() AS started
FROM pg_catalog.pg_is_in_recovery() AS standby
     LEFT JOIN pg_catalog.pg_stat_wal_receiver ON true)"};

constexpr Query identity_query{"identity", R"(
SELECT system_identifier FROM pg_catalog.pg_control_system())"};

constexpr std::array limits{
    Limit{.label = "primaries",
          .critical = "1:1",
          .help = "servers that accept writes",
          .fix =
              "With more than one, stop applications from writing, decide which one is right and "
              "fence the others; with none, look at the cluster manager or promote a standby"},
    Limit{.label = "standbys",
          .help = "standbys that stream from this server; of a cluster, those that answer"},
    Limit{.label = "diverged",
          .critical = "0",
          .help = "standbys that have followed another primary than the one there is",
          .fix = "See whether another primary runs, and which one has the right data, before "
                 "anything is overwritten; then make the standby follow again (pg_rewind, "
                 "pg_basebackup)"},
    Limit{.label = "missing_standbys",
          .critical = "0",
          .help = "standbys that are missing: of --expect-standby, or to --min-standbys",
          .fix = "Start the missing standbys, or look at why they do not answer"},
    Limit{.label = "unreachable",
          .warning = "0",
          .help = "servers of the list that did not answer, or cannot be used",
          .fix =
              "Check host, network and PostgreSQL of the servers that did not answer; the line of "
              "one that cannot be used says what mends it"},
    Limit{.label = "system_ids",
          .critical = "1:1",
          .help = "different system identifiers: clusters, of which there should be one",
          .fix = "Take the servers of another cluster out of the list of hosts, or make those that "
                 "belong to this one again (pg_basebackup)"},
    Limit{.label = "versions",
          .warning = "1:1",
          .help = "different major versions",
          .fix = "Finish the upgrade"},
    Limit{.label = "lag",
          .unit = Unit::seconds,
          .warning = "60",
          .critical = "300",
          .help = "largest replay lag of a standby; 0 where all is replayed",
          .fix = "Look at --check replication of the standby: paused or delayed replay, a lost "
                 "connection to the primary, conflicts with queries, slow disks"},
    Limit{.label = "lag_bytes",
          .unit = Unit::bytes,
          .help = "most write-ahead log that a standby has still to replay, seen from the primary"},
};

constexpr std::array needs{
    Privilege{.name = "EXECUTE on pg_control_system()",
              .test = {"may_identify",
                       "SELECT pg_catalog.has_function_privilege("
                       "'pg_catalog.pg_control_system()', 'EXECUTE') AS granted"},
              .grant = "GRANT EXECUTE ON FUNCTION pg_catalog.pg_control_system() TO {role_ident};"},
};

constexpr int major_of(int version_number)
{
    constexpr int per_major = 10'000;
    return version_number / per_major;
}

/// How many clusters the servers belong to; NaN, which is UNKNOWN, where one could not be asked.
double system_ids(const Roster& roster)
{
    std::set<std::string_view> all;
    for (const auto& view : roster.views()) {
        if (view.system_id.empty()) {
            return std::nan("");
        }
        all.insert(view.system_id);
    }
    return static_cast<double>(all.size());
}

double versions(const Roster& roster)
{
    std::set<int> all;
    for (const auto& view : roster.views()) {
        all.insert(major_of(view.member->version_number));
    }
    return static_cast<double>(all.size());
}

std::vector<Metric> metrics_of(const Roster& roster, const std::vector<Lag>& lags, int min_standbys)
{
    const auto standbys = static_cast<double>(roster.standbys().size());
    std::vector<Metric> metrics{
        {"primaries", static_cast<double>(roster.primaries().size()), 0},
        {"standbys", standbys, 0},
    };
    if (roster.primary() != nullptr) { // else there is nothing to diverge from
        metrics.push_back({"diverged", static_cast<double>(roster.strays().size()), 0});
    }
    const std::array more{
        Metric{"missing_standbys", std::max(0.0, min_standbys - standbys), 0},
        Metric{"unreachable", static_cast<double>(roster.unreachable().size()), 0},
        Metric{"system_ids", system_ids(roster), 0},
        Metric{"versions", versions(roster), 0},
    };
    metrics.insert(metrics.end(), more.begin(), more.end());
    if (!lags.empty()) {
        metrics.push_back({"lag", lags.front().time, 0});
    }
    std::optional<double> bytes;
    for (const auto& lag : lags) {
        bytes = lag.bytes ? std::max(bytes.value_or(0), *lag.bytes) : bytes;
    }
    if (bytes) {
        metrics.push_back({"lag_bytes", *bytes, 0});
    }
    return metrics;
}

std::string targets(const std::vector<const View*>& views)
{
    std::vector<std::string_view> names;
    names.reserve(views.size());
    for (const auto* const view : views) {
        names.push_back(view->member->target);
    }
    return joined(names);
}

/// ", no answer from db4:5432, db5:5432; not usable: db6:5432 (AUTHENTICATION_ERROR)"
std::string trouble_text(const std::vector<const Member*>& members)
{
    std::string silent;
    std::string unusable;
    for (const auto* const member : members) {
        auto& text = member->answers_calls ? unusable : silent;
        text +=
            text.empty() ? (member->answers_calls ? ", not usable: " : ", no answer from ") : ", ";
        text += member->target;
        text += member->answers_calls ? fmt::format(" ({})", member->code) : "";
    }
    return silent + unusable;
}

/// "primary db1:5432, 2 standbys, no answer from db4:5432"
std::string summary_of(const Roster& roster)
{
    const auto primaries = roster.primaries().size();
    const auto standbys = roster.standbys().size();
    auto text = primaries == 0 ? std::string{"no primary"}
                               : fmt::format("{} {}",
                                             primaries == 1 ? "primary" : "primaries",
                                             targets(roster.primaries()));
    text += fmt::format(", {} {}", standbys, standbys == 1 ? "standby" : "standbys");
    for (const auto& stray : roster.strays()) {
        text += &stray == &roster.strays().front() ? ", diverged: " : ", ";
        text += stray.view->member->target;
    }
    return text + trouble_text(roster.unreachable());
}

/// What a server says of the cluster it belongs to, where not all say the same.
void add_disagreements(std::vector<Detail>& details, const Roster& roster, const std::string& grant)
{
    const auto ids = system_ids(roster);
    for (const auto& view : roster.views()) {
        if (view.system_id.empty()) {
            details.push_back(
                {"system_ids",
                 fmt::format("{} hides its system identifier: {}", view.member->target, grant)});
        } else if (ids > 1) {
            details.push_back(
                {"system_ids",
                 fmt::format("{} is of cluster {}", view.member->target, view.system_id)});
        }
    }
    if (versions(roster) > 1) {
        for (const auto& view : roster.views()) {
            details.push_back(
                {"versions",
                 fmt::format("{} runs PostgreSQL {}", view.member->target, view.member->version)});
        }
    }
}

std::string standby_text(const Lag& lag)
{
    auto text = fmt::format("{} standby, PostgreSQL {}, lag {}",
                            lag.view->member->target,
                            lag.view->member->version,
                            quantity_text(lag.time, Unit::seconds));
    return lag.bytes ? fmt::format("{}, {} behind", text, quantity_text(*lag.bytes, Unit::bytes))
                     : text;
}

std::vector<Detail>
details_of(const Roster& roster, const std::vector<Lag>& lags, const std::string& grant)
{
    std::vector<Detail> details;
    for (const auto* const member : roster.unreachable()) {
        details.push_back({"unreachable", fmt::format("{} {}", member->target, member->trouble)});
        if (member->answers_calls) {
            details.push_back({"unreachable", fmt::format("mend: {}", member->fix)});
        }
    }
    for (const auto* const view : roster.primaries()) {
        details.push_back({"primaries",
                           fmt::format("{} primary, PostgreSQL {}",
                                       view->member->target,
                                       view->member->version)});
    }
    for (const auto& stray : roster.strays()) {
        details.push_back({"diverged",
                           fmt::format("{} standby, PostgreSQL {}, {}",
                                       stray.view->member->target,
                                       stray.view->member->version,
                                       stray.reason)});
    }
    add_disagreements(details, roster, grant);
    // Without a primary, those that could become one are what there is to know.
    const auto* const label = roster.primaries().empty() ? "primaries" : "lag";
    for (const auto& lag : lags) {
        details.push_back({label, standby_text(lag)});
    }
    for (const auto& view : roster.views()) {
        if (!view.same_as.empty()) {
            details.push_back(
                {"", fmt::format("{} is {} by another name", view.member->target, view.same_as)});
        }
    }
    return details;
}

std::vector<Rows> answers_of(Session& session, const Deadline& deadline)
{
    const std::array both{member_query, identity_query};
    try {
        return session.run(both, deadline);
    } catch (const Failure& failure) {
        if (failure.error() != ErrorClass::privilege_missing) {
            throw;
        }
    }
    return session.run({&member_query, 1}, deadline); // the one that every role may use
}

/// The answers, and `lag` after a second look where one is needed (see look_again).
std::vector<Rows> ask(Session& session, const Deadline& deadline)
{
    const Instant first_look = deadline.now();
    auto answers = answers_of(session, deadline);
    const Rows& rows = answers.at(0);
    const auto unreplayed = number_if(rows, "unreplayed");
    const bool replays = rows.is_true(0, "streaming") && unreplayed && *unreplayed > 0;
    if (!replays) {
        return answers;
    }
    Replay own{.standby = true,
               .paused = rows.is_true(0, "paused"),
               .received = rows.text(0, "received"),
               .lag = std::max(0.0, rows.number(0, "replay_age"))};
    look_again(own, session, deadline, first_look);
    Rows lag{{"lag"}};
    lag.add({fmt::format("{}", *own.lag)});
    answers.push_back(std::move(lag));
    return answers;
}

const Member* doubt(std::span<const Member> members)
{
    const Roster roster{members};
    return roster.in_doubt() ? roster.primary()->member : nullptr;
}

Evidence compare(std::span<const Member> members, const Config& config)
{
    const Roster roster{members};
    const auto lags = roster.lags();
    const auto grant = replaced(needs.front().grant, "{role_ident}", sql_identifier(config.user));
    return {.metrics = metrics_of(roster, lags, config.min_standbys),
            .summary = summary_of(roster),
            .details = details_of(roster, lags, grant),
            .hidden = {.fix = grant}};
}

} // namespace

constinit const Check cluster_check{.kind = CheckKind::cluster,
                                    .limits = limits,
                                    .main_label = "lag",
                                    .privileges = needs,
                                    .ask = &ask,
                                    .doubt = &doubt,
                                    .compare = &compare};

} // namespace dbup
