// SPDX-License-Identifier: MIT
// --check replication: what the answers of a server mean, where they leave something open.
#include "checks/replication_queries.hpp"

#include "support/catch.hpp"
#include "unit/fakes.hpp"

namespace dbup_test {

namespace {

using Cells = std::map<std::string, dbup::Rows::Cell>;

dbup::Rows::Cell cell(const std::string& text)
{
    return text.empty() ? dbup::Rows::Cell{} : dbup::Rows::Cell{text};
}

/// A standby that is an hour behind its last transaction, with something left to replay.
struct Says {
    bool may_see = true;
    std::string received = "0/5000";
    std::string bytes = "96";
    std::string age = "3600";
    bool paused = false;
    std::string streams = "t";
    std::string status = "streaming";
};

Cells numbers_of(const Says& says)
{
    Cells cells{{"clients", "0"},
                {"hidden", "0"},
                {"standbys", "0"},
                {"not_streaming", "0"},
                {"slots", "0"},
                {"inactive_slots", "0"},
                {"lost_slots", "0"},
                {"unreserved_slots", "0"}};
    for (const auto name : dbup::replication_numbers) {
        cells.try_emplace(std::string{name}); // nothing
    }
    cells["standby"] = "t";
    cells["may_see"] = says.may_see ? "t" : "f";
    cells["received"] = cell(says.received);
    cells["bytes"] = cell(says.bytes);
    cells["age"] = cell(says.age);
    cells["paused"] = says.paused ? "t" : "f";
    cells["streams"] = cell(says.streams);
    cells["status"] = cell(says.status);
    cells["message_age"] = cell(says.status.empty() ? "" : "2");
    return cells;
}

/// A server that answers so. It does not know the queries for names that are not told.
Server server_of(const Cells& cells)
{
    Server server;
    server.facts.standby = cells.at("standby") == "t";
    server.facts.version_number = 150018;
    server.named_answers = {{"replication", record(cells, dbup::replication_numbers)}};
    return server;
}

Server standby(const Says& says, const std::string& caught_up = {})
{
    auto server = server_of(numbers_of(says));
    dbup::Rows sender{{"sender", "sender_port"}};
    sender.add({cell(says.status.empty() ? "" : "db1"), "5432"});
    server.named_answers["sender"] = sender;
    if (!caught_up.empty()) {
        server.named_answers["a_moment"] = single("pg_sleep", "");
        server.named_answers["caught_up"] = single("caught_up", caught_up);
    }
    return server;
}

std::string look(const Server& server, std::vector<std::string> more = {})
{
    Scene scene;
    scene.connector.servers = {server};
    more.insert(more.begin(), {"--check", "replication"});
    return scene.run(command_line(more)).text;
}

TEST_CASE("an old transaction is no lag if all that was received is replayed a moment later",
          "[replication]")
{
    const auto text = look(standby({}, "t"));
    CHECK(headline(text) ==
          "DB-UP OK - replication: replay 2 ms behind, receiver streaming, no standby, no slot "
          "(mydb at db1:5432) (PostgreSQL 15.18, standby, TLSv1.3)");
    CHECK_THAT(text, has(" replay_lag=0.002s;60;300 ") && has(" replay_age=3600s "));
}

TEST_CASE("it is a lag if it is still not replayed", "[replication]")
{
    const auto text = look(standby({}, "f"));
    CHECK_THAT(text, has("DB-UP CRITICAL - replay_lag is 3600 s (above 300 s)"));
    CHECK_THAT(text,
               has("- this standby: 96 B not replayed, last transaction 3600 s old, "
                   "receives from db1:5432 (streaming)\n"));
}

// The fake server does not know the query of a second look.
TEST_CASE("no second look is taken where the first one has said it", "[replication]")
{
    CHECK_THAT(look(standby({.bytes = "0"})), has(" replay_lag=0s;60;300 "));
    CHECK_THAT(look(standby({.bytes = "-4096"})), has(" replay_bytes=0B "));
    CHECK_THAT(look(standby({.age = "0.5"})), has(" replay_lag=0.5s;60;300 "));
    CHECK_THAT(look(standby({.age = "-3"})), has(" replay_lag=0s;60;300 ")); // clocks differ
    CHECK_THAT(look(standby({.paused = true})), has("replay_lag is 3600 s"));
}

TEST_CASE("a lag that nobody can know is UNKNOWN, not 0", "[replication]")
{
    CHECK_THAT(look(standby({.age = ""}, "f")),
               has("DB-UP UNKNOWN - replay_lag was not measured") && has("replay lag unknown"));
    CHECK_THAT(look(standby({.age = ""}, "t")), has("DB-UP OK - ") && has("replay_lag=0.002s"));
}

TEST_CASE("a lag that nobody can know does not hide what is known to be wrong", "[replication]")
{
    const auto server = standby({.age = "", .paused = true});
    CHECK_THAT(look(server),
               has("DB-UP WARNING - paused is 1 (above 0), replay_lag was not measured, "));
    CHECK_THAT(look(server, {"-w", "replay_lag=60"}), has("DB-UP UNKNOWN - ")); // was asked for
}

TEST_CASE("a standby without a receiver is judged by whether it is to have one", "[replication]")
{
    CHECK_THAT(look(standby({.bytes = "0", .status = ""})),
               has("DB-UP CRITICAL - receiver_up is 0 (below 1)") && has("no receiver"));
    const auto text = look(standby({.received = "", .bytes = "", .streams = "f", .status = ""}));
    CHECK_THAT(text, has("DB-UP OK - ") && has("fed from an archive"));
    CHECK_THAT(text, !has("receiver_up") && !has("replay_lag=") && has("replay_age=3600s"));
    CHECK_THAT(look(standby({.bytes = "0", .status = "waiting"})), has("receiver_up is 0"));
}

TEST_CASE("what the role may not see is never taken for nothing", "[replication]")
{
    CHECK_THAT(look(standby({.may_see = false, .status = ""})),
               has("DB-UP UNKNOWN - ") && has("[PRIVILEGE_MISSING]") && has("GRANT pg_monitor"));
    CHECK_THAT(look(standby({.streams = "", .status = ""})), has("[PRIVILEGE_MISSING]"));
    auto cells = numbers_of({.bytes = "0"});
    cells["clients"] = cells["hidden"] = "1";
    CHECK_THAT(look(server_of(cells)), has("pg_stat_replication shows this role no details"));
}

TEST_CASE("slots are named only where they are told", "[replication]")
{
    auto cells = numbers_of({.bytes = "0"});
    cells["slots"] = "2";
    cells["inactive_slots"] = "1";
    cells["inactive_retained"] = cells["retained"] = "4096";
    CHECK_THAT(look(server_of(cells)), has("DB-UP OK - ") && has("2 slots, 1 inactive"));

    auto server = server_of(cells);
    dbup::Rows slots{{"slot_name", "slot_type", "active", "status", "age", "retained"}};
    slots.add({"one", "physical", "f", "unreserved", "90", "4096"});
    slots.add({"two", "logical", "t", "", {}, {}});
    slots.add({"three", "logical", "f", "lost", {}, {}});
    server.named_answers["slots"] = slots;
    CHECK_THAT(look(server, {"-w", "inactive_retained=1KB"}),
               has("DB-UP WARNING - ") &&
                   has("- slot one (physical): inactive for 90 s, retains 4 KB, unreserved\n") &&
                   has("- slot two (logical): active\n") &&
                   has("- slot three (logical): inactive, lost\n"));
}

TEST_CASE("a primary tells the worst of those that it feeds", "[replication]")
{
    Cells cells = numbers_of({});
    for (const auto* const name :
         {"standby", "paused", "received", "bytes", "age", "streams", "status", "message_age"}) {
        cells[name] = {};
    }
    cells["standby"] = cells["paused"] = "f";
    cells["clients"] = cells["standbys"] = "1";
    cells["replay_lag"] = "400";
    cells["replay_bytes"] = "96";
    auto server = server_of(cells);
    dbup::Rows clients{{"pid",
                        "name",
                        "client_addr",
                        "state",
                        "sync_state",
                        "logical",
                        "receives",
                        "lag",
                        "bytes"}};
    clients.add({"4711", "standby1", {}, "streaming", "async", "f", "f", "400", "96"});
    clients.add({"4712", "archive", {}, "streaming", "async", "f", "t", {}, "4096"});
    server.named_answers["clients"] = clients;
    const auto text = look(server);
    CHECK_THAT(text, has("DB-UP CRITICAL - replay_lag is 400 s (above 300 s)"));
    CHECK_THAT(text, has("1 standby 400 s behind, 0 slots"));
    CHECK_THAT(text,
               has("- standby1 (socket, pid 4711): streaming, async, 400 s and 96 B behind\n"));
    CHECK_THAT(
        text,
        has("- archive (socket, pid 4712): streaming, async, replays nothing, 4 KB behind\n"));
}

TEST_CASE("what is missing of the synchronous standbys is counted", "[replication]")
{
    struct Case {
        const char* synchronous = "";
        const char* wanted = "";
        const char* told = "";
    };
    const auto c = GENERATE(values<Case>({{"0", "", "CRITICAL - missing_sync is 1 "},
                                          {"1", "", " missing_sync=0;;0"},
                                          {"1", "2", "CRITICAL - missing_sync is 1 "},
                                          {"2", "2", " missing_sync=0;;0"},
                                          {"3", "2", " missing_sync=0;;0"}}));
    auto cells = numbers_of({.bytes = "0"});
    cells["sync_standbys"] = c.synchronous;
    cells["sync_wanted"] = cell(c.wanted);
    CHECK_THAT(look(server_of(cells)), has(c.told));
    cells["sync_standbys"] = cell("");
    CHECK_THAT(look(server_of(cells)), !has("sync_standbys="));
}

TEST_CASE("of slots a server is asked for what its version has", "[replication]")
{
    struct Case {
        int version = 0;
        bool status = false;
        bool since = false;
    };
    const auto c = GENERATE(
        values<Case>({{120'000, false, false}, {130'000, true, false}, {170'000, true, true}}));
    const dbup::ReplicationQueries queries{c.version};
    for (const auto& sql : {queries.numbers(), queries.slots()}) {
        CHECK((sql.find("wal_status") != std::string::npos) == c.status);
        CHECK((sql.find("inactive_since") != std::string::npos) == c.since);
        CHECK((sql.find("synced") != std::string::npos) == c.since);
    }
    for (const auto& sql : {queries.numbers(), queries.slots(), queries.clients()}) {
        CHECK_THAT(sql, !has("{"));
    }
}

TEST_CASE("what a version does not know is not measured", "[replication]")
{
    auto server = standby({.bytes = "0"});
    server.facts.version_number = 120022;
    CHECK_THAT(look(server), !has("lost_slots") && !has("inactive_age") && has("retained=0B"));
    server.facts.version_number = 130023;
    CHECK_THAT(look(server), has("lost_slots=0;;0") && !has("inactive_age"));
    server.facts.version_number = 170010;
    CHECK_THAT(look(server), has("lost_slots=0;;0") && has("inactive_age=0s"));
    server.facts.version_number = 120022;
    CHECK_THAT(look(server, {"-c", "lost_slots=0"}), has("lost_slots was not measured"));
}

} // namespace

} // namespace dbup_test
