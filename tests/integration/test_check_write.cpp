// SPDX-License-Identifier: MIT
// --check write: commits that are confirmed, and each of the ways in which they are not.
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <stdexcept>

#include "support/catch.hpp"
#include "support/cluster.hpp"
#include "support/pgbouncer.hpp"
#include "support/plugin.hpp"
#include "support/sandbox.hpp"

namespace dbup_test {

namespace {

/// Whether this program could get mounts of its own, which vanish with it and its servers. It asks
/// before any of them is started.
bool has_own_mounts()
{
    static const bool possible = is_root() && ::unshare(CLONE_NEWNS) == 0 &&
                                 ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    return possible;
}

const Cluster& cluster()
{
    static_cast<void>(has_own_mounts());
    return Cluster::shared();
}

StatusLine look(const Strings& more = {})
{
    cluster();
    return check_cluster(Strings{"--check", "write"} + more);
}

StatusLine look_at_table(const std::string& name, const Strings& more = {})
{
    return look(Strings{"--write-table", name} + more);
}

std::string value(const std::string& sql)
{
    return Client{cluster().superuser("mydb")}.value(sql);
}

/// The table of the checks, which the role may use, and which it may not create.
class Table {
public:
    explicit Table(const std::string& more = {})
        : made_{"CREATE TABLE probe (id integer PRIMARY KEY CHECK (id = 1), "
                "checked_at timestamptz NOT NULL, token text NOT NULL); "
                "GRANT SELECT, INSERT, UPDATE ON probe TO db_monitor; "
                "GRANT USAGE ON SCHEMA public TO db_monitor; " +
                    more,
                "DROP TABLE probe; DROP FUNCTION IF EXISTS meddle()",
                "mydb"}
    {
    }

private:
    Undoable made_;
};

/// A trigger of the table that does `body` to each row.
std::string trigger(const std::string& body)
{
    return "CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " + body +
           "; RETURN new; END $$; CREATE TRIGGER meddle BEFORE INSERT OR UPDATE ON probe "
           "FOR EACH ROW EXECUTE FUNCTION meddle()";
}

TEST_CASE("a commit is confirmed without a table, and leaves nothing but log", "[write]")
{
    const auto position = value("SELECT pg_current_wal_lsn()");
    const auto relations = value("SELECT count(*) FROM pg_class");
    const Setting all{"log_statement", "all"};
    const auto before = cluster().log_position();
    const StatusLine line = look();
    CHECK(line.state == "OK");
    CHECK_THAT(line.text, has("committed in ") && has("fsync is off"));
    CHECK(line.perf.at("write_time").number() > 0);
    CHECK(line.perf.at("read_time").number() > 0);
    CHECK(line.perf.at("write_time").warn == "0.2");
    CHECK(line.perf.at("default_read_only").value == "0");
    CHECK(value("SELECT pg_current_wal_lsn() > '" + position + "'::pg_lsn") == "t");
    CHECK(value("SELECT count(*) FROM pg_class") == relations);
    cluster().wait_until_gone();
    CHECK_THAT(cluster().log_since(before),
               has("READ WRITE") && has("pg_logical_emit_message") && has("COMMIT"));

    CHECK(look({"-w", "0.000001"}).state == "WARNING");
    CHECK(look({"-c", "read_time=0.000001"}).state == "CRITICAL");
}

TEST_CASE("a table has one row that is written again and again", "[write]")
{
    const Table table;
    CHECK(look_at_table("probe").state == "OK");
    const auto first = value("SELECT token FROM probe");
    const StatusLine line = look_at_table("public.probe");
    CHECK(line.state == "OK");
    CHECK_THAT(line.text, has("read back in "));
    CHECK(value("SELECT token FROM probe") != first);
    CHECK(value("SELECT count(*) FROM probe") == "1");
}

TEST_CASE("a table whose commits prove nothing is refused", "[write]")
{
    const Table table{"ALTER TABLE probe SET UNLOGGED"};
    const StatusLine line = look_at_table("probe");
    CHECK(line.state == "UNKNOWN");
    CHECK(line.code == "CONFIG_ERROR");
    CHECK_THAT(line.text, has("table \"public\".\"probe\" is unlogged or temporary"));
    CHECK_THAT(line.all_text(), has("\nFix: ALTER TABLE \"public\".\"probe\" SET LOGGED;"));
    Client{cluster().superuser("mydb")}.sql("ALTER TABLE probe SET LOGGED");
    CHECK(look_at_table("probe").state == "OK");
}

TEST_CASE("a table that is not there or not allowed says what to do", "[write]")
{
    const StatusLine missing = look_at_table("probe");
    CHECK(missing.state == "CRITICAL");
    CHECK_THAT(missing.text, has("write test failed: there is no table \"public\".\"probe\""));
    CHECK_THAT(missing.all_text(), has("--create-table"));

    const StatusLine refused = look_at_table("probe", {"--create-table"});
    CHECK(refused.state == "UNKNOWN");
    CHECK_THAT(refused.text, has("write test failed: the role may not create table"));

    const Table table{"REVOKE UPDATE ON probe FROM db_monitor"};
    const StatusLine right = look_at_table("probe");
    CHECK(right.state == "UNKNOWN");
    CHECK(right.code == "PRIVILEGE_MISSING");
    CHECK_THAT(right.all_text(),
               has("GRANT SELECT, INSERT, UPDATE ON \"public\".\"probe\" TO \"db_monitor\";"));

    const Undoable other{"CREATE TABLE other (id integer PRIMARY KEY); "
                         "GRANT ALL ON other TO db_monitor",
                         "DROP TABLE other",
                         "mydb"};
    CHECK_THAT(look_at_table("other").text, has("has other columns than it should"));
}

TEST_CASE("a remedy can be typed as it stands", "[write]")
{
    const auto sql = [](const StatusLine& line) {
        const auto text = line.all_text();
        const auto begin = text.find("GRANT EXECUTE");
        REQUIRE(begin != std::string::npos);
        return text.substr(begin, text.find('\n', begin) - begin);
    };
    const Undoable closed{
        "REVOKE EXECUTE ON FUNCTION pg_logical_emit_message(boolean, text, text) FROM PUBLIC",
        "GRANT EXECUTE ON FUNCTION pg_logical_emit_message(boolean, text, text) TO PUBLIC; "
        "REVOKE EXECUTE ON FUNCTION pg_logical_emit_message(boolean, text, text) FROM db_monitor",
        "mydb"};
    const StatusLine line = look();
    CHECK(line.code == "PRIVILEGE_MISSING");
    cluster().execute(sql(line), "mydb");
    CHECK(look().state == "OK");

    CHECK_THAT(
        look_at_table("nixx").all_text(),
        has("as db-up -d mydb -U db_monitor --check write --write-table nixx --generate sql"));
    const auto command = plugin(
        cluster_arguments({"--check", "write", "--write-table", "no where.t", "--validate"}));
    CHECK_THAT(run(command).out,
               has("lacks a schema \"no where\"") && has("Fix: CREATE SCHEMA \"no where\";"));
}

TEST_CASE("a table is created on request, whatever its name", "[write]")
{
    const Undoable schema{R"(CREATE SCHEMA "O'd ""d"; GRANT ALL ON SCHEMA "O'd ""d" TO db_monitor)",
                          R"(DROP SCHEMA "O'd ""d" CASCADE)",
                          "mydb"};
    const std::string name = R"(O'd "d.{0} %s;--)";
    CHECK(look_at_table(name).state == "CRITICAL");
    CHECK_THAT(look_at_table("nowhere.probe", {"--create-table"}).text,
               has("write test failed: there is no schema \"nowhere\""));
    CHECK(look_at_table(name, {"--create-table"}).state == "OK");
    CHECK(look_at_table(name, {"--create-table"}).state == "OK");
    CHECK(look_at_table(name).state == "OK");
    CHECK(value(R"(SELECT count(*) FROM "O'd ""d"."{0} %s;--")") == "1");
}

TEST_CASE("what is read back has to be what was written", "[write]")
{
    const Table table{trigger("new.token := 'changed'")};
    const StatusLine line = look_at_table("probe");
    CHECK(line.state == "CRITICAL");
    CHECK(line.code == "UNEXPECTED_RESULT");
    CHECK_THAT(line.text, has("read test failed: table \"public\".\"probe\" does not hold"));
}

TEST_CASE("two hosts may check at the same time", "[write]")
{
    const Table table;
    const auto command = plugin(cluster_arguments({"--check",
                                                   "write",
                                                   "--write-table",
                                                   "probe",
                                                   "-w",
                                                   "10",
                                                   "-c",
                                                   "10",
                                                   "-w",
                                                   "read_time=10",
                                                   "-c",
                                                   "read_time=10"}));
    for (const auto& finished : run_all({command, command, command, command})) {
        CAPTURE(finished.out);
        CHECK(read_status(finished).state == "OK");
    }
}

TEST_CASE("a slow write is a WARNING, one that is locked out is CRITICAL", "[write]")
{
    const Table table{trigger("PERFORM pg_sleep(0.25)")};
    const StatusLine slow = look_at_table("probe");
    CHECK(slow.state == "WARNING");
    CHECK_THAT(slow.text, has("write_time is 2") && has("(above 200 ms)"));

    Client holder{cluster().superuser("mydb")};
    holder.sql("BEGIN; LOCK TABLE probe");
    const StatusLine locked = look_at_table("probe", {"--lock-timeout", "100ms"});
    CHECK(locked.state == "CRITICAL");
    CHECK(locked.code == "QUERY_TIMEOUT");
    CHECK_THAT(locked.text, has("write test failed: canceling statement due to lock timeout"));
}

TEST_CASE("a standby is told apart, and the primary of a list is found", "[write]")
{
    cluster();
    const Standby standby{StandbyKind::hot};
    const StatusLine line = look({"--port", standby.port(), "--max-retries", "0"});
    CHECK(line.state == "CRITICAL");
    CHECK(line.code == "ROLE_MISMATCH");
    CHECK_THAT(line.text, has("write test failed: the server is a standby"));

    CHECK(look({"--host", "localhost,localhost", "--port", standby.port() + "," + cluster().port()})
              .state == "OK");
}

TEST_CASE("clients that are read-only by default are told, but not those of the role alone",
          "[write]")
{
    {
        const Undoable role{"ALTER ROLE db_monitor SET default_transaction_read_only = on",
                            "ALTER ROLE db_monitor RESET ALL"};
        CHECK(look().state == "OK");
    }
    const Undoable database{"ALTER DATABASE mydb SET default_transaction_read_only = on",
                            "ALTER DATABASE mydb RESET ALL"};
    const StatusLine line = look();
    CHECK(line.state == "CRITICAL");
    CHECK(line.perf.at("default_read_only").value == "1");
}

TEST_CASE("a commit that waits for a standby ends in time, and leaves no session", "[write]")
{
    cluster();
    const Setting names{"synchronous_standby_names", "nobody"};
    const auto start = std::chrono::steady_clock::now();
    const StatusLine line = look({"-t", "1"});
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::milliseconds{1500});
    CHECK(line.state == "CRITICAL");
    CHECK(line.code == "QUERY_TIMEOUT");
    CHECK_THAT(line.text, has("write test failed: no commit was confirmed in "));
    cluster().wait_until_gone();
}

TEST_CASE("synchronous_commit off is said", "[write]")
{
    const Setting lazy{"synchronous_commit", "off"};
    CHECK_THAT(look().text, has("synchronous_commit is off"));
}

TEST_CASE("the error of a full disk has its own sentence", "[write]")
{
    const Table table{trigger("RAISE EXCEPTION 'no space' USING ERRCODE = '53100'")};
    const StatusLine line = look_at_table("probe");
    CHECK(line.state == "CRITICAL");
    CHECK_THAT(line.text, has("write test failed: the disk is full"));
}

/// A small disk, and a tablespace on it.
class SmallDisk {
public:
    SmallDisk() : folder_{Sandbox::shared().make_folder("disk")}
    {
        if (::mount("tmpfs", folder_.c_str(), "tmpfs", 0, "size=256k,mode=0777") != 0) {
            throw std::runtime_error{"cannot mount a small disk"};
        }
        const auto space = folder_ / "space";
        cluster().run_as_server({"/bin/mkdir", "-m", "0700", space});
        cluster().execute("CREATE TABLESPACE small LOCATION '" + space.string() + "'");
    }

    SmallDisk(const SmallDisk&) = delete;
    SmallDisk(SmallDisk&&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    SmallDisk& operator=(SmallDisk&&) = delete;

    ~SmallDisk()
    {
        std::filesystem::remove(folder_ / "ballast");
        cluster().execute("DROP TABLESPACE small");
        static_cast<void>(::umount2(folder_.c_str(), MNT_DETACH));
    }

    void fill() const
    {
        std::ofstream ballast{folder_ / "ballast"};
        const std::string block(1024, 'x');
        while (ballast << block << std::flush) {
        }
    }

private:
    std::filesystem::path folder_ = {};
};

TEST_CASE("a disk that is really full is CRITICAL until there is room again", "[write]")
{
    if (!has_own_mounts()) {
        WARN("only root can make a small disk");
        return;
    }
    const SmallDisk disk;
    const Table table{"ALTER TABLE probe SET TABLESPACE small"};
    disk.fill();
    const StatusLine line = look_at_table("probe");
    CHECK(line.state == "CRITICAL");
    CHECK_THAT(line.text, has("write test failed: the disk is full"));
    CHECK_THAT(line.all_text(), has("SQLSTATE 53100"));
    CHECK(look().state == "OK"); // the log is on another one
}

TEST_CASE("writing goes through a pooler in transaction mode", "[write]")
{
    const Table table;
    const PgBouncer pooler{"transaction"};
    CHECK(look({"--port", pooler.port()}).state == "OK");
    CHECK(look_at_table("probe", {"--port", pooler.port()}).state == "OK");
}

} // namespace

} // namespace dbup_test
