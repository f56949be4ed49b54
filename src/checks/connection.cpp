// SPDX-License-Identifier: MIT
#include "checks/table.hpp"
#include "core/failure.hpp"

#include <array>

namespace dbup {

namespace {

constexpr Query works{.name = "works", .sql = "SELECT 1 AS health_check", .fixed = true};

constexpr std::array needs{
    Privilege{.name = "CONNECT on the database",
              .test = {"may_connect",
                       "SELECT pg_catalog.has_database_privilege(pg_catalog.current_database(), "
                       "'CONNECT') AS granted"},
              .grant = "GRANT CONNECT ON DATABASE {database_ident} TO {role_ident};"},
};

/// The whole question of this check is whether a query gets its right answer; all numbers are those
/// of every run.
Evidence look(Session& session, const Config& /*config*/, const Deadline& deadline)
{
    const auto answers = session.run({&works, 1}, deadline);
    if (answers.size() != 1 || answers[0].size() != 1 || answers[0].columns() != 1) {
        throw Failure{ErrorClass::unexpected_result,
                      "SELECT 1 did not return one row of one column"};
    }
    const auto& value = answers[0].text(0, "health_check");
    if (value != "1") {
        throw Failure{ErrorClass::unexpected_result, "SELECT 1 returned '" + value + "'"};
    }
    return {};
}

} // namespace

constinit const Check connection_check{.kind = CheckKind::connection,
                                       .limits = {},
                                       .main_label = "time",
                                       .privileges = needs,
                                       .look = &look};

} // namespace dbup
