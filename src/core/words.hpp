// SPDX-License-Identifier: MIT
#pragma once

#include "core/scrub.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace dbup {

/// A sentence of ours with foreign words in it. A secret is looked for in what is foreign only: a
/// password "short" must not blacken "shorter than 12 characters", which would tell it. Whatever
/// nobody vouches for is foreign.
class Words {
public:
    Words() = default;
    // NOLINTNEXTLINE(google-explicit-constructor): what is only a text is foreign, without a word
    Words(std::string foreign);
    template <std::size_t size>
    // NOLINTNEXTLINE(google-explicit-constructor,modernize-avoid-c-arrays): a literal is ours
    Words(const char (&literal)[size]) : Words{own(std::string_view{literal, size - 1})}
    {
    }

    /// Text in which nothing is foreign: our words, numbers, labels of the tables.
    static Words own(std::string_view text);

    Words& operator+=(const Words& more);

    [[nodiscard]] bool empty() const { return parts_.empty(); }

    /// As it is, for who looks no further.
    [[nodiscard]] std::string text() const;

    /// Fit to be printed: one clean line of at most `most_bytes` bytes.
    [[nodiscard]] std::string scrubbed(const Scrubber& scrubber, std::size_t most_bytes) const;

private:
    struct Part {
        std::string text = {};
        bool foreign = true;
    };

    std::vector<Part> parts_;
};

/// `pattern` is ours; each "{}" in it stands for the next of `pieces`.
Words phrase(std::string_view pattern, std::initializer_list<Words> pieces);

} // namespace dbup
