// SPDX-License-Identifier: MIT
#pragma once

#include "core/clock.hpp"

#include <algorithm>

namespace dbup {

/// A point in time by which something has to be over. The clock must outlive it.
class Deadline {
public:
    Deadline(const Clock& clock, Instant end) : clock_{&clock}, end_{end} {}
    Deadline(const Clock& clock, Millis budget) : clock_{&clock}, end_{clock.now() + budget} {}

    /// What is left, rounded up to whole milliseconds; never negative.
    [[nodiscard]] Millis left() const
    {
        return std::max(Millis{0}, std::chrono::ceil<Millis>(end_ - clock_->now()));
    }

    [[nodiscard]] bool expired() const { return clock_->now() >= end_; }

    [[nodiscard]] Instant end() const { return end_; }

    /// The time by its clock, for what is measured.
    [[nodiscard]] Instant now() const { return clock_->now(); }

    /// The earlier of this one and `budget` from now.
    [[nodiscard]] Deadline within(Millis budget) const
    {
        return {*clock_, std::min(end_, clock_->now() + budget)};
    }

private:
    const Clock* clock_;
    Instant end_;
};

} // namespace dbup
