// SPDX-License-Identifier: MIT
// --cleanup and --emergency-shutdown against sessions that are really stuck.
#include "pg/connector.hpp"

#include <functional>
#include <memory>

#include "app/run.hpp"
#include "process/system.hpp"
#include "process/system_reader.hpp"
#include "support/catch.hpp"
#include "support/cluster.hpp"
#include "support/plugin.hpp"
#include "support/sessions.hpp"

namespace dbup_test {

namespace {

const Cluster& cluster()
{
    static const Cluster& ready = [&]() -> const Cluster& {
        const Cluster& shared = Cluster::shared();
        make_role("app");
        make_role("other");
        make_role("boss", "SUPERUSER");
        make_role("streamer", "REPLICATION");
        make_role("killer");
        make_role("watcher");
        make_role("half");
        make_role("stranger");
        shared.execute("GRANT pg_monitor, pg_signal_backend TO killer; "
                       "GRANT pg_monitor TO watcher; GRANT pg_monitor, app TO half");
        shared.execute("CREATE TABLE stock (n int); GRANT ALL ON stock TO app",
                       shared.get("DATABASE"));
        return shared;
    }();
    return ready;
}

Parameters app(const std::string& application, const std::string& role = "app")
{
    cluster();
    return role_parameters(role, application);
}

Finished ask(const Strings& arguments)
{
    cluster();
    Finished finished = run(plugin(cluster_arguments(arguments)));
    UNSCOPED_INFO(finished.out);
    CHECK(finished.err.empty());
    return finished;
}

Finished
cleanup(const std::string& kinds, const Strings& more = {}, const std::string& role = "killer")
{
    return ask(Strings{"--cleanup", "--cleanup-kinds", kinds} + role_options(role) + more);
}

Finished shutdown(const Strings& more)
{
    return ask(Strings{"--emergency-shutdown"} + role_options("killer") + more);
}

void wait_until_gone(const OpenSession& session)
{
    wait_until("the session is gone", [&] { return !session.there(); });
}

// ---- the program with somebody who acts between its look and its deed
// ----------------------------

class Hurried final : public dbup::Session {
public:
    Hurried(std::unique_ptr<dbup::Session> session, std::function<void()> between)
        : session_{std::move(session)}, between_{std::move(between)}
    {
    }

    std::vector<dbup::Rows> run(std::span<const dbup::Query> queries,
                                const dbup::Deadline& deadline) override
    {
        auto rows = session_->run(queries, deadline);
        if (between_) {
            between_();
            between_ = nullptr;
        }
        return rows;
    }

    std::vector<dbup::Rows> commit(std::span<const dbup::Query> queries,
                                   const dbup::Deadline& deadline) override
    {
        return session_->commit(queries, deadline);
    }

    std::vector<dbup::Rows> show(std::span<const dbup::Query> commands,
                                 const dbup::Deadline& deadline) override
    {
        return session_->show(commands, deadline);
    }

    [[nodiscard]] const dbup::ServerFacts& server() const override { return session_->server(); }
    [[nodiscard]] const std::optional<dbup::TlsFacts>& tls() const override
    {
        return session_->tls();
    }
    void close() override { session_->close(); }

private:
    std::unique_ptr<dbup::Session> session_;
    std::function<void()> between_;
};

class HurriedConnector final : public dbup::Connector {
public:
    HurriedConnector(const dbup::Clock& clock, std::function<void()> between)
        : connector_{dbup::libpq_connector(clock, -1)}, between_{std::move(between)}
    {
    }

    std::vector<dbup::Candidate> resolve(const dbup::Endpoint& endpoint) override
    {
        return connector_->resolve(endpoint);
    }

    std::unique_ptr<dbup::Session> open(const dbup::Config& config,
                                        const dbup::Candidate& candidate,
                                        const dbup::Patience& patience,
                                        dbup::Trace& trace) override
    {
        return std::make_unique<Hurried>(connector_->open(config, candidate, patience, trace),
                                         between_);
    }

private:
    std::unique_ptr<dbup::Connector> connector_;
    std::function<void()> between_;
};

/// --cleanup of what is idle in transaction; `between` is done when that was found.
dbup::Outcome cleanup_while(const std::function<void()>& between)
{
    cluster();
    dbup::SystemClock clock{-1};
    dbup::SystemRandom random;
    HurriedConnector connector{clock, between};
    dbup::Run program{{clock, random, connector, {}, {}}};
    auto words = cluster_arguments(
        Strings{"--cleanup", "--execute", "--cleanup-kinds", "idle-in-transaction=0"} +
        role_options("killer"));
    std::vector<char*> arguments;
    for (auto& word : words) {
        arguments.push_back(word.data());
    }
    const dbup::SystemEnvironment environment;
    const dbup::SystemReader reader;
    auto outcome =
        program.execute({.arguments = arguments, .environment = &environment, .reader = &reader});
    UNSCOPED_INFO(outcome.text);
    return outcome;
}

TEST_CASE("where nothing is stuck there is nothing to do", "[cleanup]")
{
    const OpenSession young{app("young"), "BEGIN"}; // not for ten minutes
    const Finished finished = cleanup("idle-in-transaction,blocker,long-query,idle", {"--execute"});
    CHECK(finished.exit_code == 0);
    CHECK(finished.out == "Cleanup of mydb at localhost:" + cluster().port() + ": nothing to do\n");
    CHECK(young.there());
}

TEST_CASE("without --execute sessions are listed and left alone", "[cleanup]")
{
    const OpenSession stuck{app("idler"), "BEGIN; SELECT 1 AS secret"};
    const Finished finished = cleanup("idle-in-transaction=0");
    CHECK(finished.exit_code == 0);
    CHECK_THAT(finished.out,
               has(": 1 session would be ended; this is a dry run, --execute acts\n- pid " +
                   stuck.pid() + ": idle-in-transaction for ") &&
                   has(", user app, application idler, client 127.0.0.1; with --execute: "
                       "terminated\n") &&
                   !has("secret"));
    CHECK_THAT(cleanup("idle-in-transaction=0", {"--show-queries"}).out,
               has("; with --execute: terminated: BEGIN; SELECT 1 AS secret\n"));
    CHECK(stuck.there());
}

TEST_CASE("only the stuck ones end, and never those that must not be touched", "[cleanup]")
{
    const OpenSession stuck{app("idler"), "BEGIN"};
    OpenSession aborted{app("idler"), "BEGIN"};
    CHECK_THROWS(aborted.client().sql("no SQL"));
    const OpenSession fine{app("fine")};
    const OpenSession spared{app("spared"), "BEGIN"};
    const OpenSession boss{app("boss", "boss"), "BEGIN"};
    auto elsewhere_parameters = app("elsewhere");
    elsewhere_parameters["dbname"] = "postgres";
    const OpenSession elsewhere{elsewhere_parameters, "BEGIN"};

    const Finished finished =
        cleanup("idle-in-transaction=0", {"--execute", "--exclude-application", "spar*"});
    CHECK(finished.exit_code == 0);
    CHECK_THAT(finished.out,
               has(": 2 sessions to end\n- pid ") && has("; to be terminated\n") &&
                   has("\npid " + stuck.pid() + ": ended\n") &&
                   has("\npid " + aborted.pid() + ": ended\n") &&
                   has("\nResult: 2 ended (exit code 0)\n"));
    CHECK_FALSE(stuck.there());
    CHECK_FALSE(aborted.there());
    CHECK(fine.there());
    CHECK(spared.there());
    CHECK(boss.there());
    CHECK(elsewhere.there());
}

TEST_CASE("a session that blocks another ends, and the other goes on", "[cleanup]")
{
    const OpenSession blocker{app("blocker"), "BEGIN; LOCK TABLE stock"};
    const BusySession victim{app("victim"), "", "SELECT * FROM stock"};
    wait_until_blocked(victim.pid());
    const BusySession next{app("next"), "BEGIN", "LOCK TABLE stock"}; // blocked, and would block
    wait_until_blocked(next.pid());

    CHECK_THAT(cleanup("blocker").out, has("nothing to do")); // not for five minutes
    const Finished finished = cleanup("blocker=0,long-query=0", {"--execute"});
    CHECK(finished.exit_code == 0);
    CHECK_THAT(finished.out,
               has("1 session to end\n- pid " + blocker.pid() + ": blocker for ") &&
                   has("\npid " + blocker.pid() + ": ended\n"));
    wait_until("the victim goes on", [&] { return victim.over() && next.over(); });
    CHECK(victim.there());
}

TEST_CASE("of a long query only the query ends", "[cleanup]")
{
    const BusySession query{app("worker"), "", "SELECT pg_sleep(60)"};
    wait_until_active(query.pid());
    const Finished finished = cleanup("long-query=0", {"--execute"});
    CHECK(finished.exit_code == 0);
    CHECK_THAT(finished.out,
               has(": long-query for ") && has("; its query is to be cancelled\n") &&
                   has("\npid " + query.pid() + ": query cancelled\n"));
    wait_until("the query is over", [&] { return query.over(); });
    CHECK(query.there());
}

TEST_CASE("sessions that idle for long end", "[cleanup]")
{
    const OpenSession idle{app("idle")};
    const OpenSession working{app("working"), "BEGIN"};
    const Finished finished = cleanup("idle=0", {"--execute", "--include-application", "*idl*"});
    CHECK(finished.exit_code == 0);
    CHECK_THAT(finished.out, has("\npid " + idle.pid() + ": ended\n"));
    CHECK(working.there());
}

TEST_CASE("what happens between the look and the deed is seen", "[cleanup]")
{
    auto stuck = std::make_unique<OpenSession>(app("idler"), "BEGIN");
    const std::string pid = stuck->pid();
    SECTION("the session goes")
    {
        const auto outcome = cleanup_while([&] {
            const OpenSession& session = *stuck;
            cluster().execute("SELECT pg_terminate_backend(" + pid + ")");
            wait_until_gone(session);
        });
        CHECK(outcome.exit_code == 0);
        CHECK_THAT(outcome.text, has("\npid " + pid + ": gone meanwhile\n"));
    }
    SECTION("the session goes on")
    {
        const auto outcome = cleanup_while([&] { stuck->client().sql("COMMIT"); });
        CHECK(outcome.exit_code == 0);
        CHECK_THAT(outcome.text, has("\npid " + pid + ": left alone, it is no longer stuck\n"));
        CHECK(stuck->there());
    }
    SECTION("its role becomes a superuser")
    {
        const Undoable back{"SELECT 1", "ALTER ROLE app NOSUPERUSER"};
        const auto outcome = cleanup_while([] { cluster().execute("ALTER ROLE app SUPERUSER"); });
        CHECK_THAT(outcome.text, has("\npid " + pid + ": left alone"));
        CHECK(stuck->there());
    }
    SECTION("the right is taken away")
    {
        const Undoable back{"SELECT 1", "GRANT pg_signal_backend TO killer"};
        const auto outcome =
            cleanup_while([] { cluster().execute("REVOKE pg_signal_backend FROM killer"); });
        CHECK(outcome.exit_code == 2);
        CHECK_THAT(
            outcome.text,
            has("\npid " + pid +
                ": not ended: permission denied (GRANT pg_signal_backend TO \"killer\";)\n") &&
                has("(exit code 2)\n"));
        CHECK(stuck->there());
    }
    SECTION("our own session ends")
    {
        const auto outcome = cleanup_while([] {
            cluster().execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                              "WHERE application_name = 'db-up'");
        });
        CHECK(outcome.exit_code == 2);
        CHECK_THAT(outcome.text,
                   has("\nFailed while ending them: ") &&
                       has("; what became of them is not known\nResult: failed (exit code 2)\n"));
        CHECK(stuck->there());
    }
}

TEST_CASE("without the right nothing ends", "[cleanup]")
{
    const OpenSession stuck{app("idler"), "BEGIN"};
    const Finished dry = cleanup("idle-in-transaction=0", {}, "watcher");
    CHECK(dry.exit_code == 0);
    CHECK_THAT(dry.out,
               has("; may not be ended by watcher (GRANT pg_signal_backend TO \"watcher\";)\n"));

    const Finished refused = cleanup("idle-in-transaction=0", {"--execute"}, "watcher");
    CHECK(refused.exit_code == 3);
    CHECK_THAT(refused.out,
               has("user \"watcher\" may not end process " + stuck.pid() +
                   ": permission denied [PRIVILEGE_MISSING]") &&
                   has("Fix: GRANT pg_signal_backend TO \"watcher\";"));

    const Finished blind = cleanup("idle-in-transaction=0", {}, "stranger");
    CHECK(blind.exit_code == 3);
    CHECK_THAT(blind.out,
               has("[PRIVILEGE_MISSING]") &&
                   has("Fix: GRANT pg_monitor, pg_signal_backend TO \"stranger\";"));
    CHECK(stuck.there());
}

TEST_CASE("who may end some of them ends those", "[cleanup]")
{
    const OpenSession mine{app("mine"), "BEGIN"}; // half is a member of app
    const OpenSession others{app("others", "other"), "BEGIN"};
    const Finished finished = cleanup("idle-in-transaction=0", {"--execute"}, "half");
    CHECK(finished.exit_code == 1);
    CHECK_THAT(finished.out,
               has("\npid " + mine.pid() + ": ended\n") &&
                   has("\npid " + others.pid() + ": not ended: permission denied (GRANT ") &&
                   has("\nResult: 1 ended; 1 not ended: permission denied (exit code 1)\n"));
    CHECK(others.there());
}

TEST_CASE("a hostile name does not reach the terminal", "[cleanup]")
{
    OpenSession stuck{app("plain"), "BEGIN"};
    stuck.client().sql("SET application_name = 'a | <b>"
                       "\x1b[31m'");
    const Finished finished = cleanup("idle-in-transaction=0");
    CHECK_THAT(finished.out, !has("|") && !has("\x1b") && !has("<b"));
}

TEST_CASE("an emergency shutdown ends all but superusers, when it is confirmed", "[cleanup]")
{
    const OpenSession idle{app("idle")};
    const BusySession busy{app("busy"), "", "SELECT pg_sleep(60)"};
    const OpenSession boss{app("boss", "boss"), "BEGIN"};
    auto stream_parameters = app("stream", "streamer");
    stream_parameters["replication"] = "database";
    const OpenSession stream{stream_parameters};

    const Finished dry = shutdown({});
    CHECK(dry.exit_code == 0);
    CHECK_THAT(dry.out,
               has("Emergency shutdown of mydb at ") &&
                   has(": 2 sessions would be ended; this is a dry run, --execute --confirm mydb "
                       "acts\n") &&
                   has("- pid " + idle.pid() + ": session for "));
    const Finished unconfirmed = shutdown({"--execute"});
    CHECK(unconfirmed.exit_code == 3);
    CHECK_THAT(unconfirmed.out, has("add --confirm with the name of the database [CONFIG_ERROR]"));
    const Finished mistaken = shutdown({"--execute", "--confirm", "postgres"});
    CHECK(mistaken.exit_code == 3);
    CHECK_THAT(mistaken.out,
               has("--confirm: 'postgres' is not the name of this database, which is 'mydb'"));
    CHECK(idle.there());

    const Finished finished = shutdown({"--execute", "--confirm", "mydb"});
    CHECK(finished.exit_code == 0);
    CHECK_THAT(finished.out, has("\nResult: 2 ended (exit code 0)\n"));
    CHECK_FALSE(idle.there());
    CHECK_FALSE(busy.there());
    CHECK(boss.there());
    CHECK(stream.there());
}

TEST_CASE("a wrong word is refused before anything is looked at", "[cleanup]")
{
    struct Case {
        Strings arguments = {};
        const char* text = "";
    };
    const auto c = GENERATE(values<Case>({
        {{"--cleanup", "--cleanup-kinds", "blockr"},
         "--cleanup-kinds: 'blockr' is no kind of stuck session (blocker, idle-in-transaction, "
         "long-query, idle); did you mean 'blocker'?"},
        {{"--cleanup", "--cleanup-kinds", "idle=soon"}, "'idle=soon' has no age behind '='"},
        {{"--cleanup", "--idle-transaction-age", "2h"},
         "--idle-transaction-age: a cleanup does not use it (used by activity)"},
        {{"--cleanup", "--output", "json"}, "Cleanup is told in text only"},
        {{"--execute"}, "--execute: has no effect without --cleanup"},
    }));
    CAPTURE(c.arguments);
    const Finished finished = ask(c.arguments);
    CHECK(finished.exit_code == 3);
    CHECK_THAT(finished.out, has(c.text) && has("CONFIG_ERROR"));
}

TEST_CASE("no connection is a failure", "[cleanup]")
{
    const Finished finished =
        ask({"--cleanup", "--port", free_port(), "--max-retries", "0", "--execute"});
    CHECK(finished.exit_code == 2);
    CHECK_THAT(finished.out, has("[CONNECTION_REFUSED]"));
}

} // namespace

} // namespace dbup_test
