// SPDX-License-Identifier: MIT
#include "checks/replay.hpp"

#include "checks/cells.hpp"
#include "checks/replication_queries.hpp"
#include "core/failure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace dbup {

void refuse_blindness(std::string_view view)
{
    throw Failure{ErrorClass::privilege_missing,
                  fmt::format("{} shows this role no details", view)};
}

Replay read_replay(const Rows& rows)
{
    Replay own{.standby = rows.is_true(0, "standby"), .paused = rows.is_true(0, "paused")};
    if (!own.standby) {
        return own;
    }
    const auto& status = rows.cell(0, "status");
    const auto& streams = rows.cell(0, "streams");
    if (!rows.is_true(0, "may_see") || (!status && !streams)) {
        refuse_blindness("pg_stat_wal_receiver");
    }
    own.streams = status.has_value() || rows.is_true(0, "streams");
    own.status = status.value_or("");
    own.received = rows.cell(0, "received").value_or("");
    own.bytes = number_if(rows, "bytes");
    own.age = number_if(rows, "age");
    own.message_age = number_if(rows, "message_age");
    if (own.bytes) {
        own.bytes = std::max(0.0, *own.bytes); // an archive may give what was never received
        // Received, not replayed, and nobody knows since when: not measured, which is not 0.
        own.lag = *own.bytes == 0 ? 0 : std::nan("");
        if (*own.bytes != 0 && own.age) {
            own.lag = std::max(0.0, *own.age);
        }
    }
    return own;
}

void look_again(Replay& own, Session& session, const Deadline& deadline, Instant first_look)
{
    constexpr double worth_it = 1;                      // second
    const bool plain = !own.lag || *own.lag < worth_it; // NaN is not
    if (plain || own.paused) {
        return;
    }
    const std::array parameters{own.received};
    const std::array queries{Query{"a_moment", "SELECT pg_catalog.pg_sleep(0.1)"},
                             Query{"caught_up", ReplicationQueries::caught_up(), parameters}};
    const auto answers = session.run(queries, deadline);
    if (answers.at(1).is_true(0, "caught_up")) {
        const double between = seconds(deadline.now() - first_look);
        own.lag = std::isnan(*own.lag) ? between : std::min(*own.lag, between);
    }
}

std::string replay_text(const Replay& own, const Rows& from, std::size_t row)
{
    const bool receives = from.cell(row, "sender").has_value();
    const auto sender = receives ? fmt::format("{}:{}",
                                               from.text(row, "sender"),
                                               from.cell(row, "sender_port").value_or("?"))
                                 : "nobody";
    const auto age = own.age ? quantity_text(*own.age, Unit::seconds) + " old" : "unknown";
    return fmt::format(
        "this standby{}: {} not replayed, last transaction {}, receives from {} ({})",
        own.paused ? ", replay is paused" : "",
        quantity_text(own.bytes.value_or(0), Unit::bytes),
        age,
        sender,
        own.status.empty() ? "no receiver" : own.status);
}

std::string receiver_text(const Replay& own)
{
    if (!own.streams) {
        return "fed from an archive";
    }
    return own.status.empty() ? "no receiver" : "receiver " + own.status;
}

} // namespace dbup
