// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace dbup {

/// How a report can be written to stdout.
enum class OutputFormat { nagios, text, json, prometheus, http, value };

struct OutputFormatRow {
    OutputFormat format = OutputFormat::nagios;
    std::string_view name = {};
    std::string_view summary = {};
    std::string_view argument = {}; ///< what may follow the name and a '='; empty: nothing
};

/// The formats as users name them, the default first; output/format.cpp has what writes them.
inline constexpr std::array output_formats{
    OutputFormatRow{OutputFormat::nagios,
                    "nagios",
                    "status line, perfdata and text of the monitoring plugin interface"},
    OutputFormatRow{OutputFormat::text, "text", "lines with time and level, for people"},
    OutputFormatRow{OutputFormat::json, "json", "one JSON object, for programs (docs/json.md)"},
    OutputFormatRow{OutputFormat::prometheus,
                    "prometheus",
                    "metrics in Prometheus' text format, for node_exporter's textfile collector; "
                    "with --output-file"},
    OutputFormatRow{OutputFormat::http,
                    "http",
                    "an HTTP answer, 200 for OK and WARNING, else 503, with the JSON object; for a "
                    "socket of systemd with Accept=yes"},
    OutputFormatRow{OutputFormat::value,
                    "value",
                    "one plain number: the metric LABEL, or \"state\" (0 to 3); without a label "
                    "the check's main metric. Where there is none, a line that says why",
                    "LABEL"},
};

/// The row of `format`.
constexpr const OutputFormatRow& row_of(OutputFormat format)
{
    return output_formats.at(static_cast<std::size_t>(format));
}

/// A format, and what was said about it.
struct OutputChoice {
    OutputFormat format = OutputFormat::nagios;
    std::string argument = {}; ///< of `value`: the label of a metric

    friend bool operator==(const OutputChoice&, const OutputChoice&) = default;
};

/// The word that stands for the state where a metric's label can stand: its exit code.
inline constexpr std::string_view state_label = "state";

/// How a line of the log file is written.
enum class LogFormat { text, json };

} // namespace dbup
