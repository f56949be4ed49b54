// SPDX-License-Identifier: MIT
#pragma once

#include "core/duration.hpp"

namespace dbup {

/// Time, handed in so that tests own it.
class Clock {
public:
    Clock() = default;
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;
    virtual ~Clock() = default;

    /// The monotonic clock; the only one that decides anything.
    [[nodiscard]] virtual Instant now() const = 0;

    /// Seconds since 1970 by the host's wall clock; for facts (skew, certificate expiry), never for
    /// decisions.
    [[nodiscard]] virtual double unix_time() const = 0;

    /// Waits; ends early, by throwing Failure{interrupted}, when the process is asked to end.
    virtual void sleep(Millis duration) = 0;
};

/// Random numbers for the retry jitter, handed in for the same reason.
class Random {
public:
    Random() = default;
    Random(const Random&) = delete;
    Random& operator=(const Random&) = delete;
    virtual ~Random() = default;

    /// Uniform in [0, 1).
    virtual double next() = 0;
};

} // namespace dbup
