// SPDX-License-Identifier: MIT
#include "checks/query_failure.hpp"

#include "config/config.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace dbup {

namespace {

/// Whether a statement that failed with this SQLSTATE is about the server's own state, whatever it
/// was asked. A server that goes away ends the session with 57P01 and its like; a statement that
/// goes on after them has them from another server.
bool is_of_server(std::string_view sqlstate)
{
    constexpr std::array of_others{std::string_view{"57P01"},
                                   std::string_view{"57P02"},
                                   std::string_view{"57P03"},
                                   std::string_view{"57P05"}};
    if (std::find(of_others.begin(), of_others.end(), sqlstate) != of_others.end()) {
        return false;
    }
    constexpr std::array classes{std::string_view{"53"},  // resources: disk, memory
                                 std::string_view{"57"},  // intervention
                                 std::string_view{"58"},  // system, I/O
                                 std::string_view{"F0"},  // configuration file
                                 std::string_view{"XX"}}; // internal, corruption
    return sqlstate.empty() ||
           std::find(classes.begin(), classes.end(), sqlstate.substr(0, 2)) != classes.end();
}

/// Whether a parameter ("$1") may be in `sql`; one in a string or a comment looks the same.
bool has_parameter(std::string_view sql)
{
    for (auto at = sql.find('$'); at != std::string_view::npos; at = sql.find('$', at + 1)) {
        const bool digit = at + 1 < sql.size() && sql[at + 1] >= '0' && sql[at + 1] <= '9';
        if (digit) {
            return true;
        }
    }
    return false;
}

/// Whether the server misses a value, or the type, of a parameter. Its words are translated.
bool wants_parameter(const Failure& failure, const Config& config)
{
    constexpr std::array sqlstates{std::string_view{"08P01"},  // a value is missing
                                   std::string_view{"42P02"},  // as EXPLAIN says it
                                   std::string_view{"42P18"}}; // its type is not known
    const bool told =
        std::find(sqlstates.begin(), sqlstates.end(), failure.sqlstate()) != sqlstates.end();
    const bool of_statement =
        failure.error() == ErrorClass::protocol || failure.error() == ErrorClass::query;
    return told && of_statement && has_parameter(config.query);
}

/// What is wrong with a query on every server.
struct WrongSetting {
    std::string_view message = {};
    std::string_view fix = {};
};

const WrongSetting* wrong_setting(const Failure& failure, const Config& config)
{
    static constexpr WrongSetting several{"the query is more than one statement",
                                          "Give one statement"};
    static constexpr WrongSetting open{
        "the query has a parameter ($1) that nobody gives a value",
        "Write the value into the query; if the host of the check was to fill it in, mind how it "
        "writes a dollar ($$ is one in Nagios and Kubernetes)"};
    const bool is_several = failure.sqlstate() == "42601" &&
                            failure.detail().find("multiple commands") != std::string::npos;
    return is_several ? &several : wants_parameter(failure, config) ? &open : nullptr;
}

/// What lets the role use the object that is named in "permission denied for table orders".
std::string grant_for(std::string_view objection, const std::string& role)
{
    struct Grant {
        std::string_view kind = {};
        std::string_view right = {};
        std::string_view hint = {};
    };
    constexpr std::string_view schema = " -- with its schema before the name";
    constexpr std::array grants{
        Grant{"table ", "SELECT ON", schema},
        Grant{"view ", "SELECT ON", schema},
        Grant{"materialized view ", "SELECT ON", schema},
        Grant{"foreign table ", "SELECT ON", schema},
        Grant{"sequence ", "SELECT ON SEQUENCE", schema},
        Grant{"schema ", "USAGE ON SCHEMA"},
        Grant{"function ", "EXECUTE ON FUNCTION", " -- with its schema and its arguments"}};
    constexpr std::string_view denied = "permission denied for ";
    const bool named = objection.starts_with(denied); // in English
    objection.remove_prefix(named ? denied.size() : 0);
    const auto* const grant =
        std::find_if(grants.begin(), grants.end(), [objection](const Grant& one) {
            return objection.starts_with(one.kind);
        });
    if (!named || grant == grants.end()) {
        return fmt::format("GRANT what the query uses to {}, for example SELECT on its tables and "
                           "USAGE on their schema",
                           role);
    }
    const auto name = sql_identifier(objection.substr(grant->kind.size()));
    return fmt::format("GRANT {} {} TO {};{}", grant->right, name, role, grant->hint);
}

} // namespace

Failure told_of_query(const Failure& failure, const Config& config)
{
    struct Case {
        std::string_view sqlstate = {};
        std::string_view message = {};
        std::string_view fix = {};
    };
    constexpr std::string_view schema =
        "Write names with their schema, for example public.orders: only pg_catalog is searched";
    constexpr std::array cases{
        Case{"25006",
             "the query wants to write, and queries are read-only",
             "Let the query read only; no right of the role changes that"},
        Case{"42P01", "", schema},
        Case{"42883", "", schema},
        Case{"42704", "", schema},
    };
    if (failure.excessive()) { // as any answer that is not one row
        return Failure{failure}
            .with_error(ErrorClass::unexpected_result)
            .with_answer()
            .with_message("the query returns more than db-up takes, and one row is needed")
            .with_fix("Add LIMIT 1, or let an aggregate like count(*) make one short row of it");
    }
    const bool of_query = failure.error() == ErrorClass::query && !is_of_server(failure.sqlstate());
    Failure told = of_query ? Failure{failure}.with_answer() : Failure{failure};
    const auto& sqlstate = failure.sqlstate();
    if (sqlstate == "42501") {
        return std::move(told).with_fix(grant_for(failure.detail(), sql_identifier(config.user)));
    }
    if (failure.error() == ErrorClass::hardening) {
        return std::move(told).with_fix("Leave the settings of the transaction as they are in the "
                                        "query; if it does, use a pooler in transaction or session "
                                        "mode, or connect to the server directly");
    }
    if (const auto* const wrong = wrong_setting(failure, config)) {
        return std::move(told)
            .with_error(ErrorClass::config) // found by the server, but wrong whatever it holds
            .with_answer()
            .with_message(std::string{wrong->message})
            .with_fix(std::string{wrong->fix});
    }
    const auto* const found = std::find_if(
        cases.begin(), cases.end(), [&](const Case& one) { return one.sqlstate == sqlstate; });
    if (found == cases.end()) {
        return told;
    }
    return std::move(told)
        .with_message(std::string{found->message})
        .with_fix(std::string{found->fix});
}

} // namespace dbup
