// SPDX-License-Identifier: MIT
#include "core/ascii.hpp"
#include "core/text.hpp"
#include "core/unit.hpp"
#include "output/format.hpp"
#include "output/sentence.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace dbup {

namespace {

/// What a unit is called and counted in here (Prometheus documentation, "Metric and label naming",
/// "Base units").
struct Measure {
    Unit unit = Unit::none;
    std::string_view ending = {};   ///< of a name
    std::string_view replaced = {}; ///< an ending of ours that gives way to it
    double times = 1;
    std::string_view type = "gauge";
};

constexpr double seconds_a_day = 86'400;

constexpr std::array measures{
    Measure{Unit::none, "", "", 1},
    Measure{Unit::seconds, "_seconds", "", 1},
    Measure{Unit::bytes, "_bytes", "", 1},
    Measure{Unit::percent, "_ratio", "", 0.01},
    Measure{Unit::days, "_seconds", "_days", seconds_a_day},
    Measure{Unit::counter, "_total", "", 1, "counter"},
};

const Measure& measure_of(Unit unit)
{
    return *std::find_if(
        measures.begin(), measures.end(), [unit](const Measure& row) { return row.unit == unit; });
}

/// Metrics under the names that dashboards of other probes know.
struct KnownName {
    std::string_view name = {};
    std::string_view label = {}; ///< of the metric that it shows; the first that was measured
    double times = 1;
    std::string_view help = {};
};

constexpr double milli = 1'000;
constexpr std::string_view read_help = "time of the transaction that reads, in milliseconds";

constexpr std::array known_names{
    KnownName{"db_read_latency_ms", "read_time", milli, read_help},
    KnownName{"db_read_latency_ms", "query", milli, read_help},
    KnownName{"db_write_latency_ms", "write_time", milli, "time of a commit, in milliseconds"},
    KnownName{"db_connection_count", "total_connections", 1, "sessions, without ours"},
};

/// A text behind HELP, where a quote is a quote; a backslash before it would spoil the whole file.
std::string escaped_help(std::string_view text)
{
    return replaced(replaced(text, "\\", "\\\\"), "\n", "\\n");
}

/// A text between quotes.
std::string escaped(std::string_view text)
{
    return replaced(escaped_help(text), "\"", "\\\"");
}

/// What the name of a metric may hold.
std::string name_part(std::string_view label)
{
    std::string name{label};
    std::replace_if(
        name.begin(), name.end(), [](char c) { return !is_alphanumeric(c); }, '_');
    return name;
}

std::string with_ending(std::string name, const Measure& measure)
{
    if (!measure.replaced.empty() && name.ends_with(measure.replaced)) {
        name.resize(name.size() - measure.replaced.size());
    }
    return name.ends_with(measure.ending) ? name : name + std::string{measure.ending};
}

std::string_view role_of(const Report& report)
{
    if (!report.server || report.server->console) {
        return "unknown";
    }
    return report.server->standby ? "replica" : "primary";
}

/// The lines of one report. All series have the same labels, those that tell files apart: which
/// check looked at which database of which server.
class Exposition {
public:
    explicit Exposition(const Report& report)
        : labels_{fmt::format(R"(check="{}",db_name="{}",db_role="{}",host="{}")",
                              escaped(report.check),
                              escaped(report.database),
                              role_of(report),
                              escaped(report.asked))}
    {
    }

    /// \param more further labels, each with a ',' in front
    void add(std::string_view name,
             std::string_view help,
             const std::string& value,
             std::string_view more = {},
             std::string_view type = "gauge")
    {
        if (name != last_name_) { // the series of a name stand together
            text_ +=
                fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, escaped_help(help), type);
            last_name_ = name;
        }
        text_ += fmt::format("{}{{{}{}}} {}\n", name, labels_, more, value);
    }

    [[nodiscard]] std::string text() && { return std::move(text_); }

private:
    std::string labels_;
    std::string text_ = {};
    std::string last_name_ = {};
};

void add_metric(Exposition& lines, const Verdict& verdict)
{
    const auto& metric = verdict.metric;
    if (!std::isfinite(metric.value)) {
        return;
    }
    const auto& measure = measure_of(verdict.unit);
    const auto value = number_text(metric.value * measure.times);
    if (verdict.help.empty()) { // a column of the user's own query, which may have any name
        lines.add("db_query_column_" + name_part(metric.label), "a column of the query", value);
        return;
    }
    const auto help = verdict.unit == Unit::days ? replaced(verdict.help, "days", "seconds")
                                                 : std::string{verdict.help};
    lines.add(with_ending("db_" + name_part(metric.label), measure), help, value, {}, measure.type);
}

void add_known_names(Exposition& lines, const Report& report)
{
    std::string_view done;
    for (const auto& [name, label, times, help] : known_names) {
        const auto value = value_of(report, label);
        if (value && name != done) {
            lines.add(name, help, number_text(*value * times));
            done = name;
        }
    }
}

void add_run(Exposition& lines, const Report& report, double unix_time)
{
    const auto failed = std::count_if(
        report.tries.begin(), report.tries.end(), [](const Try& one) { return !one.code.empty(); });
    lines.add("db_check_state",
              "state of the check: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN",
              std::to_string(row_of(report.state).exit_code));
    lines.add("db_check_last_run_timestamp_seconds",
              "when the check ended; an old time means that nobody runs it",
              number_text(unix_time));
    lines.add("db_connection_attempts_failed",
              "attempts of this run that failed",
              std::to_string(failed));
    if (report.error != nullptr) {
        lines.add("db_check_error",
                  "1 for the error that the check ended with",
                  "1",
                  fmt::format(R"(,error_code="{}")", report.error->code));
    }
    if (report.server) {
        lines.add("db_server_info",
                  "1 for the server that answered",
                  "1",
                  fmt::format(R"(,target="{}",version="{}")",
                              escaped(report.server->target),
                              escaped(report.server->version)));
    }
}

} // namespace

std::string render_prometheus(const Report& report, const RenderOptions& options)
{
    Exposition lines{report};
    for (const auto& verdict : report.verdicts) {
        add_metric(lines, verdict);
    }
    add_known_names(lines, report);
    add_run(lines, report, options.unix_time);
    return std::move(lines).text();
}

} // namespace dbup
