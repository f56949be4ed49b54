// SPDX-License-Identifier: MIT
// --check cluster: what the answers of several servers say together.
#include "checks/check.hpp"

#include "support/catch.hpp"
#include "unit/fakes.hpp"

namespace dbup_test {

namespace {

/// What a server says of itself; empty: NULL.
struct Says {
    bool standby = false;
    std::string position = "1000";
    std::string unreplayed = {};
    bool streaming = false;
    std::string replay_age = "7200";
    std::string started = "2026-11-21 10:00:00+00";
    std::string system_id = "7001";
    int version = 150018;
    std::string timeline = {};
    bool drained = false;
    bool paused = false;
    bool catches_up = false; ///< within a moment
};

dbup::Rows::Cell cell(const std::string& text)
{
    return text.empty() ? dbup::Rows::Cell{} : dbup::Rows::Cell{text};
}

Server member(const Says& says)
{
    dbup::Rows rows{{"standby",
                     "position",
                     "received",
                     "unreplayed",
                     "streaming",
                     "timeline",
                     "drained",
                     "paused",
                     "replay_age",
                     "started"}};
    rows.add({says.standby ? "t" : "f",
              cell(says.position),
              cell(says.unreplayed.empty() ? "" : "0/5000"),
              cell(says.unreplayed),
              says.streaming ? "t" : "f",
              cell(says.timeline),
              says.drained ? "t" : "f",
              says.paused ? "t" : "f",
              cell(says.replay_age),
              says.started});
    Server server;
    server.named_answers = {{"member", rows},
                            {"a_moment", single("pg_sleep", "")},
                            {"caught_up", single("caught_up", says.catches_up ? "t" : "f")},
                            {"identity", single("system_identifier", says.system_id)}};
    server.facts.standby = says.standby;
    server.facts.version_number = says.version;
    server.facts.version = std::to_string(says.version / 10'000).append(".1");
    return server;
}

Says primary()
{
    return {};
}

/// One that has replayed all; `started` tells them apart.
Says follower(const std::string& started = "11:00")
{
    return {.standby = true, .unreplayed = "0", .streaming = true, .started = started};
}

std::vector<std::string> asking(const std::string& hosts, std::vector<std::string> more = {})
{
    more.insert(more.begin(), {"-H", hosts, "-d", "mydb", "--check", "cluster"});
    return more;
}

/// `again` is who is met after all have been asked.
dbup::Outcome run_in(Scene& scene,
                     const std::vector<Says>& servers,
                     const std::optional<Server>& again,
                     std::vector<std::string> more = {})
{
    scene.connector.servers.clear();
    std::string hosts;
    for (const auto& says : servers) {
        scene.connector.servers.push_back(member(says));
        hosts.append(hosts.empty() ? "db" : ",db")
            .append(std::to_string(scene.connector.servers.size()));
    }
    if (again) {
        scene.connector.servers.push_back(*again);
    }
    return scene.run(asking(hosts, std::move(more)));
}

dbup::Outcome run_with(const std::vector<Says>& servers, std::vector<std::string> more = {})
{
    Scene scene;
    return run_in(scene, servers, {}, std::move(more));
}

TEST_CASE("a cluster in order is OK, in one line", "[cluster]")
{
    const auto outcome = run_with({primary(), follower("11:00"), follower("12:00")});
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.text ==
          "DB-UP OK - cluster: primary db1:5432, 2 standbys (mydb on 3 servers) | "
          "time=0.0339s;6;9;0;10 up=1;;;0;1 retries=0;;;0;3 skew=0.0003s cert_days=80;14:;7: "
          "primaries=1;;1:1;0 standbys=2;;;0 diverged=0;;0;0 missing_standbys=0;;0;0 "
          "unreachable=0;0;;0 system_ids=1;;1:1;0 versions=1;1:1;;0 lag=0s;60;300;0 "
          "lag_bytes=0B;;;0\n");
}

TEST_CASE("how far a standby lags", "[cluster]")
{
    struct Case {
        const char* says = "";
        Says standby = {};
        const char* lag = "";
        const char* bytes = "";
    };
    // clang-format off
    const auto c = GENERATE(values<Case>({
        {"all that came is replayed, however long ago",
         {.standby = true, .unreplayed = "0", .streaming = true, .started = "x"}, "lag=0s;", "lag_bytes=0B;"},
        {"all that came is replayed, and more is on its way",
         {.standby = true, .position = "900", .unreplayed = "0", .streaming = true, .started = "x"}, "lag=0s;", "lag_bytes=100B;"},
        {"something that came is not replayed",
         {.standby = true, .position = "900", .unreplayed = "100", .streaming = true, .replay_age = "75", .started = "x"}, "lag=75s;", "lag_bytes=100B;"},
        {"a receiver is there, and it gets nothing",
         {.standby = true, .position = "900", .unreplayed = "-96", .streaming = true, .started = "x"}, "lag=7200s;", "lag_bytes=100B;"},
        {"nothing comes any more, and there is more",
         {.standby = true, .position = "900", .unreplayed = "0", .started = "x"}, "lag=7200s;", "lag_bytes=100B;"},
        {"nothing comes, and there is no more",
         {.standby = true, .unreplayed = "0", .started = "x"}, "lag=0s;", "lag_bytes=0B;"},
        {"nothing was ever streamed",
         {.standby = true, .position = "900", .started = "x"}, "lag=7200s;", "lag_bytes=100B;"},
        {"what came is replayed a moment later",
         {.standby = true, .position = "900", .unreplayed = "100", .streaming = true, .replay_age = "3600", .started = "x", .catches_up = true}, "lag=0.002s;", "lag_bytes=100B;"},
        {"replay is paused, so that a moment changes nothing",
         {.standby = true, .position = "900", .unreplayed = "100", .streaming = true, .replay_age = "75", .started = "x", .paused = true, .catches_up = true}, "lag=75s;", "lag_bytes=100B;"},
        {"its clock is behind the primary's",
         {.standby = true, .position = "900", .unreplayed = "9", .streaming = true, .replay_age = "-2", .started = "x"}, "lag=0s;", "lag_bytes=100B;"},
        {"it has replayed nothing yet",
         {.standby = true, .position = "", .unreplayed = "", .replay_age = "3", .started = "x"}, "lag=3s;", ""},
    }));
    // clang-format on
    INFO(c.says);
    const auto outcome = run_with({primary(), c.standby});
    const auto data = perfdata_of(outcome.text);
    CHECK_THAT(data, has(c.lag));
    CHECK_THAT(data, has(c.bytes));
    CHECK((std::string{c.bytes}.empty() == (data.find("lag_bytes") == std::string::npos)));
}

TEST_CASE("the standby that lags most is judged, and told first", "[cluster]")
{
    auto near = follower("11:00");
    auto far = follower("12:00");
    near.unreplayed = far.unreplayed = "1";
    near.replay_age = "61";
    near.position = "999";
    far.replay_age = "301";
    far.position = "10";
    const auto outcome = run_with({primary(), near, far});
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(headline(outcome.text), has("CRITICAL - lag is 301 s (above 300 s), cluster: "));
    CHECK_THAT(outcome.text,
               has("\n- db3:5432 standby, PostgreSQL 15.1, lag 301 s, 990 B behind\n"
                   "- db2:5432 standby, PostgreSQL 15.1, lag 61 s, 1 B behind\nFix: "));
    CHECK(run_with({primary(), near}).exit_code == 1);
    CHECK(run_with({primary(), near}, {"-w", "70"}).exit_code == 0); // lag is what -w is for
}

TEST_CASE("what is wrong with a cluster", "[cluster]")
{
    auto other = primary();
    other.started = "another";
    auto stranger = other;
    stranger.system_id = "7002";
    auto newer = follower();
    newer.version = 160014;
    struct Case {
        const char* says = "";
        std::vector<Says> servers = {};
        int exit_code = 0;
        const char* told = "";
        const char* line = "";
    };
    const auto c = GENERATE_COPY(values<Case>({
        {"two primaries",
         {primary(), other},
         2,
         "primaries is 2 (above 1), cluster: primaries db1:5432, db2:5432, 0 standbys",
         "\n- db2:5432 primary, PostgreSQL 15.1\n"},
        {"no primary",
         {follower("11:00"), follower("12:00")},
         2,
         "primaries is 0 (below 1), cluster: no primary, 2 standbys",
         "\n- db2:5432 standby, PostgreSQL 15.1, lag 0 ms\n"},
        {"two clusters",
         {primary(), stranger},
         2,
         "primaries is 2 (above 1), system_ids is 2 (above 1), ",
         "\n- db2:5432 is of cluster 7002\n"},
        {"two major versions",
         {primary(), newer},
         1,
         "versions is 2 (above 1), ",
         "\n- db2:5432 runs PostgreSQL 16.1\n"},
    }));
    INFO(c.says);
    const auto outcome = run_with(c.servers);
    CHECK(outcome.exit_code == c.exit_code);
    CHECK_THAT(headline(outcome.text), has(c.told));
    CHECK_THAT(outcome.text, has(c.line));
}

TEST_CASE("a server that refuses the login is no silent one", "[cluster]")
{
    Scene scene;
    scene.connector.servers = {
        member(primary()),
        failing(Stage::auth,
                dbup::Failure{ErrorClass::authentication, "password authentication failed"}),
        refusing()};
    const auto outcome = scene.run(asking("db1,db2,db3", {"--max-retries", "0"}));
    CHECK_THAT(headline(outcome.text),
               has("primary db1:5432, 0 standbys, no answer from db3:5432, not usable: db2:5432 "
                   "(AUTHENTICATION_ERROR)"));
    CHECK_THAT(
        outcome.text,
        has("- db2:5432 AUTHENTICATION_ERROR: authentication failed for user \"postgres\" at "
            "db2:5432\n- mend: Check DB_USER and DB_PASSWORD (or the password file)"));
}

TEST_CASE("a standby that is ahead of the primary is none of its standbys", "[cluster]")
{
    auto ahead = follower();
    ahead.streaming = GENERATE(true, false);
    ahead.position = "5144";
    auto since = primary();
    since.position = "1048";
    Scene scene;
    const auto outcome = run_in(scene, {primary(), ahead}, member(since), {"--min-standbys", "1"});
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(headline(outcome.text),
               has("CRITICAL - diverged is 1 (above 0), missing_standbys is 1 (above 0), cluster: "
                   "primary db1:5432, 0 standbys, diverged: db2:5432 (mydb on 2 servers)"));
    CHECK_THAT(outcome.text,
               has("\n- db2:5432 standby, PostgreSQL 15.1, ahead of the primary by 4 KB: it has "
                   "followed another one\n"));
    CHECK_THAT(perfdata_of(outcome.text), has("standbys=0;") && !has(" lag="));
    CHECK(scene.connector.opened.size() == 3);
    CHECK(scene.connector.opened.back().target == "db1:5432");
}

TEST_CASE("a standby that was asked a moment later than the primary is not ahead", "[cluster]")
{
    auto later = follower();
    later.position = "1100";
    auto since = primary();
    since.position = "1100";
    Scene scene;
    const auto outcome = run_in(scene, {primary(), later}, member(since));
    CHECK(outcome.exit_code == 0);
    CHECK_THAT(perfdata_of(outcome.text),
               has(" standbys=1;") && has(" diverged=0;") && has(" lag=0s;") && has("_bytes=0B;"));
    CHECK(scene.connector.opened.size() == 3);

    // Where the role sees that it receives what the primary writes, nobody is asked again.
    auto leader = primary();
    leader.timeline = later.timeline = "2";
    Scene seen;
    CHECK(run_in(seen, {leader, later}, {}).exit_code == 0);
    CHECK(seen.connector.opened.size() == 2);
}

TEST_CASE("a primary that cannot be asked again does not make a standby one without lag",
          "[cluster]")
{
    auto cut_off = follower();
    cut_off.position = "1100";
    cut_off.streaming = false;
    Scene scene;
    const auto outcome = run_in(scene, {primary(), cut_off}, refusing(), {"--max-retries", "0"});
    CHECK_THAT(headline(outcome.text), has("CRITICAL - lag is 7200 s (above 300 s)"));
    CHECK_THAT(perfdata_of(outcome.text), has(" standbys=1;") && has(" diverged=0;"));
}

TEST_CASE("a standby that receives another timeline follows another primary", "[cluster]")
{
    struct Case {
        const char* says = "";
        const char* timeline = "";
        bool drained = false;
        bool strays = false;
        bool streaming = true;
    };
    const auto c = GENERATE(
        values<Case>({{"that of the primary", "2", true, false},
                      {"it waits where that of the primary has left", "1", true, true, false},
                      {"an older one, and that is all", "1", true, true},
                      {"an older one, and there is more", "1", false, false},
                      {"a newer one", "3", false, true},
                      {"it may not be seen", "", false, false}}));
    INFO(c.says);
    auto leader = primary();
    leader.timeline = "2";
    auto other = follower();
    other.timeline = c.timeline;
    other.drained = c.drained;
    other.streaming = c.streaming;
    other.position = "900";
    const auto outcome = run_with({leader, other});
    CHECK(outcome.exit_code == (c.strays ? 2 : 0));
    CHECK_THAT(perfdata_of(outcome.text), has(c.strays ? " diverged=1;" : " diverged=0;"));
    if (c.strays) {
        CHECK_THAT(outcome.text,
                   has(std::string{"\n- db2:5432 standby, PostgreSQL 15.1, on timeline "} +
                       c.timeline +
                       ", where the primary writes 2: it follows another one, or none\n"));
    }
}

TEST_CASE("without the one primary there is nothing to diverge from", "[cluster]")
{
    auto other = primary();
    other.started = "another";
    CHECK_THAT(perfdata_of(run_with({primary(), other, follower()}).text), !has("diverged"));
    CHECK_THAT(perfdata_of(run_with({follower()}).text), !has("diverged"));
}

TEST_CASE("standbys that are missing are counted", "[cluster]")
{
    const auto outcome = run_with({primary(), follower()}, {"--min-standbys", "3"});
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(perfdata_of(outcome.text), has("missing_standbys=2;;0;0 "));
}

TEST_CASE("a server under two names counts once", "[cluster]")
{
    const auto outcome = run_with({primary(), follower(), primary(), follower()}, {"-v"});
    CHECK(outcome.exit_code == 0);
    CHECK_THAT(perfdata_of(outcome.text), has("primaries=1;;1:1;0 standbys=1;;;0 "));
    CHECK_THAT(outcome.text, has("\n- db3:5432 is db1:5432 by another name\n"));
}

TEST_CASE("an identifier that may not be read is no OK", "[cluster]")
{
    Scene scene;
    auto closed = member(primary());
    closed.failure = dbup::Failure{ErrorClass::privilege_missing, "permission denied"};
    closed.fails_at = Stage::query;
    scene.connector.servers = {closed};
    // The second question is answered: the failure is that of the first.
    int asked = 0;
    scene.connector.on_stage = [&](Stage stage) { asked += stage == Stage::query ? 1 : 0; };
    const auto outcome = scene.run(asking("db1"));
    CHECK(asked == 2);
    CHECK(outcome.exit_code == 3);
    CHECK_THAT(headline(outcome.text), has("[PRIVILEGE_MISSING]")); // neither is answered here
}

TEST_CASE("servers that do not answer are told with their reason", "[cluster]")
{
    Scene scene;
    scene.connector.servers = {
        refusing(), member(primary()), silent_at(Stage::tls), silent_at(Stage::tls)};
    const auto outcome = scene.run(asking("db1,db2,db3", {"--max-retries", "0"}));
    CHECK(outcome.exit_code == 1);
    CHECK_THAT(
        headline(outcome.text),
        has("unreachable is 2 (above 0), cluster: primary db2:5432, 0 standbys, no answer from "
            "db1:5432, db3:5432 (mydb on 3 servers)"));
    CHECK_THAT(
        outcome.text,
        has("\n- db1:5432 CONNECTION_REFUSED: connection refused at db1:5432\n"
            "- db3:5432 TIMEOUT: no answer from db3:5432 in 5 s, waiting for the TLS handshake\n"));
}

TEST_CASE("a server that answers at the second try has recovered", "[cluster]")
{
    Scene scene;
    scene.connector.servers = {refusing(), member(primary()), member(follower())};
    const auto outcome = scene.run(asking("db1,db2"));
    CHECK(outcome.exit_code == 0);
    CHECK_THAT(headline(outcome.text), has("(mydb on 2 servers), recovered after 1 retry"));
    CHECK_THAT(perfdata_of(outcome.text), has("retries=1;"));
}

TEST_CASE("of several failures and no answer, the one that came furthest is the run's", "[cluster]")
{
    Scene scene;
    const dbup::Failure locked{ErrorClass::authentication, "password authentication failed"};
    scene.connector.servers = {refusing(), failing(Stage::auth, locked), refusing()};
    const auto outcome = scene.run(asking("db1,db2,db3", {"--max-retries", "0"}));
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(headline(outcome.text), has("at db2:5432 [AUTHENTICATION_ERROR]"));
    CHECK_THAT(outcome.text,
               has("also tried db1:5432 CONNECTION_REFUSED, db3:5432 CONNECTION_REFUSED"));
    CHECK_THAT(perfdata_of(outcome.text), has("up=0;"));
}

TEST_CASE("a fault of this host is no word about the cluster", "[cluster]")
{
    Scene scene;
    scene.connector.servers = {
        member(primary()), failing(Stage::tcp, dbup::Failure{ErrorClass::local, "no descriptors"})};
    const auto outcome = scene.run(asking("db1,db2"));
    CHECK(outcome.exit_code == 3);
    CHECK_THAT(headline(outcome.text), has("[LOCAL_ERROR]"));

    Scene without_threads;
    without_threads.start_thread = [](const auto& /*work*/) { return false; };
    const auto started = without_threads.run(asking("db1,db2"));
    CHECK(started.exit_code == 3);
    CHECK_THAT(started.text, has("cannot start a thread"));
}

TEST_CASE("a thread that never ends is left behind", "[cluster]")
{
    Scene scene;
    scene.connector.servers = {member(primary())};
    int started = 0;
    scene.start_thread = [&](const std::function<void()>& work) {
        if (++started == 1) {
            work();
        } else {
            scene.clock.advance(std::chrono::seconds{11});
        }
        return true;
    };
    const auto outcome = scene.run(asking("db1,db2"));
    CHECK(outcome.exit_code == 3); // it has not even begun: this host's fault
    CHECK_THAT(outcome.text, has("waiting for a local file"));
}

TEST_CASE("an answer that makes no sense is refused", "[cluster]")
{
    auto odd = primary();
    odd.replay_age = "";
    const auto outcome = run_with({odd});
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(headline(outcome.text), has("[UNEXPECTED_RESULT]"));
}

TEST_CASE("every step is told with the name of its server", "[cluster]")
{
    Scene scene;
    scene.connector.servers = {member(primary()), member(follower())};
    static_cast<void>(scene.run(asking("db1,db2", {"-vvv"})));
    const auto heard = [&](const std::string& step) {
        return std::count(scene.steps.begin(), scene.steps.end(), step);
    };
    CHECK(heard("DEBUG: db1:5432: tls") == 1);
    CHECK(heard("DEBUG: db2:5432: tls") == 1);
}

} // namespace

} // namespace dbup_test
