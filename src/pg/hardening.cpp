// SPDX-License-Identifier: MIT
#include "pg/hardening.hpp"

#include "core/failure.hpp"
#include "core/remedies.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dbup {

namespace {

// Every byte of it goes to every server at every check: one array needs the description of one
// column, and no blanks.
constexpr std::string_view proof_sql =
    "SELECT ARRAY[pg_catalog.current_setting('transaction_read_only'),"
    "pg_catalog.current_setting('statement_timeout'),"
    "pg_catalog.current_setting('lock_timeout'),"
    "pg_catalog.current_setting('idle_in_transaction_session_timeout'),"
    "pg_catalog.current_setting('search_path')] AS held,"
    "pg_catalog.pg_is_in_recovery() AS standby,";
constexpr std::string_view clock_sql = "pg_catalog.clock_timestamp() AS server_time";
constexpr std::string_view clock_number_sql =
    "EXTRACT(EPOCH FROM pg_catalog.clock_timestamp()) AS server_time";

// What a pooler, an address that moves or a translation of addresses hides from a client.
constexpr std::string_view address_sql =
    ",pg_catalog.host(pg_catalog.inet_server_addr()) AS server_address,"
    "pg_catalog.inet_server_port() AS server_port";

/// The elements of an array as PostgreSQL writes it (documentation, 8.15.6): {on,"a, b"}. What is
/// no array has none.
std::vector<std::string> elements_of(std::string_view array)
{
    std::vector<std::string> elements;
    if (array.size() < 2 || array.front() != '{' || array.back() != '}') {
        return elements;
    }
    array = array.substr(1, array.size() - 2);
    elements.emplace_back();
    bool quoted = false;
    for (std::size_t i = 0; i < array.size(); ++i) {
        const bool escaped = array[i] == '\\' && i + 1 < array.size();
        if (escaped) {
            elements.back() += array[++i];
        } else if (array[i] == '"') {
            quoted = !quoted;
        } else if (array[i] == ',' && !quoted) {
            elements.emplace_back();
        } else {
            elements.back() += array[i];
        }
    }
    return elements;
}

/// The same path where quote_all_identifiers is on: "pg_catalog", "pg_temp".
std::string quoted_names(std::string_view names)
{
    return '"' + replaced(names, ", ", R"(", ")") + '"';
}

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

Hardening::Hardening(const Config& config, const Deadline& deadline, const Ways& ways)
    : proof_{proof_sql}
{
    proof_ += ways.iso_dates ? clock_sql : clock_number_sql;
    constexpr int everything = 2; // -vv
    if (config.verbosity >= everything) {
        proof_ += address_sql;
    }
    const Millis limit = time_limit(config.statement_timeout, deadline.left());
    const Millis lock_limit = std::min(config.lock_timeout, limit);
    const Millis idle_limit = std::min(config.idle_timeout, limit);
    limit_option_ = limit < config.statement_timeout ? "--timeout" : "--statement-timeout";
    lock_option_ = lock_limit < config.lock_timeout ? limit_option_ : "--lock-timeout";
    settings_ = {
        {"transaction_read_only", ways.writes ? "off" : "on"},
        {"statement_timeout", postgres_duration(limit)},
        {"lock_timeout", postgres_duration(lock_limit)},
        {"idle_in_transaction_session_timeout", postgres_duration(idle_limit)},
        {"search_path", "pg_catalog, pg_temp"}, // pg_temp named, so that it comes last
    };
    // READ COMMITTED, because a default of serializable fails on a standby and may wait for a
    // snapshot.
    statements_ = {
        fmt::format("BEGIN ISOLATION LEVEL READ COMMITTED,READ {}", ways.writes ? "WRITE" : "ONLY"),
        fmt::format("SET LOCAL statement_timeout={}", limit.count()),
        fmt::format("SET LOCAL lock_timeout={}", lock_limit.count()),
        fmt::format("SET LOCAL idle_in_transaction_session_timeout={}", idle_limit.count()),
        "SET LOCAL search_path=pg_catalog,pg_temp"};
    if (ways.notices_lost_client) {
        statements_.emplace_back("SET LOCAL client_connection_check_interval=250"); // milliseconds
    }
}

Query Hardening::proof() const
{
    return {.name = "proof", .sql = proof_, .fixed = true};
}

Failure Hardening::explained(const Failure& failure) const
{
    if (failure.error() != ErrorClass::query_timeout || !failure.fix().empty()) {
        return failure;
    }
    const auto with_option = [&failure](std::string_view usual, std::string_view option) {
        return Failure{failure}.with_fix(replaced(remedy_of(failure), usual, option));
    };
    if (failure.sqlstate() == "57014") {
        return with_option("--statement-timeout", limit_option_);
    }
    if (failure.sqlstate() == "55P03") {
        return with_option("--lock-timeout", lock_option_);
    }
    return failure;
}

void Hardening::verify(const Rows& proof) const
{
    if (proof.size() != 1) {
        throw Failure{ErrorClass::unexpected_result,
                      "the settings were asked for and no single row came back"};
    }
    const auto& held = proof.text(0, "held");
    const auto actual = elements_of(held);
    if (actual.size() != settings_.size()) {
        throw Failure{ErrorClass::unexpected_result,
                      fmt::format("the settings were asked for and '{}' came back", held)};
    }
    for (std::size_t i = 0; i < settings_.size(); ++i) {
        const auto& [name, value] = settings_[i];
        const bool other_spelling = name == "search_path" && actual[i] == quoted_names(value);
        if (actual[i] != value && !other_spelling) {
            throw Failure{ErrorClass::hardening,
                          fmt::format("{} is '{}' and not '{}'", name, actual[i], value)};
        }
    }
}

} // namespace dbup
