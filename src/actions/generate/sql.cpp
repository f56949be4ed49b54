// SPDX-License-Identifier: MIT
#include "actions/generate/generators.hpp"
#include "actions/generate/quoting.hpp"
#include "checks/check.hpp"
#include "config/write_table.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dbup {

namespace {

/// The line with which psql goes to `database`. A name with '=' in it is taken for a connection
/// string, and has to be named in one.
std::string connect_line(std::string_view database)
{
    if (database.find('=') == std::string_view::npos) {
        return fmt::format("\\connect {}\n", sql_identifier(database));
    }
    std::string value; // libpq's backslashes within psql's quotes
    for (const char c : database) {
        value += c == '\'' || c == '\\' ? "\\" : c == '"' ? "\"" : "";
        value += c;
    }
    return fmt::format("\\connect -reuse-previous=on \"dbname='{}'\"\n", value);
}

/// What `--check write --write-table` needs. The table is of one database, and psql may start in
/// another.
std::string write_table_sql(const Config& config, const std::string& role)
{
    if (config.write_table.empty()) {
        return {};
    }
    const auto table = write_table_of(config.write_table);
    return fmt::format("-- For --check write --write-table: one row, written again and again, in "
                       "that database.\n"
                       "{}"
                       "{};\n"
                       "{}\n",
                       connect_line(config.database),
                       table.create(),
                       table.grants(role));
}

/// As psql can run it: what stands behind the last statement is a remark.
std::string runnable(const std::string& grant)
{
    const auto end = grant.rfind(';');
    if (end == std::string::npos) {
        return fmt::format("-- {}\n", grant);
    }
    const auto remark =
        grant.substr(std::min(grant.find_first_not_of(" -", end + 1), grant.size()));
    return grant.substr(0, end + 1) + "\n" + (remark.empty() ? "" : "-- " + remark + "\n");
}

/// What the check needs beside CONNECT; rights on objects are of one database.
std::string check_sql(const Config& config, const std::string& role)
{
    const Check& check = check_of(config.check_kind());
    if (check.kind == CheckKind::write) { // everybody has what it needs without a table
        return write_table_sql(config, role);
    }
    if (check.kind == CheckKind::connection) {
        return {};
    }
    if (check.kind == CheckKind::query) {
        return fmt::format(
            "-- For --check query: what the query reads, for example\n"
            "-- GRANT USAGE ON SCHEMA app TO {0}; GRANT SELECT ON app.orders TO {0};\n",
            role);
    }
    std::string text;
    if (check.needs != nullptr) {
        for (const auto& need : check.needs(config)) {
            text += runnable(need.grant);
        }
    } else {
        for (const auto& privilege : check.privileges) {
            text += runnable(replaced(replaced(privilege.grant, "{role_ident}", role),
                                      "{database_ident}",
                                      sql_identifier(config.database)));
        }
    }
    return text.empty() ? text
                        : fmt::format("-- For --check {}, in that database:\n{}{}",
                                      check.name(),
                                      connect_line(config.database),
                                      text);
}

} // namespace

std::string generate_sql(const Subject& subject)
{
    const Config& config = subject.config;
    if (config.user == "postgres") {
        throw config_error("--generate sql: the user is 'postgres', the superuser; name the role "
                           "that is to be created, for example --user db_monitor");
    }
    if (check_of(config.check_kind()).console) {
        throw config_error(
            fmt::format("--generate sql: PgBouncer's console knows no roles; add the "
                        "user '{}' to stats_users in pgbouncer.ini and to its "
                        "userlist.txt, and RELOAD",
                        config.user));
    }
    const auto role = sql_identifier(config.user);
    const auto grants = check_sql(config, role);
    const bool monitors = grants.find("GRANT pg_monitor TO") != std::string::npos;
    const auto database = sql_identifier(config.database);
    return fmt::format(
        R"(-- A role for db-up, with the least rights. For psql, as a superuser: psql -f FILE
CREATE ROLE {role} LOGIN CONNECTION LIMIT 5;
COMMENT ON ROLE {role} IS {comment};
-- psql asks for the password and sends only its hash:
\password {role}
GRANT CONNECT ON DATABASE {database} TO {role};
-- By default everybody may connect to a database. To end that, if nobody relies on it:
-- REVOKE CONNECT ON DATABASE {database} FROM PUBLIC;
{monitor}{grants})",
        fmt::arg("role", role),
        fmt::arg("database", database),
        fmt::arg("monitor",
                 monitors ? std::string{}
                          : fmt::format("-- Only for checks that look at the sessions and the "
                                        "replication of others:\n-- GRANT pg_monitor TO {};\n",
                                        role)),
        fmt::arg("grants", grants),
        fmt::arg("comment", sql_literal("db-up: checks the database " + config.database)));
}

} // namespace dbup
