// SPDX-License-Identifier: MIT
#include "process/supervisor.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <memory>
#include <mutex>
#include <optional>

#include "process/thread.hpp"

namespace dbup {

namespace {

/// The worker ends by itself at the deadline; this much later it is taken to be stuck.
constexpr Millis grace{40};

/// What worker and supervisor share. Both own it, so that a worker that is stuck may outlive the
/// wait.
struct Shared {
    std::function<Outcome()> work = {};
    int wake_fd = -1;
    std::mutex mutex = {};
    std::optional<Outcome> outcome = {};

    std::optional<Outcome> taken()
    {
        const std::lock_guard lock{mutex};
        return std::move(outcome);
    }
};

void raise_event(int fd)
{
    static_cast<void>(eventfd_write(fd, 1));
}

void work(Shared& shared)
{
    auto outcome = shared.work();
    {
        const std::lock_guard lock{shared.mutex};
        shared.outcome = std::move(outcome);
    }
    raise_event(shared.wake_fd);
}

/// Blocks the signals that end a program; a descriptor from which they are read instead.
int blocked_signals()
{
    sigset_t set{};
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    for (const int number :
         // A shell's background job and nohup ignore some: so do we. SIGALRM is what a wrapper
         // sets for a time limit (alarm, exec).
         {SIGINT, SIGQUIT, SIGHUP, SIGALRM}) {
        struct sigaction inherited {};
        const bool ignored =
            sigaction(number, nullptr, &inherited) == 0 && inherited.sa_handler == SIG_IGN;
        if (!ignored) {
            sigaddset(&set, number);
        }
    }
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int millis_until(Instant end)
{
    const auto left = std::chrono::ceil<Millis>(end - std::chrono::steady_clock::now()).count();
    return static_cast<int>(std::clamp<Millis::rep>(left, 0, 3'600'000));
}

} // namespace

Supervisor::Supervisor()
    : wake_fd_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)},
      stop_fd_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)},
      signal_fd_{blocked_signals()}
{
}

void Supervisor::wake() const
{
    raise_event(wake_fd_);
}

bool Supervisor::wait_until(Instant end) const
{
    std::array<pollfd, 2> events{{{wake_fd_, POLLIN, 0}, {signal_fd_, POLLIN, 0}}};
    if (poll(events.data(), events.size(), millis_until(end)) <= 0) {
        return false;
    }
    eventfd_t count = 0;
    if (events[0].revents != 0) {
        static_cast<void>(eventfd_read(wake_fd_, &count));
    }
    signalfd_siginfo signal{};
    return events[1].revents != 0 && read(signal_fd_, &signal, sizeof signal) > 0;
}

Outcome Supervisor::supervise(Run& run, std::function<Outcome()> work)
{
    const auto shared = std::make_shared<Shared>();
    shared->work = std::move(work);
    shared->wake_fd = wake_fd_;
    const bool ready = signal_fd_ >= 0 && wake_fd_ >= 0 && stop_fd_ >= 0;
    if (!ready || !start_detached([shared] { dbup::work(*shared); })) {
        return run.cut_short(ErrorClass::local);
    }
    const auto taken = [&shared] { return shared->taken(); };
    while (!wait_until(run.deadline() + grace)) {
        if (auto outcome = taken()) {
            return std::move(*outcome);
        }
        if (std::chrono::steady_clock::now() >= run.deadline() + grace) {
            return run.cut_short(ErrorClass::timeout);
        }
    }
    raise_event(stop_fd_); // the worker gets a moment to take leave of the server
    static_cast<void>(wait_until(std::chrono::steady_clock::now() + grace));
    auto outcome = taken();
    return outcome ? std::move(*outcome) : run.cut_short(ErrorClass::interrupted);
}

} // namespace dbup
