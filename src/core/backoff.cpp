// SPDX-License-Identifier: MIT
#include "core/backoff.hpp"

#include <algorithm>
#include <cmath>

namespace dbup {

Millis Backoff::pause(int n, Random& random) const
{
    constexpr double longest = 3'600'000;
    constexpr double spread = 0.2;
    double factor = 1;
    if (growth == Growth::linear) {
        factor = n;
    } else if (growth == Growth::exponential) {
        factor = std::pow(2.0, n - 1);
    }
    double pause = static_cast<double>(base.count()) * factor;
    if (jitter) {
        pause *= 1 + spread * (2 * random.next() - 1);
    }
    return Millis{std::llround(std::min(pause, longest))};
}

} // namespace dbup
