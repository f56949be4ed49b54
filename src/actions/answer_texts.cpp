// SPDX-License-Identifier: MIT
#include "actions/answer_texts.hpp"

#include "actions/failure_texts.hpp"
#include "core/text.hpp"
#include "core/unit.hpp"

#include <fmt/format.h>

#include <cmath>

namespace dbup {

namespace {

Words encryption_text(const Answer& answer)
{
    if (answer.tls) {
        return answer.tls->protocol;
    }
    return answer.endpoint.is_socket() ? Words{"unix socket, no TLS"} : Words{"no TLS"};
}

/// "PostgreSQL 15.18, primary"
Words server_text(const ServerFacts& server)
{
    if (server.console) {
        return phrase("PgBouncer {}", {server.version.substr(0, server.version.find('/'))});
    }
    return phrase(server.standby ? "PostgreSQL {}, standby" : "PostgreSQL {}, primary",
                  {server.version});
}

/// What is not OK, each with ", " behind.
Words broken_limits(const std::vector<Verdict>& verdicts)
{
    Words text;
    for (const auto& verdict : verdicts) {
        if (verdict.state != State::ok) {
            const auto& label = verdict.metric.label; // which stands at the beginning
            const auto violation = violation_text(verdict);
            text += verdict.help.empty() ? Words{label} : Words::own(label);
            text += Words::own(violation.substr(label.size()) + ", ");
        }
    }
    return text;
}

Words recovery_text(double retries)
{
    return retries == 0 ? Words{}
           : retries == 1
               ? Words{", recovered after 1 retry"}
               : Words::own(fmt::format(", recovered after {} retries", number_text(retries)));
}

} // namespace

Words answer_headline(const Answer& answer,
                      const RunFacts& facts,
                      const std::vector<Verdict>& verdicts)
{
    const auto& evidence = answer.evidence;
    const auto what = evidence.summary.empty()
                          ? phrase("{} at {} answers in {}",
                                   {facts.config.database,
                                    answer.endpoint.text(),
                                    Words::own(duration_text(facts.tries.back().total()))})
                          : phrase("{}: {} ({} at {})",
                                   {Words::own(facts.check.name()),
                                    evidence.summary,
                                    facts.config.database,
                                    answer.endpoint.text()});
    return phrase("{}{} ({}, {}){}",
                  {broken_limits(verdicts),
                   what,
                   server_text(answer.server),
                   encryption_text(answer),
                   recovery_text(retries_of(facts))});
}

Words cluster_headline(const ClusterAnswer& answer,
                       const RunFacts& facts,
                       const std::vector<Verdict>& verdicts)
{
    const auto count = facts.config.endpoints.size();
    return phrase("{}{}: {} ({} on {}){}",
                  {broken_limits(verdicts),
                   Words::own(facts.check.name()),
                   answer.evidence.summary,
                   facts.config.database,
                   Words::own(fmt::format("{} {}", count, count == 1 ? "server" : "servers")),
                   recovery_text(answer.retries)});
}

std::vector<std::string> fact_lines(const Answer& answer)
{
    const double skew = answer.server.skew;
    std::vector<std::string> lines{fmt::format("{}, backend {}, clock {} by {} s",
                                               server_text(answer.server).text(),
                                               answer.server.backend_pid,
                                               skew < 0 ? "behind" : "ahead",
                                               number_text(std::abs(skew)))};
    if (const auto& address = answer.server.own_address) {
        lines.push_back(address->empty() ? "the server has this session on a unix socket"
                                         : "the server has this session at " + *address);
    }
    if (!answer.server.held.empty()) {
        lines.push_back(fmt::format(
            "the transaction was READ {} with its time limits, as read back from the server",
            answer.server.held.front().value == "on" ? "ONLY" : "WRITE"));
    }
    if (answer.tls) {
        lines.push_back(fmt::format("{} with {}", answer.tls->protocol, answer.tls->cipher));
        lines.push_back(fmt::format(
            "certificate of {}, issued by {}", answer.tls->subject, answer.tls->issuer));
    }
    return lines;
}

} // namespace dbup
