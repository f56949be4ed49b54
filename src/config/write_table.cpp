// SPDX-License-Identifier: MIT
#include "config/write_table.hpp"

#include "core/failure.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dbup {

std::string WriteTable::create() const
{
    return fmt::format("CREATE TABLE IF NOT EXISTS {} (id integer PRIMARY KEY CHECK (id = 1), "
                       "checked_at timestamptz NOT NULL, token text NOT NULL)",
                       name);
}

std::string WriteTable::grants(std::string_view role) const
{
    return fmt::format("GRANT USAGE ON SCHEMA {} TO {};\n"
                       "GRANT SELECT, INSERT, UPDATE ON {} TO {};",
                       schema,
                       role,
                       name,
                       role);
}

WriteTable write_table_of(std::string_view text, std::string_view origin)
{
    const auto parts = parts_of(text, '.');
    const bool complete = std::none_of(
        parts.begin(), parts.end(), [](std::string_view part) { return part.empty(); });
    if (!complete || parts.empty() || parts.size() > 2 || !is_one_line(text)) {
        throw config_error(
            fmt::format("{}: '{}' is not [schema.]table; both are taken literally, without quotes",
                        origin,
                        one_line(text)));
    }
    const auto schema = sql_identifier(parts.size() == 2 ? parts.front() : "public");
    return {schema, fmt::format("{}.{}", schema, sql_identifier(parts.back()))};
}

} // namespace dbup
