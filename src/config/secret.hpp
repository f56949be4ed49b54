// SPDX-License-Identifier: MIT
#pragma once

#include <cstring>
#include <string>
#include <utility>

namespace dbup {

/// Overwrites all that `text` holds or held, and leaves it empty.
inline void wipe(std::string& text)
{
    text.resize(text.capacity()); // a short string leaves its bytes behind when it is moved from
    explicit_bzero(text.data(), text.size());
    text.clear();
}

/// Wipes a text when its scope ends.
class WipedAtEnd {
public:
    explicit WipedAtEnd(std::string& text) : text_{text} {}
    WipedAtEnd(const WipedAtEnd&) = delete;
    WipedAtEnd& operator=(const WipedAtEnd&) = delete;
    ~WipedAtEnd() { wipe(text_); }

private:
    std::string& text_;
};

/// A string that cannot be printed by accident (no formatter, no stream, no comparison) and that is
/// wiped when it goes.
class Secret {
public:
    Secret() = default;
    explicit Secret(std::string value) : value_{std::move(value)} {}
    Secret(const Secret&) = default;
    Secret(Secret&& other) noexcept : value_{std::move(other.value_)} { wipe(other.value_); }
    Secret& operator=(const Secret& other)
    {
        if (this != &other) {
            wipe(value_);
            value_ = other.value_;
        }
        return *this;
    }
    Secret& operator=(Secret&& other) noexcept
    {
        if (this != &other) {
            wipe(value_);
            value_ = std::move(other.value_);
            wipe(other.value_);
        }
        return *this;
    }
    ~Secret() { wipe(value_); }

    /// The text itself: for the connection parameters and for the Scrubber, for nobody else.
    [[nodiscard]] const std::string& reveal() const { return value_; }
    [[nodiscard]] bool empty() const { return value_.empty(); }

private:
    std::string value_;
};

} // namespace dbup
