// SPDX-License-Identifier: MIT
#include "checks/expectation.hpp"
#include "checks/query_failure.hpp"
#include "checks/table.hpp"
#include "core/ascii.hpp"
#include "core/failure.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>

namespace dbup {

namespace {

constexpr std::array limits{
    Limit{.label = "value",
          .help = "the first numeric column, which has its own name in the answer"},
    Limit{.label = "match",
          .critical = "1:",
          .help = "1 if the first column is as --expect or --expect-regex wants it, else 0; only "
                  "with one of them",
          .fix = "Look at what the query returns, and at --expect or --expect-regex"},
};

// The labels that other metrics of an answer have; a test compares them with the tables.
constexpr std::array taken{std::string_view{"time"},
                           std::string_view{"up"},
                           std::string_view{"resolve"},
                           std::string_view{"connect"},
                           std::string_view{"tls"},
                           std::string_view{"auth"},
                           std::string_view{"query"},
                           std::string_view{"skew"},
                           std::string_view{"retries"},
                           std::string_view{"cert_days"},
                           std::string_view{"match"}};

constexpr std::array beginnings{std::string_view{"SELECT"},
                                std::string_view{"WITH"},
                                std::string_view{"SHOW"},
                                std::string_view{"VALUES"},
                                std::string_view{"TABLE"}};

constexpr std::string_view blanks = " \t\r\n\f\v";

enum class Kind { other, number, truth };

struct TypeRow {
    unsigned oid = 0;
    Kind kind = Kind::other;
};

// The OIDs of built-in types never change (pg_type.dat).
constexpr std::array types{
    TypeRow{16, Kind::truth},    // bool
    TypeRow{20, Kind::number},   // int8
    TypeRow{21, Kind::number},   // int2
    TypeRow{23, Kind::number},   // int4
    TypeRow{700, Kind::number},  // float4
    TypeRow{701, Kind::number},  // float8
    TypeRow{1700, Kind::number}, // numeric
};

Kind kind_of(unsigned oid)
{
    const auto* const row = std::find_if(
        types.begin(), types.end(), [oid](const TypeRow& type) { return type.oid == oid; });
    return row == types.end() ? Kind::other : row->kind;
}

/// The statement without what may stand behind it.
std::string statement_of(std::string_view query)
{
    const std::string dispensable = std::string{blanks} + ';';
    while (!query.empty() && dispensable.find(query.back()) != std::string::npos) {
        query.remove_suffix(1);
    }
    return std::string{query};
}

/// How long the comment is that `sql` begins with; 0 where it begins with none. Those in /* */ may
/// hold others.
std::size_t comment_length(std::string_view sql)
{
    if (sql.starts_with("--")) {
        return std::min(sql.find_first_of("\r\n"), sql.size());
    }
    int depth = 0;
    std::size_t at = 0;
    while (at < sql.size()) {
        const auto two = sql.substr(at, 2);
        const int step = two == "/*" ? 1 : two == "*/" ? -1 : 0;
        if (at == 0 && step != 1) {
            return 0;
        }
        depth += step;
        at += step == 0 ? 1 : two.size();
        if (depth == 0) {
            return at;
        }
    }
    return at;
}

/// Without the blanks, comments and parentheses that may stand in front of the first word.
std::string_view without_preface(std::string_view sql)
{
    for (;;) {
        sql.remove_prefix(std::min(sql.find_first_not_of(std::string{blanks} + '('), sql.size()));
        const auto length = comment_length(sql);
        if (length == 0) {
            return sql;
        }
        sql.remove_prefix(length);
    }
}

bool only_reads(std::string_view sql)
{
    const auto rest = without_preface(sql);
    const auto end =
        rest.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_");
    const auto word = rest.substr(0, end);
    return std::any_of(beginnings.begin(), beginnings.end(), [word](std::string_view beginning) {
        return same_word(word, beginning);
    });
}

void prepare(const Config& config)
{
    if (config.query.empty()) {
        throw config_error("--check query needs a query: --query SQL, DB_QUERY or "
                           "monitor.health_check_query");
    }
    const auto sql = statement_of(config.query);
    if (without_preface(sql).empty()) {
        throw config_error(config.origin_of("query") + ": there is no statement in it");
    }
    if (!only_reads(sql)) {
        throw config_error(
            fmt::format("{}: queries are read-only: one statement that begins with one of {}",
                        config.origin_of("query"),
                        joined(beginnings)));
    }
    const auto objection = pattern_objection(config.expect_regex);
    if (!objection.empty()) {
        throw config_error(fmt::format("{}: no usable regular expression: {} ('{}')",
                                       config.origin_of("expect-regex"),
                                       objection,
                                       shortened(config.expect_regex, 60)));
    }
}

Rows answer_to(const Query& query, const Config& config, Session& session, const Deadline& deadline)
{
    try {
        auto answers = session.run({&query, 1}, deadline);
        if (answers.size() != 1) {
            throw Failure{ErrorClass::unexpected_result, "one question, several answers"};
        }
        Rows answer = std::move(answers.front());
        return answer;
    } catch (const Failure& failure) {
        throw told_of_query(failure, config);
    }
}

void expect_one_row(const Rows& rows)
{
    if (rows.size() == 1 && rows.columns() > 0) {
        return;
    }
    throw Failure{ErrorClass::unexpected_result}
        .with_message(
            rows.size() == 0 ? std::string{"the query returned no row, and one is needed"}
            : rows.size() == 1
                ? std::string{"the query returned a row without columns"}
                : fmt::format("the query returned {} rows, and one is needed", rows.size()))
        .with_answer()
        .with_fix("Let the query return one row whatever it finds, for example an aggregate like "
                  "count(*), or ORDER BY with LIMIT 1");
}

/// Lower case, one '_' for what is no letter or digit, none in front.
std::string plain_name(std::string_view column)
{
    std::string name;
    for (const char c : column) {
        const bool plain = is_alphanumeric(c);
        if (plain || (!name.empty() && name.back() != '_')) {
            name += plain ? lower(c) : '_';
        }
    }
    return name;
}

/// A label of perfdata from the name of a column, at most 19 characters, with a number behind it
/// where it is taken.
std::string label_of(std::string_view column, const std::set<std::string, std::less<>>& used)
{
    constexpr std::size_t longest = 19;
    const auto cut = [name = plain_name(column)](std::size_t length) {
        auto text = name.substr(0, length);
        text.erase(text.find_last_not_of('_') + 1);
        return text.empty() ? std::string{"column"} : text;
    };
    auto label = cut(longest);
    for (int number = 2; used.contains(label); ++number) {
        const auto suffix = fmt::format("_{}", number);
        label = cut(longest - suffix.size()) + suffix;
    }
    return label;
}

/// Nothing for NULL, NaN and what no double holds.
std::optional<double> value_of(const Rows::Cell& cell, Kind kind)
{
    if (!cell) {
        return std::nullopt;
    }
    if (kind == Kind::truth) {
        return *cell == "t" ? 1 : 0;
    }
    double value = 0;
    const auto* const end = cell->data() + cell->size();
    const auto [rest, error] = std::from_chars(cell->data(), end, value);
    const bool whole = error == std::errc{} && rest == end && std::isfinite(value);
    return whole ? std::optional{value} : std::nullopt;
}

/// -w and -c of a name that a metric of every run has mean that one: a column of this name would
/// never alert.
void refuse_taken_name(std::string_view column, const Config& config)
{
    const auto name = plain_name(column);
    const bool limited =
        std::any_of(config.thresholds.begin(),
                    config.thresholds.end(),
                    [&name](const auto& threshold) { return threshold.label == name; });
    if (limited && std::find(taken.begin(), taken.end(), name) != taken.end()) {
        throw Failure{ErrorClass::config}
            .with_message(fmt::format("'{}' is a column of the query and a metric of every run: "
                                      "which of them the limit is for cannot be told",
                                      name))
            .with_answer()
            .with_fix("Give the column another name: AS name");
    }
}

void add_columns(Evidence& evidence, const Rows& rows, const Config& config)
{
    constexpr std::size_t most = 30; // a status line has its length
    std::set<std::string, std::less<>> used{taken.begin(), taken.end()};
    for (std::size_t i = 0; i < rows.columns(); ++i) {
        const auto kind = kind_of(rows.type(i));
        if (kind == Kind::other) {
            continue;
        }
        refuse_taken_name(rows.column_names()[i], config);
        auto label = label_of(rows.column_names()[i], used);
        used.insert(label);
        if (used.size() > taken.size() + most) {
            throw Failure{ErrorClass::unexpected_result}
                .with_message(fmt::format("the query returns more than {} numeric columns", most))
                .with_answer()
                .with_fix("Ask for fewer columns");
        }
        if (evidence.main_label.empty()) {
            evidence.main_label = label;
        }
        const auto& cell = rows.cell(0, i);
        if (const auto value = value_of(cell, kind)) {
            evidence.metrics.push_back({label, *value});
        } else {
            evidence.details.push_back(
                {label, fmt::format("{} is {}", label, cell ? shortened(*cell, 40) : "NULL")});
        }
    }
}

/// Columns for which there is a limit, and that are no numbers.
void explain_texts(Evidence& evidence, const Rows& rows, const Config& config)
{
    const bool no_number = evidence.main_label.empty();
    for (std::size_t i = 0; i < rows.columns(); ++i) {
        const auto& name = rows.column_names()[i];
        auto label = label_of(name, {});
        const auto is_meant = [&, label, i](const ThresholdSetting& limit) {
            const bool unnamed = limit.label.empty() || limit.label == "value";
            return limit.label == label || (unnamed && no_number && i == 0);
        };
        const auto& given = config.thresholds;
        if (kind_of(rows.type(i)) == Kind::other &&
            std::any_of(given.begin(), given.end(), is_meant)) {
            label += no_number && i == 0 ? " value" : "";
            evidence.details.push_back(
                {label, fmt::format("column '{}' is no number for the server", name)});
            evidence.hidden.fix = "Let the column be a number, for example with a cast "
                                  "(::numeric), or compare a text with --expect or --expect-regex";
        }
    }
}

/// "'3' as expected"
Words comparison(const Config& config, const Rows::Cell& first, bool match)
{
    constexpr std::size_t longest = 60;
    const auto quoted = [](const std::string& text) {
        return phrase("'{}'", {shortened(text, longest)});
    };
    const auto found = first ? quoted(*first) : Words{"NULL"};
    if (match) {
        return phrase("{} as expected", {found});
    }
    const bool equal = config.expect.empty() || (first && *first == config.expect);
    return equal ? phrase("{} does not match {}", {found, quoted(config.expect_regex)})
                 : phrase("{} where {} is expected", {found, quoted(config.expect)});
}

/// "lag 3.5, sessions 12"
Words numbers(const std::vector<Metric>& metrics)
{
    constexpr std::size_t most = 3;
    Words text;
    for (std::size_t i = 0; i < std::min(metrics.size(), most); ++i) {
        text += phrase(i == 0 ? "{} {}" : ", {} {}",
                       {metrics[i].label, Words::own(quantity_text(metrics[i].value, Unit::none))});
    }
    text += metrics.size() > most ? Words{", ..."} : Words{};
    return text;
}

Evidence look(Session& session, const Config& config, const Deadline& deadline)
{
    const auto sql = statement_of(config.query);
    const auto rows = answer_to({"user", sql}, config, session, deadline);
    expect_one_row(rows);
    Evidence evidence;
    add_columns(evidence, rows, config);
    explain_texts(evidence, rows, config);
    evidence.summary = numbers(evidence.metrics);
    const bool expects = !config.expect.empty() || !config.expect_regex.empty();
    if (expects) {
        const auto& first = rows.cell(0, std::size_t{0});
        const bool match = first && (config.expect.empty() || *first == config.expect) &&
                           (config.expect_regex.empty() || matches(config.expect_regex, *first));
        evidence.metrics.push_back({"match", match ? 1.0 : 0.0, 0, 1});
        evidence.summary = phrase(evidence.summary.empty() ? "{}{}" : "{}, {}",
                                  {comparison(config, first, match), evidence.summary});
    }
    if (evidence.summary.empty()) {
        evidence.summary = "one row";
    }
    return evidence;
}

/// EXPLAIN looks up names and rights, and runs nothing. It does not know SHOW, which is as cheap.
void rehearse(Session& session, const Config& config, const Deadline& deadline)
{
    const auto statement = statement_of(config.query);
    const bool shows = same_word(without_preface(statement).substr(0, 4), "show");
    const auto sql = shows ? statement : "EXPLAIN " + statement;
    static_cast<void>(answer_to({"explain", sql}, config, session, deadline));
}

std::string remarks()
{
    return "Every numeric or boolean column of the one row is a metric under its name (lower case, "
           "at most 19 characters), and has no limits unless -w and -c give some.";
}

} // namespace

constinit const Check query_check{.kind = CheckKind::query,
                                  .limits = limits,
                                  .main_label = "value",
                                  .open = true,
                                  .privileges = {},
                                  .look = &look,
                                  .rehearse = &rehearse,
                                  .prepare = &prepare,
                                  .remarks = &remarks};

} // namespace dbup
