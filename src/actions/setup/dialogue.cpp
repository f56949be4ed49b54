// SPDX-License-Identifier: MIT
#include "actions/setup/dialogue.hpp"

#include "core/failure.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

namespace dbup {

void Dialogue::tell(std::string_view sentence)
{
    terminal_.say(fmt::format("  {}\n", one_line(sentence)));
}

void Dialogue::ask(std::string_view question,
                   const std::string& usual,
                   const std::function<void(const std::string&)>& accept)
{
    const auto prompt = usual.empty() ? fmt::format("{}: ", question)
                                      : fmt::format("{} [{}]: ", question, one_line(usual));
    for (;;) {
        const auto typed = terminal_.ask(prompt);
        const auto answer = without_blanks(typed);
        if (answer.empty() && usual.empty()) {
            tell("this is needed");
            continue;
        }
        try {
            accept(answer.empty() ? usual : std::string{answer});
            return;
        } catch (const Failure& failure) {
            if (failure.error() != ErrorClass::config) {
                throw;
            }
            tell(failure.message());
        }
    }
}

Secret Dialogue::ask_secret(std::string_view question,
                            std::string_view usual,
                            const std::function<void(const Secret&)>& accept)
{
    const auto prompt = fmt::format("{} [{}]: ", question, one_line(usual));
    for (;;) {
        auto answer = terminal_.ask_hidden(prompt);
        try {
            accept(answer);
            return answer;
        } catch (const Failure& failure) {
            if (failure.error() != ErrorClass::config) {
                throw;
            }
            tell(failure.message());
        }
    }
}

bool Dialogue::confirm(std::string_view question, bool usual)
{
    return choose(question, usual ? "yes no" : "no yes") == 'y';
}

char Dialogue::choose(std::string_view question, std::string_view words)
{
    const auto known = words_of(words);
    const auto prompt = fmt::format("{} ({}) [{}]: ", question, joined(known), known.front());
    for (;;) {
        const auto typed = terminal_.ask(prompt);
        const auto answer = without_blanks(typed);
        if (answer.empty()) {
            return known.front().front();
        }
        for (const auto word : known) {
            if (same_word(answer, word) || same_word(answer, word.substr(0, 1))) {
                return word.front();
            }
        }
        tell(fmt::format("one of {}, or the first letter of it", joined(known)));
    }
}

} // namespace dbup
