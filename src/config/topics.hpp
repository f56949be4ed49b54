// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <string_view>

namespace dbup {

/// What --help can be asked about.
enum class HelpTopic { options, checks, ranges, outputs, exit_codes, environment, errors };

struct HelpTopicRow {
    HelpTopic topic = HelpTopic::options;
    std::string_view name = {};
    std::string_view summary = {};
};

/// The topics as users name them; actions/help.cpp has what writes them.
inline constexpr std::array help_topics{
    HelpTopicRow{HelpTopic::options, "options", "every option: this text"},
    HelpTopicRow{
        HelpTopic::checks, "checks", "what --check can check, with metrics, limits and privileges"},
    HelpTopicRow{HelpTopic::ranges, "ranges", "thresholds, and the labels they can be set for"},
    HelpTopicRow{HelpTopic::outputs, "outputs", "the forms of --output"},
    HelpTopicRow{HelpTopic::exit_codes, "exit-codes", "exit codes, and the styles of them"},
    HelpTopicRow{HelpTopic::environment,
                 "environment",
                 "every variable with its option, and which one wins"},
    HelpTopicRow{HelpTopic::errors, "errors", "every error code with its meaning and remedy"},
};

} // namespace dbup
