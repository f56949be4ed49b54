// SPDX-License-Identifier: MIT
#include "checks/activity_queries.hpp"

#include "checks/activity_sql.hpp"
#include "checks/patterns.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <array>

namespace dbup {

namespace {

constexpr int knows_waitstart = 140'000;
constexpr int knows_reserved = 160'000;

constexpr std::array all_kinds{
    CulpritKind{"blocked_locks",
                "longest_wait",
                "{who} has waited {age} for a lock of {note}",
                blocked_culprits},
    CulpritKind{"idle_transactions", "", "{who}: {note} for {age}", stuck_culprits},
    CulpritKind{"long_queries", "", "{who}: query runs for {age}", slow_culprits},
    CulpritKind{"long_transactions", "", "{who}: transaction open for {age}, {note}", old_culprits},
    CulpritKind{"prepared_age",
                "prepared",
                "prepared transaction {note} of {role} in {database}, {age} old",
                prepared_culprits},
    CulpritKind{
        "connections_used", "free_slots", "connections from {client}: {count}", host_culprits},
    CulpritKind{"total_connections",
                "",
                "sessions of {role}@{database} ({application}): {count}",
                crowd_culprits},
    CulpritKind{"total_locks", "all_locks", "{who} holds {locks}", lock_culprits},
    CulpritKind{"untracked", "", "{who}: track_activities is off", untracked_culprits},
    CulpritKind{"xmin_age", "", "{who}{note}: {transactions}", xmin_culprits},
};

/// What a query waits for, since when: a server before 14 does not know it, so that the begin of
/// its statement is taken. A wait that has just begun has no waitstart for a moment.
struct WaitWords {
    std::string_view since = {};  ///< of a lock; for numbers_sql `w`
    std::string_view waited = {}; ///< of a session, made of that
    std::string_view alone = {};  ///< of a session beside its lock
};

constexpr WaitWords with_waitstart{"COALESCE(waitstart,t)", "t-w", "t-COALESCE(waitstart,t)"};
constexpr WaitWords before_waitstart{"t", "w-state_change", "t-state_change"};

constexpr std::string_view clients = "backend_type='client backend'";

std::string text_of(std::string_view sql)
{
    return std::string{sql};
}

std::string interval(Millis age)
{
    return fmt::format("'{}s'", number_text(seconds(age)));
}

} // namespace

std::span<const CulpritKind> culprit_kinds()
{
    return all_kinds;
}

ActivityQueries::ActivityQueries(const Config& config, int server_version)
{
    choose("COALESCE(backend_type,'')", config.include_type, config.exclude_type);
    if (like_patterns(config.include_type) == "{}") {
        chosen_ = fmt::format("{}{}", clients, chosen_.empty() ? "" : " AND " + chosen_);
    }
    choose("COALESCE(b.datname,'')::text", config.include_database, config.exclude_database);
    choose(
        "COALESCE(pg_get_userbyid(usesysid),'')::text", config.include_user, config.exclude_user);
    choose("COALESCE(application_name,'')", config.include_application, config.exclude_application);

    const bool all_clients = chosen_ == clients;
    const auto& wait = server_version < knows_waitstart ? before_waitstart : with_waitstart;
    // In this order: what stands in the first may contain the names of the last.
    places_ = {
        {"{sessions}", all_clients ? text_of(clients_sql) : text_of(chosen_sql)},
        {"{reserved}",
         server_version < knows_reserved ? text_of(nothing_reserved_sql) : text_of(reserved_sql)},
        {"{stuck}", text_of(stuck_sql)},
        {"{slow}", text_of(slow_sql)},
        {"{old}", text_of(old_sql)},
        {"{heavy}", text_of(heavy_sql)},
        {"{chosen}", chosen_},
        {"{seen}", all_clients ? "c" : "seen"},
        {"{since}", text_of(wait.since)},
        {"{waited}", text_of(wait.waited)},
        {"{waited_alone}", text_of(wait.alone)},
        {"{words}", config.show_queries ? R"("left"(query,80))" : "''"},
        {"{blocked_age}", interval(config.blocked_age)},
        {"{idle_age}", interval(config.idle_transaction_age)},
        {"{query_age}", interval(config.long_query_age)},
        {"{transaction_age}", interval(config.long_transaction_age)}};
}

/// Only sessions whose `name` is like one of `wanted` and like none of `unwanted`.
void ActivityQueries::choose(std::string_view name,
                             std::string_view wanted,
                             std::string_view unwanted)
{
    add_condition("", name, wanted);
    add_condition("NOT ", name, unwanted);
}

void ActivityQueries::add_condition(std::string_view no,
                                    std::string_view name,
                                    std::string_view list)
{
    const auto patterns = like_patterns(list);
    if (patterns == "{}") {
        return;
    }
    parameters_.push_back(patterns);
    chosen_ += fmt::format("{}{}{} LIKE ANY(${}::text[])",
                           chosen_.empty() ? "" : " AND ",
                           no,
                           name,
                           parameters_.size());
}

std::string ActivityQueries::filled(std::string_view sql) const
{
    std::string text{sql};
    for (const auto& [place, words] : places_) {
        text = replaced(text, place, words);
    }
    return text;
}

std::string ActivityQueries::numbers() const
{
    return filled(numbers_sql);
}

std::string ActivityQueries::culprits(std::span<const CulpritKind> kinds) const
{
    std::string sql{culprits_sql};
    for (const auto& kind : kinds) {
        sql += &kind == &kinds.front() ? "" : "UNION ALL";
        sql += kind.sql;
    }
    sql += culprits_end;
    return filled(sql);
}

} // namespace dbup
