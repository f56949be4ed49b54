// SPDX-License-Identifier: MIT
// --check statistics: what it makes of the row that a server sends.
#include "support/catch.hpp"
#include "unit/fakes.hpp"

namespace dbup_test {

namespace {

using Cell = dbup::Rows::Cell;

/// A server with checksums that has counted for an hour.
struct Says {
    int version = 150018;
    Cell own_failures = "0";
    Cell shared_failures = "0";
    Cell failure_age = {};
    Cell reset = "1795301920";
    Cell sessions = "4";
    Cell database_limit = {};
    Cell role_limit = {};
};

Server counting(const Says& says)
{
    const std::vector<std::pair<std::string, Cell>> cells{
        {"xact_commit", "12345"},
        {"xact_rollback", "67"},
        {"deadlocks", "2"},
        {"conflicts", "0"},
        {"temp_files", "3"},
        {"temp_bytes", "1048576"},
        {"blks_fetched", "1000"},
        {"blks_hit", "900"},
        {"sessions_abandoned", "5"},
        {"sessions_fatal", "1"},
        {"sessions_killed", "0"},
        {"own_failures", says.own_failures},
        {"shared_failures", says.shared_failures},
        {"failure_age", says.failure_age},
        {"reset", says.reset},
        {"reset_age", says.reset ? Cell{"3600"} : Cell{}},
        {"database_sessions", says.sessions},
        {"database_limit", says.database_limit},
        {"role_sessions", "1"},
        {"role_limit", says.role_limit},
    };
    std::vector<std::string> columns;
    std::vector<Cell> row;
    for (const auto& [name, cell] : cells) {
        columns.push_back(name);
        row.push_back(cell);
    }
    dbup::Rows rows{std::move(columns)};
    rows.add(std::move(row));
    Server server;
    server.facts.version_number = says.version;
    server.named_answers = {{"statistics", rows}};
    return server;
}

dbup::Outcome look(const Says& says, std::vector<std::string> more = {})
{
    Scene scene;
    scene.connector.servers = {counting(says)};
    more.insert(more.begin(), {"--check", "statistics"});
    return scene.run(command_line(std::move(more)));
}

TEST_CASE("what the server counts are counters, and alert nobody", "[statistics]")
{
    const auto outcome = look({});
    CHECK(outcome.exit_code == 0);
    CHECK_THAT(headline(outcome.text),
               has("statistics: 12345 commits, 67 rollbacks, 2 deadlocks (mydb at db1:5432)"));
    CHECK_THAT(perfdata_of(outcome.text),
               has(" xact_commit=12345c xact_rollback=67c deadlocks=2c conflicts=0c temp_files=3c "
                   "temp_bytes=1048576c blks_hit=900c blks_read=100c sessions_abandoned=5c "
                   "sessions_fatal=1c sessions_killed=0c checksum_failures=0c;;0"));
    const auto limited = look({}, {"-w", "deadlocks=1"});
    CHECK(limited.exit_code == 1);
    CHECK_THAT(limited.text,
               has("deadlocks is 2 (above 1)") &&
                   has("\n- counted since 2026-11-21 22:58:40.000Z, 1 h ago\n"));
}

TEST_CASE("since when it counts is told who asks for more", "[statistics]")
{
    CHECK_THAT(look({}).text, !has("counted since"));
    CHECK_THAT(look({}, {"-v"}).text, has("- counted since 2026-11-21 22:58:40.000Z, 1 h ago\n"));
    CHECK_THAT(
        look({.reset = {}}, {"-v"}).text,
        has("- never reset: counted since the database was made or the server last crashed"));
}

TEST_CASE("a damaged page is critical, also one of the shared catalogs", "[statistics]")
{
    const auto own = look({.own_failures = "3", .failure_age = "120"});
    CHECK(own.exit_code == 2);
    CHECK_THAT(own.text,
               has("checksum_failures is 3 (above 0)") &&
                   has("\n- wrong checksums: 3 in this database, 0 in the shared catalogs, the "
                       "last one 2 min ago\n") &&
                   has("\nFix: Data on the disk is damaged"));
    CHECK(look({.shared_failures = "1", .failure_age = "1"}).exit_code == 2);
    CHECK(look({.own_failures = "3", .failure_age = "120"}, {"-c", "checksum_failures=3"})
              .exit_code == 0);
}

TEST_CASE("where checksums are off nothing was measured, which is not zero", "[statistics]")
{
    const Says off{.own_failures = {}, .shared_failures = {}};
    const auto outcome = look(off, {"-v"});
    CHECK(outcome.exit_code == 0);
    CHECK_THAT(perfdata_of(outcome.text), !has("checksum_failures"));
    CHECK_THAT(outcome.text, has("- checksums are off: damaged pages are not noticed\n"));
    const auto asked_for = look(off, {"-c", "checksum_failures=0"});
    CHECK(asked_for.exit_code == 3);
    CHECK_THAT(asked_for.text, has("checksum_failures was not measured"));
}

TEST_CASE("a limit of connections is told where there is one", "[statistics]")
{
    const auto none = perfdata_of(look({}).text);
    CHECK_THAT(none, has(" database_sessions=4 role_sessions=1 ") && !has("_limit="));
    const auto limited = perfdata_of(look({.database_limit = "10", .role_limit = "2"}).text);
    CHECK_THAT(limited,
               has(" database_sessions=4 database_limit=10 database_free_slots=6 "
                   "role_sessions=1 role_limit=2 role_free_slots=1 "));
    // Superusers come in beyond it.
    CHECK_THAT(perfdata_of(look({.sessions = "12", .database_limit = "10"}).text),
               has(" database_free_slots=0 "));
    CHECK(look({.database_limit = "5"}, {"-w", "database_free_slots=2:"}).exit_code == 1);
    CHECK(look({}, {"-w", "3"}).exit_code == 1);
}

TEST_CASE("a server before 14 does not count how sessions end", "[statistics]")
{
    const auto text = perfdata_of(look({.version = 130023}).text);
    CHECK_THAT(text, has(" blks_read=100c checksum_failures=") && !has("sessions_abandoned"));
}

} // namespace

} // namespace dbup_test
