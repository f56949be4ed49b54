// SPDX-License-Identifier: MIT
#include "support/sessions.hpp"

#include <stdexcept>

#include "support/sandbox.hpp"

namespace dbup_test {

namespace {

constexpr const char* password = "a long enough one";

std::string database()
{
    return Cluster::shared().get("DATABASE");
}

} // namespace

void make_role(const std::string& name, const std::string& more)
{
    Cluster::shared().execute("CREATE ROLE " + name + " LOGIN PASSWORD '" + password + "' " + more +
                              "; GRANT CONNECT ON DATABASE " + database() + " TO " + name);
    Cluster::shared().execute("GRANT CREATE ON SCHEMA public TO " + name, database());
}

Parameters role_parameters(const std::string& role, const std::string& application)
{
    return {{"host", "localhost"},
            {"port", Cluster::shared().port()},
            {"user", role},
            {"password", password},
            {"dbname", database()},
            {"sslmode", "require"},
            {"application_name", application}};
}

Strings role_options(const std::string& role)
{
    static const std::string file =
        Sandbox::shared().make_file("password-of-roles", std::string{password} + "\n");
    return {"--user", role, "--password-file", file};
}

OpenSession::OpenSession(const Parameters& parameters, const std::string& statements)
    : client_{parameters}, pid_{client_.value("SELECT pg_backend_pid()")}
{
    client_.sql(statements);
}

bool OpenSession::there() const
{
    return Cluster::shared().value("SELECT count(*) FROM pg_stat_activity WHERE pid = " + pid_) !=
           "0";
}

BusySession::BusySession(const Parameters& parameters,
                         const std::string& statements,
                         const std::string& last)
    : session_{parameters, statements}, thread_{[this, last] {
          try {
              session_.client().sql(last);
          } catch (const std::runtime_error&) { // ended by whom the test is about
          }
          over_ = true;
      }}
{
}

BusySession::~BusySession()
{
    if (!over_) {
        Cluster::shared().execute("SELECT pg_terminate_backend(" + pid() + ")");
    }
    thread_.join();
}

void wait_until_active(const std::string& pid)
{
    wait_until("a session runs a query", [&] {
        return Cluster::shared().value("SELECT count(*) FROM pg_stat_activity "
                                       "WHERE state = 'active' AND pid = " +
                                       pid) != "0";
    });
}

void wait_until_blocked(const std::string& pid)
{
    wait_until("a session waits for a lock", [&] {
        return Cluster::shared().value(
                   "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid = " + pid) != "0";
    });
}

} // namespace dbup_test
