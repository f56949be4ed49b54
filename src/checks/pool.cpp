// SPDX-License-Identifier: MIT
#include "checks/patterns.hpp"
#include "checks/table.hpp"
#include "core/failure.hpp"
#include "core/text.hpp"
#include "core/unit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>
#include <vector>

namespace dbup {

namespace {

constexpr Query pools_query{"pools", "SHOW POOLS"};
constexpr Query databases_query{"databases", "SHOW DATABASES"};
constexpr Query lists_query{"lists", "SHOW LISTS"};
constexpr Query config_query{"config", "SHOW CONFIG"};
constexpr Query state_query{"state", "SHOW STATE"};

constexpr std::string_view console_name = "pgbouncer";

constexpr std::array limits{
    Limit{.label = "max_wait",
          .unit = Unit::seconds,
          .warning = "5",
          .critical = "30",
          .help = "how long the client in front of the queues has waited for a server connection",
          .fix = "Look for long transactions behind that pool, for PAUSE, and at pool_size against "
                 "max_connections of the server"},
    Limit{.label = "clients_waiting", .help = "clients that wait for a server connection"},
    Limit{.label = "clients_active", .help = "clients that have a server connection or are idle"},
    Limit{.label = "clients_used",
          .unit = Unit::percent,
          .warning = "80",
          .critical = "90",
          .help = "client connections of max_client_conn",
          .fix = "Raise max_client_conn (and the limit of open files), or let applications close "
                 "what they do not use"},
    Limit{.label = "servers_active", .help = "server connections that work for clients"},
    Limit{.label = "servers_used",
          .unit = Unit::percent,
          .help = "server connections that work for clients of pool_size, in the fullest pool"},
    Limit{.label = "paused_databases",
          .warning = "0",
          .help = "databases that are paused one by one",
          .fix = "RESUME in the console, if the work that PAUSE was for is done"},
    Limit{.label = "disabled_databases",
          .warning = "0",
          .help = "databases that refuse new clients",
          .fix = "ENABLE in the console, if the work that DISABLE was for is done"},
    Limit{.label = "paused",
          .warning = "0",
          .help = "1 if paused: replay on this standby, or all of PgBouncer (after 1.18)",
          .fix = "RESUME in the console, if the work that PAUSE was for is done"},
    Limit{.label = "pools", .help = "pools that were looked at"},
    Limit{.label = "databases", .help = "databases that were looked at"},
};

/// Whether `text` is like `pattern`, in which '*' stands for any characters.
bool is_like(std::string_view text, std::string_view pattern)
{
    std::size_t at = 0;
    std::size_t in_pattern = 0;
    std::size_t star = std::string_view::npos;
    std::size_t taken = 0; // how far the last star reaches
    while (at < text.size()) {
        if (in_pattern < pattern.size() && pattern[in_pattern] == '*') {
            star = in_pattern++;
            taken = at;
        } else if (in_pattern < pattern.size() && pattern[in_pattern] == text[at]) {
            ++in_pattern;
            ++at;
        } else if (star != std::string_view::npos) {
            in_pattern = star + 1;
            at = ++taken;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', in_pattern) == std::string_view::npos;
}

bool is_in(std::string_view name, std::string_view list)
{
    const auto patterns = patterns_of(list);
    return std::any_of(patterns.begin(), patterns.end(), [name](std::string_view pattern) {
        return is_like(name, pattern);
    });
}

bool passes(std::string_view name, std::string_view include, std::string_view exclude)
{
    return (include.empty() || is_in(name, include)) && (exclude.empty() || !is_in(name, exclude));
}

struct Database {
    std::string name = {};
    double pool_size = 0;
    bool paused = false;
    bool disabled = false;
};

struct Pool {
    std::string name = {}; ///< "database/user"
    std::string mode = {};
    double active = 0;
    double waiting = 0;
    double wait = 0; ///< seconds
    double servers = 0;
    double size = 0; ///< 0: not known, or without a limit
    [[nodiscard]] double used() const { return size == 0 ? 0 : servers / size * 100; }
};

/// A column that some versions have; 0 adds nothing to a sum.
double number_or_zero(const Rows& rows, std::size_t row, std::string_view column)
{
    return rows.has(column) ? rows.number(row, column) : 0;
}

/// Where in a list of names and values.
struct Entry {
    std::string_view key = {};
    std::string_view value = {};
    std::string_view name = {};
};

/// The value of an entry, where it is there.
std::optional<double> listed(const Rows& rows, const Entry& entry)
{
    for (std::size_t row = 0; row < rows.size(); ++row) {
        if (rows.text(row, entry.key) == entry.name) {
            return rows.number(row, entry.value);
        }
    }
    return std::nullopt;
}

std::vector<Database> databases_in(const Rows& rows, const Config& config)
{
    std::vector<Database> databases;
    for (std::size_t row = 0; row < rows.size(); ++row) {
        const auto& name = rows.text(row, "name");
        if (name != console_name &&
            passes(name, config.include_database, config.exclude_database)) {
            databases.push_back({.name = name,
                                 .pool_size = rows.number(row, "pool_size"),
                                 .paused = number_or_zero(rows, row, "paused") != 0,
                                 .disabled = number_or_zero(rows, row, "disabled") != 0});
        }
    }
    const bool filtered = !config.include_database.empty() || !config.exclude_database.empty();
    if (databases.empty() && filtered) {
        throw Failure{ErrorClass::config}
            .with_message("no database of PgBouncer passes --include-database and "
                          "--exclude-database")
            .with_fix("SHOW DATABASES in the console lists them");
    }
    return databases;
}

Pool pool_in(const Rows& rows, std::size_t row, const std::vector<Database>& databases)
{
    constexpr double microseconds = 1'000'000;
    const auto& database = rows.text(row, "database");
    const auto its = std::find_if(databases.begin(), databases.end(), [&](const Database& one) {
        return one.name == database;
    });
    return {.name = database + '/' + rows.text(row, "user"),
            .mode = rows.has("pool_mode") ? rows.cell(row, "pool_mode").value_or("") : "",
            .active = rows.number(row, "cl_active"),
            .waiting = rows.number(row, "cl_waiting"),
            .wait = rows.number(row, "maxwait") +
                    number_or_zero(rows, row, "maxwait_us") / microseconds,
            .servers = rows.number(row, "sv_active") +
                       number_or_zero(rows, row, "sv_active_cancel") +
                       number_or_zero(rows, row, "sv_being_canceled"),
            .size = its == databases.end() ? 0 : its->pool_size};
}

/// The pools, the worst first.
std::vector<Pool>
pools_in(const Rows& rows, const std::vector<Database>& databases, const Config& config)
{
    std::vector<Pool> pools;
    for (std::size_t row = 0; row < rows.size(); ++row) {
        const auto& database = rows.text(row, "database");
        if (database != console_name &&
            passes(database, config.include_database, config.exclude_database) &&
            passes(rows.text(row, "user"), config.include_user, config.exclude_user)) {
            pools.push_back(pool_in(rows, row, databases));
        }
    }
    std::stable_sort(pools.begin(), pools.end(), [](const Pool& left, const Pool& right) {
        return std::tuple{left.wait, left.waiting, left.used()} >
               std::tuple{right.wait, right.waiting, right.used()};
    });
    return pools;
}

double sum_of(const std::vector<Pool>& pools, double Pool::*member)
{
    double sum = 0;
    for (const auto& pool : pools) {
        sum += pool.*member;
    }
    return sum;
}

/// Whether all of PgBouncer stands still; nothing where the version does not tell.
std::optional<bool> stands_still(Session& session, const Deadline& deadline)
{
    constexpr int knows_state = 11'900;
    if (session.server().version_number < knows_state) {
        return std::nullopt;
    }
    try {
        const auto answers = session.show({&state_query, 1}, deadline);
        for (std::size_t row = 0; row < answers.at(0).size(); ++row) {
            if (answers[0].text(row, "key") == "active") {
                return answers[0].text(row, "value") != "yes";
            }
        }
    } catch (const Failure& failure) {
        if (failure.sqlstate().empty()) { // it was not the console that refused the command
            throw;
        }
    }
    return std::nullopt;
}

std::string pool_text(const Pool& pool)
{
    auto text = pool.name + ": ";
    if (pool.waiting > 0) {
        text += fmt::format("{} waiting, longest {}; ",
                            number_text(pool.waiting),
                            quantity_text(pool.wait, Unit::seconds));
    }
    text += fmt::format("{} active, ", number_text(pool.active));
    text += pool.size == 0 ? fmt::format("{} servers in use", number_text(pool.servers))
                           : fmt::format("{} of {} servers in use",
                                         number_text(pool.servers),
                                         number_text(pool.size));
    return pool.mode.empty() ? text : fmt::format("{} ({} mode)", text, pool.mode);
}

void add_pools(Evidence& evidence, const std::vector<Pool>& pools)
{
    constexpr std::size_t most = 10;
    double wait = 0;
    double used = 0;
    bool sized = false;
    for (const auto& pool : pools) {
        wait = std::max(wait, pool.wait);
        used = std::max(used, pool.used());
        sized = sized || pool.size > 0;
    }
    evidence.metrics.push_back({"max_wait", wait});
    evidence.metrics.push_back({"clients_waiting", sum_of(pools, &Pool::waiting)});
    evidence.metrics.push_back({"clients_active", sum_of(pools, &Pool::active)});
    evidence.metrics.push_back({"servers_active", sum_of(pools, &Pool::servers)});
    if (sized) {
        evidence.metrics.push_back({"servers_used", used});
    }
    evidence.metrics.push_back({"pools", static_cast<double>(pools.size())});
    for (std::size_t i = 0; i < std::min(pools.size(), most); ++i) {
        evidence.details.push_back(
            {pools[i].waiting > 0 ? "max_wait clients_waiting servers_used" : "servers_used",
             pool_text(pools[i])});
    }
}

void add_databases(Evidence& evidence, const std::vector<Database>& databases, const Rows& rows)
{
    struct Kind {
        std::string_view column = {};
        bool Database::*member = nullptr;
    };
    for (const auto& [column, member] :
         {Kind{"paused", &Database::paused}, Kind{"disabled", &Database::disabled}}) {
        if (!rows.has(column)) {
            continue;
        }
        const auto label = std::string{column} + "_databases";
        double count = 0;
        for (const auto& database : databases) {
            if (database.*member) {
                ++count;
                evidence.details.push_back(
                    {label, fmt::format("database {} is {}", database.name, column)});
            }
        }
        evidence.metrics.push_back({label, count, 0, static_cast<double>(databases.size())});
    }
    evidence.metrics.push_back({"databases", static_cast<double>(databases.size())});
}

/// "3 of 100 clients, 1 waiting"
std::string summary_of(const std::vector<Pool>& pools,
                       std::optional<double> clients,
                       std::optional<double> most)
{
    const auto all = clients ? number_text(*clients) : "?";
    const double waiting = sum_of(pools, &Pool::waiting);
    return fmt::format("{}{} clients, {} waiting",
                       all,
                       most ? " of " + number_text(*most) : "",
                       number_text(waiting));
}

void prepare(const Config& config)
{
    if (config.database != console_name) {
        throw config_error(
            fmt::format("--check pool asks PgBouncer's admin console: use --database "
                        "{} (not '{}') and PgBouncer's port",
                        console_name,
                        config.database));
    }
    if (config.role != ExpectedRole::any) {
        throw config_error(config.origin_of("role") + ": PgBouncer is neither primary nor standby");
    }
}

Evidence look(Session& session, const Config& config, const Deadline& deadline)
{
    const std::array commands{pools_query, databases_query, lists_query, config_query};
    const auto answers = session.show(commands, deadline);
    if (answers.size() != commands.size()) {
        throw Failure{ErrorClass::unexpected_result, "the console left a command without answer"};
    }
    const auto databases = databases_in(answers[1], config);
    const auto pools = pools_in(answers[0], databases, config);
    const auto clients = listed(answers[2], {"list", "items", "used_clients"});
    const auto most = listed(answers[3], {"key", "value", "max_client_conn"});
    Evidence evidence;
    add_pools(evidence, pools);
    if (clients && most && *most > 0) {
        evidence.metrics.push_back({"clients_used", *clients / *most * 100});
    }
    add_databases(evidence, databases, answers[1]);
    if (const auto still = stands_still(session, deadline)) {
        evidence.metrics.push_back({"paused", *still ? 1.0 : 0.0, 0, 1});
    }
    evidence.summary = summary_of(pools, clients, most);
    return evidence;
}

} // namespace

constinit const Check pool_check{.kind = CheckKind::pool,
                                 .limits = limits,
                                 .main_label = "max_wait",
                                 .privileges = {},
                                 .look = &look,
                                 .prepare = &prepare,
                                 .console = true};

} // namespace dbup
