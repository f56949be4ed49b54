// SPDX-License-Identifier: MIT
#include "core/sqlstate.hpp"

#include <array>

namespace dbup {

namespace {

using enum ErrorClass;

enum class When { any, login, session };

struct SqlstateRow {
    std::string_view prefix = {};
    std::string_view words = {}; ///< must occur in the message; empty: any message
    When when = When::any;
    ErrorClass error = ErrorClass::query;
};

// The first row that fits decides: longer prefixes and rows with words stand before shorter ones.
constexpr std::array table{
    SqlstateRow{"57P03", "shutting down", When::any, shutting_down},
    SqlstateRow{"57P03", "", When::any, starting_up},
    SqlstateRow{"57P01", "", When::any, shutting_down},
    SqlstateRow{"57P02", "", When::any, shutting_down},
    SqlstateRow{"57P05", "", When::any, timeout},
    SqlstateRow{"57014", "", When::any, query_timeout},
    SqlstateRow{"55P03", "", When::any, query_timeout},
    SqlstateRow{"25P03", "", When::any, query_timeout},
    SqlstateRow{"25P04", "", When::any, query_timeout},
    SqlstateRow{"40", "", When::any, conflict}, // deadlock, serialization, recovery conflict
    SqlstateRow{"53300", "", When::any, no_slots},
    SqlstateRow{"3D000", "", When::any, database_missing},
    SqlstateRow{"42501", "", When::login, permission},
    SqlstateRow{"42501", "", When::session, privilege_missing},
    SqlstateRow{"55000", "", When::login, permission}, // ALLOW_CONNECTIONS false
    SqlstateRow{"28", "", When::any, authentication},
    // What PgBouncer, Odyssey and pgpool say themselves carries 08P01 or nothing of use.
    SqlstateRow{"08P01", "no such database", When::any, database_missing},
    SqlstateRow{"08P01", "no such user", When::any, authentication},
    SqlstateRow{"08P01", "auth", When::login, authentication},
    SqlstateRow{"08P01", "password", When::login, authentication},
    SqlstateRow{"08P01", "no more connections", When::any, no_slots},
    SqlstateRow{"08P01", "_timeout", When::any, timeout},
    SqlstateRow{"08P01", "server down", When::any, network},
    SqlstateRow{"08P01", "statement pooling", When::any, hardening},
    SqlstateRow{"08P01", "shutting down", When::any, shutting_down},
    SqlstateRow{"08P01", "is disabled", When::any, permission},
    SqlstateRow{"08P01", "does not allow", When::any, permission},
    SqlstateRow{"08P01", "TLS", When::login, tls},
    SqlstateRow{"08P01", "SSL", When::login, tls},
    SqlstateRow{"08P01", "unsupported", When::any, protocol},
    SqlstateRow{"08P01", "", When::login, server},
    SqlstateRow{"08P01", "", When::any, protocol},
    SqlstateRow{"08", "", When::any, network},
    SqlstateRow{"", "", When::login, server},
    SqlstateRow{"", "", When::any, query},
};

bool fits(const SqlstateRow& row, std::string_view sqlstate, std::string_view message, bool login)
{
    const bool in_time = row.when == When::any || (row.when == When::login) == login;
    return in_time && sqlstate.starts_with(row.prefix) &&
           (row.words.empty() || message.find(row.words) != std::string_view::npos);
}

} // namespace

ErrorClass classify(std::string_view sqlstate, std::string_view message, bool login)
{
    for (const auto& row : table) {
        if (fits(row, sqlstate, message, login)) {
            return row.error;
        }
    }
    return query;
}

} // namespace dbup
