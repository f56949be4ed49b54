// SPDX-License-Identifier: MIT
#include "core/backoff.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace dbup {

Millis Backoff::pause(int n, Random& random) const
{
    constexpr double longest = 3'600'000;
    constexpr double spread = 0.2;
    double factor = 1;
    if (growth == Growth::linear) {
        factor = n;
    } else if (growth == Growth::exponential) {
        constexpr int beyond_any_pause = 62;
        factor = static_cast<double>(
            std::uint64_t{1} << static_cast<unsigned>(std::clamp(n - 1, 0, beyond_any_pause)));
    }
    double pause = static_cast<double>(base.count()) * factor;
    if (jitter) {
        pause *= 1 + spread * (2 * random.next() - 1);
    }
    return Millis{std::llround(std::min(pause, longest))};
}

} // namespace dbup
