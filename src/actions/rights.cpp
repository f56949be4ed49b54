// SPDX-License-Identifier: MIT
#include "actions/rights.hpp"

#include "actions/reporting.hpp"
#include "core/failure.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dbup {

namespace {

constexpr Query standing_query{.name = "standing",
                               .sql = R"(
SELECT pg_catalog.pg_has_role(CURRENT_USER, 'pg_read_all_stats', 'MEMBER') AS member,
       rolinherit AS inherits
  FROM pg_catalog.pg_roles WHERE rolname = CURRENT_USER)",
                               .fixed = true};

/// Whether a limit of these metrics can alert: only then is it told that they are hidden.
bool are_wanted(const Check& check, const Config& config, std::string_view labels)
{
    const auto table = limits_of(check);
    const auto thresholds = thresholds_for(table, config.thresholds);
    const auto names = words_of(labels);
    for (std::size_t i = 0; i < table.limits.size(); ++i) {
        const bool named =
            std::find(names.begin(), names.end(), table.limits[i].label) != names.end();
        if (named && can_alert(thresholds.of_limits[i])) {
            return true;
        }
    }
    return false;
}

std::string fix_for(Session& session, const Config& config, const Deadline& deadline)
{
    const auto standing = standing_of(session, deadline);
    return replaced(grant_of("pg_monitor", standing, session.server().version_number),
                    "{role_ident}",
                    sql_identifier(config.user));
}

} // namespace

std::string grant_of(std::string_view groups, const Standing& standing, int server_version)
{
    constexpr int grants_inherit = 160'000;
    const bool plain = standing.inherits && (!standing.member || server_version < grants_inherit);
    if (plain) {
        return fmt::format("GRANT {} TO {{role_ident}};", groups);
    }
    return fmt::format(fmt::runtime(server_version < grants_inherit
                                        ? "GRANT {} TO {{role_ident}}; ALTER ROLE {{role_ident}} "
                                          "INHERIT;"
                                        : "GRANT {} TO {{role_ident}} WITH INHERIT TRUE;"),
                       groups);
}

Standing standing_of(Session& session, const Deadline& deadline)
{
    try {
        const auto rows = session.run({&standing_query, 1}, deadline).at(0);
        return {.member = rows.text(0, "member") == "t",
                .inherits = rows.text(0, "inherits") == "t"};
    } catch (const Failure&) { // that the role may not look is the one to tell
        return {};
    }
}

Evidence
look_of(const Check& check, Session& session, const Config& config, const Deadline& deadline)
{
    try {
        auto evidence = check.look(session, config, deadline);
        if (are_wanted(check, config, evidence.hidden.labels)) {
            evidence.hidden.fix = fix_for(session, config, deadline);
        }
        return evidence;
    } catch (const Failure& failure) {
        const bool by_membership = failure.error() == ErrorClass::privilege_missing &&
                                   failure.fix().empty() && failure.sqlstate().empty();
        if (!by_membership) {
            throw;
        }
        throw Failure{failure}.with_fix(fix_for(session, config, deadline));
    }
}

} // namespace dbup
