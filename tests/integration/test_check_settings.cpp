// SPDX-License-Identifier: MIT
// The audit of a real server's settings. The throw-away server is fast rather than safe, which is
// just what the rules are about.
#include <optional>

#include "support/catch.hpp"
#include "support/cluster.hpp"
#include "support/plugin.hpp"

namespace dbup_test {

namespace {

StatusLine audit(const Strings& more = {})
{
    return check_cluster(Strings{"--check", "settings"} + more);
}

/// The rule alone, as the monitoring role sees it.
StatusLine rule(const std::string& id)
{
    return audit({"--only", id});
}

Undoable may_read_hba()
{
    return {"GRANT SELECT ON pg_hba_file_rules TO db_monitor; "
            "GRANT EXECUTE ON FUNCTION pg_hba_file_rules() TO db_monitor",
            "REVOKE SELECT ON pg_hba_file_rules FROM db_monitor; "
            "REVOKE EXECUTE ON FUNCTION pg_hba_file_rules() FROM db_monitor",
            "mydb"};
}

TEST_CASE("a server that is fast rather than safe gets its list", "[settings]")
{
    const bool monitor = GENERATE(false, true);
    std::optional<Undoable> granted;
    if (monitor) {
        granted.emplace("GRANT pg_monitor TO db_monitor", "REVOKE pg_monitor FROM db_monitor");
    }
    const StatusLine line = audit();
    CHECK(line.state == "WARNING");
    CHECK_THAT(line.text, has("settings: ") && has(" rules broken, 2 not seen"));
    CHECK_THAT(line.all_text(),
               has("- fsync: is off; mend: fsync = on") &&
                   has("- full_page_writes: is off; mend: full_page_writes = on") &&
                   has("- autovacuum: is off") && has("more (-v shows them)") &&
                   has("Fix: Each line says what mends it"));
    CHECK(line.perf.at("unseen").number() == 2); // pg_hba.conf, with pg_monitor too
    CHECK(line.perf.at("rules").number() == 18); // no pool budget, no archive
    CHECK(line.perf.at("advice").number() == 1); // track_io_timing, off by default
    CHECK(audit({"-w", "~:", "-c", "~:"}).state == "OK");
    CHECK(audit({"-c", "5"}).state == "CRITICAL");
}

TEST_CASE("a setting is seen as a new session gets it", "[settings]")
{
    struct Row {
        std::string id = {};
        std::string setting = {};
        std::string bad = {};
        std::string good = {};
    };
    const std::vector<Row> rows{
        {"synchronous_commit", "synchronous_commit", "off", "local"},
        {"password_encryption", "password_encryption", "'md5'", "'scram-sha-256'"},
        {"track_activities", "track_activities", "off", "on"},
        {"track_counts", "track_counts", "off", "on"},
        {"idle_timeout", "idle_in_transaction_session_timeout", "0", "'10min'"},
        {"statement_timeout", "statement_timeout", "0", "'1min'"},
        {"slow_queries", "log_min_duration_statement", "-1", "'1s'"},
    };
    std::string ids = "autovacuum"; // is off
    std::string bad;
    std::string good;
    for (const auto& row : rows) {
        const std::string alter = "; ALTER DATABASE mydb SET " + row.setting;
        ids.append(",").append(row.id);
        bad.append(alter).append(" = ").append(row.bad);
        good.append(alter).append(" = ").append(row.good);
    }
    {
        const Undoable set{bad, "ALTER DATABASE mydb RESET ALL"};
        // All lines are more than what is printed by default.
        const Finished all =
            run(plugin(cluster_arguments({"--check", "settings", "--only", ids, "-v"})));
        CHECK(all.exit_code == 1);
        CHECK_THAT(all.out, has("8 of 8 rules broken"));
        for (const auto& row : rows) {
            CHECK_THAT(all.out, has("- " + row.id + ": "));
        }
    }
    const Undoable set{good, "ALTER DATABASE mydb RESET ALL"};
    CHECK_THAT(audit({"--only", ids}).text, has("1 of 8 rules broken"));
}

TEST_CASE("limits of roles count, and one's own hides what others have", "[settings]")
{
    const Undoable role{"CREATE ROLE app", "DROP ROLE app"};
    CHECK(rule("statement_timeout").state == "WARNING");
    {
        const Undoable its{"ALTER ROLE app SET statement_timeout = '30s'",
                           "ALTER ROLE app RESET ALL"};
        CHECK(rule("statement_timeout").state == "OK");
    }
    for (const std::string limit : {"500", "'0.5s'", "' 30s'", "'0x1F4'", "'+5'"}) {
        CAPTURE(limit);
        const Undoable its{"ALTER ROLE app SET statement_timeout = " + limit,
                           "ALTER ROLE app RESET ALL"};
        CHECK(rule("statement_timeout").state == "OK");
    }
    for (const std::string limit : {"'0.0s'", "'0x0'", "'000min'"}) {
        CAPTURE(limit);
        const Undoable none{"ALTER ROLE app SET statement_timeout = " + limit,
                            "ALTER ROLE app RESET ALL"};
        CHECK(rule("statement_timeout").state == "WARNING");
    }
    {
        const Undoable none{"ALTER ROLE app SET statement_timeout = 0", "ALTER ROLE app RESET ALL"};
        CHECK(rule("statement_timeout").state == "WARNING");
    }
    const Undoable own{"ALTER ROLE db_monitor SET statement_timeout = '30s'",
                       "ALTER ROLE db_monitor RESET ALL"};
    const StatusLine line = rule("statement_timeout");
    CHECK(line.state == "UNKNOWN");
    CHECK(line.code == "PRIVILEGE_MISSING");
    CHECK_THAT(line.all_text(), has("a role without a limit of its own"));
}

TEST_CASE("pg_hba.conf is looked at where the role may", "[settings]")
{
    const StatusLine blind = rule("hba_open");
    CHECK(blind.state == "UNKNOWN");
    CHECK_THAT(blind.all_text(), has("needs SELECT on pg_hba_file_rules"));

    const Undoable rights = may_read_hba();
    CHECK(rule("hba_open").state == "OK");
    CHECK_THAT(rule("hba_trust").all_text(), has("without a password (2 entries, first line 2)"));
    struct Case {
        const char* line = "";
        bool open = false;
    };
    const auto c = GENERATE(values<Case>({
        {"hostssl nothing nobody 0.0.0.0/0 md5\n", true},
        {"host nothing nobody ::/0 password\n", true},
        {"host nothing nobody all trust\n", true},
        {"hostssl nothing nobody all trust clientcert=verify-ca\n", true},
        {"hostssl nothing nobody all trust clientcert=verify-full\n", false},
        {"host nothing nobody 0.0.0.0/0 scram-sha-256\n", false},
        {"host nothing nobody 10.0.0.0/8 md5\n", false},
        {"host nothing nobody samenet md5\n", false},
        {"host nothing nobody .example.com md5\n", false},
    }));
    CAPTURE(c.line);
    const HbaLines lines{c.line};
    const StatusLine line = rule("hba_open");
    CHECK(line.state == (c.open ? "WARNING" : "OK"));
    CHECK((line.all_text().find("(1 entry, first line ") != std::string::npos) == c.open);
}

TEST_CASE("trust in a certificate of the role is no finding", "[settings]")
{
    const Undoable rights = may_read_hba();
    const auto with = [](const std::string& certificate) {
        const HbaLines lines{"hostssl nothing nobody all trust clientcert=" + certificate + "\n"};
        return rule("hba_trust").all_text();
    };
    // Three are the cluster's own. That of any role would do for verify-ca.
    CHECK_THAT(with("verify-ca"), has("without a password (4 entries, first line "));
    CHECK_THAT(with("verify-full"), has("without a password (3 entries, first line "));
}

TEST_CASE("the budget of the pools against what the server has", "[settings]")
{
    // 20 connections, three of them the superuser's.
    CHECK(audit({"--only", "pool_budget", "--pool-budget", "17"}).state == "OK");
    const StatusLine line = audit({"--only", "pool_budget", "--pool-budget", "18"});
    CHECK(line.state == "WARNING");
    CHECK_THAT(line.all_text(), has("more connections than there are (18 of 17)"));
}

TEST_CASE("the monitoring role itself is looked at", "[settings]")
{
    CHECK(rule("monitor_superuser,own_password,own_tls").state == "OK");

    const Cluster& cluster = Cluster::shared();
    const Strings here{"--check", "settings", "--only", "monitor_superuser,own_tls,own_password"};
    const StatusLine over_socket = check(Strings{"--host",
                                                 cluster.socket_folder(),
                                                 "--port",
                                                 cluster.port(),
                                                 "--database",
                                                 "postgres",
                                                 "--user",
                                                 "postgres"} +
                                         here);
    CHECK(over_socket.state == "WARNING");
    CHECK_THAT(over_socket.all_text(), has("- monitor_superuser: ") && !has("own_tls:"));
    CHECK(over_socket.perf.at("rules").number() == 2); // it was asked for no password

    const Undoable weak{
        "CREATE ROLE weak LOGIN PASSWORD 'tuxpass'; GRANT CONNECT ON DATABASE mydb TO weak",
        "REVOKE CONNECT ON DATABASE mydb FROM weak; DROP ROLE weak"};
    const StatusLine line = check(Strings{"--host",
                                          "localhost",
                                          "--port",
                                          cluster.port(),
                                          "--database",
                                          "mydb",
                                          "--user",
                                          "weak",
                                          "--ssl-mode",
                                          "verify-full",
                                          "--ssl-root-cert",
                                          cluster.ca_file()} +
                                      here,
                                  {"DB_PASSWORD=tuxpass"});
    CHECK(line.state == "WARNING");
    CHECK_THAT(line.all_text(),
               has("- own_password: this role's password is weak (one of those that are tried "
                   "first)") &&
                   !has("tuxpass"));

    const HbaLines plain{"host mydb db_monitor 127.0.0.1/32 scram-sha-256\n"};
    const StatusLine clear =
        check_cluster(Strings{"--ssl-mode", "disable", "--host", "127.0.0.1"} + here);
    CHECK(clear.state == "WARNING");
    CHECK_THAT(clear.all_text(), has("- own_tls: this connection is not encrypted"));
}

TEST_CASE("rules are left out by name", "[settings]")
{
    const double all = audit().perf.at("findings").number();
    CHECK(audit({"--ignore", "fsync, autovacuum"}).perf.at("findings").number() == all - 2);
    const StatusLine line = audit({"--ignore", "autovacum"});
    CHECK(line.state == "UNKNOWN");
    CHECK(line.code == "CONFIG_ERROR");
    CHECK_THAT(line.text, has("did you mean 'autovacuum'?"));
}

// The server is restarted: last.
TEST_CASE("settings that need a restart, and libraries", "[settings]")
{
    const Cluster& cluster = Cluster::shared();
    {
        const Setting archive{"archive_mode", "on"};
        const Setting addresses{"listen_addresses", "*"};
        const Setting libraries{"shared_preload_libraries", "pg_stat_statements"};
        cluster.restart();
        CHECK(rule("archive_mode").state == "OK");
        CHECK_THAT(rule("archive_command").all_text(),
                   has("archive_mode is on and nothing archives"));
        CHECK_THAT(rule("listen_addresses").all_text(), has("every address is listened on ('*')"));
        CHECK(rule("slow_queries").state == "OK"); // seen without pg_monitor
        const Setting command{"archive_command", "/bin/true"};
        CHECK(rule("archive_command").state == "OK");
    }
    cluster.restart();
    CHECK(rule("archive_mode").state == "WARNING");
    CHECK(rule("slow_queries").state == "WARNING");
    CHECK(rule("listen_addresses").state == "OK");
}

} // namespace

} // namespace dbup_test
