// SPDX-License-Identifier: MIT
#include "core/words.hpp"

#include <algorithm>

namespace dbup {

Words::Words(std::string foreign)
{
    if (!foreign.empty()) {
        parts_.push_back({std::move(foreign), true});
    }
}

Words Words::own(std::string_view text)
{
    Words words;
    if (!text.empty()) {
        words.parts_.push_back({std::string{text}, false});
    }
    return words;
}

Words& Words::operator+=(const Words& more)
{
    const auto added = more.parts_; // which may be our own
    parts_.insert(parts_.end(), added.begin(), added.end());
    return *this;
}

std::string Words::text() const
{
    std::string all;
    for (const auto& part : parts_) {
        all += part.text;
    }
    return all;
}

std::string Words::scrubbed(const Scrubber& scrubber, std::size_t most_bytes) const
{
    std::string all;
    for (const auto& part : parts_) {
        all += part.foreign ? scrubber.without_secrets_in(part.text) : part.text;
    }
    return scrubber.clean(all, most_bytes);
}

Words phrase(std::string_view pattern, std::initializer_list<Words> pieces)
{
    constexpr std::string_view place = "{}";
    Words all;
    for (const auto& piece : pieces) {
        const auto at = std::min(pattern.find(place), pattern.size());
        all += Words::own(pattern.substr(0, at));
        all += piece;
        pattern.remove_prefix(std::min(at + place.size(), pattern.size()));
    }
    all += Words::own(pattern);
    return all;
}

} // namespace dbup
