// SPDX-License-Identifier: MIT
#pragma once

#include <cstring>
#include <string>
#include <utility>

namespace dbup {

/// A string that cannot be printed by accident (no formatter, no stream, no comparison) and that is
/// wiped when it goes.
class Secret {
public:
    Secret() = default;
    explicit Secret(std::string value) : value_{std::move(value)} {}
    Secret(const Secret&) = default;
    Secret(Secret&& other) noexcept : value_{std::move(other.value_)} { other.wipe(); }
    Secret& operator=(const Secret& other)
    {
        if (this != &other) {
            wipe();
            value_ = other.value_;
        }
        return *this;
    }
    Secret& operator=(Secret&& other) noexcept
    {
        if (this != &other) {
            wipe();
            value_ = std::move(other.value_);
            other.wipe();
        }
        return *this;
    }
    ~Secret() { wipe(); }

    /// The text itself: for the connection parameters and for the Scrubber, for nobody else.
    [[nodiscard]] const std::string& reveal() const { return value_; }
    [[nodiscard]] bool empty() const { return value_.empty(); }

private:
    void wipe()
    {
        value_.resize(
            value_.capacity()); // a short string leaves its bytes behind when it is moved from
        explicit_bzero(value_.data(), value_.size());
        value_.clear();
    }

    std::string value_;
};

} // namespace dbup
