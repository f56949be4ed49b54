// SPDX-License-Identifier: MIT
#pragma once

#include "config/terminal.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace dbup {

/// Questions to a person, asked until the answer will do.
class Dialogue {
public:
    explicit Dialogue(Terminal& terminal) : terminal_{terminal} {}

    /// A sentence on a line of its own, made fit for a terminal.
    void tell(std::string_view sentence);

    /// Text of our own, as it is.
    void show(std::string_view text) { terminal_.say(text); }

    /// Asks until `accept` takes the answer; the reason of the Failure{config} that it throws is
    /// told. An empty answer stands for `usual`.
    void ask(std::string_view question,
             const std::string& usual,
             const std::function<void(const std::string&)>& accept);

    /// The same for a secret; an empty answer is accepted as such.
    /// \param usual what an empty answer means, in words
    Secret ask_secret(std::string_view question,
                      std::string_view usual,
                      const std::function<void(const Secret&)>& accept);

    /// A yes or a no; an empty answer is `usual`.
    bool confirm(std::string_view question, bool usual);

    /// The first letter of one of `words`, or the word; an empty answer is the first of them.
    char choose(std::string_view question, std::string_view words);

private:
    Terminal& terminal_;
};

} // namespace dbup
