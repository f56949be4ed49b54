// SPDX-License-Identifier: MIT
// --cleanup: kinds and ages, and what is said and returned for every way to end.
#include "actions/cleanup.hpp"

#include "support/catch.hpp"
#include "unit/fakes.hpp"

namespace dbup_test {

namespace {

using dbup::stuck_ages;
using std::chrono::minutes;
using Ages = dbup::StuckAges;

struct Session {
    const char* pid = "";
    const char* kind = "idle-in-transaction";
    const char* permitted = "t";
    const char* signalled = "f";
};

std::string identity(const Session& session)
{
    return std::string{session.pid} + ":20261121190000000000";
}

dbup::Rows found(const std::vector<Session>& sessions, const std::string& sees_all = "t")
{
    dbup::Rows rows{{"database",
                     "sees_all",
                     "identity",
                     "pid",
                     "kind",
                     "seconds",
                     "role",
                     "application",
                     "client",
                     "words",
                     "running",
                     "permitted",
                     "signalled"}};
    for (const auto& session : sessions) {
        rows.add({"mydb",
                  sees_all,
                  identity(session),
                  session.pid,
                  session.kind,
                  "754",
                  "app",
                  "",
                  "10.0.0.5",
                  "",
                  "20261121190100000000",
                  session.permitted,
                  session.signalled});
    }
    if (sessions.empty()) {
        rows.add({"mydb", sees_all, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}});
    }
    return rows;
}

/// Sessions that the server still has, with the queries that they run.
dbup::Rows left(const std::vector<Session>& sessions, const std::string& running = {})
{
    dbup::Rows rows{{"identity", "running"}};
    for (const auto& session : sessions) {
        rows.add({identity(session), running});
    }
    return rows;
}

struct Stuck : Scene {
    /// \param sessions that are found
    explicit Stuck(const std::vector<Session>& sessions)
    {
        server().named_answers = {{"stuck", found(sessions)}};
    }

    Server& server() { return connector.servers.front(); }

    dbup::Outcome act(std::vector<std::string> more = {})
    {
        more.insert(more.begin(), {"-U", "mon", "--cleanup", "--execute"});
        return run(command_line(std::move(more)));
    }
};

TEST_CASE("kinds have an age, and may get another one", "[cleanup]")
{
    CHECK(stuck_ages("idle-in-transaction", "-") == Ages{{{}, minutes{10}, {}, {}}});
    CHECK(stuck_ages("blocker,long-query,idle", "-") ==
          Ages{{minutes{5}, {}, minutes{60}, minutes{480}}});
    CHECK(stuck_ages(" blocker=30s , idle=0", "-") == Ages{{Millis{30'000}, {}, {}, Millis{0}}});
    CHECK(stuck_ages("idle,idle=2h", "-") == Ages{{{}, {}, {}, minutes{120}}});
    for (const auto* const wrong :
         {"", "idle,", "all", "Idle", "idle=", "idle=-1", "idle=1w", "=5m", "idle blocker"}) {
        CAPTURE(wrong);
        CHECK_THROWS_AS(stuck_ages(wrong, "-"), dbup::Failure);
    }
}

TEST_CASE("a wrong kind is told with its source and the near one", "[cleanup]")
{
    Scene scene;
    scene.environment.variables["DB_CLEANUP_KINDS"] = "ilde";
    CHECK(scene.run(command_line({"--cleanup"})).text ==
          config_line("environment DB_CLEANUP_KINDS: 'ilde' is no kind of stuck session (blocker, "
                      "idle-in-transaction, long-query, idle); did you mean 'idle'?"));
    CHECK(scene.connector.opened.empty());
}

TEST_CASE("nothing found is nothing to do, also with --execute", "[cleanup]")
{
    Stuck scene{{}};
    const auto outcome = scene.act();
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.text == "Cleanup of mydb at db1:5432: nothing to do\n");
}

TEST_CASE("each ending has its words and its part in the exit code", "[cleanup]")
{
    const Session ended{"1", "blocker", "t", "t"};
    const Session gone{"2"};
    const Session recovered{"3"};
    const Session forbidden{"4", "idle", "f"};
    const Session refused{"5"};
    const Session stays{"6", "idle", "t", "t"};
    const Session query{"7", "long-query", "t", "t"};

    Stuck scene{{ended, gone, recovered, forbidden, refused, stays, query}};
    scene.server().named_answers["signal"] = found({ended, forbidden, refused, stays, query});
    scene.server().named_answers["left"] = left({recovered, forbidden, refused, stays, query});
    const auto outcome = scene.act();
    CHECK(outcome.exit_code == 1);
    CHECK_THAT(
        outcome.text,
        Catch::Matchers::StartsWith(
            "Cleanup of mydb at db1:5432: 6 sessions to end, 1 may not be\n"
            "- pid 1: blocker for 13 min, user app, application no name, client 10.0.0.5; "
            "to be terminated\n") &&
            has("- pid 4: idle for 13 min, user app, application no name, client 10.0.0.5; may not "
                "be ended by mon (GRANT pg_signal_backend TO \"mon\";)\n") &&
            Catch::Matchers::EndsWith(
                "pid 1: ended\n"
                "pid 2: gone meanwhile\n"
                "pid 3: left alone, it is no longer stuck\n"
                "pid 4: not ended: permission denied (GRANT pg_signal_backend TO \"mon\";)\n"
                "pid 5: not ended: the server could not signal it\n"
                "pid 6: signalled, but still there\n"
                "pid 7: query cancelled\n"
                "Result: 2 ended; 1 gone meanwhile; 1 left alone, it is no longer stuck; 1 not "
                "ended: permission denied; 1 not ended: the server could not signal it; 1 "
                "signalled, but still there (exit code 1)\n"));
}

TEST_CASE("what may not be ended is not counted among what would be", "[cleanup]")
{
    Stuck scene{{{"1"}, {"4", "idle", "f"}}};
    const auto outcome = scene.run(command_line({"-U", "mon", "--cleanup"}));
    CHECK_THAT(
        outcome.text,
        has(": 1 session would be ended, 1 may not be; this is a dry run, --execute acts\n"));
    CHECK_THAT(outcome.text, has("; with --execute: terminated\n"));
}

TEST_CASE("who does not go is waited for, but not for long", "[cleanup]")
{
    const Session query{"7", "long-query", "t", "t"};
    Stuck scene{{query}};
    scene.server().query = {};
    scene.server().named_answers["signal"] = found({query});
    scene.server().named_answers["left"] = left({query}, "20261121190100000000"); // the same query
    const auto outcome = scene.act();
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(outcome.text, has("\npid 7: signalled, but still there\n"));
    CHECK(scene.clock.sleeps.size() == 99); // of 20 ms
}

TEST_CASE("a server of the wrong role is not touched", "[cleanup]")
{
    Stuck scene{{{"1"}}};
    scene.server().facts.standby = true; // it is not asked for "signal", which it does not know
    const auto outcome = scene.act({"--role", "primary", "--max-retries", "0"});
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(outcome.text, has("[ROLE_MISMATCH]"));
}

TEST_CASE("what a role cannot see or end is told with both rights", "[cleanup]")
{
    Stuck blind{{}};
    blind.server().named_answers = {{"stuck", found({}, "f")}};
    const auto outcome = blind.act();
    CHECK(outcome.exit_code == 3);
    CHECK_THAT(outcome.text, has("Fix: GRANT pg_monitor, pg_signal_backend TO \"mon\";"));
    Stuck powerless{{{"12345", "idle", "f"}}};
    CHECK_THAT(powerless.act().text,
               has("user \"mon\" may not end process 12345: permission denied"));
}

TEST_CASE("quiet is quiet, with the same exit code", "[cleanup]")
{
    Stuck scene{{{"1"}}};
    scene.server().named_answers["signal"] = found({{"1", "idle", "t", "t"}});
    scene.server().named_answers["left"] = left({});
    const auto outcome = scene.act({"--quiet"});
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.text.empty());
}

} // namespace

} // namespace dbup_test
