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

void signal_fd_event(int fd)
{
    static_cast<void>(eventfd_write(fd, 1));
}

void* work_thread(void* argument)
{
    const std::unique_ptr<std::shared_ptr<Shared>> owner{
        static_cast<std::shared_ptr<Shared>*>(argument)};
    const auto shared = *owner;
    auto outcome = shared->work();
    {
        const std::lock_guard lock{shared->mutex};
        shared->outcome = std::move(outcome);
    }
    signal_fd_event(shared->wake_fd);
    return nullptr;
}

bool start_thread(const std::shared_ptr<Shared>& shared)
{
    constexpr std::size_t stack_bytes =
        1'048'576; // enough for resolver modules and TLS, little address space
    auto argument = std::make_unique<std::shared_ptr<Shared>>(shared);
    pthread_attr_t attributes{};
    pthread_t thread{};
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stack_bytes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    const bool started = pthread_create(&thread, &attributes, &work_thread, argument.get()) == 0;
    pthread_attr_destroy(&attributes);
    if (started) {
        static_cast<void>(argument.release()); // the thread owns it now
    }
    return started;
}

sigset_t ending_signals()
{
    sigset_t set{};
    sigemptyset(&set);
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
        sigaddset(&set, number);
    }
    return set;
}

int millis_until(Instant end)
{
    const auto left = std::chrono::ceil<Millis>(end - std::chrono::steady_clock::now()).count();
    return static_cast<int>(std::clamp<Millis::rep>(left, 0, 3'600'000));
}

} // namespace

Supervisor::Supervisor()
{
    const sigset_t set = ending_signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    signal_fd_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    wake_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    stop_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

void Supervisor::wake() const
{
    signal_fd_event(wake_fd_);
}

Outcome Supervisor::supervise(Run& run, std::function<Outcome()> work)
{
    const auto shared = std::make_shared<Shared>();
    shared->work = std::move(work);
    shared->wake_fd = wake_fd_;
    const bool ready = signal_fd_ >= 0 && wake_fd_ >= 0 && stop_fd_ >= 0;
    if (!ready || !start_thread(shared)) {
        return run.cut_short(ErrorClass::local);
    }
    bool stopping = false;
    Instant stop_by{};
    for (;;) {
        const Instant end = stopping ? stop_by : run.deadline() + grace;
        std::array<pollfd, 2> events{
            {{wake_fd_, POLLIN, 0}, {stopping ? -1 : signal_fd_, POLLIN, 0}}};
        poll(events.data(), events.size(), millis_until(end));
        eventfd_t count = 0;
        static_cast<void>(eventfd_read(wake_fd_, &count));
        if (auto outcome = shared->taken()) {
            return std::move(*outcome);
        }
        if (!stopping && events[1].revents != 0) {
            stopping = true; // the worker gets a moment to take leave of the server
            stop_by = std::chrono::steady_clock::now() + grace;
            signal_fd_event(stop_fd_);
        } else if (std::chrono::steady_clock::now() >= end) {
            return run.cut_short(stopping ? ErrorClass::interrupted : ErrorClass::timeout);
        }
    }
}

} // namespace dbup
