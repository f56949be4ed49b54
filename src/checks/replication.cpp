// SPDX-License-Identifier: MIT
#include "checks/cells.hpp"
#include "checks/record.hpp"
#include "checks/replay.hpp"
#include "checks/replication_queries.hpp"
#include "checks/table.hpp"
#include "checks/telling.hpp"
#include "core/failure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

namespace dbup {

namespace {

constexpr std::string_view main_label = "replay_lag";

/// The metrics that the line about one client explains, those that the line about this server
/// does, and those that the line about one slot does.
constexpr std::string_view of_clients = "replay_lag replay_bytes flush_lag flush_bytes write_lag "
                                        "write_bytes not_streaming standbys sync_standbys "
                                        "missing_sync";
constexpr std::string_view of_itself =
    "replay_lag replay_bytes replay_age paused receiver_up receiver_age";
constexpr std::string_view of_slots =
    "lost_slots unreserved_slots inactive_retained inactive_slots inactive_age retained slots";

void add_replay(Evidence& evidence, const Replay& own)
{
    if (!own.standby) {
        return;
    }
    add(evidence, "replay_age", own.age);
    add(evidence, "paused", own.paused ? 1 : 0);
    if (own.streams) {
        add(evidence, "receiver_up", own.status == "streaming" ? 1 : 0);
    }
    add(evidence, "receiver_age", own.message_age);
}

std::string client_text(const Rows& rows, std::size_t row)
{
    const auto& lag = rows.cell(row, "lag");
    const auto& bytes = rows.cell(row, "bytes");
    auto time = lag ? quantity_text(rows.number(row, "lag"), Unit::seconds) + " and "
                    : std::string{"unknown time and "};
    if (rows.is_true(row, "receives")) {
        time = "replays nothing, ";
    }
    return fmt::format("{} ({}, pid {}): {}{}, {}, {}{} behind",
                       rows.cell(row, "name").value_or("?"),
                       rows.cell(row, "client_addr").value_or("socket"),
                       rows.text(row, "pid"),
                       rows.is_true(row, "logical") ? "logical, " : "",
                       rows.text(row, "state"),
                       rows.cell(row, "sync_state").value_or("?"),
                       time,
                       bytes ? quantity_text(rows.number(row, "bytes"), Unit::bytes)
                             : "unknown size");
}

/// The clients of this server. What it does itself counts as well in what is called the same.
void add_clients(Evidence& evidence, const Rows& rows, const Replay& own)
{
    if (rows.number(0, "hidden") > 0) {
        refuse_blindness("pg_stat_replication");
    }
    const auto worse = [](std::optional<double> left, std::optional<double> right) {
        return left && right && !std::isnan(*left) ? std::max(*left, *right)
                                                   : (left ? left : right);
    };
    add(evidence, "replay_lag", worse(own.lag, number_if(rows, "replay_lag")));
    add(evidence, "replay_bytes", worse(own.bytes, number_if(rows, "replay_bytes")));
    for (const std::string_view label : {"flush_lag", "flush_bytes", "write_lag", "write_bytes"}) {
        add(evidence, label, number_if(rows, label));
    }
    for (const std::string_view label : {"standbys", "not_streaming", "sync_standbys"}) {
        add(evidence, label, number_if(rows, label));
    }
    if (const auto synchronous = number_if(rows, "sync_standbys")) {
        const double wanted = number_if(rows, "sync_wanted").value_or(1);
        add(evidence, "missing_sync", std::max(0.0, wanted - *synchronous));
    }
}

std::string slot_text(const Rows& rows, std::size_t row)
{
    const bool active = rows.is_true(row, "active");
    auto text = fmt::format("slot {} ({}): {}",
                            rows.text(row, "slot_name"),
                            rows.text(row, "slot_type"),
                            active ? "active" : "inactive");
    if (!active && rows.cell(row, "age")) {
        text += " for " + quantity_text(rows.number(row, "age"), Unit::seconds);
    }
    if (rows.cell(row, "retained")) {
        text += ", retains " + quantity_text(rows.number(row, "retained"), Unit::bytes);
    }
    const auto& status = rows.text(row, "status");
    return status == "lost" || status == "unreserved" ? text + ", " + status : text;
}

void add_slots(Evidence& evidence, const Rows& rows, const ReplicationQueries& asked)
{
    const auto most = [&rows](std::string_view label) {
        return number_if(rows, label).value_or(0);
    };
    add(evidence, "slots", number_if(rows, "slots"));
    add(evidence, "inactive_slots", number_if(rows, "inactive_slots"));
    add(evidence, "retained", most("retained"));
    add(evidence, "inactive_retained", most("inactive_retained"));
    if (asked.has_status()) {
        add(evidence, "lost_slots", number_if(rows, "lost_slots"));
        add(evidence, "unreserved_slots", number_if(rows, "unreserved_slots"));
    }
    if (asked.has_age()) {
        add(evidence, "inactive_age", most("inactive_age"));
    }
}

void add_missing(Evidence& evidence, const Rows& rows)
{
    add(evidence, "missing_standbys", number_if(rows, "missing"));
    if (rows.cell(0, "names")) {
        evidence.details.push_back({"missing_standbys", "not connected: " + rows.text(0, "names")});
    }
}

std::string plural(const Rows& rows, std::string_view column, std::string_view word)
{
    const double count = rows.number(0, column);
    return fmt::format("{} {}{}", number_text(count), word, count == 1 ? "" : "s");
}

std::string summary_of(const Replay& own, const Rows& numbers)
{
    std::string text;
    if (own.standby) {
        const bool measured = own.lag && !std::isnan(*own.lag);
        const bool cut_off = own.streams && own.status != "streaming";
        const auto* const behind = cut_off ? " behind what was received" : " behind";
        text =
            fmt::format("replay {}{}, {}, ",
                        measured ? quantity_text(*own.lag, Unit::seconds) + behind : "lag unknown",
                        own.paused ? " and paused" : "",
                        receiver_text(own));
    }
    const bool fed = numbers.number(0, "clients") > 0;
    const bool slotted = numbers.number(0, "slots") > 0;
    if (!fed && !slotted) {
        return text + "no standby, no slot";
    }
    text += plural(numbers, "standbys", "standby");
    if (!own.standby && numbers.cell(0, "replay_lag")) {
        text += fmt::format(" {} behind",
                            quantity_text(numbers.number(0, "replay_lag"), Unit::seconds));
    }
    text += ", " + plural(numbers, "slots", "slot");
    return slotted ? fmt::format(
                         "{}, {} inactive", text, number_text(numbers.number(0, "inactive_slots")))
                   : text;
}

constexpr std::array limits{
    Limit{"replay_lag",
          Unit::seconds,
          "60",
          "300",
          "how far replay is behind: of this standby, and of the worst that this server feeds",
          "Look at the load, the long queries and the disk of the standby, and at the network"},
    Limit{"replay_bytes", Unit::bytes, "", "", "the same in bytes of the write-ahead log"},
    Limit{"flush_lag", Unit::seconds, "", "", "until the worst client had it on its disk"},
    Limit{"flush_bytes", Unit::bytes, "", "", "what the worst client has not on its disk"},
    Limit{"write_lag", Unit::seconds, "", "", "until the worst client had written it"},
    Limit{"write_bytes", Unit::bytes, "", "", "what the worst client has not written"},
    Limit{"replay_age",
          Unit::seconds,
          "",
          "",
          "age of the last transaction that this standby replayed; grows while the primary idles"},
    Limit{"receiver_up",
          Unit::none,
          "",
          "1:",
          "1 if this standby streams from its primary_conninfo, else 0",
          "Look into the standby's log for why it cannot stream: network, pg_hba.conf, a slot or "
          "log that is gone"},
    Limit{"receiver_age", Unit::seconds, "", "", "since this standby last heard of its sender"},
    Limit{"paused",
          Unit::none,
          "0",
          "",
          "1 if paused: replay on this standby, or all of PgBouncer (after 1.18)",
          "SELECT pg_wal_replay_resume(); on the standby, if nobody needs the pause"},
    Limit{"standbys",
          Unit::none,
          "",
          "",
          "standbys that stream from this server; of a cluster, those that answer"},
    Limit{"not_streaming",
          Unit::none,
          "0",
          "",
          "clients that still catch up, base backups not counted",
          "Wait for it to catch up; if that takes long, look at the standby's log and its network"},
    Limit{"sync_standbys",
          Unit::none,
          "",
          "",
          "synchronous standbys that stream, where synchronous_standby_names wants any"},
    Limit{"missing_sync",
          Unit::none,
          "",
          "0",
          "how many fewer than each commit waits for",
          "Commits wait for synchronous standbys: start them, or change "
          "synchronous_standby_names"},
    Limit{"missing_standbys",
          Unit::none,
          "",
          "0",
          "standbys that are missing: of --expect-standby, or to --min-standbys",
          "Start the standby, and see that its primary_conninfo has that application_name"},
    Limit{"slots", Unit::none, "", "", "replication slots"},
    Limit{"inactive_slots", Unit::none, "", "", "slots that nobody uses at the moment"},
    Limit{"inactive_age",
          Unit::seconds,
          "",
          "",
          "how long the worst of them is unused (PostgreSQL 17)"},
    Limit{"retained", Unit::bytes, "", "", "the most that any slot holds back"},
    Limit{"inactive_retained",
          Unit::bytes,
          "1GB",
          "",
          "the most that an inactive slot holds back",
          "Start what uses the slot, or drop it: SELECT pg_drop_replication_slot(NAME); "
          "max_slot_wal_keep_size is a limit"},
    Limit{"lost_slots",
          Unit::none,
          "",
          "0",
          "slots whose log is gone (PostgreSQL 13)",
          "Build what used the slot anew, and drop the slot: "
          "SELECT pg_drop_replication_slot(NAME);"},
    Limit{"unreserved_slots",
          Unit::none,
          "0",
          "",
          "slots whose log goes at the next checkpoint (PostgreSQL 13)",
          "Let what uses the slot catch up at once, or raise max_slot_wal_keep_size"},
};

constexpr std::array needs{
    Privilege{.name = "pg_monitor (who replicates, and how far)",
              .test = {"may_see_replication",
                       "SELECT pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE') AND "
                       "pg_catalog.pg_has_role('pg_read_all_settings', 'USAGE') AS granted"},
              .grant = "GRANT pg_monitor TO {role_ident};"},
};

/// A kind of line in the answer.
struct Naming {
    std::string_view labels = {}; ///< of the metrics that it explains
    bool any = false;             ///< there is somebody to name
    Query query = {};
    std::function<std::string(const Rows&, std::size_t row)> text = {};
};

/// The names behind the numbers, as far as they are told.
std::vector<Detail> details_of(std::span<const Naming> namings,
                               const Telling& telling,
                               Session& session,
                               const Deadline& deadline)
{
    std::vector<Query> queries;
    std::vector<const Naming*> told;
    for (const auto& naming : namings) {
        if (naming.any && telling.tells(naming.labels)) {
            queries.push_back(naming.query);
            told.push_back(&naming);
        }
    }
    std::vector<Detail> details;
    if (queries.empty()) {
        return details;
    }
    const auto answers = session.run(queries, deadline);
    for (std::size_t i = 0; i < told.size(); ++i) {
        for (std::size_t row = 0; row < answers.at(i).size(); ++row) {
            details.push_back({std::string{told[i]->labels}, told[i]->text(answers[i], row)});
        }
    }
    return details;
}

/// All kinds; `own` must outlive them.
std::array<Naming, 3>
namings_of(const Rows& numbers, const Replay& own, const ReplicationQueries& queries)
{
    const auto fixed = [](std::string_view name, std::string_view sql) {
        return Query{.name = name, .sql = sql, .fixed = true};
    };
    return {
        Naming{of_itself,
               own.standby,
               fixed("sender", ReplicationQueries::sender()),
               [&own](const Rows& rows, std::size_t row) { return replay_text(own, rows, row); }},
        Naming{of_clients,
               numbers.number(0, "clients") > 0,
               fixed("clients", queries.clients()),
               client_text},
        Naming{
            of_slots, numbers.number(0, "slots") > 0, fixed("slots", queries.slots()), slot_text}};
}

Evidence look(Session& session, const Config& config, const Deadline& deadline)
{
    const ReplicationQueries texts{session.server().version_number};
    const std::array names{config.expect_standby};
    std::vector<Query> queries{{.name = "replication", .sql = texts.numbers(), .fixed = true}};
    if (!config.expect_standby.empty()) {
        queries.push_back(
            {.name = "missing", .sql = ReplicationQueries::missing(), .parameters = names});
    }
    const Instant first_look = deadline.now();
    const auto answers = session.run(queries, deadline);
    const auto numbers = record_of(answers.at(0), replication_numbers);
    auto own = read_replay(numbers);
    look_again(own, session, deadline, first_look);

    Evidence evidence;
    if (!config.expect_standby.empty()) {
        add_missing(evidence, answers.at(1));
    }
    add_replay(evidence, own);
    add_clients(evidence, numbers, own);
    add_slots(evidence, numbers, texts);
    const Telling telling{evidence.metrics, limits, main_label, config};
    auto details = details_of(namings_of(numbers, own, texts), telling, session, deadline);
    std::move(details.begin(), details.end(), std::back_inserter(evidence.details));
    evidence.summary = summary_of(own, numbers);
    return evidence;
}

} // namespace

constinit const Check replication_check{.kind = CheckKind::replication,
                                        .limits = limits,
                                        .main_label = main_label,
                                        .privileges = needs,
                                        .look = &look};

} // namespace dbup
