// SPDX-License-Identifier: MIT
#pragma once

#include "core/formats.hpp"
#include "core/report.hpp"

#include <string>

namespace dbup {

/// A way to write a report. A new one is a file with this function, a line in the table of
/// format.cpp, and its name in core/formats.hpp.
struct Format {
    OutputFormat format = OutputFormat::nagios;
    std::string (*render)(const Report& report, const RenderOptions& options) = nullptr;
};

/// What writes `format`.
const Format& writer_of(OutputFormat format);

/// The plugin interface: a status line with perfdata, further lines of text.
std::string render_nagios(const Report& report, const RenderOptions& options);

/// One JSON object; docs/json.md has its keys.
std::string render_json(const Report& report, const RenderOptions& options);

/// Metrics in Prometheus' text format (Prometheus documentation, "Exposition formats"). All are
/// gauges of this run, but for what the server itself counts; a percentage is told as a ratio, days
/// as seconds.
std::string render_prometheus(const Report& report, const RenderOptions& options);

/// One HTTP/1.0 answer (RFC 1945, 6) with the JSON object as its body.
std::string render_http(const Report& report, const RenderOptions& options);

/// The number of one metric; where there is none, a line that says why.
std::string render_value(const Report& report, const RenderOptions& options);

/// Lines for people: time, level, what happened.
std::string render_text(const Report& report, const RenderOptions& options);

} // namespace dbup
