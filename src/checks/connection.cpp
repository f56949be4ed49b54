// SPDX-License-Identifier: MIT
#include "checks/check.hpp"
#include "core/failure.hpp"

#include <array>

namespace dbup {

namespace {

constexpr Query works{"works", "SELECT 1 AS health_check"};

/// The whole question of this check is whether a query gets its right answer; all numbers are those
/// of every run.
Evidence look(Session& session, const Deadline& deadline)
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

constinit const Check connection_check{.name = "connection",
                                       .summary = "can this user connect and run a query?",
                                       .limits = {},
                                       .main_label = "time",
                                       .look = &look};

} // namespace dbup
