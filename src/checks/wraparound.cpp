// SPDX-License-Identifier: MIT
#include "checks/cells.hpp"
#include "checks/table.hpp"
#include "checks/unlisted.hpp"

#include <fmt/format.h>

#include <array>

namespace dbup {

namespace {

// The server stops giving out identifiers 3 million (since 14; 1 million before) before the end of
// the 2^31 that it can tell apart. template0 counts like every other database. A limit of -2 is the
// mark that an interrupted DROP DATABASE leaves: autovacuum passes such a database by.
constexpr Query age_query{"wraparound", R"(
SELECT u.name, u.open, u.invalid, u.xids, u.mxids, u.xid_used, u.mxid_used,
       pg_catalog.max(u.xid_used) OVER () AS worst_xid_used,
       pg_catalog.max(u.mxid_used) OVER () AS worst_mxid_used,
       pg_catalog.count(*) OVER () AS databases
  FROM (SELECT a.name, a.open, a.invalid, a.xids, a.mxids,
               pg_catalog.round(100.0 * a.xids / a.most, 2) AS xid_used,
               pg_catalog.round(100.0 * a.mxids / a.most, 2) AS mxid_used
          FROM (SELECT d.datname AS name,
                       d.datallowconn AS open,
                       d.datconnlimit = -2 AS invalid,
                       pg_catalog.age(d.datfrozenxid) AS xids,
                       pg_catalog.mxid_age(d.datminmxid) AS mxids,
                       2147483647 - 3000000 AS most
                  FROM pg_catalog.pg_database AS d) AS a) AS u
 ORDER BY GREATEST(u.xid_used, u.mxid_used) DESC, u.name
 LIMIT 10)"};

constexpr std::string_view vacuum_fix =
    "VACUUM (FREEZE) the oldest tables of the database that is named (by age(relfrozenxid), "
    "mxid_age(relminmxid)), after ALTER DATABASE ... WITH ALLOW_CONNECTIONS true where it allows "
    "none; end what holds vacuum back: see xmin_age of --check activity";

// Autovacuum begins at 200 million (9 %, autovacuum_freeze_max_age). Who is at half of the limit
// has an autovacuum that does not keep up; at three quarters the server itself enters its failsafe
// (vacuum_failsafe_age, 1.6 billion).
constexpr std::array limits{
    Limit{"xid_used",
          Unit::percent,
          "50",
          "75",
          "used part of the transaction identifiers, of the worst database",
          vacuum_fix},
    Limit{"mxid_used",
          Unit::percent,
          "50",
          "75",
          "used part of the multixact identifiers, of the worst database",
          vacuum_fix},
};

/// Why nobody can VACUUM a database as it is; mostly nothing.
Words obstacle(const Rows& rows, std::size_t row)
{
    if (rows.is_true(row, "invalid")) {
        return "; is invalid: only DROP DATABASE helps";
    }
    return rows.is_true(row, "open") ? Words{} : Words{"; allows no connections"};
}

/// The databases by one of the two, in the order of the rows: the worst first.
void add_details(std::vector<Detail>& details, const Rows& rows, std::string_view label)
{
    const bool multi = label == "mxid_used";
    for (std::size_t i = 0; i < rows.size(); ++i) {
        details.push_back({std::string{label},
                           phrase("database {}: {}% used, {} old{}",
                                  {rows.text(i, "name"),
                                   rows.text(i, label),
                                   multi ? counted(rows.text(i, "mxids"), "multixact")
                                         : counted(rows.text(i, "xids"), "transaction"),
                                   obstacle(rows, i)})});
    }
    const double all = rows.number(0, "databases");
    const auto listed = static_cast<double>(rows.size());
    if (all > listed) {
        details.push_back(unlisted(label, all - listed, "more database"));
    }
}

Evidence look(Session& session, const Config& /*config*/, const Deadline& deadline)
{
    const auto answers = session.run({&age_query, 1}, deadline);
    const Rows& rows = answers.at(0);
    const double xid_used = rows.number(0, "worst_xid_used");
    const double mxid_used = rows.number(0, "worst_mxid_used");
    Evidence evidence{.metrics = {{"xid_used", xid_used}, {"mxid_used", mxid_used}},
                      .summary = Words::own(fmt::format(
                          "{}% of the transaction and {}% of the multixact identifiers used, "
                          "the worst of {} databases",
                          number_text(xid_used),
                          number_text(mxid_used),
                          number_text(rows.number(0, "databases"))))};
    add_details(evidence.details, rows, "xid_used");
    add_details(evidence.details, rows, "mxid_used");
    return evidence;
}

} // namespace

constinit const Check wraparound_check{.kind = CheckKind::wraparound,
                                       .limits = limits,
                                       .main_label = "xid_used",
                                       .privileges = {},
                                       .look = &look};

} // namespace dbup
