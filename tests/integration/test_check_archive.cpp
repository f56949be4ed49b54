// SPDX-License-Identifier: MIT
// --check archive: a server that does not archive, one that does, and one that cannot.
#include "support/catch.hpp"
#include "support/cluster.hpp"
#include "support/plugin.hpp"
#include "support/sandbox.hpp"

namespace dbup_test {

namespace {

const Cluster& cluster()
{
    return Cluster::shared();
}

StatusLine look(const Strings& more = {})
{
    return check_cluster(Strings{"--check", "archive"} + more);
}

/// The server with archiving on; it takes a restart, so the case without stands first.
const Cluster& archiving()
{
    static const Cluster& ready = [&]() -> const Cluster& {
        const auto file = cluster().data_folder() / "postgresql.conf";
        write_file(file, read_file(file) + "archive_mode = on\narchive_command = 'true'\n");
        cluster().restart();
        return cluster();
    }();
    return ready;
}

int count(const std::string& column)
{
    return std::stoi(cluster().value("SELECT " + column + " FROM pg_stat_archiver"));
}

void switch_segment()
{
    cluster().execute("SELECT pg_logical_emit_message(true, 'test', 'x'); SELECT pg_switch_wal()");
}

void archive_one()
{
    const int before = count("archived_count");
    switch_segment();
    wait_until("a segment is archived", [&] { return count("archived_count") > before; });
}

class MayMonitor {
private:
    Undoable granted_{"GRANT pg_monitor TO db_monitor", "REVOKE pg_monitor FROM db_monitor"};
};

TEST_CASE("a server that does not archive is a finding that can be accepted", "[archive]")
{
    const StatusLine line = look();
    CHECK(line.state == "WARNING");
    CHECK(line.perf.at("archive_off").value == "1");
    CHECK_THAT(line.all_text(), has("archive_mode is off") && has("-w archive_off=1"));
    CHECK_FALSE(line.measured("failing"));
    CHECK(look({"-w", "archive_off=1"}).state == "OK");
}

TEST_CASE("an archiver that stores what it should is OK", "[archive]")
{
    archiving();
    archive_one();
    const MayMonitor granted;
    const StatusLine line = look();
    CHECK(line.state == "OK");
    CHECK(line.perf.at("failing").value == "0");
    CHECK(line.perf.at("failing_for").value == "0");
    CHECK(line.perf.at("archived").number() >= 1);
    CHECK(line.perf.at("last_archived_age").number() >= 0);
    CHECK_THAT(line.text, has("last segment archived "));
    CHECK(look({"-c", "last_archived_age=0"}).state == "CRITICAL");
}

TEST_CASE("what waits is seen with the right only, and never taken for nothing", "[archive]")
{
    archiving();
    archive_one();
    const StatusLine line = look();
    CHECK(line.state == "UNKNOWN");
    CHECK(line.code == "PRIVILEGE_MISSING");
    CHECK_THAT(line.all_text(), has("GRANT pg_monitor"));
    CHECK_FALSE(line.measured("ready_files"));
    CHECK(look({"-w", "ready_age=~:", "-c", "ready_age=~:"}).state == "OK");

    const MayMonitor granted;
    const StatusLine seen = look({"-w", "ready_files=10"});
    CHECK(seen.state == "OK");
    CHECK(seen.perf.at("ready_files").value == "0");
    CHECK(seen.perf.at("ready_age").value == "0");
}

TEST_CASE("an archive_command that fails is told at once, and with its segment", "[archive]")
{
    archiving();
    archive_one();
    {
        const Setting command{"archive_command", "false"};
        const int before = count("failed_count");
        switch_segment();
        wait_until("it has failed", [&] { return count("failed_count") > before; });

        const StatusLine line = look();
        CHECK(line.state == "WARNING");
        CHECK(line.perf.at("failing").value == "1");
        CHECK(line.perf.at("failing_for").number() > 0);
        CHECK(line.perf.at("failed").number() >= 1);
        CHECK_THAT(line.all_text(), has("- last failure: 0000000100000000") && has("ago"));

        const MayMonitor granted;
        const StatusLine seen = look({"-c", "0"});
        CHECK(seen.state == "CRITICAL");
        CHECK(seen.perf.at("ready_files").value == "1");
        CHECK_THAT(seen.text, has("1 waiting"));
    }
    switch_segment(); // wakes the archiver, which rests for a minute after three failures
    wait_until("it succeeds again", [] {
        return cluster().value("SELECT last_archived_time > last_failed_time FROM "
                               "pg_stat_archiver") == "t";
    });
    const MayMonitor granted;
    CHECK(look().state == "OK");
}

TEST_CASE("an archive_command that hangs does not fail, but lets segments wait", "[archive]")
{
    archiving();
    archive_one();
    const auto gate = Sandbox::shared().folder() / "gate";
    const MayMonitor granted;
    const Setting command{"archive_command",
                          "while ! test -e " + gate.string() + "; do sleep 0.05; done"};
    switch_segment();
    const StatusLine line = look({"-c", "ready_age=0"});
    CHECK(line.state == "CRITICAL");
    CHECK(line.perf.at("failing").value == "0");
    CHECK(line.perf.at("ready_files").value == "1");
    const int before = count("archived_count");
    write_file(gate, "");
    wait_until("it is archived", [&] { return count("archived_count") > before; });
}

TEST_CASE("archiving without a command is a finding", "[archive]")
{
    archiving();
    const Setting command{"archive_command", ""};
    const StatusLine line = look();
    CHECK(line.state == "WARNING");
    CHECK(line.perf.at("no_command").value == "1");
}

TEST_CASE("a standby archives nothing, and that is in order", "[archive]")
{
    archiving();
    const Standby standby{StandbyKind::hot};
    const StatusLine line = look({"--port", standby.port(), "-c", "failing_for=60"});
    CHECK(line.state == "OK");
    CHECK_THAT(line.text, has("a standby archives nothing"));
    CHECK_FALSE(line.measured("archive_off"));
}

} // namespace

} // namespace dbup_test
