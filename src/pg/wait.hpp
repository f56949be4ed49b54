// SPDX-License-Identifier: MIT
#pragma once

#include "core/deadline.hpp"

namespace dbup {

/// Waits until `fd` is ready for `events` (POLLIN, POLLOUT).
/// \param stop_fd readable when the process is asked to end; -1: never
/// \throws Failure{timeout} at the deadline, also if `fd` is always ready; Failure{interrupted}
/// when asked to end
void wait_for(int fd, short events, const Deadline& deadline, int stop_fd);

/// Waits for `duration`.
/// \throws Failure{interrupted} when asked to end
void pause_for(Millis duration, int stop_fd);

} // namespace dbup
