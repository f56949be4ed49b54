// SPDX-License-Identifier: MIT
// --check archive: how long it fails, and what of it can be known.
#include "support/catch.hpp"
#include "unit/fakes.hpp"

namespace dbup_test {

namespace {

/// A server whose last success was an hour ago, and whose last attempt has failed.
struct Says {
    bool standby = false;
    const char* mode = "on";
    bool may_list = true;
    const char* files = "1";
    const char* waiting = "20";
    bool failing = true;
};

Server failing_archiver(const Says& says)
{
    dbup::Rows archiver{{"standby",
                         "mode",
                         "has_command",
                         "may_list",
                         "archived_count",
                         "failed_count",
                         "last_archived_wal",
                         "last_failed_wal",
                         "archived_age",
                         "failed_age",
                         "failing",
                         "since"}};
    archiver.add({says.standby ? "t" : "f",
                  says.mode,
                  "t",
                  says.may_list ? "t" : "f",
                  "7",
                  "3",
                  "000000010000000000000007",
                  "000000010000000000000008",
                  "3600",
                  "1",
                  says.failing ? "t" : "f",
                  "3600"});
    dbup::Rows backlog{{"files", "age"}};
    backlog.add({says.files, says.waiting});
    Server server;
    server.named_answers = {{"archiver", archiver}};
    if (says.may_list) {
        server.named_answers["backlog"] = backlog;
    }
    return server;
}

std::string look(const Says& says, std::vector<std::string> more = {})
{
    Scene scene;
    scene.connector.servers = {failing_archiver(says)};
    more.insert(more.begin(), {"--check", "archive"});
    return scene.run(command_line(std::move(more))).text;
}

TEST_CASE("archiving fails since the oldest segment waits, not since the last success", "[archive]")
{
    const auto text = look({});
    CHECK(headline(text) ==
          "DB-UP WARNING - failing is 1 (above 0), archive: last segment archived 3600 s ago, 1 "
          "waiting (mydb at db1:5432) (PostgreSQL 15.18, primary, TLSv1.3)");
    CHECK_THAT(text, has(" failing_for=20s;;300 ") && has(" ready_age=20s;300;1800 "));
    CHECK_THAT(text, has("- last failure: 000000010000000000000008, 1 s ago\n"));
    CHECK_THAT(text, has("- last success: 000000010000000000000007, 3600 s ago\n"));
}

TEST_CASE("without the right to see what waits, the last success is all that is known", "[archive]")
{
    const auto text = look({.may_list = false});
    CHECK_THAT(text, has("DB-UP CRITICAL - ") && has("failing_for is 3600 s (above 300 s)"));
    CHECK_THAT(text, !has("ready_files="));
}

TEST_CASE("how the role stands to pg_monitor is asked only where that is told", "[archive]")
{
    dbup::Rows deaf{{"member", "inherits"}};
    deaf.add({"t", "f"});
    Scene scene;
    scene.connector.servers = {failing_archiver({.may_list = false, .failing = false})};
    auto& server = scene.connector.servers.front();
    server.named_answers["standing"] = deaf;
    CHECK_THAT(scene.run(command_line({"--check", "archive"})).text,
               has("Fix: GRANT pg_monitor TO \"postgres\"; ALTER ROLE \"postgres\" INHERIT;\n"));
    const dbup::Failure not_to_be_asked{ErrorClass::network, "gone"};
    server.failures.insert_or_assign("standing", not_to_be_asked);
    CHECK_THAT(scene.run(command_line({"--check", "archive"})).text,
               has("Fix: GRANT pg_monitor TO \"postgres\";\n"));
    int asked = 0;
    scene.connector.on_stage = [&asked](Stage stage) { asked += stage == Stage::query ? 1 : 0; };
    const auto quiet =
        scene.run(command_line({"--check", "archive", "-w", "ready_age=~:", "-c", "ready_age=~:"}));
    CHECK_THAT(quiet.text, has("DB-UP OK - "));
    CHECK(asked == 1);
}

TEST_CASE("an archiver that may hang is never OK without having looked", "[archive]")
{
    const Says unseen{.may_list = false, .failing = false};
    const auto text = look(unseen);
    CHECK(headline(text) == "DB-UP UNKNOWN - user \"postgres\" may not look at what this check "
                            "needs at db1:5432 [PRIVILEGE_MISSING]");
    CHECK_THAT(text, has("Fix: GRANT pg_monitor TO \"postgres\";\n"));
    CHECK_THAT(perfdata_of(text), has(" up=1;;;0;1 ") && has(" failing=0;0 "));
    CHECK_THAT(look(unseen, {"-w", "ready_age=~:"}), has("[PRIVILEGE_MISSING]")); // -c is left
    CHECK_THAT(look(unseen, {"-w", "ready_files=10"}), has("[PRIVILEGE_MISSING]"));
    CHECK_THAT(look(unseen, {"-w", "ready_age=~:", "-c", "ready_age=~:"}), has("DB-UP OK - "));
    CHECK_THAT(look({.mode = "off", .may_list = false}), has("DB-UP WARNING - archive_off"));
    CHECK_THAT(look({.standby = true, .may_list = false}), has("DB-UP OK - "));
}

TEST_CASE("a standby is not blamed for what failed when it was the primary", "[archive]")
{
    const auto text = look({.standby = true});
    CHECK_THAT(text, has("DB-UP OK - ") && has("a standby archives nothing, archive_mode is on"));
    CHECK_THAT(text, has(" failing=0;0 ") && !has("archive_off"));
    CHECK_THAT(look({.standby = true, .mode = "always"}), has("DB-UP WARNING - failing is 1"));
}

TEST_CASE("archiving that is off is judged by that alone", "[archive]")
{
    const auto text = look({.mode = "off"});
    CHECK_THAT(text, has("DB-UP WARNING - archive_off is 1 (above 0)") && !has("failing="));
}

} // namespace

} // namespace dbup_test
