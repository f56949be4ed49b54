// SPDX-License-Identifier: MIT
// --generate sql, run by psql at a terminal, where it asks for the password; the role that results.
#include "support/catch.hpp"
#include "support/cluster.hpp"
#include "support/plugin.hpp"
#include "support/sandbox.hpp"
#include "support/terminal.hpp"

namespace dbup_test {

namespace {

const std::string odd_database = R"(my %d'b"$x;!\y #:ü,-)";
const std::string odd_role = R"(mo n'"%$HOME;!\ö:#`x`)";

std::string quoted(const std::string& name)
{
    std::string text = "\"";
    for (const char c : name) {
        text += c;
        if (c == '"') {
            text += c;
        }
    }
    return text + '"';
}

Strings target(const Strings& more)
{
    const Cluster& cluster = Cluster::shared();
    return Strings{"--host",
                   "localhost",
                   "--port",
                   cluster.port(),
                   "--database",
                   odd_database,
                   "--user",
                   odd_role,
                   "--ssl-mode",
                   "verify-full",
                   "--ssl-root-cert",
                   cluster.ca_file()} +
           more;
}

TEST_CASE("psql makes a role of the SQL, and the role can check", "[generate]")
{
    const Cluster& cluster = Cluster::shared();
    const Undoable database{"CREATE DATABASE " + quoted(odd_database),
                            "DROP DATABASE " + quoted(odd_database)};
    cluster.execute("REVOKE CONNECT ON DATABASE " + quoted(odd_database) + " FROM PUBLIC");
    const auto sql = run_or_throw(
        plugin(target({"--generate", "sql", "--check", "write", "--write-table", "my \"probe"})));
    const auto file = Sandbox::shared().make_file("role.sql", sql);

    const std::string password = "new p:w '\"\\";
    TerminalSession psql{{.argv = {cluster.get("BIN_DIR") + "/psql",
                                   "-X",
                                   "-v",
                                   "ON_ERROR_STOP=1",
                                   "-h",
                                   cluster.socket_folder(),
                                   "-p",
                                   cluster.port(),
                                   "-U",
                                   cluster.get("SUPERUSER"),
                                   "-d",
                                   "postgres",
                                   "-f",
                                   file.string()},
                          .environment = {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8"}}};
    psql.answer("Enter new password for user", password);
    psql.answer("Enter it again: ", password);
    CHECK(psql.wait() == 0);
    INFO(psql.shown());
    const Undoable role{"SELECT 1",
                        "REVOKE CONNECT ON DATABASE " + quoted(odd_database) + " FROM " +
                            quoted(odd_role) + "; DROP ROLE " + quoted(odd_role)};

    const Undoable grants{"SELECT 1", "DROP OWNED BY " + quoted(odd_role), odd_database};

    const auto line = check(target({}), {"DB_PASSWORD=" + password});
    CHECK(line.state == "OK");
    CHECK(check(target({"--check", "write", "--write-table", "my \"probe"}),
                {"DB_PASSWORD=" + password})
              .state == "OK");
    CHECK(
        cluster.value("SELECT rolcanlogin AND NOT rolsuper AND NOT rolcreaterole AND rolconnlimit "
                      "= 5 FROM pg_roles WHERE rolcanlogin ORDER BY oid DESC LIMIT 1") == "t");
    CHECK(cluster.value("SELECT shobj_description(oid, 'pg_authid') FROM pg_roles ORDER BY oid "
                        "DESC LIMIT 1") == "db-up: checks the database " + odd_database);
}

} // namespace

} // namespace dbup_test
