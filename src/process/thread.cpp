// SPDX-License-Identifier: MIT
#include "process/thread.hpp"

#include <pthread.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace dbup {

namespace {

void* run(void* argument)
{
    const std::unique_ptr<std::function<void()>> work{
        static_cast<std::function<void()>*>(argument)};
    (*work)();
    return nullptr;
}

/// What the caller and the working thread share; both own it, as the thread may outlive the wait.
struct Shared {
    std::mutex mutex = {};
    std::condition_variable done = {};
    std::optional<std::string> objection = {};
};

} // namespace

bool start_detached(std::function<void()> work)
{
    constexpr std::size_t stack_bytes =
        1'048'576; // enough for resolver modules and TLS, little address space
    auto argument = std::make_unique<std::function<void()>>(std::move(work));
    pthread_attr_t attributes{};
    pthread_t thread{};
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stack_bytes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    const bool started = pthread_create(&thread, &attributes, &run, argument.get()) == 0;
    pthread_attr_destroy(&attributes);
    if (started) {
        static_cast<void>(argument.release()); // the thread owns it now
    }
    return started;
}

std::string done_in_time(std::function<std::string()> work, std::chrono::milliseconds patience)
{
    const auto shared = std::make_shared<Shared>();
    const bool started = start_detached([shared, work = std::move(work)] {
        auto objection = work();
        const std::lock_guard lock{shared->mutex};
        shared->objection = std::move(objection);
        shared->done.notify_one();
    });
    if (!started) {
        return "cannot start a thread";
    }
    std::unique_lock lock{shared->mutex};
    const bool in_time =
        shared->done.wait_for(lock, patience, [&shared] { return shared->objection.has_value(); });
    return in_time ? *shared->objection : "it takes too long";
}

} // namespace dbup
