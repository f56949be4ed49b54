// SPDX-License-Identifier: MIT
#include "core/level.hpp"
#include "core/timestamp.hpp"
#include "output/details.hpp"
#include "output/format.hpp"
#include "output/sentence.hpp"

#include <fmt/format.h>

namespace dbup {

namespace {

/// The level, in the colour that a reader expects (ECMA-48, "Select Graphic Rendition").
std::string level_word(State state, bool colour)
{
    const auto word = row_of(level_of(state)).word;
    if (!colour) {
        return std::string{word};
    }
    constexpr std::string_view green = "32";
    constexpr std::string_view yellow = "33";
    constexpr std::string_view red = "31";
    const auto shade = state == State::ok ? green : state == State::warning ? yellow : red;
    return fmt::format("\x1b[{}m{}\x1b[0m", shade, word);
}

} // namespace

std::string render_text(const Report& report, const RenderOptions& options)
{
    std::string text = fmt::format("{} [{}] {}\n",
                                   timestamp_text(options.unix_time),
                                   level_word(report.state, options.colour),
                                   result_sentence(report));
    if (options.verbosity > 0 && report.error == nullptr) {
        text += report.headline + '\n';
    }
    return text + detail_lines(report, options);
}

} // namespace dbup
