// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

#include "app/run.hpp"

namespace dbup {

/// Keeps the deadline from outside. The calling thread waits for the worker, for the deadline and
/// for signals; whatever blocks the worker (name resolution, a computation of libpq, a file
/// system), the outcome is there in time. No signal handlers and no SIGALRM: a parent may have
/// blocked them.
class Supervisor {
public:
    /// Blocks SIGTERM, SIGINT, SIGQUIT, SIGHUP and SIGALRM for this thread and all that it starts;
    /// they are read from a descriptor.
    Supervisor();

    /// Readable as soon as the run is to end; the worker waits on it beside its socket.
    [[nodiscard]] int stop_fd() const { return stop_fd_; }

    /// Tells the waiting thread that the deadline is nearer now. May be called by the worker.
    void wake() const;

    /// Does `work` in a worker thread and returns its outcome; that of `run.cut_short()` if it is
    /// not there in time. The worker may then still run: the caller must leave with _exit().
    Outcome supervise(Run& run, std::function<Outcome()> work);

private:
    /// Waits for an event or `end`; whether a signal asked the process to end.
    [[nodiscard]] bool wait_until(Instant end) const;

    int wake_fd_;
    int stop_fd_;
    int signal_fd_;
};

} // namespace dbup
