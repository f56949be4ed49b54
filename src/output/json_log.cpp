// SPDX-License-Identifier: MIT
#include "core/level.hpp"
#include "core/timestamp.hpp"
#include "output/log_line.hpp"
#include "output/sentence.hpp"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

namespace dbup {

namespace {

using Json = nlohmann::ordered_json;

/// How often a retry was made, and how often it could have been.
void add_retries(Json& line, const Report& report)
{
    const auto verdict =
        std::find_if(report.verdicts.begin(), report.verdicts.end(), [](const Verdict& candidate) {
            return candidate.metric.label == "retries";
        });
    if (verdict != report.verdicts.end() && std::isfinite(verdict->metric.value)) {
        line["retry_attempt"] = std::lround(verdict->metric.value);
        line["max_retries"] = std::lround(verdict->metric.max.value_or(0));
    }
}

} // namespace

std::string json_log_line(const Report& report, const LogStamp& stamp)
{
    const bool works = report.state == State::ok || report.state == State::warning;
    Json line;
    line["timestamp"] = iso_timestamp(stamp.unix_time);
    line["level"] = row_of(level_of(report.state)).word;
    line["message"] = log_message(report);
    line["status"] = works ? "success" : "failure";
    line["state"] = row_of(report.state).word;
    if (const auto time = value_of(report, "time")) {
        line["response_time_ms"] = std::round(*time * 1e6) / 1e3;
    }
    if (report.error != nullptr) {
        line["error_code"] = report.error->code;
        line["error_message"] = report.headline;
    }
    add_retries(line, report);
    if (stamp.check_number) {
        line["check_number"] = *stamp.check_number;
    }
    line["application"] = "db-up";
    line["version"] = stamp.version;
    line["hostname"] = stamp.host;
    line["pid"] = stamp.pid;
    // A name in the wrong encoding is no reason to lose the line.
    return line.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

} // namespace dbup
