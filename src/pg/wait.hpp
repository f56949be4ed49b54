// SPDX-License-Identifier: MIT
#pragma once

#include "core/deadline.hpp"
#include "core/failure.hpp"

namespace dbup {

/// Until when a server is waited for.
struct WaitBounds {
    Deadline deadline;
    Millis read = {};  ///< longest wait for its next bytes; zero: as long as the deadline allows
    Millis write = {}; ///< longest wait for it to take bytes; zero: as long as the deadline allows
    int stop_fd = -1;  ///< readable when the process is asked to end; -1: never
};

/// The limit of one wait for a server, from its beginning; within the deadline of the whole.
class Lull {
public:
    enum class Of { reading, writing };

    /// Begins now.
    Lull(Of what, const WaitBounds& bounds);

    /// Of a wait that has only the deadline.
    explicit Lull(const Deadline& deadline) : end_{deadline} {}

    [[nodiscard]] const Deadline& end() const { return end_; }

    /// Whether it ends before the deadline of the whole.
    [[nodiscard]] bool is_shorter() const { return most_ > Millis{0}; }

    /// What there is to say when it is over. Only where it is shorter than the whole.
    [[nodiscard]] Failure failure() const;

private:
    Deadline end_;
    Of what_ = Of::reading;
    Millis most_ = {};
};

/// Waits until `fd` is ready for `events` (POLLIN, POLLOUT).
/// \returns what it is ready for
/// \param stop_fd readable when the process is asked to end; -1: never
/// \throws Failure{timeout} at the deadline, also if `fd` is always ready; Failure{interrupted}
/// when asked to end
short wait_for(int fd, short events, const Deadline& deadline, int stop_fd);

/// Waits for `duration`.
/// \throws Failure{interrupted} when asked to end
void pause_for(Millis duration, int stop_fd);

} // namespace dbup
