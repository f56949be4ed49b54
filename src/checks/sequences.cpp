// SPDX-License-Identifier: MIT
#include "checks/lean_sql.hpp"
#include "checks/table.hpp"
#include "checks/unlisted.hpp"
#include "core/failure.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <array>

namespace dbup {

namespace {

constexpr int knows_sequence_data = 180'000;

// The catalogs behind pg_sequences, for the view names sequences by text, and a name needs USAGE on
// its schema to be looked up. A sequence that belongs to a column ends where the column's type
// does, which is known by its output function (39: smallint, 43: integer), for a domain has that of
// its base type. One that begins anew is left out, unless its column ends before it does.
constexpr LeanSql sequences_that_end{R"(
 FROM pg_catalog.pg_sequence AS s
      JOIN pg_catalog.pg_class AS c ON c.oid = s.seqrelid
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      LEFT JOIN (
        SELECT d.objid,
               CASE t.typoutput::pg_catalog.oid WHEN 39 THEN 32767
                                                WHEN 43 THEN 2147483647 END AS most
          FROM pg_catalog.pg_depend AS d
               JOIN pg_catalog.pg_attribute AS a
                 ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
               JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
         WHERE d.classid = 1259 AND d.objsubid = 0
           AND d.refclassid = 1259 AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
      ) AS o ON o.objid = s.seqrelid
WHERE (NOT s.seqcycle OR s.seqmax > o.most OR s.seqmin < -o.most - 1)
  AND NOT pg_catalog.pg_is_other_temp_schema(n.oid))"};

// One row at least, for the numbers are there without any sequence, too.
//
// Of a value that was set and not used since (is_called is false) pg_sequence_last_value() knows
// nothing. It stands in the sequence itself, but to name that in a statement is dynamic SQL, and
// by then the name may be a view's. Where it cannot be read START counts, and `start` says so.
constexpr auto sequence_sql = LeanSql{R"(
WITH sequence AS MATERIALIZED (
  SELECT n.nspname, c.relname, s.seqincrement, s.seqstart,
         pg_catalog.has_sequence_privilege(c.oid, 'SELECT, USAGE') AS readable,
         CASE WHEN pg_catalog.has_sequence_privilege(c.oid, 'SELECT, USAGE')
              THEN pg_catalog.pg_sequence_last_value(c.oid) END AS last,
         {next} AS next,
         GREATEST(s.seqmin, -o.most - 1)::pg_catalog.numeric AS low,
         LEAST(s.seqmax, o.most)::pg_catalog.numeric AS high)"} +
                              sequences_that_end + LeanSql{R"(
  ),
placed AS (
  SELECT q.*,
         COALESCE(q.last, q.next, q.seqstart) AS place,
         GREATEST(pg_catalog.floor((q.high - q.low) / pg_catalog.abs(q.seqincrement)) + 1, 1)
           AS places
    FROM sequence AS q),
counted AS MATERIALIZED (
  SELECT q.nspname, q.relname, q.readable, q.places,
         CASE WHEN q.last IS NULL AND q.next IS NULL THEN q.seqstart END AS start,
         GREATEST(0, LEAST(q.places,
           pg_catalog.floor(CASE WHEN q.seqincrement > 0 THEN q.high - q.place
                                 ELSE q.place - q.low END / pg_catalog.abs(q.seqincrement))
           + CASE WHEN q.last IS NULL THEN 1 ELSE 0 END)) AS free
    FROM placed AS q),
total AS (
  SELECT pg_catalog.count(*) AS sequences,
         pg_catalog.count(*) FILTER (WHERE NOT q.readable) AS unreadable,
         pg_catalog.min(q.nspname || '.' || q.relname) FILTER (WHERE NOT q.readable) AS hidden,
         pg_catalog.min(q.nspname::pg_catalog.text) FILTER (WHERE NOT q.readable) AS schema,
         pg_catalog.count(q.start) AS unknown
    FROM counted AS q),
worst AS (
  SELECT q.nspname || '.' || q.relname AS name,
         pg_catalog.round(100 * (q.places - q.free) / q.places, 2) AS used,
         q.free, q.start
    FROM counted AS q
   WHERE q.readable
   ORDER BY (q.places - q.free) / q.places DESC, name
   LIMIT 10)
SELECT t.sequences, t.unreadable, t.hidden, t.schema, t.unknown, w.name, w.used, w.free, w.start
  FROM total AS t LEFT JOIN worst AS w ON true
 ORDER BY w.used DESC, w.name)"};

// It wants SELECT, USAGE will not do.
constexpr std::string_view next_value =
    "CASE WHEN pg_catalog.has_sequence_privilege(c.oid,'SELECT') THEN (SELECT v.last_value "
    "FROM pg_catalog.pg_get_sequence_data(c.oid) AS v WHERE NOT v.is_called) END";
constexpr std::string_view no_next_value = "NULL::pg_catalog.int8";

constexpr std::array limits{
    Limit{"used",
          Unit::percent,
          "85",
          "95",
          "used part of the sequence that is closest to its end",
          "Give the column and its sequence a larger type (ALTER TABLE ... TYPE bigint, ALTER "
          "SEQUENCE ... AS bigint) before the last value is taken: from then on INSERT fails"},
    Limit{.label = "sequences", .help = "sequences of the database that do not begin anew"},
};

// By seqrelid: the server may ask it of every c before it knows which of them are sequences.
constexpr auto readable_sql =
    LeanSql{"SELECT pg_catalog.count(*) = 0 AS granted"} + sequences_that_end +
    LeanSql{"AND NOT pg_catalog.has_sequence_privilege(s.seqrelid, 'SELECT, USAGE')"};

constexpr std::array needs{
    Privilege{.name = "SELECT on every sequence of the database",
              .test = {"may_read_sequences", readable_sql},
              .grant = "GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO {role_ident}; -- and so "
                       "for every schema with sequences"},
};

/// A sequence that cannot be read may be the one that is full.
[[noreturn]] void refuse(const Rows& rows, const Config& config)
{
    std::string message = fmt::format("user \"{}\" may not read {} of {} sequences, among them {}",
                                      config.user,
                                      rows.text(0, "unreadable"),
                                      rows.text(0, "sequences"),
                                      rows.text(0, "hidden"));
    if (rows.cell(0, "name")) {
        message += fmt::format("; of the others {} is at {}%",
                               rows.text(0, "name"),
                               number_text(rows.number(0, "used")));
    }
    auto fix = fmt::format("GRANT SELECT ON ALL SEQUENCES IN SCHEMA {} TO {}; -- and so for "
                           "every schema with sequences",
                           sql_identifier(rows.text(0, "schema")),
                           sql_identifier(config.user));
    throw Failure{ErrorClass::privilege_missing}.with_message(message).with_fix(std::move(fix));
}

/// The sequence of a row.
Words line_of(const Rows& rows, std::size_t row)
{
    const auto& name = rows.text(row, "name");
    const auto used = Words::own(number_text(rows.number(row, "used")));
    if (rows.cell(row, "start")) {
        return phrase("{}: next value not known before it is used; {}% used if it is START, {}",
                      {name, used, rows.text(row, "start")});
    }
    return phrase("{}: {}% used, {} left", {name, used, counted(rows.text(row, "free"), "value")});
}

void add_details(Evidence& evidence, const Rows& rows)
{
    for (std::size_t i = 0; i < rows.size(); ++i) {
        evidence.details.push_back({"used", line_of(rows, i)});
    }
    const double all = rows.number(0, "sequences");
    const auto listed = static_cast<double>(rows.size());
    if (all > listed) {
        evidence.details.push_back(unlisted("used", all - listed, "more sequence"));
    }
}

Words summary_of(const Rows& rows)
{
    const double unknown = rows.number(0, "unknown");
    return phrase("{} is at {}%, the worst of {}{}",
                  {rows.text(0, "name"),
                   Words::own(number_text(rows.number(0, "used"))),
                   Words::own(number_text(rows.number(0, "sequences"))),
                   unknown == 0 ? Words{}
                                : Words::own(fmt::format(", the next value of {} not known",
                                                         number_text(unknown)))});
}

Evidence look(Session& session, const Config& config, const Deadline& deadline)
{
    const bool knows = session.server().version_number >= knows_sequence_data;
    const auto sql = replaced(sequence_sql, "{next}", knows ? next_value : no_next_value);
    const Query query{.name = "sequences", .sql = sql, .fixed = true};
    const auto rows = session.run({&query, 1}, deadline).at(0);
    if (rows.number(0, "unreadable") > 0) {
        refuse(rows, config);
    }
    const bool has_any = rows.cell(0, "name").has_value();
    const double used = has_any ? rows.number(0, "used") : 0; // nothing is near its end
    Evidence evidence{.metrics = {{"used", used}, {"sequences", rows.number(0, "sequences"), 0}},
                      .summary = has_any ? summary_of(rows) : Words{"no sequences"}};
    if (has_any) {
        add_details(evidence, rows);
    }
    return evidence;
}

} // namespace

constinit const Check sequences_check{.kind = CheckKind::sequences,
                                      .limits = limits,
                                      .main_label = "used",
                                      .privileges = needs,
                                      .look = &look};

} // namespace dbup
