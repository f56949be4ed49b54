// SPDX-License-Identifier: MIT
#pragma once

#include "core/clock.hpp"

namespace dbup {

enum class Growth { fixed, linear, exponential };

/// The pause before a retry.
struct Backoff {
    Growth growth = Growth::exponential;
    Millis base = Millis{500};
    bool jitter = true;

    /// The pause before retry `n` (1, 2, …): base; base·n; base·2^(n-1); with jitter ±20 % of that.
    /// At most an hour.
    [[nodiscard]] Millis pause(int n, Random& random) const;
};

} // namespace dbup
