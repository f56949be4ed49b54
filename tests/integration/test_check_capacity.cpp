// SPDX-License-Identifier: MIT
// --check size, sequences and wraparound: what fills up and then ends.
#include "support/catch.hpp"
#include "support/cluster.hpp"
#include "support/plugin.hpp"
#include "support/sessions.hpp"

namespace dbup_test {

namespace {

StatusLine look(const std::string& check, const Strings& more = {})
{
    return check_cluster(Strings{"--check", check} + more);
}

std::string monitor()
{
    return Cluster::shared().get("USER");
}

/// A schema of the cluster's database with these things in it, until the end of the scope.
struct Schema : Undoable {
    explicit Schema(const std::string& statements)
        : Undoable{"CREATE SCHEMA shop; SET search_path = shop; " + statements,
                   "DROP SCHEMA shop CASCADE",
                   Cluster::shared().get("DATABASE")}
    {
    }
};

std::string readable()
{
    return "; GRANT SELECT ON ALL SEQUENCES IN SCHEMA shop TO " + monitor();
}

TEST_CASE("the size of the database is measured and judged on request", "[size]")
{
    const StatusLine line = look("size");
    CHECK(line.state == "OK");
    CHECK(line.perf.at("size").uom == "B");
    const auto bytes = std::stod(Cluster::shared().value("SELECT pg_database_size('" +
                                                         Cluster::shared().get("DATABASE") + "')"));
    CHECK(line.perf.at("size").number() == Approx(bytes).epsilon(0.1));
    CHECK_THAT(line.text, has("size: ") && has(" MB (mydb at localhost:"));

    const StatusLine large = look("size", {"-w", "1MB", "-c", "1TB"});
    CHECK(large.state == "WARNING");
    CHECK_THAT(large.all_text(), has(" MB (above 1 MB)") && has("Fix: Look for what grows"));
}

TEST_CASE("a database without sequences has none that ends", "[sequences]")
{
    const StatusLine line = look("sequences", {"-w", "used=1"});
    CHECK(line.state == "OK");
    CHECK_THAT(line.text, has("sequences: no sequences ("));
    CHECK(line.perf.at("sequences").value == "0");
}

TEST_CASE("the sequence that is closest to its end is told", "[sequences]")
{
    struct Case {
        const char* statements = "";
        const char* state = "";
        const char* used = "";
        const char* text = "";
    };
    const auto c = GENERATE(values<Case>({
        {"CREATE TABLE orders (id serial)", "OK", "0", "shop.orders_id_seq is at 0%"},
        {"CREATE SEQUENCE half MAXVALUE 100; SELECT setval('half', 50)",
         "OK",
         "50",
         "shop.half is at 50%, the worst of 1 ("},
        {"CREATE SEQUENCE near MAXVALUE 1000; SELECT setval('near', 900)",
         "WARNING",
         "90",
         "- shop.near: 90% used, 100 values left"},
        {"CREATE SEQUENCE spent MAXVALUE 10; SELECT setval('spent', 10)",
         "CRITICAL",
         "100",
         "- shop.spent: 100% used, 0 values left"},
        {"CREATE SEQUENCE steps INCREMENT 10 MAXVALUE 95; SELECT setval('steps', 91)", // 101 is
                                                                                       // next
         "CRITICAL",
         "100",
         "- shop.steps: 100% used, 0 values left"},
        {"CREATE SEQUENCE down INCREMENT -1 MINVALUE -100; SELECT setval('down', -90)",
         "WARNING",
         "90",
         "- shop.down: 90% used, 10 values left"},
        {"CREATE SEQUENCE again MAXVALUE 10 CYCLE; SELECT setval('again', 10)",
         "OK",
         "0",
         "no sequences"},
        // Its own end is far, that of the column is near.
        {"CREATE TABLE old (id integer); CREATE SEQUENCE wide OWNED BY old.id; "
         "SELECT setval('wide', 2140000000)",
         "CRITICAL",
         "99.65",
         "- shop.wide: 99.65% used, 7483647 values left"},
        {"CREATE DOMAIN small AS smallint; CREATE DOMAIN smaller AS small; "
         "CREATE TABLE old (id smaller); CREATE SEQUENCE wide OWNED BY old.id; "
         "SELECT setval('wide', 32767)",
         "CRITICAL",
         "100",
         "- shop.wide: 100% used, 0 values left"},
        {"CREATE TABLE old (id integer); CREATE SEQUENCE round CYCLE OWNED BY old.id; "
         "SELECT setval('round', 2140000000)",
         "CRITICAL",
         "99.65",
         "- shop.round: 99.65% used, 7483647 values left"},
        {"CREATE TABLE old (id integer); CREATE SEQUENCE round AS integer CYCLE OWNED BY old.id",
         "OK",
         "0",
         "no sequences"},
        {"CREATE SEQUENCE last AS integer START 2147483647; SELECT nextval('last')",
         "CRITICAL",
         "100",
         "- shop.last: 100% used, 0 values left"},
        // Neither it nor its column can take a single value.
        {"CREATE TABLE old (id integer); "
         "CREATE SEQUENCE beyond MINVALUE 3000000000 OWNED BY old.id; SELECT nextval('beyond')",
         "CRITICAL",
         "100",
         "- shop.beyond: 100% used, 0 values left"},
        {"CREATE SEQUENCE a MAXVALUE 100; SELECT setval('a', 97); "
         "CREATE SEQUENCE b MAXVALUE 100; SELECT setval('b', 99)",
         "CRITICAL",
         "99",
         "- shop.b: 99% used, 1 value left\n- shop.a: 97% used, 3 values left\nFix: Give"},
    }));
    CAPTURE(c.statements);
    const Schema schema{c.statements + readable()};
    const StatusLine line = look("sequences");
    CHECK(line.state == c.state);
    CHECK(line.perf.at("used").value == c.used);
    CHECK_THAT(line.all_text(), has(c.text));
}

TEST_CASE("a value that was set and not used since is not taken for none", "[sequences]")
{
    const Schema schema{"CREATE SEQUENCE fresh; "
                        "CREATE SEQUENCE begun AS integer START 1000000000; "
                        "CREATE TABLE orders (id integer GENERATED ALWAYS AS IDENTITY); "
                        "ALTER TABLE orders ALTER id RESTART WITH 2147483647" +
                        readable()};
    // Servers before 18 have no function that tells it: here START counts.
    const StatusLine line = look("sequences", {"-w", "40"});
    CHECK(line.state == "WARNING");
    CHECK(line.perf.at("used").value == "46.57");
    CHECK_THAT(line.all_text(),
               has("shop.begun is at 46.57%, the worst of 3, the next value of 3 not known") &&
                   has("- shop.begun: next value not known before it is used; 46.57% used if it is "
                       "START, 1000000000\n") &&
                   has("- shop.orders_id_seq: next value not known before it is used; 0% used if "
                       "it is START, 1\n") &&
                   !has(" left"));
    Cluster::shared().execute("INSERT INTO shop.orders DEFAULT VALUES",
                              Cluster::shared().get("DATABASE"));
    CHECK_THAT(look("sequences").all_text(),
               has("- shop.orders_id_seq: 100% used, 0 values left\n"));
}

TEST_CASE("sequences beyond the list are counted", "[sequences]")
{
    const Schema schema{"DO $$ BEGIN FOR i IN 101..125 LOOP EXECUTE pg_catalog.format("
                        "'CREATE SEQUENCE s%s MAXVALUE 100', i); "
                        "PERFORM pg_catalog.setval('s' || i, 90); END LOOP; END $$" +
                        readable()};
    CHECK_THAT(look("sequences").all_text(),
               has("- shop.s105: 90% used, 10 values left\n"
                   "- and 20 more (-v shows 5 of them)\n"));
    // Which is more than a host takes.
    CHECK_THAT(run(plugin(cluster_arguments({"--check", "sequences", "-v"}))).out,
               has("- shop.s110: 90% used, 10 values left\n- 15 more sequences not listed\n") &&
                   !has("-v shows"));
}

TEST_CASE("--validate and the check want the same rights", "[sequences]")
{
    const Schema schema{"CREATE TABLE old (id integer); CREATE SEQUENCE harmless CYCLE; "
                        "CREATE SEQUENCE round AS integer CYCLE OWNED BY old.id"};
    const Strings validate{"--validate", "--check", "sequences"};
    const std::string lack = "lacks SELECT on every sequence";
    CHECK(look("sequences").state == "OK");
    CHECK_THAT(run(plugin(cluster_arguments(validate))).out, !has(lack));
    Cluster::shared().execute("ALTER SEQUENCE shop.round AS bigint MAXVALUE 2147483648",
                              Cluster::shared().get("DATABASE"));
    CHECK(look("sequences").code == "PRIVILEGE_MISSING");
    CHECK_THAT(run(plugin(cluster_arguments(validate))).out, has(lack));
}

TEST_CASE("a sequence that the role may not read may be the one that is full", "[sequences]")
{
    const Schema schema{"CREATE SEQUENCE known MAXVALUE 100; SELECT setval('known', 99); "
                        "GRANT SELECT ON known TO " +
                        monitor() +
                        "; CREATE SEQUENCE secret; "
                        "CREATE SEQUENCE again CYCLE"};
    const StatusLine line = look("sequences");
    CHECK(line.state == "UNKNOWN");
    CHECK(line.code == "PRIVILEGE_MISSING");
    CHECK_THAT(line.all_text(),
               has("may not read 1 of 2 sequences, among them shop.secret; of the others "
                   "shop.known is at 99%") &&
                   has("Fix: GRANT SELECT ON ALL SEQUENCES IN SCHEMA \"shop\" TO \"" + monitor()));
    Cluster::shared().execute("GRANT SELECT ON ALL SEQUENCES IN SCHEMA \"shop\" TO " + monitor(),
                              Cluster::shared().get("DATABASE"));
    CHECK(look("sequences").state == "CRITICAL");
}

// The last one, for it makes the cluster older than any other test wants it.
TEST_CASE("identifiers that run out are told with the database that holds them", "[wraparound]")
{
    const StatusLine young = look("wraparound");
    CHECK(young.state == "OK");
    CHECK(young.perf.at("xid_used").value == "0");
    CHECK(young.perf.at("mxid_used").value == "0");
    CHECK_THAT(young.text, has("the worst of 4 databases"));

    const Cluster& cluster = Cluster::shared();
    // Else the server would freeze its databases at once.
    cluster.execute("ALTER SYSTEM SET autovacuum_freeze_max_age = 2000000000");
    cluster.stop("fast");
    cluster.run_as_server({"pg_resetwal", "-f", "-x", "1200000000", cluster.data_folder()});
    // The file in which the state of that transaction is to be written (pg_xact, 2^20 in each).
    cluster.run_as_server(
        {"/usr/bin/truncate", "-s", "262144", cluster.data_folder() / "pg_xact" / "0478"});
    cluster.start();

    const StatusLine old = look("wraparound");
    CHECK(old.state == "WARNING");
    CHECK(old.perf.at("xid_used").value == "55.96");
    CHECK_THAT(old.all_text(),
               has("xid_used is 55.96% (above 50%)") && has("- database mydb: 55.96% used, 1199") &&
                   has(" transactions old\n") && has("Fix: VACUUM (FREEZE)") &&
                   has("- database template0: 55.96% used, 1199") &&
                   has(" transactions old; allows no connections\n") &&
                   has("ALTER DATABASE ... WITH ALLOW_CONNECTIONS true") && !has("multixacts old"));
    CHECK(look("wraparound", {"-c", "55"}).state == "CRITICAL");
}

} // namespace

} // namespace dbup_test
