// SPDX-License-Identifier: MIT
#pragma once

#include "core/report.hpp"

#include <span>
#include <string>
#include <string_view>

namespace dbup {

/// A way to write a report. A new one is a file with this function and a line in format_table.
struct Format {
    std::string_view name = {};
    std::string_view summary = {};
    std::string (*render)(const Report& report, const RenderOptions& options) = nullptr;
};

/// All formats, the default first.
std::span<const Format> format_table();

/// The plugin interface: a status line with perfdata, further lines of text.
std::string render_nagios(const Report& report, const RenderOptions& options);

} // namespace dbup
