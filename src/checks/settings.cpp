// SPDX-License-Identifier: MIT
#include "checks/lean_sql.hpp"
#include "checks/settings/rules.hpp"
#include "checks/table.hpp"
#include "core/failure.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

namespace dbup {

namespace {

// reset_val, because our own transaction has time limits of its own. A name that a version does not
// have gives no row.
constexpr LeanSql settings_sql{R"(
SELECT s.name, s.reset_val AS value
  FROM pg_catalog.pg_settings AS s
 WHERE s.name IN ('archive_command', 'archive_library', 'archive_mode',
                  'auto_explain.log_min_duration', 'autovacuum', 'data_checksums', 'fsync',
                  'full_page_writes', 'idle_in_transaction_session_timeout', 'listen_addresses',
                  'log_min_duration_sample', 'log_min_duration_statement', 'max_connections',
                  'password_encryption', 'pg_stat_monitor.pgsm_max', 'pg_stat_statements.max',
                  'reserved_connections', 'ssl', 'statement_timeout',
                  'superuser_reserved_connections', 'synchronous_commit', 'track_activities',
                  'track_counts', 'track_io_timing'))"};
constexpr Query settings_query{"settings", settings_sql};

// A limit of another role stands there as it was written: 500, '0.5s', 0x1F4.
// A view's functions are run with the rights of who asks: hence both rights.
constexpr LeanSql facts_sql{R"(
SELECT own.rolsuper AS superuser,
       pg_catalog.inet_client_addr() IS NULL AS over_socket,
       pg_catalog.has_function_privilege('pg_catalog.pg_hba_file_rules()', 'EXECUTE')
       AND pg_catalog.has_table_privilege('pg_catalog.pg_hba_file_rules', 'SELECT') AS reads_hba,
       limits.*
  FROM pg_catalog.pg_roles AS own,
       LATERAL (
         SELECT pg_catalog.count(*) FILTER (
                  WHERE NOT mine AND entry ~* ('^statement_timeout=' || positive))
                  AS statement_others,
                pg_catalog.count(*) FILTER (
                  WHERE mine AND entry ~ '^statement_timeout=') AS statement_own,
                pg_catalog.count(*) FILTER (
                  WHERE NOT mine
                    AND entry ~* ('^idle_in_transaction_session_timeout=' || positive))
                  AS idle_others,
                pg_catalog.count(*) FILTER (
                  WHERE mine AND entry ~ '^idle_in_transaction_session_timeout=') AS idle_own
           FROM (SELECT d.setrole = own.oid AS mine, pg_catalog.unnest(d.setconfig) AS entry
                   FROM pg_catalog.pg_db_role_setting AS d
                  WHERE d.setdatabase = 0
                     OR d.setdatabase = (SELECT b.oid FROM pg_catalog.pg_database AS b
                                          WHERE b.datname = pg_catalog.current_database())
                ) AS entries,
                (VALUES ('[[:space:]]*[+]?(0x0*[1-9a-f]|[0.]*[1-9])')) AS number(positive)
       ) AS limits
 WHERE own.rolname = CURRENT_USER)"};
constexpr Query facts_query{"facts", facts_sql};

// The file as it is now; what was changed since the last reload is in it, too. Files that it
// includes (since 16) have line numbers of their own. Whoever shows the certificate of that role
// is let in by more than trust.
constexpr LeanSql hba_sql{R"(
SELECT pg_catalog.count(*) FILTER (WHERE h.trusting) AS trusting,
       (pg_catalog.array_agg(h.line_number ORDER BY h.place, h.line_number)
          FILTER (WHERE h.trusting))[1] AS trusting_line,
       COALESCE((pg_catalog.array_agg(h.file ORDER BY h.place, h.line_number)
          FILTER (WHERE h.trusting))[1], '') AS trusting_file,
       pg_catalog.count(*) FILTER (WHERE h.everywhere) AS open,
       (pg_catalog.array_agg(h.line_number ORDER BY h.place, h.line_number)
          FILTER (WHERE h.everywhere))[1] AS open_line,
       COALESCE((pg_catalog.array_agg(h.file ORDER BY h.place, h.line_number)
          FILTER (WHERE h.everywhere))[1], '') AS open_file
  FROM (SELECT r.line_number,
               (pg_catalog.to_jsonb(r) ->> 'rule_number')::pg_catalog.int4 AS place,
               pg_catalog.substring(pg_catalog.to_jsonb(r) ->> 'file_name',
                                    '^(?!(?:.*/)?pg_hba[.]conf$).*') AS file,
               r.auth_method = 'trust' AS trusting,
               r.auth_method IN ('trust', 'password', 'md5')
               AND (r.address = 'all'
                    OR (r.address IN ('0.0.0.0', '::') AND r.netmask IN ('0.0.0.0', '::')))
                 AS everywhere
          FROM pg_catalog.pg_hba_file_rules AS r
         WHERE NOT ('clientcert=verify-full' = ANY(COALESCE(r.options, '{}')))) AS h)"};
constexpr Query hba_query{"hba", hba_sql};

constexpr std::array limits{
    Limit{.label = "findings",
          .warning = "0",
          .help = "rules that the server breaks",
          .fix = "Each line says what mends it; --ignore RULE leaves out what is meant to be so"},
    Limit{.label = "rules", .help = "rules that were looked at"},
    Limit{.label = "advice", .help = "rules not followed that are advice only, listed with -v"},
    Limit{.label = "unseen", .help = "rules that the role may not look at, listed with -v"},
};

/// The rules of a comma list. \throws Failure{config} for a word that is none
std::vector<std::string_view>
rules_in(const Config& config, std::string_view option, std::string_view list)
{
    std::vector<std::string_view> known;
    for (const auto& rule : settings_rules()) {
        known.push_back(rule.id);
    }
    std::vector<std::string_view> named;
    for (const auto part : parts_of(list, ',')) {
        const auto words = words_of(part);
        if (words.empty()) {
            continue;
        }
        const auto word = words.size() == 1 ? words[0] : part;
        if (std::find(known.begin(), known.end(), word) == known.end()) {
            const auto near = nearest(word, known);
            throw config_error(fmt::format("{}: there is no rule '{}' ({})",
                                           config.origin_of(option),
                                           word,
                                           near.empty() ? "db-up --help checks lists them"
                                                        : fmt::format("did you mean '{}'?", near)));
        }
        named.push_back(word);
    }
    return named;
}

std::vector<const Rule*> chosen_rules(const Config& config)
{
    const auto ignored = rules_in(config, "ignore", config.ignored_rules);
    const auto only = rules_in(config, "only", config.only_rules);
    const auto names = [](const std::vector<std::string_view>& list, std::string_view id) {
        return std::find(list.begin(), list.end(), id) != list.end();
    };
    std::vector<const Rule*> chosen;
    for (const auto& rule : settings_rules()) {
        if ((only.empty() || names(only, rule.id)) && !names(ignored, rule.id)) {
            chosen.push_back(&rule);
        }
    }
    if (chosen.empty()) {
        throw config_error(config.origin_of("ignore") + ": no rule is left to look at");
    }
    return chosen;
}

void prepare(const Config& config)
{
    static_cast<void>(chosen_rules(config));
}

Words finding_text(const Rule& rule, const RuleAnswer& answer)
{
    return phrase("{}: {}{}; mend: {}",
                  {Words::own(rule.id),
                   Words::own(rule.wrong),
                   answer.more.empty() ? Words{} : phrase(" ({})", {answer.more}),
                   Words::own(rule.mend)});
}

Words unseen_text(const Rule& rule)
{
    return Words::own(fmt::format("{}: could not be looked at; needs {}",
                                  rule.id,
                                  rule.right.empty() ? "pg_monitor" : rule.right));
}

/// Asked by itself, because a statement that may not read the rules would end all.
std::vector<Rows> hba_of(Session& session, const Rows& facts, const Deadline& deadline)
{
    return facts.text(0, "reads_hba") == "t" ? session.run({&hba_query, 1}, deadline)
                                             : std::vector<Rows>{};
}

/// Where nothing could be looked at, nothing is known to be right.
void expect_some(double looked_at, const std::vector<Detail>& unseen)
{
    if (looked_at > 0) {
        return;
    }
    if (unseen.empty()) {
        throw Failure{ErrorClass::config}
            .with_message("none of the chosen rules is about anything that this server or run has")
            .with_fix("Choose others with --only; pool_budget needs --pool-budget");
    }
    throw Failure{ErrorClass::privilege_missing}
        .with_message("none of the chosen rules could be looked at")
        .with_fix(unseen.front().text.text());
}

Evidence evidence_of(const std::vector<const Rule*>& chosen, const SettingsSeen& seen)
{
    Evidence evidence;
    std::vector<Detail> advice;
    std::vector<Detail> unseen;
    double looked_at = 0;
    for (const auto* const rule : chosen) {
        const auto answer = answer_of(*rule, seen);
        if (answer.is == RuleAnswer::Is::unseen) {
            unseen.push_back({"unseen", unseen_text(*rule)});
        } else if (answer.is != RuleAnswer::Is::not_asked) {
            ++looked_at;
        }
        if (answer.is == RuleAnswer::Is::wrong) {
            auto& told = rule->advice ? advice : evidence.details;
            told.push_back({rule->advice ? "advice" : "findings", finding_text(*rule, answer)});
        }
    }
    expect_some(looked_at, unseen);
    const auto findings = static_cast<double>(evidence.details.size());
    const auto advised = static_cast<double>(advice.size());
    const auto hidden = static_cast<double>(unseen.size());
    evidence.metrics = {{"findings", findings, 0, looked_at},
                        {"rules", looked_at},
                        {"advice", advised},
                        {"unseen", hidden}};
    evidence.summary =
        Words::own(fmt::format("{} of {} rules broken{}",
                               number_text(findings),
                               number_text(looked_at),
                               hidden == 0 ? "" : fmt::format(", {} not seen", hidden)));
    std::move(advice.begin(), advice.end(), std::back_inserter(evidence.details));
    std::move(unseen.begin(), unseen.end(), std::back_inserter(evidence.details));
    return evidence;
}

Evidence look(Session& session, const Config& config, const Deadline& deadline)
{
    const auto chosen = chosen_rules(config);
    const std::array queries{settings_query, facts_query};
    const auto answers = session.run(queries, deadline);
    if (answers.size() != queries.size() || answers[1].size() != 1) {
        throw Failure{ErrorClass::unexpected_result, "the settings do not come as asked for"};
    }
    const auto hba = hba_of(session, answers[1], deadline);
    return evidence_of(chosen,
                       {.settings = answers[0],
                        .facts = answers[1],
                        .hba = hba.empty() ? nullptr : &hba.front(),
                        .config = config,
                        .server = session.server(),
                        .encrypted = session.tls().has_value()});
}

/// A rule that may not be looked at is told as such; only where all of them are of pg_hba.conf
/// nothing is left.
std::vector<Need> needs_of(const Config& config)
{
    constexpr std::string_view sql = R"(
SELECT pg_catalog.has_function_privilege('pg_catalog.pg_hba_file_rules()', 'EXECUTE')
       AND pg_catalog.has_table_privilege('pg_catalog.pg_hba_file_rules', 'SELECT') AS granted)";
    const auto chosen = chosen_rules(config);
    const bool only_hba = std::all_of(chosen.begin(), chosen.end(), [](const Rule* rule) {
        return rule->id.starts_with("hba_");
    });
    if (!only_hba) {
        return {};
    }
    const auto role = sql_identifier(config.user);
    return {{.name = "the right to read pg_hba_file_rules",
             .test = "may_read_hba",
             .sql = sql,
             .grant = fmt::format("GRANT EXECUTE ON FUNCTION pg_hba_file_rules() TO {0}; GRANT "
                                  "SELECT ON pg_hba_file_rules TO {0};",
                                  role)}};
}

std::string remarks()
{
    std::string text = "Rules of --only and --ignore, the worst first:";
    for (const auto& rule : settings_rules()) {
        text += fmt::format("\n- {}: {}; {}", rule.id, rule.wrong, rule.why);
    }
    return text;
}

} // namespace

constinit const Check settings_check{.kind = CheckKind::settings,
                                     .limits = limits,
                                     .main_label = "findings",
                                     .privileges = {},
                                     .look = &look,
                                     .needs = &needs_of,
                                     .prepare = &prepare,
                                     .remarks = &remarks};

} // namespace dbup
