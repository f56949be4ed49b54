// SPDX-License-Identifier: MIT
// --check statistics: the numbers are those of the server's own view, whoever asks.
#include <fstream>

#include "support/catch.hpp"
#include "support/cluster.hpp"
#include "support/plugin.hpp"
#include "support/sessions.hpp"

namespace dbup_test {

namespace {

StatusLine look(const Strings& more = {})
{
    return check_cluster(Strings{"--check", "statistics"} + more);
}

/// With all that may be said, which is more than a host keeps.
std::string all_of_it()
{
    return run(plugin(cluster_arguments({"--check", "statistics", "-v"}))).out;
}

std::string database()
{
    return Cluster::shared().get("DATABASE");
}

double counted(const std::string& column)
{
    return std::stod(Cluster::shared().value(
        "SELECT " + column + " FROM pg_stat_database WHERE datname = '" + database() + "'"));
}

TEST_CASE("the counters are those of pg_stat_database, for a role without any right",
          "[statistics]")
{
    const std::map<std::string, std::string> columns{
        {"xact_commit", "xact_commit"},
        {"xact_rollback", "xact_rollback"},
        {"deadlocks", "deadlocks"},
        {"conflicts", "conflicts"},
        {"temp_files", "temp_files"},
        {"temp_bytes", "temp_bytes"},
        {"blks_hit", "blks_hit"},
        {"blks_read", "blks_read"},
        {"sessions_abandoned", "sessions_abandoned"},
        {"sessions_fatal", "sessions_fatal"},
        {"sessions_killed", "sessions_killed"},
    };
    {
        OpenSession session{Cluster::shared().superuser(database())};
        session.client().sql("SET work_mem = '64kB'; "
                             "SELECT count(*) FROM (SELECT i FROM generate_series(1, 100000) i "
                             "ORDER BY i DESC) s");
        session.client().sql("BEGIN; ROLLBACK");
    }
    std::map<std::string, double> before;
    for (const auto& [label, column] : columns) {
        before[label] = counted(column);
    }
    const StatusLine line = look();
    CHECK(line.state == "OK");
    CHECK_THAT(line.text, has(" commit") && has(" rollback") && has(" deadlocks ("));
    for (const auto& [label, column] : columns) {
        CAPTURE(label);
        CHECK(line.perf.at(label).uom == "c");
        CHECK(line.perf.at(label).number() >= before.at(label));
        CHECK(line.perf.at(label).number() <= counted(column));
    }
    CHECK(line.perf.at("temp_files").number() >= 1);
    CHECK(line.perf.at("temp_bytes").number() >= 100'000);
    CHECK(line.perf.at("xact_rollback").number() >= 1);
}

TEST_CASE("sessions are counted against the limits of database and role", "[statistics]")
{
    make_role("writer");
    const OpenSession other{role_parameters("writer", "app")};
    const StatusLine free = look();
    CHECK(free.perf.at("database_sessions").value == "2");
    CHECK(free.perf.at("role_sessions").value == "1");
    CHECK_FALSE(free.measured("database_limit"));
    CHECK_FALSE(free.measured("role_limit"));
    {
        const Undoable of_database{"ALTER DATABASE " + database() + " CONNECTION LIMIT 7",
                                   "ALTER DATABASE " + database() + " CONNECTION LIMIT -1"};
        const Undoable of_role{"ALTER ROLE db_monitor CONNECTION LIMIT 3",
                               "ALTER ROLE db_monitor CONNECTION LIMIT -1"};
        const StatusLine line = look({"-w", "role_free_slots=3:"});
        CHECK(line.state == "WARNING");
        CHECK(line.perf.at("database_limit").value == "7");
        CHECK(line.perf.at("database_free_slots").value == "5");
        CHECK(line.perf.at("role_limit").value == "3");
        CHECK(line.perf.at("role_free_slots").value == "2");

        // Who has the right to see more counts the same.
        const Undoable right{"GRANT pg_monitor TO db_monitor", "REVOKE pg_monitor FROM db_monitor"};
        CHECK(look().perf.at("database_sessions").value == "2");
    }
}

TEST_CASE("the time of the reset is told", "[statistics]")
{
    CHECK_THAT(all_of_it(), has("\n- never reset: counted since the database was made"));
    Cluster::shared().execute("SELECT pg_stat_reset()", database());
    CHECK_THAT(all_of_it(),
               has("\n- counted since 20") && has("Z, ") && has(" s ago\n") &&
                   has(" temp_files=0c "));
}

// The last one: it damages the database.
TEST_CASE("a page that is damaged is critical, once somebody has read it", "[statistics]")
{
    const Cluster& cluster = Cluster::shared();
    CHECK_FALSE(look().measured("checksum_failures"));
    CHECK(look({"-c", "checksum_failures=0"}).state == "UNKNOWN");

    cluster.execute("CREATE TABLE damaged AS SELECT 1 AS id", database());
    const auto file = cluster.data_folder() / Client{cluster.superuser(database())}.value(
                                                  "SELECT pg_relation_filepath('damaged')");
    cluster.stop("fast");
    cluster.run_as_server({"pg_checksums", "--enable", "-D", cluster.data_folder()});
    cluster.start();
    const StatusLine sound = look();
    CHECK(sound.state == "OK");
    CHECK(sound.perf.at("checksum_failures").value == "0");

    cluster.stop("fast");
    {
        std::fstream page{file, std::ios::in | std::ios::out | std::ios::binary};
        page.seekp(8'000);
        page << "damaged";
        REQUIRE(page.good());
    }
    cluster.start();
    CHECK_THROWS(cluster.execute("SELECT count(*) FROM damaged", database()));
    const StatusLine line = look();
    CHECK(line.state == "CRITICAL");
    CHECK(line.perf.at("checksum_failures").value == "1");
    CHECK_THAT(line.all_text(),
               has("checksum_failures is 1 (above 0)") &&
                   has("- wrong checksums: 1 in this database, 0 in the shared catalogs, the last "
                       "one ") &&
                   has("- counted since ") && has("Fix: Data on the disk is damaged"));
}

} // namespace

} // namespace dbup_test
