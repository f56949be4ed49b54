// SPDX-License-Identifier: MIT
#include "actions/reporting.hpp"

#include "core/text.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace dbup {

namespace {

constexpr std::array every_run{
    Limit{"time", Unit::seconds, "1", "3", "until the answer; of a failed run the whole run"},
    Limit{"up", Unit::none, "", "", "1 if the database answered, else 0"},
    Limit{"resolve", Unit::seconds, "", "", "name resolution"},
    Limit{"connect", Unit::seconds, "", "", "TCP connection"},
    Limit{"tls", Unit::seconds, "", "", "TLS handshake"},
    Limit{"auth", Unit::seconds, "", "", "authentication and start of the session"},
    Limit{"query", Unit::seconds, "", "", "the hardened transaction with the check's query"},
    Limit{"skew", Unit::seconds, "", "", "by how much the server's clock is ahead of this host's"},
    Limit{"retries", Unit::none, "", "", "attempts after the first"},
    Limit{"cert_days", Unit::days, "14:", "7:", "days until the server's certificate expires"},
};

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

double retries_of(const RunFacts& facts)
{
    return facts.tries.empty() ? 0 : facts.tries.back().attempt - 1;
}

void add_common(std::vector<Metric>& metrics, const RunFacts& facts, double time, bool up)
{
    metrics.push_back({"time", time, 0, seconds(facts.config.timeout)});
    metrics.push_back({"up", up ? 1.0 : 0.0, 0, 1});
}

void add_stages(std::vector<Metric>& metrics, const Try& winner, bool encrypted)
{
    for (const auto& [label, stage] : stage_labels) {
        const auto spent = winner.spent(stage);
        if (spent && (encrypted || stage != Stage::tls)) { // a refusal of TLS takes time, too
            metrics.push_back({label, seconds(*spent), {}, {}});
        }
    }
    // Hardening and query are one round trip: only their sum says something of the server.
    const auto harden = winner.spent(Stage::harden).value_or(Elapsed{});
    metrics.push_back(
        {"query", seconds(harden + winner.spent(Stage::query).value_or(Elapsed{})), {}, {}});
}

std::vector<Verdict> judged(const std::vector<Metric>& metrics, const RunFacts& facts)
{
    const auto limits = limits_of(facts.check);
    return judge_all(
        metrics, limits, thresholds_for(limits, facts.check.main_label, facts.config.thresholds));
}

/// A number with its unit, for people.
std::string quantity(double value, Unit unit)
{
    if (unit == Unit::seconds) {
        const auto magnitude = std::chrono::duration<double>(std::abs(value));
        return (value < 0 ? "-" : "") +
               duration_text(std::chrono::duration_cast<Elapsed>(magnitude));
    }
    return number_text(value) + std::string{uom(unit)};
}

/// "time is 1.2 s (above 1 s)"
std::string violation(const Verdict& verdict)
{
    const auto& [metric, unit, thresholds, state] = verdict;
    if (std::isnan(metric.value)) {
        return fmt::format("{} was not measured", metric.label);
    }
    const Range range =
        (state == State::critical ? thresholds.critical : thresholds.warning).value_or(Range{});
    std::string limit = "inside " + range.text();
    if (!range.alert_inside) {
        limit = metric.value > range.high ? "above " + quantity(range.high, unit)
                                          : "below " + quantity(range.low, unit);
    }
    return fmt::format("{} is {} ({})", metric.label, quantity(metric.value, unit), limit);
}

std::string encryption_text(const Answer& answer)
{
    if (answer.tls) {
        return answer.tls->protocol;
    }
    return answer.endpoint.is_socket() ? "unix socket, no TLS" : "no TLS";
}

std::string
answer_headline(const Answer& answer, const RunFacts& facts, const std::vector<Verdict>& verdicts)
{
    std::string broken;
    for (const auto& verdict : verdicts) {
        if (verdict.state != State::ok) {
            broken += violation(verdict) + ", ";
        }
    }
    const double retries = retries_of(facts);
    return fmt::format("{}{} at {} answers in {} (PostgreSQL {}, {}, {}){}",
                       broken,
                       facts.config.database,
                       answer.endpoint.text(),
                       duration_text(facts.tries.back().total()),
                       answer.server.version,
                       answer.server.standby ? "standby" : "primary",
                       encryption_text(answer),
                       retries == 0 ? std::string{}
                       : retries == 1
                           ? std::string{", recovered after 1 retry"}
                           : fmt::format(", recovered after {} retries", number_text(retries)));
}

std::vector<std::string> fact_lines(const Answer& answer)
{
    std::vector<std::string> lines{
        fmt::format("PostgreSQL {}, {}, backend {}, clock ahead by {} s",
                    answer.server.version,
                    answer.server.standby ? "standby" : "primary",
                    answer.server.backend_pid,
                    number_text(answer.server.skew)),
        "the transaction was READ ONLY with its time limits, as read back from the server",
    };
    if (answer.tls) {
        lines.push_back(fmt::format("{} with {}", answer.tls->protocol, answer.tls->cipher));
        lines.push_back(fmt::format(
            "certificate of {}, issued by {}", answer.tls->subject, answer.tls->issuer));
    }
    return lines;
}

/// Fills the placeholders of a row of the error table.
std::string filled(std::string_view text, const Failure& failure, const Config& config)
{
    const std::string target = failure.target().empty() ? config.host_list : failure.target();
    const std::string host = failure.host().empty() ? config.host_list : failure.host();
    return fmt::format(fmt::runtime(text),
                       fmt::arg("target", target),
                       fmt::arg("host", host),
                       fmt::arg("user", config.user),
                       fmt::arg("database", config.database),
                       fmt::arg("role_ident", sql_identifier(config.user)),
                       fmt::arg("database_ident", sql_identifier(config.database)));
}

std::string failure_headline(const Failure& failure, const ErrorRow& row, const RunFacts& facts)
{
    std::string text =
        failure.message().empty() ? filled(row.sentence, failure, facts.config) : failure.message();
    const double retries = retries_of(facts);
    if (retries > 0) {
        text += fmt::format(
            ", {} attempts in {}", number_text(retries + 1), duration_text(facts.spent));
    }
    return text;
}

/// Where a password was looked for.
std::string search_text(const Config& config)
{
    std::string text;
    for (const auto& place : config.password_search) {
        text += text.empty() ? place : "; " + place;
    }
    return text;
}

/// What became of the other servers of the last attempt.
std::string others_text(const Failure& failure, const std::vector<Try>& tries)
{
    std::string text;
    for (const auto& one : tries) {
        const bool another = one.attempt == tries.back().attempt && !one.code.empty() &&
                             !one.target.starts_with(failure.target());
        if (another) {
            text +=
                fmt::format("{} {} {}", text.empty() ? "also tried" : ",", one.target, one.code);
        }
    }
    return text;
}

/// What was said, and what the other servers of the last attempt said.
std::string reason_of(const Failure& failure, const RunFacts& facts)
{
    const bool searched = failure.error() == ErrorClass::password_missing;
    std::string text = searched ? search_text(facts.config) : failure.detail();
    if (!failure.sqlstate().empty()) {
        text += fmt::format(" (SQLSTATE {})", failure.sqlstate());
    }
    const auto others = others_text(failure, facts.tries);
    return text.empty() || others.empty() ? text + others : text + "; " + others;
}

} // namespace

std::span<const Limit> run_limits()
{
    return every_run;
}

std::vector<Limit> limits_of(const Check& check)
{
    std::vector<Limit> limits{every_run.begin(), every_run.end()};
    limits.insert(limits.end(), check.limits.begin(), check.limits.end());
    return limits;
}

Report report_of(const Answer& answer, const RunFacts& facts)
{
    const Try& winner = facts.tries.back();
    std::vector<Metric> metrics;
    add_common(metrics, facts, seconds(winner.total()), true);
    add_stages(metrics, winner, answer.tls.has_value());
    metrics.push_back({"skew", answer.server.skew, {}, {}});
    metrics.push_back({"retries", retries_of(facts), 0, facts.config.max_retries});
    if (answer.tls && answer.tls->cert_days) {
        metrics.push_back({"cert_days", *answer.tls->cert_days, {}, {}});
    }
    metrics.insert(metrics.end(), answer.evidence.metrics.begin(), answer.evidence.metrics.end());

    Report report{.state = State::ok, .verdicts = judged(metrics, facts)};
    for (const auto& verdict : report.verdicts) {
        report.state = worst(report.state, verdict.state);
    }
    report.headline = answer_headline(answer, facts, report.verdicts);
    report.notes = facts.config.notes;
    report.facts = fact_lines(answer);
    report.facts.insert(
        report.facts.end(), answer.evidence.findings.begin(), answer.evidence.findings.end());
    report.tries = facts.tries;
    report.settings = facts.config.settings;
    return report;
}

Report report_of(const Failure& failure, const RunFacts& facts)
{
    const ErrorRow& row = row_of(failure.error());
    Report report{.state = facts.config.state_of(failure.error()), .error = &row};
    report.headline = failure_headline(failure, row, facts);
    report.reason = reason_of(failure, facts);
    report.fix = failure.fix().empty() ? filled(row.fix, failure, facts.config) : failure.fix();
    report.notes = facts.config.notes;
    report.tries = facts.tries;
    report.settings = facts.config.settings;
    if (!facts.tries.empty()) { // nothing was tried: there is nothing to measure
        std::vector<Metric> metrics;
        add_common(metrics, facts, seconds(facts.spent), false);
        metrics.push_back({"retries", retries_of(facts), 0, facts.config.max_retries});
        report.verdicts = judged(metrics, facts);
    } else if (failure.error() == ErrorClass::config) {
        report.fix.clear(); // one line says it all
    }
    return report;
}

void scrub(Report& report, const Scrubber& scrubber)
{
    constexpr std::size_t headline_bytes = 400;
    constexpr std::size_t line_bytes = 260;
    report.headline = scrubber(report.headline, report.tries.empty() ? headline_bytes : line_bytes);
    report.reason = scrubber(report.reason, line_bytes);
    report.fix = scrubber(report.fix, line_bytes);
    for (auto* const lines : {&report.notes, &report.facts}) {
        for (auto& line : *lines) {
            line = scrubber(line);
        }
    }
    for (auto& one : report.tries) {
        one.target = scrubber(one.target);
        one.message = scrubber(one.message);
    }
    for (auto& setting : report.settings) {
        setting.value = scrubber(setting.value);
        setting.origin = scrubber(setting.origin);
    }
}

Scrubber scrubber_for(const Config& config, std::span<const Secret> secrets)
{
    Scrubber scrubber;
    scrubber.add_secret(config.password.reveal());
    for (const auto& secret : secrets) {
        scrubber.add_secret(secret.reveal());
    }
    if (config.redact_hosts) {
        for (const auto& endpoint : config.endpoints) {
            scrubber.add_host(endpoint.host);
        }
        for (const auto host : parts_of(config.host_list, ',')) {
            scrubber.add_host(host);
        }
    }
    return scrubber;
}

} // namespace dbup
