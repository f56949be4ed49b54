// SPDX-License-Identifier: MIT
// A real server whose state changes while it is being checked.
#include "support/catch.hpp"
#include "support/cluster.hpp"
#include "support/plugin.hpp"

namespace dbup_test {

namespace {

const Strings once{"--max-retries", "0"};
const Strings patient_with_locks{"--lock-timeout", "1m", "--statement-timeout", "1m", "-t", "20"};

/// A session that locks what the check's query needs, and looks at who waits for it. It is open
/// before the lock: new sessions would wait, too.
class Lock {
public:
    explicit Lock(const std::string& table = "pg_catalog.pg_proc")
        : holder_{Cluster::shared().superuser("mydb")}
    {
        holder_.sql("BEGIN; LOCK TABLE " + table + " IN ACCESS EXCLUSIVE MODE");
    }

    Client& holder() { return holder_; }
    void release() { holder_.sql("ROLLBACK"); }

    void wait_for_check()
    {
        wait_until("the check waits for the lock", [&] { return count("true", "Lock") == 1; });
    }

    /// Sessions of clients but for this one.
    int others() { return count("backend_type = 'client backend' AND pid <> pg_backend_pid()"); }

    /// Calls a function for the process of every check.
    void call(const std::string& function)
    {
        holder_.sql("SELECT " + function +
                    "(pid) FROM pg_stat_activity WHERE application_name = 'db-up'");
    }

private:
    int count(const std::string& condition, const std::string& event = {})
    {
        holder_.sql("SELECT pg_stat_clear_snapshot()");
        std::string question = "SELECT count(*) FROM pg_stat_activity WHERE ";
        question.append(condition);
        if (!event.empty()) {
            question.append(" AND application_name = 'db-up' AND wait_event_type = '");
            question.append(event).append("'");
        }
        return std::stoi(holder_.value(question));
    }

    Client holder_;
};

StatusLine judged(const Finished& finished)
{
    UNSCOPED_INFO(finished.out);
    return read_status(finished);
}

TEST_CASE("a shutdown ends the check in the middle", "[states]")
{
    struct Case {
        const char* mode = "";
        const char* code = "";
        const char* words = "";
    };
    const auto c = GENERATE(values<Case>({
        {"fast", "SHUTTING_DOWN", "terminating connection"},
        {"immediate", "SHUTTING_DOWN", "terminating connection"},
    }));
    INFO(c.mode);
    Lock lock;
    Process process{plugin(cluster_arguments(patient_with_locks + once))};
    lock.wait_for_check();
    Cluster::shared().stop(c.mode);
    const Finished finished = process.wait();
    Cluster::shared().start();
    const StatusLine line = judged(finished);
    CHECK(line.state == "CRITICAL");
    CHECK(line.code == c.code);
    CHECK_THAT(line.all_text(), has(c.words));
    CHECK(finished.seconds < in_time(15));
}

TEST_CASE("a smart shutdown waits for the check, which is OK", "[states]")
{
    Lock lock;
    Process process{plugin(cluster_arguments(patient_with_locks))};
    lock.wait_for_check();
    Cluster::shared().stop("smart", false);
    wait_until("new sessions are refused",
               [] { return ping(Cluster::shared().superuser()) == Ping::rejects; });
    CHECK(check_cluster(once).code == "SHUTTING_DOWN");
    lock.release();
    CHECK(judged(process.wait()).state == "OK");
    { // the last session: now the server can end
        const Client last = std::move(lock.holder());
    }
    Cluster::shared().stop("smart");
    Cluster::shared().start();
}

TEST_CASE("a server that restarts in the middle of a check is found again", "[states]")
{
    Lock lock;
    Process process{plugin(cluster_arguments(
        patient_with_locks +
        Strings{"--max-retries", "90", "--retry-backoff", "fixed", "--retry-delay", "200ms"}))};
    lock.wait_for_check();
    Cluster::shared().restart();
    const StatusLine line = judged(process.wait());
    CHECK(line.state == "OK");
    CHECK_THAT(line.text, has("recovered after"));
}

TEST_CASE("a session that somebody ends is told, or made up for", "[states]")
{
    struct Case {
        const char* says = "";
        const char* function = "";
        bool retry = false;
        const char* state = "";
        const char* code = "";
        const char* words = "";
    };
    // clang-format off
    const auto c = GENERATE(values<Case>({
        {"terminated", "pg_terminate_backend", false, "CRITICAL", "SHUTTING_DOWN", "administrator command"},
        {"terminated, what it may be", "pg_terminate_backend", false, "CRITICAL", "SHUTTING_DOWN", "or somebody ended only this session"},
        {"terminated, and tried again", "pg_terminate_backend", true, "OK", "", "recovered after 1 retry"},
        {"cancelled", "pg_cancel_backend", false, "CRITICAL", "QUERY_CONFLICT", "user request"},
        {"cancelled, and tried again", "pg_cancel_backend", true, "OK", "", "recovered after 1 retry"},
    }));
    // clang-format on
    INFO(c.says);
    Lock lock;
    Process process{plugin(cluster_arguments(patient_with_locks + (c.retry ? Strings{} : once)))};
    lock.wait_for_check();
    lock.call(c.function);
    lock.release();
    const StatusLine line = judged(process.wait());
    CHECK(line.state == c.state);
    CHECK(line.code == c.code);
    CHECK_THAT(line.all_text(), has(c.words));
    Cluster::shared().wait_until_gone();
}

TEST_CASE("a session that was idle for too long is told with the setting", "[states]")
{
    const Undoable setting{"ALTER ROLE db_monitor SET idle_session_timeout = '1ms'",
                           "ALTER ROLE db_monitor RESET idle_session_timeout"};
    StatusLine line;
    wait_until("the server is faster than the check", [&line] {
        line = check_cluster(once);
        return !line.code.empty();
    });
    CHECK(line.state == "CRITICAL");
    CHECK(line.code == "TIMEOUT");
    CHECK_THAT(line.all_text(),
               has("SQLSTATE 57P05") &&
                   has("ALTER ROLE \"db_monitor\" SET idle_session_timeout = 0;"));
}

TEST_CASE("locks on the catalogs stall the login, not the program", "[states]")
{
    struct Case {
        const char* table = "";
        const char* waiting_for = "";
    };
    const auto c = GENERATE(values<Case>({
        {"pg_catalog.pg_authid", "authentication"},
        {"pg_catalog.pg_database", "authentication"},
        {"pg_catalog.pg_class", "authentication"},
    }));
    INFO(c.table);
    Lock lock{c.table};
    const Finished finished =
        run(plugin(cluster_arguments({"-t", "1", "--connect-timeout", "60s"})));
    const StatusLine line = judged(finished);
    CHECK(line.state == "CRITICAL");
    CHECK(line.code == "TIMEOUT");
    CHECK_THAT(line.all_text(), has(c.waiting_for));
    CHECK(finished.seconds < in_time(1.5));
    lock.release();
    wait_until("no session is left", [&] { return lock.others() == 0; });
}

TEST_CASE("the limits of role and database are the server's slots, too", "[states]")
{
    struct Case {
        const char* limit = "";
        const char* undo = "";
        const char* words = "";
    };
    // clang-format off
    const auto c = GENERATE(values<Case>({
        {"ALTER ROLE db_monitor CONNECTION LIMIT 0", "ALTER ROLE db_monitor CONNECTION LIMIT -1", "too many connections for role"},
        {"ALTER DATABASE mydb CONNECTION LIMIT 0", "ALTER DATABASE mydb CONNECTION LIMIT -1", "too many connections for database"},
    }));
    // clang-format on
    const Undoable limit{c.limit, c.undo};
    const StatusLine line = check_cluster({"--max-retries", "1", "--retry-delay", "30ms"});
    CHECK(line.state == "CRITICAL");
    CHECK(line.code == "TOO_MANY_CONNECTIONS");
    CHECK_THAT(line.all_text(), has(c.words));
    CHECK(line.perf.at("retries").value == "1");
}

/// A standby that has replayed a lock of the primary's on what the check's query needs.
class LockedStandby {
public:
    LockedStandby()
    {
        // The first session makes the file that lets logins do without the catalogs.
        Parameters first = standby_.superuser();
        first["dbname"] = "mydb";
        Client{first}.sql("SELECT 1");
        holder_.sql("BEGIN; LOCK TABLE pg_catalog.pg_proc IN ACCESS EXCLUSIVE MODE; "
                    "SELECT pg_switch_wal()"); // the standby gets what is written
        wait_until("the standby has the lock", [&] { return sees(locks, "1"); });
    }

    [[nodiscard]] const Standby& server() const { return standby_; }

    void wait_for_checks(const std::string& count)
    {
        wait_until("the checks wait for the lock", [&] { return sees(waiting, count); });
    }

    void wait_for_check_of_primary()
    {
        wait_until("the check waits for the lock", [&] {
            holder_.sql("SELECT pg_stat_clear_snapshot()");
            return holder_.value(waiting) == "1";
        });
    }

private:
    static constexpr const char* locks =
        "SELECT count(*) FROM pg_locks WHERE relation = 1255 AND mode = 'AccessExclusiveLock'";
    static constexpr const char* waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE "
        "application_name = 'db-up' AND wait_event_type = 'Lock'";

    bool sees(const std::string& question, const std::string& answer)
    {
        return watcher_.value(question) == answer;
    }

    Standby standby_{StandbyKind::hot};
    Client watcher_{standby_.superuser()};
    Client holder_{Cluster::shared().superuser("mydb")}; // the catalog is that database's
};

TEST_CASE("a promotion in the middle of a check is seen by it", "[states]")
{
    LockedStandby standby;
    const auto with_role = [&](const std::string& role) {
        return plugin(
            cluster_arguments(patient_with_locks + once +
                              Strings{"--port", standby.server().port(), "--role", role}));
    };
    Process any{with_role("any")};
    Process wants_standby{with_role("standby")};
    Process wants_primary{with_role("primary")};
    standby.wait_for_checks("3");
    standby.server().promote();

    const StatusLine seen = judged(any.wait());
    CHECK(seen.state == "OK");
    CHECK_THAT(seen.text, has(", primary,"));
    CHECK(judged(wants_primary.wait()).state == "OK");
    const StatusLine wrong = judged(wants_standby.wait());
    CHECK(wrong.state == "CRITICAL");
    CHECK(wrong.code == "ROLE_MISMATCH");
}

TEST_CASE("a failover in the middle of a check ends at the new primary", "[states]")
{
    LockedStandby standby;
    std::string ports = Cluster::shared().port();
    ports.append(",").append(standby.server().port());
    Process process{plugin(cluster_arguments(patient_with_locks + Strings{"--host",
                                                                          "localhost,localhost",
                                                                          "--port",
                                                                          ports,
                                                                          "--role",
                                                                          "primary",
                                                                          "--max-retries",
                                                                          "90",
                                                                          "--retry-backoff",
                                                                          "fixed",
                                                                          "--retry-delay",
                                                                          "100ms"}))};
    standby.wait_for_check_of_primary();
    Cluster::shared().stop("fast");
    standby.server().promote();
    const Finished finished = process.wait();
    Cluster::shared().start();
    const StatusLine line = judged(finished);
    CHECK(line.state == "OK");
    CHECK_THAT(line.text, has("localhost:" + standby.server().port()) && has("primary"));
}

} // namespace

} // namespace dbup_test
