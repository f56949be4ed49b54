// SPDX-License-Identifier: MIT
// Logging in: every way that a server may ask for, and every way that it may refuse.
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "support/catch.hpp"
#include "support/cluster.hpp"
#include "support/plugin.hpp"
#include "support/sandbox.hpp"

namespace dbup_test {

namespace {

constexpr std::array roles{
    "CREATE ROLE no_connect LOGIN PASSWORD 'open sesame'",
    "CREATE ROLE no_login NOLOGIN PASSWORD 'open sesame'",
    "CREATE ROLE no_place LOGIN PASSWORD 'open sesame' CONNECTION LIMIT 0",
    "CREATE ROLE too_late LOGIN PASSWORD 'open sesame' VALID UNTIL '2001-01-01'",
    R"(CREATE ROLE "Odd ""Role""" LOGIN PASSWORD 'open sesame')",
    "SET password_encryption = 'md5'; CREATE ROLE md5_role LOGIN PASSWORD 'open sesame'",
    "CREATE DATABASE closed_db ALLOW_CONNECTIONS false",
    "CREATE DATABASE full_db CONNECTION LIMIT 0",
    R"(CREATE DATABASE "odd ' db"" name")",
    R"(GRANT CONNECT ON DATABASE mydb TO no_login, no_place, too_late, md5_role, "Odd ""Role""")",
};

/// The shared cluster with the roles and databases of this file.
const Cluster& cluster()
{
    static const Cluster& ready = [&]() -> const Cluster& {
        for (const char* statement : roles) {
            Cluster::shared().execute(statement);
        }
        return Cluster::shared();
    }();
    return ready;
}

Strings login(const std::string& role, const std::string& database, const Strings& more = {})
{
    return Strings{"-H",
                   "localhost",
                   "-p",
                   cluster().port(),
                   "-d",
                   database,
                   "-U",
                   role,
                   "--ssl-mode",
                   "verify-full",
                   "--ssl-root-cert",
                   cluster().ca_file()} +
           more;
}

std::size_t count_of(const std::string& words, const std::string& text)
{
    std::size_t count = 0;
    for (std::size_t at = text.find(words); at != std::string::npos;
         at = text.find(words, at + 1)) {
        ++count;
    }
    return count;
}

TEST_CASE("a role with CONNECT only is enough", "[login]")
{
    const StatusLine line = check_cluster();
    CHECK(line.state == "OK");
    CHECK_THAT(line.text, has("mydb at localhost:" + cluster().port()));
    CHECK_THAT(line.text, has("primary"));
    CHECK_THAT(line.text, has("PostgreSQL "));
    for (const std::string label : {"time",
                                    "up",
                                    "resolve",
                                    "connect",
                                    "tls",
                                    "auth",
                                    "query",
                                    "skew",
                                    "retries",
                                    "cert_days"}) {
        CAPTURE(label);
        CHECK(line.measured(label));
    }
    CHECK(line.perf.at("up").value == "1");
    CHECK(line.perf.at("retries").value == "0");
    CHECK(line.perf.at("retries").max == "3");
    CHECK(line.perf.at("time").warn == "6");
    CHECK(line.perf.at("time").crit == "9");
    CHECK(line.perf.at("time").max == "10");
    cluster().wait_until_gone();
}

TEST_CASE("the server sees one short session with our name, without an error in its log", "[login]")
{
    const auto before = cluster().log_position();
    CHECK(check_cluster({"--application-name", "watchman"}).state == "OK");
    cluster().wait_until_gone("watchman");
    wait_until("the end of the session is logged", [&] {
        return count_of("disconnection: session time", cluster().log_since(before)) > 0 &&
               count_of("user=db_monitor", cluster().log_since(before)) > 1;
    });
    const std::string log = cluster().log_since(before);
    CHECK(count_of("application_name=watchman", log) == 1);
    CHECK(count_of("received: host=127.0.0.1", log) + count_of("received: host=::1", log) == 1);
    CHECK_THAT(log, !has("ERROR") && !has("FATAL") && !has("WARNING") && !has("lost"));
}

TEST_CASE("a refused login is told apart by its cause", "[login]")
{
    struct Case {
        const char* says = "";
        const char* role = "";
        const char* database = "";
        const char* code = "";
        const char* words = "";
    };
    // clang-format off
    const auto c = GENERATE(values<Case>({
        {"a wrong password",                    "db_monitor", "mydb",      "AUTHENTICATION_ERROR", "DB_PASSWORD"},
        {"a role that does not exist",          "nobody_is",  "mydb",      "AUTHENTICATION_ERROR", "nobody_is"},
        {"a role that may not log in",          "no_login",   "mydb",      "AUTHENTICATION_ERROR", "no_login"},
        {"a password that is no longer valid",  "too_late",   "mydb",      "AUTHENTICATION_ERROR", "too_late"},
        {"a role without CONNECT",              "no_connect", "mydb",      "PERMISSION_ERROR",     "GRANT CONNECT ON DATABASE"},
        {"a database that does not exist",      "no_connect", "no_such",   "DATABASE_NOT_FOUND",   "no_such"},
        {"a database that takes no sessions",   "no_connect", "closed_db", "PERMISSION_ERROR",     "closed_db"},
    }));
    // clang-format on
    INFO(c.says);
    const auto before = cluster().log_position();
    const StatusLine line = check(login(c.role, c.database), {"DB_PASSWORD=open sesame"});
    CHECK(line.state == "CRITICAL");
    CHECK(line.code == c.code);
    CHECK_THAT(line.all_text(), has(c.words));
    CHECK_THAT(line.all_text(), !has("open sesame"));
    CHECK(line.perf.at("retries").value == "0");
    CHECK(line.perf.at("up").value == "0");
    CHECK(line.perf.at("time").number() < 2);
    wait_until("the refusal is logged",
               [&] { return count_of("FATAL:", cluster().log_since(before)) > 0; });
    CHECK(count_of("FATAL:", cluster().log_since(before)) ==
          1); // one attempt: no account is locked
}

TEST_CASE("odd names arrive as they are", "[login]")
{
    CHECK(check(login(R"(Odd "Role")", "mydb"), {"DB_PASSWORD=open sesame"}).state == "OK");
    const StatusLine missing =
        check(login("no_connect", "mydb' host='192.0.2.1"), {"DB_PASSWORD=open sesame"});
    CHECK(missing.code == "DATABASE_NOT_FOUND");
    CHECK(check(login("no_connect", R"(odd ' db" name)"), {"DB_PASSWORD=open sesame"}).state ==
          "OK");
}

TEST_CASE("no password where one is wanted", "[login]")
{
    const StatusLine line = check(login("db_monitor", "mydb"));
    CHECK(line.state == "CRITICAL");
    CHECK(line.code == "PASSWORD_MISSING");
    CHECK(line.perf.at("retries").value == "0");
}

TEST_CASE("a limit of no connections is no lack of rights", "[login]")
{
    struct Case {
        const char* role = "";
        const char* database = "";
    };
    const auto c = GENERATE(values<Case>({{"no_place", "mydb"}, {"no_connect", "full_db"}}));
    CAPTURE(c.role, c.database);
    const StatusLine line =
        check(login(c.role, c.database, {"--max-retries", "2", "--retry-delay", "20ms"}),
              {"DB_PASSWORD=open sesame"});
    CHECK(line.state == "CRITICAL");
    CHECK(line.code == "TOO_MANY_CONNECTIONS");
    CHECK(line.perf.at("retries").value == "2");
}

TEST_CASE("a refusal by pg_hba.conf is an authentication error", "[login]")
{
    const HbaLines door{"hostssl all db_monitor localhost reject"};
    const StatusLine line = check_cluster();
    CHECK(line.code == "AUTHENTICATION_ERROR");
    CHECK(line.perf.at("retries").value == "0");
}

TEST_CASE("an md5 role is let in", "[login]")
{
    const HbaLines door{"hostssl all md5_role localhost md5"};
    CHECK(check(login("md5_role", "mydb"), {"DB_PASSWORD=open sesame"}).state == "OK");
}

TEST_CASE("channel binding refuses a server that can only do md5", "[login]")
{
    const HbaLines door{"hostssl all md5_role localhost md5"};
    const StatusLine line = check(login("md5_role", "mydb", {"--channel-binding", "require"}),
                                  {"DB_PASSWORD=open sesame"});
    CHECK(line.state == "CRITICAL");
    CHECK(line.perf.at("up").value == "0");
}

TEST_CASE("a server that wants the password in clear text does not get it unasked", "[login]")
{
    const HbaLines door{"hostssl all db_monitor localhost password"};
    const StatusLine refused = check_cluster();
    CHECK(refused.state == "CRITICAL");
    CHECK(refused.code == "CLEARTEXT_REFUSED");
    CHECK_THAT(refused.all_text(), has("--allow-cleartext-password"));
    CHECK(refused.perf.at("retries").value == "0");

    CHECK(check_cluster({"--allow-cleartext-password"}).state == "OK");
}

TEST_CASE("clear text is refused without TLS, too", "[login]")
{
    const HbaLines door{"hostnossl all db_monitor localhost password"};
    const StatusLine refused = check_cluster({"--ssl-mode", "disable"});
    CHECK(refused.state == "CRITICAL");
    CHECK(refused.code == "CLEARTEXT_REFUSED");
}

TEST_CASE("a server that trusts is taken at its word", "[login]")
{
    const HbaLines door{"hostssl all no_connect localhost trust"};
    CHECK(check(login("no_connect", R"(odd ' db" name)")).state == "OK");
}

std::string name_of(uid_t uid)
{
    std::array<char, 16384> buffer{};
    passwd entry{};
    passwd* found = nullptr;
    ::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
    return found == nullptr ? std::string{} : std::string{found->pw_name};
}

TEST_CASE("peer authentication over the socket knows the operating system's user", "[login]")
{
    const std::optional<User> server_user = cluster().server_user();
    const std::string name = name_of(server_user ? server_user->uid : ::geteuid());
    cluster().execute("DO $$ BEGIN CREATE ROLE \"" + name +
                      "\" LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$");
    cluster().execute("GRANT CONNECT ON DATABASE mydb TO \"" + name + "\"");
    const HbaLines door{"local mydb all peer"};
    const Strings over_socket{
        "-H", cluster().socket_folder(), "-p", cluster().port(), "-d", "mydb"};

    Command command = plugin(over_socket + Strings{"-U", name});
    command.user = server_user;
    const StatusLine line = read_status(run(command));
    CHECK(line.state == "OK");
    CHECK_FALSE(line.measured("tls"));

    const StatusLine stranger = check(over_socket + Strings{"-U", "db_monitor"});
    CHECK(stranger.code == "AUTHENTICATION_ERROR");
}

} // namespace

} // namespace dbup_test
