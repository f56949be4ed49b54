// SPDX-License-Identifier: MIT
#include "actions/reporting.hpp"

#include "actions/answer_texts.hpp"
#include "actions/failure_texts.hpp"
#include "core/remedies.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace dbup {

namespace {

constexpr std::string_view console_fix =
    "Add the user to stats_users (or admin_users) of PgBouncer's configuration, and RELOAD";
constexpr std::string_view port_fix =
    "This is not PgBouncer, which always has that database: give its port with --port (6432, if "
    "nothing else is set)";

struct StageLabel {
    std::string_view label = {};
    Stage stage = Stage::setup;
};

constexpr std::array stage_labels{
    StageLabel{"resolve", Stage::resolve},
    StageLabel{"connect", Stage::tcp},
    StageLabel{"tls", Stage::tls},
    StageLabel{"auth", Stage::auth},
};

void add_common(std::vector<Metric>& metrics,
                const RunFacts& facts,
                double time,
                std::optional<bool> up)
{
    metrics.push_back({"time", time, 0, seconds(facts.config.timeout)});
    if (up) {
        metrics.push_back({"up", *up ? 1.0 : 0.0, 0, 1});
    }
}

/// Whether the database can be used, as far as the failure tells: a server that says what its role
/// may not see, that it has another role than expected, or what is wrong with a query of the user
/// is not down, and of wrong settings or a fault of this host it knows nothing.
std::optional<bool> is_up(const Failure& failure)
{
    const auto error = failure.error();
    const bool is_ours = error == ErrorClass::config || error == ErrorClass::local ||
                         error == ErrorClass::interrupted || error == ErrorClass::internal;
    if (is_ours) {
        return std::nullopt;
    }
    return failure.answered() || error == ErrorClass::privilege_missing ||
           error == ErrorClass::role_mismatch;
}

void add_stages(std::vector<Metric>& metrics, const Try& winner, bool encrypted)
{
    for (const auto& [label, stage] : stage_labels) {
        const auto spent = winner.spent(stage);
        if (spent && (encrypted || stage != Stage::tls)) { // a refusal of TLS takes time, too
            metrics.push_back({std::string{label}, seconds(*spent)});
        }
    }
    // Hardening and query are one round trip: only their sum says something of the server.
    const auto harden = winner.spent(Stage::harden).value_or(Elapsed{});
    metrics.push_back({"query", seconds(harden + winner.spent(Stage::query).value_or(Elapsed{}))});
}

/// \param main_label of the answer; empty: the check's
std::vector<Verdict>
judged(const std::vector<Metric>& metrics, const RunFacts& facts, std::string_view main_label = {})
{
    auto table = limits_of(facts.check);
    table.main_label = main_label.empty() ? table.main_label : main_label;
    return judge_all(metrics, table, thresholds_for(table, facts.config.thresholds));
}

/// What to do about the worst metric whose limit knows it.
std::string limit_fix(const std::vector<Verdict>& verdicts)
{
    const Verdict* worst_one = nullptr;
    for (const auto& verdict : verdicts) {
        const bool worse =
            worst_one == nullptr || (verdict.state != worst_one->state &&
                                     worst(verdict.state, worst_one->state) == verdict.state);
        const bool broken = verdict.state != State::ok && !std::isnan(verdict.metric.value);
        if (broken && !verdict.fix.empty() && worse) {
            worst_one = &verdict;
        }
    }
    return worst_one == nullptr ? std::string{} : std::string{worst_one->fix};
}

std::vector<Particular> particulars_of(const Evidence& evidence,
                                       const std::vector<Verdict>& verdicts)
{
    std::vector<Particular> all;
    for (const auto& [label, text, unlisted] : evidence.details) {
        const auto labels = words_of(label);
        const bool pressing =
            std::any_of(verdicts.begin(), verdicts.end(), [&labels](const Verdict& verdict) {
                return verdict.state != State::ok &&
                       std::find(labels.begin(), labels.end(), verdict.metric.label) !=
                           labels.end();
            });
        all.push_back({text, pressing, unlisted});
    }
    return all;
}

/// The numbers of every run that servers have one by one, of the one that they say the worst of.
void add_worst(std::vector<Metric>& metrics, const std::vector<Answer>& answers)
{
    double skew = 0;
    std::optional<double> days;
    for (const auto& answer : answers) {
        skew = std::abs(answer.server.skew) > std::abs(skew) ? answer.server.skew : skew;
        if (answer.tls && answer.tls->cert_days) {
            days = std::min(days.value_or(*answer.tls->cert_days), *answer.tls->cert_days);
        }
    }
    metrics.push_back({"skew", skew});
    if (days) {
        metrics.push_back({"cert_days", *days});
    }
}

Words fix_for(const Failure& failure, const RunFacts& facts)
{
    if (!failure.fix().empty()) {
        return Words{failure.fix()};
    }
    auto remedy = remedy_of(failure);
    if (facts.check.console && failure.error() == ErrorClass::permission) {
        remedy = console_fix;
    } else if (facts.check.console && failure.error() == ErrorClass::database_missing) {
        remedy = port_fix;
    }
    return filled(remedy, failure, facts.config);
}

/// PgBouncer's console puts "/bouncer" behind its version.
std::string plain_version(const ServerFacts& server)
{
    const auto& version = server.version;
    return server.console ? std::string{version, 0, version.find('/')} : version;
}

/// What is to be said of a server's certificate although it was taken.
void add_certificate(Report& report, const Answer& answer)
{
    if (answer.tls && !answer.tls->valid_from.empty()) {
        const auto text =
            fmt::format("certificate not yet valid, only from {} (is this host's clock right?): {}",
                        answer.tls->valid_from,
                        answer.endpoint.text());
        report.particulars.push_back({text, true});
    }
}

/// What every report has.
Report begun(const RunFacts& facts)
{
    Report report;
    report.check = facts.check.name();
    report.main_label = facts.check.main_label;
    report.database = facts.config.database;
    for (const auto& endpoint : facts.config.endpoints) {
        report.asked += (report.asked.empty() ? "" : ",") + endpoint.text();
    }
    if (report.asked.empty()) { // wrong settings: what was read of them
        report.asked = facts.config.host_list;
    }
    report.notes = facts.config.notes;
    report.tries = facts.tries;
    report.settings = facts.config.settings;
    return report;
}

/// What gives the number that a limit waits for, where the check knows it.
Words missing_fix(const Report& report, const Hidden& hidden)
{
    const bool missing =
        std::any_of(report.verdicts.begin(), report.verdicts.end(), [](const Verdict& verdict) {
            return verdict.state != State::ok && std::isnan(verdict.metric.value);
        });
    return missing ? Words{hidden.fix} : Words{};
}

/// What the reports of all runs with an answer have in common; `first` is the server to name where
/// there is room for one.
Report answered(const std::vector<Metric>& metrics,
                const Evidence& evidence,
                const Answer& first,
                const RunFacts& facts)
{
    Report report = begun(facts);
    report.verdicts = judged(metrics, facts, evidence.main_label);
    if (!evidence.main_label.empty()) {
        report.main_label = evidence.main_label;
    }
    report.state = overall_state(report.verdicts);
    report.told.summary = evidence.summary;
    report.server = {first.endpoint.text(),
                     plain_version(first.server),
                     first.server.standby,
                     first.server.console,
                     first.server.skew,
                     first.server.own_address.value_or("")};
    report.particulars = particulars_of(evidence, report.verdicts);
    report.told.fix = filled(
        limit_fix(report.verdicts),
        Failure{ErrorClass::internal}.with_target(first.endpoint.text(), first.endpoint.host),
        facts.config);
    if (report.told.fix.empty()) {
        report.told.fix = missing_fix(report, evidence.hidden);
    }
    return report;
}

/// Whether a limit waits for something that the role may not see, and nothing else is known to be
/// wrong.
bool is_blind(const Report& report, const Hidden& hidden, const RunFacts& facts)
{
    if (report.state == State::warning || report.state == State::critical) {
        return false;
    }
    const auto table = limits_of(facts.check);
    const auto thresholds = thresholds_for(table, facts.config.thresholds);
    const auto labels = words_of(hidden.labels);
    return std::any_of(labels.begin(), labels.end(), [&](std::string_view label) {
        const auto row = std::find_if(table.limits.begin(),
                                      table.limits.end(),
                                      [label](const Limit& limit) { return limit.label == label; });
        const auto at = static_cast<std::size_t>(row - table.limits.begin());
        return at < table.limits.size() && can_alert(thresholds.of_limits[at]);
    });
}

/// As where the role may see nothing, with the numbers that it could see.
Report blind_report(Report seen, const Answer& answer, const RunFacts& facts)
{
    const auto& endpoint = answer.endpoint;
    auto report =
        report_of(Failure{ErrorClass::privilege_missing, std::string{answer.evidence.hidden.reason}}
                      .with_fix(answer.evidence.hidden.fix)
                      .with_target(endpoint.text(), endpoint.host),
                  facts);
    report.verdicts = std::move(seen.verdicts);
    report.particulars = std::move(seen.particulars);
    return report;
}

} // namespace

Report report_of(const Answer& answer, const RunFacts& facts)
{
    const Try& winner = facts.tries.back();
    std::vector<Metric> metrics;
    add_common(metrics, facts, seconds(winner.total()), true);
    add_stages(metrics, winner, answer.tls.has_value());
    if (!answer.server.console) { // which tells no time
        metrics.push_back({"skew", answer.server.skew});
    }
    metrics.push_back({"retries", retries_of(facts), 0, facts.config.max_retries});
    if (answer.tls && answer.tls->cert_days) {
        metrics.push_back({"cert_days", *answer.tls->cert_days});
    }
    metrics.insert(metrics.end(), answer.evidence.metrics.begin(), answer.evidence.metrics.end());

    Report report = answered(metrics, answer.evidence, answer, facts);
    if (is_blind(report, answer.evidence.hidden, facts)) {
        return blind_report(std::move(report), answer, facts);
    }
    report.told.headline = answer_headline(answer, facts, report.verdicts);
    report.facts = fact_lines(answer);
    add_certificate(report, answer);
    return report;
}

Report report_of(const ClusterAnswer& answer, const RunFacts& facts)
{
    std::vector<Metric> metrics;
    add_common(metrics, facts, seconds(facts.spent), true);
    metrics.push_back(
        {"retries", static_cast<double>(answer.retries), 0, facts.config.max_retries});
    add_worst(metrics, answer.answers);
    const auto& evidence = answer.evidence;
    metrics.insert(metrics.end(), evidence.metrics.begin(), evidence.metrics.end());

    const auto primary = std::find_if(answer.answers.begin(),
                                      answer.answers.end(),
                                      [](const Answer& one) { return !one.server.standby; });
    const auto& first = primary == answer.answers.end() ? answer.answers.front() : *primary;
    Report report = answered(metrics, evidence, first, facts);
    report.told.headline = cluster_headline(answer, facts, report.verdicts);
    if (facts.config.endpoints.size() == 1) {
        report.notes.emplace_back("only one server is named: list all of the cluster in --host");
    }
    if (facts.config.role != ExpectedRole::any) {
        report.notes.emplace_back("--role has no effect: the check looks at the roles of all");
    }
    for (const auto& one : answer.answers) {
        add_certificate(report, one);
        for (const auto& line : fact_lines(one)) {
            report.facts.push_back(fmt::format("{}: {}", one.endpoint.text(), line));
        }
    }
    return report;
}

Report report_of(const Failure& failure, const RunFacts& facts)
{
    const ErrorRow& row = row_of(failure.error());
    Report report = begun(facts);
    report.state = facts.config.state_of(failure.error());
    report.error = &row;
    report.told.headline = failure_headline(failure, facts);
    report.told.reason = reason_of(failure, facts);
    report.told.fix = fix_for(failure, facts);
    if (!facts.tries.empty()) { // nothing was tried: there is nothing to measure
        std::vector<Metric> metrics;
        add_common(metrics, facts, seconds(facts.spent), is_up(failure));
        metrics.push_back({"retries", retries_of(facts), 0, facts.config.max_retries});
        report.verdicts = judged(metrics, facts);
    } else if (failure.error() == ErrorClass::config) {
        report.told.fix = {}; // one line says it all
    }
    return report;
}

} // namespace dbup
