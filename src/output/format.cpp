// SPDX-License-Identifier: MIT
#include "output/format.hpp"

#include <array>

namespace dbup {

namespace {

constexpr std::array table{
    Format{OutputFormat::nagios, &render_nagios},
    Format{OutputFormat::text, &render_text},
    Format{OutputFormat::json, &render_json},
    Format{OutputFormat::prometheus, &render_prometheus},
    Format{OutputFormat::http, &render_http},
    Format{OutputFormat::value, &render_value},
};

constexpr bool complete()
{
    for (std::size_t i = 0; i < output_formats.size(); ++i) {
        if (table.at(i).format != output_formats.at(i).format ||
            output_formats.at(i).format != static_cast<OutputFormat>(i)) {
            return false;
        }
    }
    return table.size() == output_formats.size();
}
static_assert(complete(), "every format has its function, in the order of the enumeration");

} // namespace

const Format& writer_of(OutputFormat format)
{
    return table.at(static_cast<std::size_t>(format));
}

} // namespace dbup
