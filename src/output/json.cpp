// SPDX-License-Identifier: MIT
#include "core/level.hpp"
#include "core/text.hpp"
#include "core/timestamp.hpp"
#include "core/unit.hpp"
#include "output/format.hpp"
#include "output/sentence.hpp"

#include <array>
#include <cmath>

#include <nlohmann/json.hpp>

namespace dbup {

namespace {

using Json = nlohmann::ordered_json;

constexpr int schema_version = 1; // grows when a key changes its meaning or goes

/// The keys of metrics that are longer than a label of perfdata may be.
struct LongName {
    std::string_view label = {};
    std::string_view key = {};
};

constexpr std::array long_names{
    LongName{"long_queries", "long_running_queries"},
    LongName{"long_transactions", "long_running_transactions"},
};

std::string key_of(const Metric& metric)
{
    for (const auto& [label, key] : long_names) {
        if (label == metric.label) {
            return std::string{key};
        }
    }
    return metric.label;
}

std::string_view status_word(State state, bool health_words)
{
    switch (state) {
    case State::ok: return health_words ? "healthy" : "up";
    case State::warning: return health_words ? "warning" : "degraded";
    case State::critical: return health_words ? "critical" : "down";
    case State::unknown: break;
    }
    return "unknown";
}

/// A number with the decimals that perfdata show; null where there is none.
Json number(double value)
{
    constexpr double decimals = 1e6;
    constexpr double largest_whole = 9e15;
    if (!std::isfinite(value)) {
        return nullptr;
    }
    if (value == std::floor(value) && std::abs(value) < largest_whole) {
        return static_cast<std::int64_t>(value);
    }
    return std::round(value * decimals) / decimals;
}

Json range_of(const std::optional<Range>& range)
{
    return range ? Json(range->text()) : Json(nullptr);
}

Json limit_of(const std::optional<double>& value)
{
    return value ? number(*value) : Json(nullptr);
}

Json values_of(const Report& report)
{
    Json values = Json::object();
    for (const auto& verdict : report.verdicts) {
        values[key_of(verdict.metric)] = number(verdict.metric.value);
    }
    return values;
}

Json judged(const Report& report)
{
    Json all = Json::array();
    for (const auto& verdict : report.verdicts) {
        all.push_back({{"label", verdict.metric.label},
                       {"value", number(verdict.metric.value)},
                       {"unit", uom(verdict.unit)},
                       {"warning", range_of(verdict.thresholds.warning)},
                       {"critical", range_of(verdict.thresholds.critical)},
                       {"min", limit_of(verdict.metric.min)},
                       {"max", limit_of(verdict.metric.max)},
                       {"state", row_of(verdict.state).word}});
    }
    return all;
}

Json alerts_of(const Report& report)
{
    Json alerts = Json::array();
    if (report.error != nullptr) {
        alerts.push_back(report.headline);
    }
    for (const auto& verdict : report.verdicts) {
        if (verdict.state != State::ok) {
            alerts.push_back(violation_text(verdict));
        }
    }
    return alerts;
}

Json attempts_of(const Report& report)
{
    Json attempts = Json::array();
    for (const auto& one : report.tries) {
        Json stages = Json::object();
        for (const auto& [stage, spent] : one.stages) {
            stages[std::string{row_of(stage).name}] = number(seconds(spent) * 1e3);
        }
        attempts.push_back(
            {{"attempt", one.attempt},
             {"target", one.target},
             {"stages_ms", std::move(stages)},
             {"error_code", one.code.empty() ? Json(nullptr) : Json(one.code)},
             {"error_message", one.message.empty() ? Json(nullptr) : Json(one.message)}});
    }
    return attempts;
}

Json text_or_null(const std::string& text)
{
    return text.empty() ? Json(nullptr) : Json(text);
}

void add_server(Json& object, const Report& report, double unix_time)
{
    const auto& server = report.server;
    object["target"] = server ? Json(server->target) : Json(nullptr);
    object["server_address"] = server ? text_or_null(server->own_address) : Json(nullptr);
    // PgBouncer's console knows neither time nor role.
    const bool tells_all = server && !server->console;
    object["database_version"] = server ? Json(server->version) : Json(nullptr);
    object["database_time"] =
        tells_all ? Json(iso_timestamp(unix_time + server->skew)) : Json(nullptr);
    object["is_replica"] = tells_all ? Json(server->standby) : Json(nullptr);
}

/// The attempts after the first, and how many there may be.
void add_retries(Json& object, const Report& report)
{
    object["retry_attempt"] = nullptr;
    object["max_retries"] = nullptr;
    for (const auto& verdict : report.verdicts) {
        if (verdict.metric.label == "retries") {
            object["retry_attempt"] = number(verdict.metric.value);
            object["max_retries"] = limit_of(verdict.metric.max);
        }
    }
}

} // namespace

std::string render_json(const Report& report, const RenderOptions& options)
{
    const auto time = value_of(report, "time");
    Json object;
    object["schema"] = schema_version;
    object["status"] = status_word(report.state, options.health_words);
    object["state"] = row_of(report.state).word;
    object["timestamp"] = iso_timestamp(options.unix_time);
    object["level"] = row_of(level_of(report.state)).word;
    object["check"] = report.check;
    if (options.check_number) {
        object["check_number"] = *options.check_number;
    }
    object["message"] = report.headline;
    object["error_code"] = report.error == nullptr ? Json(nullptr) : Json(report.error->code);
    object["error_message"] = report.error == nullptr ? Json(nullptr) : Json(report.headline);
    add_retries(object, report);
    object["reason"] = text_or_null(report.reason);
    object["fix"] = text_or_null(report.fix);
    object["response_time_ms"] = time ? number(*time * 1e3) : Json(nullptr);
    object["database"] = text_or_null(report.database);
    add_server(object, report, options.unix_time);
    object["alerts"] = alerts_of(report);
    object["metrics"] = values_of(report);
    object["perfdata"] = judged(report);
    object["findings"] = Json::array();
    for (const auto& particular : report.particulars) {
        object["findings"].push_back(particular.text);
    }
    object["attempts"] = attempts_of(report);
    object["notes"] = report.notes;
    object["application"] = "db-up";
    object["version"] = options.version;
    // A name in the wrong encoding is no reason to lose the answer.
    return object.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

} // namespace dbup
