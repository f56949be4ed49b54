// SPDX-License-Identifier: MIT
#include "actions/failure_texts.hpp"

#include "core/duration.hpp"
#include "core/text.hpp"
#include "core/unit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dbup {

namespace {

/// A placeholder of a row.
struct Place {
    std::string_view name = {};
    std::string value = {}; ///< foreign
};

/// Where a password was looked for.
std::string search_text(const Config& config)
{
    std::string text;
    for (const auto& place : config.password_search) {
        text += text.empty() ? place : "; " + place;
    }
    return text;
}

/// What became of the other servers, each at the end.
Words others_text(const Failure& failure, const std::vector<Try>& tries)
{
    Words text;
    for (auto one = tries.begin(); one != tries.end(); ++one) {
        const bool tried_again = std::any_of(
            one + 1, tries.end(), [&](const Try& later) { return later.target == one->target; });
        const bool another =
            !tried_again && !one->code.empty() && !one->target.starts_with(failure.target());
        if (another) {
            text += phrase(text.empty() ? "also tried {} {}" : ", {} {}",
                           {one->target, Words::own(one->code)});
        }
    }
    return text;
}

} // namespace

double retries_of(const RunFacts& facts)
{
    return facts.tries.empty() ? 0 : facts.tries.back().attempt - 1;
}

Words filled(std::string_view text, const Failure& failure, const Config& config)
{
    const std::string target = failure.target().empty() ? config.host_list : failure.target();
    const std::string host = failure.host().empty() ? config.host_list : failure.host();
    const std::array places{
        Place{"{target}", target},
        Place{"{host}", host},
        Place{"{user}", config.user},
        Place{"{database}", config.database},
        Place{"{role_ident}", sql_identifier(config.user)},
        Place{"{database_ident}", sql_identifier(config.database)},
    };
    Words all;
    while (!text.empty()) {
        const auto brace = std::min(text.find('{'), text.size());
        all += Words::own(text.substr(0, brace));
        text.remove_prefix(brace);
        const auto* const place =
            std::find_if(places.begin(), places.end(), [text](const Place& one) {
                return text.starts_with(one.name);
            });
        if (place != places.end()) {
            all += place->value;
            text.remove_prefix(place->name.size());
        } else if (!text.empty()) {
            throw Failure{ErrorClass::internal, "no such placeholder: " + std::string{text}};
        }
    }
    return all;
}

namespace {

/// The row's sentence is ours; that of a case may hold what the server said.
Words sentence_words(const Failure& failure, const Config& config)
{
    return failure.message().empty() ? filled(row_of(failure.error()).sentence, failure, config)
                                     : Words{failure.message()};
}

} // namespace

std::string sentence_of(const Failure& failure, const Config& config)
{
    return sentence_words(failure, config).text();
}

Words failure_headline(const Failure& failure, const RunFacts& facts)
{
    Words text = sentence_words(failure, facts.config);
    const double retries = retries_of(facts);
    if (retries > 0) {
        text += Words::own(fmt::format(
            ", {} attempts in {}", number_text(retries + 1), duration_text(facts.spent)));
    }
    return text;
}

Words reason_of(const Failure& failure, const RunFacts& facts)
{
    const bool searched = failure.error() == ErrorClass::password_missing;
    Words text{searched ? search_text(facts.config) : failure.detail()};
    if (!failure.sqlstate().empty()) {
        text += text.empty() ? Words{"an error without a text"} : Words{};
        text += phrase(" (SQLSTATE {})", {failure.sqlstate()});
    }
    const auto others = others_text(failure, facts.tries);
    text += text.empty() || others.empty() ? Words{} : Words{"; "};
    text += others;
    return text;
}

} // namespace dbup
