// SPDX-License-Identifier: MIT
// The check must do no harm and not be fooled: locks, role settings, schemas, environment.
#include "support/catch.hpp"
#include "support/cluster.hpp"
#include "support/plugin.hpp"

namespace dbup_test {

namespace {

const Cluster& cluster()
{
    return Cluster::shared();
}

TEST_CASE("a statement that is stuck behind a lock ends in time and leaves nothing", "[hardening]")
{
    struct Case {
        const char* says = "";
        const char* relation = "";
        Strings limits = {};
    };
    const auto c = GENERATE(values<Case>({
        {"functions cannot be looked up", "pg_catalog.pg_proc", {}},
        {"types cannot be looked up", "pg_catalog.pg_type", {}},
        {"the lock limit is longer than the run",
         "pg_catalog.pg_proc",
         {"-t", "2", "--lock-timeout", "1m"}},
        {"all limits are longer than the run",
         "pg_catalog.pg_proc",
         {"-t", "2", "--lock-timeout", "1m", "--statement-timeout", "1m"}},
    }));
    INFO(c.says);
    Client holder{cluster().superuser("mydb")};
    holder.sql(std::string{"BEGIN; LOCK TABLE "} + c.relation + " IN ACCESS EXCLUSIVE MODE");
    const Finished finished = run(plugin(cluster_arguments(c.limits)));
    const StatusLine line = read_status(finished);
    if (line.state == "OK") { // what was locked was not needed
        CHECK(std::string{c.relation} == "pg_catalog.pg_type");
    } else {
        CHECK(line.state == "CRITICAL");
        CHECK_THAT(line.code, has_either("QUERY_TIMEOUT", "TIMEOUT"));
    }
    CHECK(finished.seconds < in_time(c.limits.empty() ? 10.5 : 2.5));
    const auto left = [&] {
        holder.sql("SELECT pg_stat_clear_snapshot()");
        return holder.value(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'db-up'");
    };
    wait_until(
        "no session of ours waits for the lock", [&] { return left() == "0"; }, 1);
    holder.sql("ROLLBACK");
}

TEST_CASE("settings of the role cannot undo the hardening", "[hardening]")
{
    const std::string setting = GENERATE(as<std::string>{},
                                         "statement_timeout = 0",
                                         "statement_timeout = 1",
                                         "lock_timeout = 0",
                                         "idle_in_transaction_session_timeout = 0",
                                         "default_transaction_read_only = off",
                                         "default_transaction_read_only = on",
                                         "default_transaction_isolation = serializable",
                                         "search_path = hostile, public",
                                         "search_path = ''",
                                         "DateStyle = 'German'",
                                         "IntervalStyle = 'sql_standard'",
                                         "TimeZone = 'Pacific/Chatham'",
                                         "client_encoding = 'LATIN1'",
                                         "extra_float_digits = -15",
                                         "bytea_output = 'escape'",
                                         "standard_conforming_strings = off",
                                         "log_statement = 'none'",
                                         "lc_messages = 'C'",
                                         "row_security = off",
                                         "application_name = 'disguise'");
    CAPTURE(setting);
    const Undoable role{"ALTER ROLE db_monitor SET " + setting, "ALTER ROLE db_monitor RESET ALL"};
    const StatusLine line = check_cluster();
    CHECK(line.state == "OK");
    CHECK_THAT(line.text, has("primary"));
}

TEST_CASE("the skew of the clocks is small whatever the role's time zone", "[hardening]")
{
    const std::string style = GENERATE("ISO, DMY", "German", "Postgres", "SQL");
    const Undoable role{"ALTER ROLE db_monitor SET TimeZone = 'Pacific/Chatham'; "
                        "ALTER ROLE db_monitor SET DateStyle = '" +
                            style + "'",
                        "ALTER ROLE db_monitor RESET ALL"};
    // A query of the user's own may change both until the transaction ends.
    const Strings query =
        GENERATE(Strings{}, Strings{"--query", "SELECT set_config('datestyle', 'German', true)"});
    CAPTURE(style, query);
    const StatusLine line = check_cluster(query);
    CHECK(line.state == "OK");
    CHECK(line.perf.at("skew").number() > -1);
    CHECK(line.perf.at("skew").number() < 1);
}

TEST_CASE("settings of the database cannot undo the hardening", "[hardening]")
{
    const Undoable database{"ALTER DATABASE mydb SET statement_timeout = 0; "
                            "ALTER DATABASE mydb SET search_path = hostile",
                            "ALTER DATABASE mydb RESET ALL"};
    CHECK(check_cluster().state == "OK");
}

TEST_CASE("a serializable default does not wait for a safe snapshot", "[hardening]")
{
    const Undoable role{"ALTER ROLE db_monitor SET default_transaction_isolation = serializable; "
                        "ALTER ROLE db_monitor SET default_transaction_deferrable = on",
                        "ALTER ROLE db_monitor RESET ALL"};
    Client writer{cluster().superuser("mydb")};
    writer.sql("BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1; SELECT count(*) FROM pg_class; "
               "CREATE TABLE pending (id int)");
    CHECK(check_cluster().state == "OK");
    writer.sql("ROLLBACK");
}

constexpr const char* hostile_schema = R"(
CREATE SCHEMA hostile;
GRANT USAGE ON SCHEMA hostile TO PUBLIC;
CREATE TABLE hostile.caught (word text);
GRANT ALL ON hostile.caught TO PUBLIC;
CREATE FUNCTION hostile.trap() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS
    $$ BEGIN RAISE EXCEPTION 'trapped'; END $$;
CREATE FUNCTION hostile.version() RETURNS text LANGUAGE sql AS $$ SELECT 'PostgreSQL 99.9'::text $$;
CREATE FUNCTION hostile.pg_is_in_recovery() RETURNS boolean LANGUAGE sql AS $$ SELECT true $$;
CREATE FUNCTION hostile.current_setting(text) RETURNS text LANGUAGE sql AS $$ SELECT hostile.trap() $$;
CREATE FUNCTION hostile.current_setting(text, boolean) RETURNS text LANGUAGE sql AS $$ SELECT hostile.trap() $$;
CREATE FUNCTION hostile.set_config(text, text, boolean) RETURNS text LANGUAGE sql AS $$ SELECT hostile.trap() $$;
CREATE FUNCTION hostile.now() RETURNS timestamptz LANGUAGE sql AS $$ SELECT 'epoch'::timestamptz $$;
CREATE FUNCTION hostile.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$ SELECT 'epoch'::timestamptz $$;
CREATE FUNCTION hostile.equal(integer, integer) RETURNS boolean LANGUAGE sql AS $$ SELECT hostile.trap()::boolean $$;
CREATE FUNCTION hostile.minus(numeric, numeric) RETURNS numeric LANGUAGE sql AS $$ SELECT 0::numeric $$;
CREATE OPERATOR hostile.= (LEFTARG = integer, RIGHTARG = integer, FUNCTION = hostile.equal);
CREATE OPERATOR hostile.- (LEFTARG = numeric, RIGHTARG = numeric, FUNCTION = hostile.minus);
CREATE VIEW hostile.pg_settings AS SELECT hostile.trap() AS name;
CREATE VIEW hostile.pg_stat_activity AS SELECT hostile.trap() AS pid;
CREATE FUNCTION hostile.date_part(text, timestamptz) RETURNS double precision LANGUAGE sql AS $$ SELECT 1e9 $$;
CREATE FUNCTION hostile."extract"(text, timestamptz) RETURNS numeric LANGUAGE sql AS $$ SELECT 1e9 $$;
)";

TEST_CASE("a schema that shadows functions and operators is not seen", "[hardening]")
{
    const Undoable schema{hostile_schema, "DROP SCHEMA hostile CASCADE", "mydb"};
    const std::string path = GENERATE(
        as<std::string>{}, "hostile", "hostile, pg_catalog", "hostile, pg_catalog, public");
    CAPTURE(path);
    const Undoable role{"ALTER ROLE db_monitor SET search_path = " + path,
                        "ALTER ROLE db_monitor RESET ALL"};
    const StatusLine line = check_cluster({"--role", "primary"});
    CHECK(line.state == "OK");
    CHECK_THAT(line.text, has("primary") && !has("99.9"));
    CHECK(line.perf.at("skew").number() < 1);
    CHECK(line.perf.at("skew").number() > -1);
}

TEST_CASE("what only libpq would read from the environment has no effect", "[hardening]")
{
    const std::string variable = GENERATE(as<std::string>{},
                                          "PGOPTIONS=-c statement_timeout=1",
                                          "PGOPTIONS=-c no_such_setting=1",
                                          "PGCLIENTENCODING=no-such-encoding",
                                          "PGDATESTYLE=no-such-style",
                                          "PGTZ=No/Where",
                                          "PGGEQO=perhaps",
                                          "PGGSSENCMODE=require",
                                          "PGKRBSRVNAME=no-such-service",
                                          "PGREQUIREPEER=nobody-at-all",
                                          "PGSSLCRL=/nonexistent/crl",
                                          "PGSSLCRLDIR=/nonexistent",
                                          "PGSSLMINPROTOCOLVERSION=TLSv1.3",
                                          "PGSSLMAXPROTOCOLVERSION=TLSv1",
                                          "PGSSLCOMPRESSION=1",
                                          "PGREQUIRESSL=0",
                                          "PGSYSCONFDIR=/nonexistent",
                                          "PGLOCALEDIR=/nonexistent",
                                          "LC_ALL=de_DE.UTF-8",
                                          "LANGUAGE=de",
                                          "LD_BIND_NOW=1",
                                          "OPENSSL_CONF=/nonexistent/openssl.cnf",
                                          "HOME=/nonexistent",
                                          "PATH=");
    CAPTURE(variable);
    CHECK(check_cluster({}, {variable}).state == "OK");
}

TEST_CASE("the transaction is read-only and closed for the server, too", "[hardening]")
{
    const Setting all{"log_statement", "all"};
    const auto before = cluster().log_position();
    CHECK(check_cluster().state == "OK");
    cluster().wait_until_gone();
    const std::string log = cluster().log_since(before);
    CHECK_THAT(log, has("BEGIN") && has("READ ONLY") && has("ROLLBACK"));
    CHECK_THAT(log, !has("SET SESSION") && !has("COMMIT\n"));
}

} // namespace

} // namespace dbup_test
