// SPDX-License-Identifier: MIT
#include "checks/table.hpp"

#include <fmt/format.h>

#include <array>

namespace dbup {

namespace {

// Needs CONNECT on the database, which whoever asks has.
constexpr Query size_query{"size", R"(
SELECT pg_catalog.pg_database_size(pg_catalog.current_database()) AS bytes)"};

// No limits: what is large for one database is small for another.
constexpr std::array limits{
    Limit{.label = "size",
          .unit = Unit::bytes,
          .help = "disk space of the database that is connected to",
          .fix = "Look for what grows (pg_total_relation_size of the tables), delete or archive "
                 "what is old, VACUUM, or set a higher limit"},
};

Evidence look(Session& session, const Config& /*config*/, const Deadline& deadline)
{
    const auto answers = session.run({&size_query, 1}, deadline);
    const double bytes = answers.at(0).number(0, "bytes");
    return {.metrics = {{"size", bytes, 0}},
            .summary = Words::own(quantity_text(bytes, Unit::bytes))};
}

} // namespace

constinit const Check size_check{.kind = CheckKind::size,
                                 .limits = limits,
                                 .main_label = "size",
                                 .privileges = {},
                                 .look = &look};

} // namespace dbup
