// SPDX-License-Identifier: MIT
#include "pg/hardening.hpp"

#include "core/failure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dbup {

namespace {

constexpr std::string_view proof_sql = R"(
SELECT pg_catalog.current_setting('transaction_read_only') AS transaction_read_only,
       pg_catalog.current_setting('statement_timeout') AS statement_timeout,
       pg_catalog.current_setting('lock_timeout') AS lock_timeout,
       pg_catalog.current_setting('idle_in_transaction_session_timeout') AS idle_in_transaction_session_timeout,
       pg_catalog.current_setting('search_path') AS search_path,
       pg_catalog.pg_is_in_recovery() AS standby,
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp()) AS server_time)";

/// The server has to end a statement before we go: a little less than what is left, at least a
/// millisecond.
Millis time_limit(Millis wanted, Millis left)
{
    constexpr Millis way_back{50};
    return std::max(Millis{1}, std::min(wanted, left - way_back));
}

} // namespace

std::string postgres_duration(Millis duration)
{
    struct Step {
        Millis::rep size = 1;
        std::string_view unit = {};
    };
    constexpr std::array steps{
        Step{86'400'000, "d"}, Step{3'600'000, "h"}, Step{60'000, "min"}, Step{1'000, "s"}};
    for (const auto& [size, unit] : steps) {
        if (duration.count() % size == 0) {
            return fmt::format("{}{}", duration.count() / size, unit);
        }
    }
    return fmt::format("{}ms", duration.count());
}

Hardening::Hardening(const Config& config, const Deadline& deadline, bool notice_lost_client)
{
    const Millis limit = time_limit(config.statement_timeout, deadline.left());
    const Millis lock_limit = std::min(config.lock_timeout, limit);
    settings_ = {
        {"transaction_read_only", "on"},
        {"statement_timeout", postgres_duration(limit)},
        {"lock_timeout", postgres_duration(lock_limit)},
        {"idle_in_transaction_session_timeout", postgres_duration(limit)},
        {"search_path", "pg_catalog, pg_temp"}, // pg_temp named, so that it comes last
    };
    // READ COMMITTED, because a default of serializable fails on a standby and may wait for a
    // snapshot.
    statements_ = {"BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY",
                   fmt::format("SET LOCAL statement_timeout = {}", limit.count()),
                   fmt::format("SET LOCAL lock_timeout = {}", lock_limit.count()),
                   fmt::format("SET LOCAL idle_in_transaction_session_timeout = {}", limit.count()),
                   "SET LOCAL search_path = pg_catalog, pg_temp"};
    if (notice_lost_client) {
        statements_.emplace_back(
            "SET LOCAL client_connection_check_interval = 250"); // milliseconds
    }
}

Query Hardening::proof()
{
    return {"proof", proof_sql};
}

void Hardening::verify(const Rows& proof) const
{
    if (proof.size() != 1) {
        throw Failure{ErrorClass::unexpected_result,
                      "the settings were asked for and no single row came back"};
    }
    for (const auto& [name, value] : settings_) {
        const auto& actual = proof.text(0, name);
        if (actual != value) {
            throw Failure{ErrorClass::hardening,
                          fmt::format("{} is '{}' and not '{}'", name, actual, value)};
        }
    }
}

} // namespace dbup
