// SPDX-License-Identifier: MIT
// Through PgBouncer: what works must leave no trace on the shared server connection.
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
    const PgBouncer pooler{"transaction", free_port()};
    const Finished finished = run(plugin(through(pooler, {"-t", "3"})));
    const StatusLine line = read_status(finished);
    CHECK(line.state == "CRITICAL");
    CHECK(line.perf.at("up").value == "0");
    CHECK(finished.seconds < 3.5);
}

TEST_CASE("the pooler refuses as a server does", "[pgbouncer]")
{
    const PgBouncer pooler{"transaction"};
    const StatusLine database = check(through(pooler, {"--database", "no_such"}));
    CHECK(database.code == "DATABASE_NOT_FOUND");
    CHECK(database.perf.at("retries").value == "0");

    const StatusLine user = check(through(pooler, {"--user", "no_such"}));
    CHECK(user.code == "AUTHENTICATION_ERROR");
    CHECK(user.perf.at("retries").value == "0");
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
