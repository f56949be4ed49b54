// SPDX-License-Identifier: MIT
#include "checks/backend_types.hpp"

#include "core/failure.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dbup {

namespace {

// What pg_stat_activity calls them in PostgreSQL 12 to 18. Workers of extensions have names of
// their own: those need a '*'.
constexpr std::array backend_types{
    std::string_view{"client backend"},
    std::string_view{"archiver"},
    std::string_view{"autovacuum launcher"},
    std::string_view{"autovacuum worker"},
    std::string_view{"background worker"},
    std::string_view{"background writer"},
    std::string_view{"checkpointer"},
    std::string_view{"io worker"},
    std::string_view{"logical replication apply worker"},
    std::string_view{"logical replication launcher"},
    std::string_view{"logical replication parallel worker"},
    std::string_view{"logical replication tablesync worker"},
    std::string_view{"logical replication worker"},
    std::string_view{"parallel worker"},
    std::string_view{"slotsync worker"},
    std::string_view{"standalone backend"},
    std::string_view{"startup"},
    std::string_view{"walreceiver"},
    std::string_view{"walsender"},
    std::string_view{"walsummarizer"},
    std::string_view{"walwriter"},
};

void expect_known(const Config& config, std::string_view option, std::string_view list)
{
    for (const auto part : parts_of(list, ',')) {
        const auto type = without_blanks(part);
        const bool known =
            type.empty() || type.find('*') != std::string_view::npos ||
            std::find(backend_types.begin(), backend_types.end(), type) != backend_types.end();
        if (known) {
            continue;
        }
        const auto near = nearest(type, backend_types);
        throw config_error(fmt::format(
            "{}: '{}' is no backend type of PostgreSQL{}; for a worker of an extension write '{}*'",
            config.origin_of(option),
            type,
            near.empty() ? std::string{" (the manual of pg_stat_activity has them)"}
                         : fmt::format("; did you mean '{}'?", near),
            type));
    }
}

} // namespace

void expect_backend_types(const Config& config)
{
    expect_known(config, "include-type", config.include_type);
    expect_known(config, "exclude-type", config.exclude_type);
}

} // namespace dbup
