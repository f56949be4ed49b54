// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace dbup {

/// What one run can check.
enum class CheckKind {
    connection,
    query,
    activity,
    replication,
    archive,
    write,
    settings,
    pool,
    size,
    wraparound,
    sequences,
    statistics,
    cluster,
};

struct CheckKindRow {
    CheckKind kind = CheckKind::connection;
    std::string_view name = {};
    std::string_view question = {}; ///< that the check answers
};

/// The checks as users name them, the default first; checks/ has what does them.
inline constexpr std::array check_kinds{
    CheckKindRow{CheckKind::connection, "connection", "can this user connect and run a query?"},
    CheckKindRow{CheckKind::query, "query", "does a query of yours return what it should?"},
    CheckKindRow{CheckKind::activity,
                 "activity",
                 "are sessions blocked, idle in transaction, too long or too many?"},
    CheckKindRow{CheckKind::replication,
                 "replication",
                 "does every standby follow, and does no slot hold back too much?"},
    CheckKindRow{CheckKind::archive, "archive", "does the archiver store what it should?"},
    CheckKindRow{CheckKind::write, "write", "does a commit reach the disk, and how fast?"},
    CheckKindRow{CheckKind::settings, "settings", "is the server set up safely?"},
    CheckKindRow{CheckKind::pool, "pool", "do clients wait for a server connection of PgBouncer?"},
    CheckKindRow{CheckKind::size, "size", "how large is the database?"},
    CheckKindRow{
        CheckKind::wraparound, "wraparound", "how close are transaction identifiers to their end?"},
    CheckKindRow{CheckKind::sequences, "sequences", "which sequence is closest to its end?"},
    CheckKindRow{CheckKind::statistics,
                 "statistics",
                 "what has the server counted of this database, and is there room for sessions?"},
    CheckKindRow{CheckKind::cluster,
                 "cluster",
                 "is there exactly one primary, with enough standbys behind it?"},
};

/// The row of `kind`.
constexpr const CheckKindRow& row_of(CheckKind kind)
{
    return check_kinds.at(static_cast<std::size_t>(kind));
}

constexpr bool check_kinds_in_order()
{
    for (std::size_t i = 0; i < check_kinds.size(); ++i) {
        if (check_kinds.at(i).kind != static_cast<CheckKind>(i)) {
            return false;
        }
    }
    return true;
}
static_assert(check_kinds_in_order(), "check_kinds follows the enumeration");

} // namespace dbup
