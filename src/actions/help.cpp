// SPDX-License-Identifier: MIT
#include "actions/help.hpp"

#include "actions/action.hpp"
#include "core/text.hpp"

#include <algorithm>
#include <array>

namespace dbup {

namespace {

struct TopicText {
    HelpTopic topic = HelpTopic::options;
    std::string (*text)() = nullptr;
};

constexpr std::array texts{
    TopicText{HelpTopic::options, &help_on_options},
    TopicText{HelpTopic::checks, &help_on_checks},
    TopicText{HelpTopic::ranges, &help_on_ranges},
    TopicText{HelpTopic::outputs, &help_on_outputs},
    TopicText{HelpTopic::exit_codes, &help_on_exit_codes},
    TopicText{HelpTopic::environment, &help_on_environment},
    TopicText{HelpTopic::errors, &help_on_errors},
};

constexpr bool complete()
{
    for (std::size_t i = 0; i < help_topics.size(); ++i) {
        if (texts.at(i).topic != help_topics.at(i).topic ||
            help_topics.at(i).topic != static_cast<HelpTopic>(i)) {
            return false;
        }
    }
    return texts.size() == help_topics.size();
}
static_assert(complete(), "every topic has its text, in the order of the enumeration");

/// The columns that `text` takes on a terminal: its characters.
std::size_t columns_of(std::string_view text)
{
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }));
}

} // namespace

std::string help_entry(std::string_view left, std::string_view text, std::size_t indent)
{
    constexpr std::size_t width = 80;
    std::string result{left};
    const std::size_t taken = columns_of(left);
    const bool fits = taken < indent || taken == 0;
    result += fits ? std::string(indent - taken, ' ') : '\n' + std::string(indent, ' ');
    std::size_t column = indent;
    for (const auto word : words_of(text)) {
        const std::size_t length = columns_of(word);
        if (column > indent && column + 1 + length > width) {
            result += '\n' + std::string(indent, ' ');
            column = indent;
        } else if (column > indent) {
            result += ' ';
            ++column;
        }
        result += word;
        column += length;
    }
    return result + '\n';
}

Product perform_help(const Config& config, const Surroundings& /*around*/)
{
    return Printed{texts.at(static_cast<std::size_t>(config.topic)).text()};
}

Product perform_list_codes(const Config& /*config*/, const Surroundings& /*around*/)
{
    std::string text;
    for (const auto& row : error_table()) {
        text += row.code;
        text += '\n';
    }
    return Printed{std::move(text)};
}

} // namespace dbup
