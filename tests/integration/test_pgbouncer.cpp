// SPDX-License-Identifier: MIT
// Through PgBouncer: what works must leave no trace on the shared server connection.
#include <optional>
#include <stdexcept>

#include "support/catch.hpp"
#include "support/cluster.hpp"
#include "support/pgbouncer.hpp"
#include "support/plugin.hpp"

namespace dbup_test {

namespace {

Strings through(const PgBouncer& pooler, const Strings& more = {})
{
    return cluster_arguments(Strings{"--host", "localhost", "--port", pooler.port()} + more);
}

/// What the next client finds on the server connection.
Row settings_seen(const PgBouncer& pooler)
{
    return Client{pooler.client()}
        .sql("SELECT pg_backend_pid(), current_setting('statement_timeout'), "
             "current_setting('lock_timeout'), "
             "current_setting('idle_in_transaction_session_timeout'), "
             "current_setting('search_path'), current_setting('transaction_read_only'), "
             "current_setting('default_transaction_read_only'), "
             "current_setting('transaction_isolation'), "
             "(SELECT count(*) FROM pg_prepared_statements)")
        .at(0);
}

// Statement mode, too: the transaction goes out in one piece, PgBouncer never sees it open.
TEST_CASE("a pooler is passed in every mode without a trace", "[pgbouncer]")
{
    const std::string mode = GENERATE(as<std::string>{}, "session", "transaction", "statement");
    CAPTURE(mode);
    const PgBouncer pooler{mode};
    const Row before = settings_seen(pooler);

    const StatusLine line = check(through(pooler));
    CHECK(line.state == "OK");
    CHECK_THAT(line.text, has("primary") && has("PostgreSQL "));
    CHECK(line.measured("tls"));
    CHECK(line.perf.at("retries").value == "0");

    CHECK(settings_seen(pooler) == before); // the same server process with the same settings
}

TEST_CASE("the server behind a pooler tells its own address to who asks for everything",
          "[pgbouncer]")
{
    const PgBouncer pooler{"transaction"};
    const std::string own = "127.0.0.1:" + Cluster::shared().port();
    const auto shown = [&pooler](const Strings& more) {
        return run(plugin(through(pooler, more))).out;
    };
    CHECK_THAT(shown({"-vv"}), has("\nFact: the server has this session at " + own + '\n'));
    CHECK_THAT(shown({"-v"}), !has(own));
    CHECK_THAT(shown({"--output", "json", "-vv"}), has("\"server_address\":\"" + own + '"'));
    CHECK_THAT(shown({"--output", "json"}), has("\"server_address\":null"));
    CHECK_THAT(shown({"-vv", "--redact-hosts"}), has("has this session at ***:"));

    const Finished over_socket = run(plugin({"--host",
                                             Cluster::shared().socket_folder(),
                                             "--port",
                                             Cluster::shared().port(),
                                             "--database",
                                             "postgres",
                                             "--user",
                                             "postgres",
                                             "-vv"}));
    CHECK_THAT(over_socket.out, has("\nFact: the server has this session on a unix socket\n"));
}

TEST_CASE("ten checks in a row share one server connection", "[pgbouncer]")
{
    const PgBouncer pooler{"transaction"};
    const Row before = settings_seen(pooler);
    for (int round = 0; round < 10; ++round) {
        CHECK(check(through(pooler)).state == "OK");
    }
    CHECK(settings_seen(pooler) == before);
}

TEST_CASE("a pooler whose server is gone does not hold the check", "[pgbouncer]")
{
    struct Case {
        const char* says = "";
        Strings settings = {};
        Strings more = {};
        const char* code = "";
        const char* words = "";
    };
    // clang-format off
    const auto c = GENERATE(values<Case>({
        {"it waits for the server", {}, {}, "TIMEOUT", "authentication"},
        {"it has noticed", {"client_login_timeout = 1", "server_connect_timeout = 1"},
            {"--max-retries", "0"}, "NETWORK_ERROR", "server down"},
    }));
    // clang-format on
    INFO(c.says);
    const PgBouncer pooler{"transaction", free_port(), c.settings};
    const Finished finished =
        run(plugin(through(pooler, Strings{"-t", "3", "--connect-timeout", "60s"} + c.more)));
    CAPTURE(finished.out);
    const StatusLine line = read_status(finished);
    CHECK(line.state == "CRITICAL");
    CHECK(line.code == c.code);
    CHECK_THAT(line.all_text(), has(c.words));
    CHECK(line.perf.at("up").value == "0");
    CHECK(finished.seconds < in_time(3.5));
}

TEST_CASE("a paused pooler keeps the check waiting, until it goes on", "[pgbouncer]")
{
    const PgBouncer pooler{"transaction"};
    CHECK(check(through(pooler)).state == "OK");
    pooler.command("PAUSE");
    const Finished finished = run(plugin(through(pooler, {"-t", "1"})));
    CAPTURE(finished.out);
    const StatusLine line = read_status(finished);
    CHECK(line.state == "CRITICAL");
    CHECK(line.code == "TIMEOUT");
    CHECK(finished.seconds < in_time(1.5));
    pooler.command("RESUME");
    CHECK(check(through(pooler)).state == "OK");
}

TEST_CASE("a pooler that is full is told as such", "[pgbouncer]")
{
    struct Case {
        const char* says = "";
        const char* setting = "";
        const char* code = "";
        const char* words = "";
    };
    const auto c = GENERATE(values<Case>({
        {"no client more", "max_client_conn = 1", "TOO_MANY_CONNECTIONS", "max_client_conn"},
        {"the queue is not served", "query_wait_timeout = 1", "TIMEOUT", "query_wait_timeout"},
        {"what to do about it", "query_wait_timeout = 1", "TIMEOUT", "look at SHOW POOLS;"},
    }));
    INFO(c.says);
    const PgBouncer pooler{"transaction", {}, {c.setting}};
    std::optional<Client> holder;
    wait_until("the first knock is forgotten", [&] {
        try {
            holder.emplace(pooler.client());
            return true;
        } catch (const std::runtime_error&) {
            return false;
        }
    });
    holder->sql("BEGIN; SELECT 1"); // has the only server connection
    const StatusLine line = check(through(pooler, {"--max-retries", "0"}));
    CHECK(line.state == "CRITICAL");
    CHECK(line.code == c.code);
    CHECK_THAT(line.all_text(), has(c.words));
    CHECK(line.perf.at("time").number() < 4);
}

TEST_CASE("a database that the pooler has switched off", "[pgbouncer]")
{
    const PgBouncer pooler{"transaction"};
    pooler.command("DISABLE mydb");
    const StatusLine line = check(through(pooler));
    CHECK(line.state == "CRITICAL");
    CHECK(line.code == "PERMISSION_ERROR");
    CHECK(line.perf.at("retries").value == "0");
}

TEST_CASE("a pooler that ends in the middle of a check", "[pgbouncer]")
{
    const PgBouncer pooler{"transaction"};
    Client holder{Cluster::shared().superuser("mydb")};
    holder.sql("BEGIN; LOCK TABLE pg_catalog.pg_proc IN ACCESS EXCLUSIVE MODE");
    Process process{plugin(through(
        pooler,
        {"--lock-timeout", "1m", "--statement-timeout", "1m", "-t", "20", "--max-retries", "0"}))};
    wait_until("the check waits for the lock", [&] {
        holder.sql("SELECT pg_stat_clear_snapshot()");
        return holder.value("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = "
                            "'Lock'") == "1";
    });
    CHECK_THROWS(pooler.command("SHUTDOWN"));
    const Finished finished = process.wait();
    CAPTURE(finished.out);
    const StatusLine line = read_status(finished);
    CHECK(line.state == "CRITICAL");
    CHECK_THAT(line.code, has_either("NETWORK_ERROR", "SHUTTING_DOWN"));
    CHECK(finished.seconds < in_time(15));
    holder.sql("ROLLBACK");
}

TEST_CASE("the pooler refuses as a server does", "[pgbouncer]")
{
    const PgBouncer pooler{"transaction"};
    const StatusLine database = check(through(pooler, {"--database", "no_such"}));
    CHECK(database.code == "DATABASE_NOT_FOUND");
    CHECK(database.perf.at("retries").value == "0");
    CHECK_THAT(database.all_text(), has("in [databases] of its pgbouncer.ini"));

    const StatusLine user = check(through(pooler, {"--user", "no_such"}));
    CHECK(user.code == "AUTHENTICATION_ERROR");
    CHECK(user.perf.at("retries").value == "0");
    CHECK_THAT(user.all_text(), has("PgBouncer's auth_file"));
}

TEST_CASE("a pooler that cannot bind the channel is no matter of the password", "[pgbouncer]")
{
    const PgBouncer pooler{"transaction"};
    const StatusLine line = check(through(pooler, {"--channel-binding", "require"}));
    CHECK(line.code == "AUTHENTICATION_ERROR");
    CHECK_THAT(line.all_text(), has("Fix: Use --channel-binding prefer"));
}

TEST_CASE("the admin console is no database and not OK", "[pgbouncer]")
{
    const PgBouncer pooler{"transaction"};
    const StatusLine line = check(through(pooler, {"--database", "pgbouncer"}));
    CHECK_THAT(line.state, has_either("CRITICAL", "UNKNOWN"));
    CHECK_FALSE(line.code.empty());
    CHECK(line.perf.at("retries").value == "0");
}

} // namespace

} // namespace dbup_test
