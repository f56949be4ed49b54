// SPDX-License-Identifier: MIT
#include "output/sentence.hpp"

#include "core/unit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace dbup {

namespace {

std::string_view opening(State state)
{
    switch (state) {
    case State::ok: return "Health check passed";
    case State::warning: return "Health check passed with a warning";
    case State::critical:
    case State::unknown: break;
    }
    return "Health check failed";
}

std::string violations(const Report& report)
{
    std::string text;
    for (const auto& verdict : report.verdicts) {
        if (verdict.state != State::ok) {
            text += (text.empty() ? " - " : ", ") + violation_text(verdict);
        }
    }
    return text;
}

/// "45ms"; below ten milliseconds with one decimal.
std::string milliseconds_text(double seconds)
{
    const double scale = seconds < 0.01 ? 10 : 1;
    return number_text(std::round(seconds * 1'000 * scale) / scale) + "ms";
}

std::string recovery(const Report& report)
{
    const double retries = value_of(report, "retries").value_or(0);
    if (retries == 0) {
        return {};
    }
    return fmt::format(
        " (recovered after {} {})", number_text(retries), retries == 1 ? "retry" : "retries");
}

} // namespace

std::optional<double> value_of(const Report& report, std::string_view label)
{
    const auto verdict =
        std::find_if(report.verdicts.begin(),
                     report.verdicts.end(),
                     [label](const Verdict& candidate) { return candidate.metric.label == label; });
    const bool measured = verdict != report.verdicts.end() && std::isfinite(verdict->metric.value);
    return measured ? std::optional{verdict->metric.value} : std::nullopt;
}

std::string result_sentence(const Report& report)
{
    if (report.error != nullptr) {
        return fmt::format("Health check failed - {}: {}", report.error->code, report.headline);
    }
    std::string text{opening(report.state)};
    text += violations(report);
    text += report.summary.empty() ? "" : " - " + report.summary;
    if (const auto time = value_of(report, "time")) {
        text += " - Response time: " + milliseconds_text(*time);
    }
    return text + recovery(report);
}

} // namespace dbup
