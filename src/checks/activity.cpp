// SPDX-License-Identifier: MIT
#include "checks/activity_queries.hpp"
#include "checks/activity_sql.hpp"
#include "checks/backend_types.hpp"
#include "checks/cells.hpp"
#include "checks/record.hpp"
#include "checks/table.hpp"
#include "checks/telling.hpp"
#include "core/failure.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <iterator>
#include <utility>

namespace dbup {

namespace {

constexpr std::string_view main_label = "total_connections";

constexpr std::array needs{
    Privilege{.name = "the right to see what other sessions do (pg_monitor)",
              .test = {"may_see_sessions",
                       "SELECT pg_catalog.pg_has_role(CURRENT_USER, 'pg_read_all_stats', 'USAGE') "
                       "AS granted"},
              .grant = "GRANT pg_monitor TO {role_ident};"},
};

// A range alerts above its end: "0" is "from 1 on". The five pairs are those of the table of the
// source; the ages of the options keep a busy server quiet.
constexpr std::array limits{
    Limit{"total_connections",
          Unit::none,
          "29",
          "49",
          "sessions, without ours",
          "Look for an application or host that opens more than it needs, use a pooler, or set the "
          "limits that fit this server: -w total_connections=N, or -w connections_used=80 alone"},
    Limit{"connections_used",
          Unit::percent,
          "80",
          "90",
          "of the connections that this role can have: the tightest of the limits of server, "
          "database and role",
          "Close what is not needed, use a pooler, or raise max_connections or the CONNECTION "
          "LIMIT of database or role"},
    Limit{.label = "free_slots", .help = "connections that this role could still open"},
    Limit{"total_locks",
          Unit::none,
          "49",
          "99",
          "locks of transactions older than --blocked-age, AccessShareLock and a transaction's "
          "own identifiers not counted",
          "Look at what the session with the most locks does; commit earlier, in smaller steps"},
    Limit{.label = "all_locks", .help = "all heavyweight locks of the server, without ours"},
    Limit{"blocked_locks",
          Unit::none,
          "0",
          "4",
          "sessions that have waited for the lock of another for --blocked-age",
          "End the session that blocks if it is stuck: pg_terminate_backend(PID), or db-up "
          "--cleanup --cleanup-kinds blocker; a prepared transaction: ROLLBACK PREPARED"},
    Limit{.label = "longest_wait",
          .unit = Unit::seconds,
          .help = "longest wait for a lock",
          .fix = "Look at the session that blocks, and why its transaction is open so long"},
    Limit{"idle_transactions",
          Unit::none,
          "0",
          "2",
          "sessions idle in transaction, aborted or not, for --idle-transaction-age",
          "Let the application commit or roll back, set idle_in_transaction_session_timeout, or "
          "end them: db-up --cleanup"},
    Limit{"long_queries",
          Unit::none,
          "0",
          "4",
          "queries that have run for --long-query-age",
          "Look at their plans; pg_cancel_backend(PID) ends one; --exclude-application leaves out "
          "what may take long"},
    Limit{.label = "long_transactions",
          .help = "transactions that are open for --long-transaction-age"},
    Limit{.label = "prepared", .help = "prepared transactions of the server"},
    Limit{
        "prepared_age",
        Unit::seconds,
        "5m",
        "1h",
        "age of the oldest prepared transaction",
        "Ask the transaction manager; COMMIT PREPARED or ROLLBACK PREPARED what it has forgotten"},
    Limit{.label = "xmin_age",
          .help = "transactions since the oldest snapshot that VACUUM must respect: of a session, "
                  "a replication slot or a prepared transaction"},
    Limit{"untracked",
          Unit::none,
          "0",
          "",
          "sessions whose activity cannot be seen",
          "Set track_activities = on for the roles that have switched it off"},
};

/// "pid 4711 app@mydb (psql, 10.0.0.5)"; empty where no session is meant.
std::string who(const Rows& rows, std::size_t row)
{
    if (!rows.cell(row, "pid")) {
        return {};
    }
    const auto& application = rows.text(row, "application");
    return fmt::format("pid {} {}@{} ({}{}{})",
                       rows.text(row, "pid"),
                       rows.text(row, "role"),
                       rows.text(row, "database"),
                       application,
                       application.empty() ? "" : ", ",
                       rows.text(row, "client"));
}

/// The metrics that it explains, blank-separated.
std::string labels_of(const CulpritKind& kind)
{
    return fmt::format("{} {}", kind.label, kind.others);
}

Detail detail_of(const Rows& rows, std::size_t row, const CulpritKind& kind)
{
    const double weight = rows.number(row, "weight");
    const auto count = number_text(weight);
    const auto& application = rows.text(row, "application");
    auto text = fmt::format(fmt::runtime(kind.text),
                            fmt::arg("who", who(rows, row)),
                            fmt::arg("age", age_text(weight)),
                            fmt::arg("count", count),
                            fmt::arg("locks", counted(count, "lock")),
                            fmt::arg("transactions", counted(count, "transaction")),
                            fmt::arg("role", rows.text(row, "role")),
                            fmt::arg("database", rows.text(row, "database")),
                            fmt::arg("application", application.empty() ? "no name" : application),
                            fmt::arg("client", rows.text(row, "client")),
                            fmt::arg("note", rows.text(row, "note")));
    const auto& words = rows.text(row, "words");
    return {labels_of(kind), words.empty() ? text : text + ": " + words};
}

std::vector<Detail> details_of(const Rows& rows, std::span<const CulpritKind> kinds)
{
    std::vector<Detail> details;
    for (const auto& kind : kinds) {
        for (std::size_t row = 0; row < rows.size(); ++row) {
            if (rows.cell(row, "label") == kind.label) {
                details.push_back(detail_of(rows, row, kind));
            }
        }
    }
    return details;
}

/// How many connections this role can have.
struct Bound {
    std::string_view of_whom = {};
    double slots = 0;
    double used = 0;

    [[nodiscard]] double percent() const // with one decimal
    {
        constexpr double all = 100;
        return slots == 0 ? all : std::round(10 * all * used / slots) / 10;
    }
};

std::vector<Bound> bounds_of(const Rows& numbers)
{
    const auto number = [&numbers](std::string_view name) { return numbers.number(0, name); };
    const bool superuser = numbers.is_true(0, "superuser");
    double kept = superuser ? 0 : number("superuser_reserved");
    if (!superuser && !numbers.is_true(0, "may_use_reserved")) {
        kept += number("reserved");
    }
    std::vector<Bound> bounds{{"", number("max_connections") - kept, number("used")}};
    const std::array limited{
        Bound{" of the database", number("limit_of_database"), number("used_of_database")},
        Bound{" of the role", number("limit_of_role"), number("used_of_role")}};
    std::copy_if(limited.begin(),
                 limited.end(),
                 std::back_inserter(bounds),
                 [superuser](const Bound& bound) { return bound.slots >= 0 && !superuser; });
    return bounds;
}

Bound tightest(const std::vector<Bound>& bounds)
{
    return *std::min_element(
        bounds.begin(), bounds.end(), [](const Bound& left, const Bound& right) {
            return std::pair{-left.percent(), left.slots} <
                   std::pair{-right.percent(), right.slots};
        });
}

double free_slots(const std::vector<Bound>& bounds)
{
    double least = bounds.front().slots - bounds.front().used;
    for (const auto& bound : bounds) {
        least = std::min(least, bound.slots - bound.used);
    }
    return std::max(0.0, least);
}

/// The greatest of the numbers that are there, 0 where none is.
double greatest(const Rows& numbers, std::initializer_list<std::string_view> names)
{
    double most = 0;
    for (const auto name : names) {
        most = std::max(most, number_if(numbers, name).value_or(0));
    }
    return most;
}

std::vector<Metric> metrics_of(const Rows& numbers, const std::vector<Bound>& bounds)
{
    const auto number = [&numbers](std::string_view name) { return numbers.number(0, name); };
    // Of nothing there is no sum and no greatest one.
    const auto most = [&numbers](std::string_view name) { return greatest(numbers, {name}); };
    return {
        {"total_connections", number("total_connections")},
        {"connections_used", tightest(bounds).percent()},
        {"free_slots", free_slots(bounds)},
        {"total_locks", most("total_locks")},
        {"all_locks", most("all_locks")},
        {"blocked_locks", number("blocked_locks")},
        {"longest_wait", most("longest_wait")},
        {"idle_transactions", number("idle_transactions")},
        {"long_queries", number("long_queries")},
        {"long_transactions", number("long_transactions")},
        {"prepared", number("prepared")},
        {"prepared_age", most("prepared_age")},
        {"xmin_age",
         greatest(
             numbers,
             {"session_xid", "session_xmin", "prepared_xid", "slot_xmin", "slot_catalog_xmin"})},
        {"untracked", number("untracked")}};
}

/// The kinds of culprits that the answer will tell.
std::vector<CulpritKind> kinds_to_tell(const std::vector<Metric>& metrics, const Config& config)
{
    const Telling telling{metrics, limits, main_label, config};
    const auto all = culprit_kinds();
    std::vector<CulpritKind> kinds;
    std::copy_if(all.begin(), all.end(), std::back_inserter(kinds), [&](const CulpritKind& kind) {
        return telling.tells(labels_of(kind));
    });
    return kinds;
}

Evidence look(Session& session, const Config& config, const Deadline& deadline)
{
    const ActivityQueries queries{config, session.server().version_number};
    const auto ask = [&](std::string_view name, const std::string& sql) {
        const auto& parameters = queries.parameters();
        const Query query{
            .name = name, .sql = sql, .parameters = parameters, .fixed = parameters.empty()};
        return session.run({&query, 1}, deadline).at(0);
    };
    const auto numbers = record_of(ask("activity", queries.numbers()), number_names);
    if (numbers.text(0, "sees_all") != "t") {
        // The states of others are NULL then: without a look at this they would all be fine.
        throw Failure{ErrorClass::privilege_missing,
                      "what other sessions do is hidden from this role (pg_read_all_stats)"};
    }
    const auto bounds = bounds_of(numbers);
    const auto bound = tightest(bounds);
    Evidence evidence{.metrics = metrics_of(numbers, bounds),
                      .summary =
                          fmt::format("{} of {} connections{}, {} blocked, {} idle in transaction",
                                      number_text(bound.used),
                                      number_text(bound.slots),
                                      bound.of_whom,
                                      numbers.text(0, "blocked_locks"),
                                      numbers.text(0, "idle_transactions"))};
    const auto kinds = kinds_to_tell(evidence.metrics, config);
    if (!kinds.empty()) { // of whom nobody may be left by now
        evidence.details = details_of(ask("culprits", queries.culprits(kinds)), kinds);
    }
    return evidence;
}

} // namespace

constinit const Check activity_check{.kind = CheckKind::activity,
                                     .limits = limits,
                                     .main_label = main_label,
                                     .privileges = needs,
                                     .look = &look,
                                     .prepare = &expect_backend_types};

} // namespace dbup
