// SPDX-License-Identifier: MIT
#include "core/sqlstate.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace dbup {

namespace {

using enum ErrorClass;

/// `end`: it ends a session, before or after it has started. What a statement is refused with may
/// come from elsewhere: a foreign server, a function that raises what it likes.
enum class When { any, login, session, end };

struct SqlstateRow {
    std::string_view prefix = {};
    std::string_view words = {}; ///< must occur in the message, names left out; empty: any message
    When when = When::any;
    ErrorClass error = ErrorClass::query;
};

// The first row that fits decides: longer prefixes and rows with words stand before shorter ones.
constexpr std::array table{
    SqlstateRow{"57P03", "shutting down", When::end, shutting_down},
    SqlstateRow{"57P03", "", When::end, starting_up},
    SqlstateRow{"57P01", "", When::end, shutting_down},
    SqlstateRow{"57P02", "", When::end, shutting_down},
    SqlstateRow{"57P05", "", When::end, timeout},
    SqlstateRow{"57014", "user request", When::any, conflict}, // pg_cancel_backend()
    SqlstateRow{"57014", "", When::any, query_timeout},
    SqlstateRow{"55P03", "", When::any, query_timeout},
    SqlstateRow{"25P03", "", When::any, query_timeout},
    SqlstateRow{"25P04", "", When::any, query_timeout},
    SqlstateRow{"40", "", When::any, conflict}, // deadlock, serialization, recovery conflict
    SqlstateRow{"53300", "", When::end, no_slots},
    SqlstateRow{"3D000", "", When::end, database_missing},
    SqlstateRow{"42501", "", When::login, permission},
    SqlstateRow{"42501", "", When::session, privilege_missing},
    SqlstateRow{"55000", "", When::login, permission}, // ALLOW_CONNECTIONS false
    SqlstateRow{"28", "", When::end, authentication},
    // What PgBouncer, Odyssey and pgpool say themselves carries 08P01 or nothing of use.
    SqlstateRow{"08P01", "no such database", When::any, database_missing},
    SqlstateRow{"08P01", "no such user", When::any, authentication},
    // What PgBouncer hands on from its server, in the server's words.
    SqlstateRow{"08P01", "database \"\" does not exist", When::any, database_missing},
    SqlstateRow{"08P01", "role \"\" does not exist", When::any, authentication},
    SqlstateRow{"08P01", "pg_hba.conf", When::any, authentication},
    SqlstateRow{"08P01", "is not permitted to log in", When::any, authentication},
    SqlstateRow{"08P01", "permission denied for database", When::any, permission},
    SqlstateRow{"08P01", "not currently accepting connections", When::any, permission},
    SqlstateRow{"08P01", "too many c", When::any, no_slots}, // connections, clients
    SqlstateRow{"08P01", "connection slots", When::any, no_slots},
    SqlstateRow{"08P01", "auth", When::login, authentication},
    SqlstateRow{"08P01", "password", When::login, authentication},
    SqlstateRow{"08P01", "no more connections", When::any, no_slots},
    SqlstateRow{"08P01", "server down", When::any, network},
    SqlstateRow{"08P01", "_timeout", When::any, timeout},
    SqlstateRow{"08P01", "statement pooling", When::any, hardening},
    SqlstateRow{"08P01", "shutting down", When::any, shutting_down},
    SqlstateRow{"08P01", "the database system is ", When::any, starting_up},
    SqlstateRow{"08P01", "is disabled", When::any, permission},
    SqlstateRow{"08P01", "does not allow", When::any, permission},
    SqlstateRow{"08P01", "not allowed", When::login, permission}, // to the admin console
    SqlstateRow{"08P01", "TLS", When::login, tls},
    SqlstateRow{"08P01", "SSL", When::login, tls},
    SqlstateRow{"08P01", "unsupported", When::any, protocol},
    SqlstateRow{"08P01", "", When::login, server},
    SqlstateRow{"08P01", "", When::any, protocol},
    SqlstateRow{"08", "", When::end, network},
    SqlstateRow{"", "", When::login, server},
    SqlstateRow{"", "", When::any, query},
};

bool is_time(When when, Moment moment)
{
    switch (when) {
    case When::any: return true;
    case When::login: return moment == Moment::login;
    case When::session: return moment != Moment::login;
    case When::end: return moment != Moment::statement;
    }
    return false;
}

/// The names in a message are the user's words: "" in their place.
std::string without_names(std::string_view message)
{
    std::string text;
    bool quoted = false;
    for (const char letter : message) {
        quoted = quoted != (letter == '"');
        if (!quoted || letter == '"') {
            text += letter;
        }
    }
    return text;
}

bool fits(const SqlstateRow& row,
          std::string_view sqlstate,
          std::string_view message,
          Moment moment)
{
    return is_time(row.when, moment) && sqlstate.starts_with(row.prefix) &&
           (row.words.empty() || message.find(row.words) != std::string_view::npos);
}

} // namespace

ErrorClass classify(std::string_view sqlstate, std::string_view message, Moment moment)
{
    const auto words = without_names(message);
    const auto* const row =
        std::find_if(table.begin(), table.end() - 1, [&](const SqlstateRow& candidate) {
            return fits(candidate, sqlstate, words, moment);
        });
    return row->error; // the last row fits everything
}

} // namespace dbup
