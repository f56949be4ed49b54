// SPDX-License-Identifier: MIT
#include "core/unit.hpp"
#include "output/format.hpp"
#include "output/sentence.hpp"

#include <fmt/format.h>

namespace dbup {

std::string render_value(const Report& report, const RenderOptions& options)
{
    const auto label = options.label.empty() ? report.main_label : options.label;
    if (label == state_label) {
        return fmt::format("{}\n", row_of(report.state).exit_code);
    }
    const auto value = value_of(report, label);
    // How long a failure took is no answer to who did not ask for it.
    const bool is_wanted = report.error == nullptr || !options.label.empty();
    if (value && is_wanted) {
        return number_text(*value) + '\n';
    }
    return fmt::format("no {}: {}{}\n",
                       label,
                       report.headline,
                       report.error == nullptr ? "" : fmt::format(" [{}]", report.error->code));
}

} // namespace dbup
