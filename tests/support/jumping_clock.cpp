// SPDX-License-Identifier: MIT
// Loaded into a program before libc (LD_PRELOAD): its wall clock jumps at every look by as many
// hours as DBUP_TEST_JUMP says. The monotonic clock is the real one.
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <ctime>

namespace {

long offset()
{
    static std::atomic<long> looks = 0;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody sets it
    const char* const hours = getenv("DBUP_TEST_JUMP");
    return hours == nullptr ? 0 : ++looks * 3'600 * std::strtol(hours, nullptr, 10);
}

bool is_wall_clock(clockid_t clock)
{
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI;
}

} // namespace

// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): those of libc are reserved
extern "C" int clock_gettime(clockid_t clock, timespec* now) noexcept
{
    const auto result = static_cast<int>(syscall(SYS_clock_gettime, clock, now));
    if (result == 0 && is_wall_clock(clock)) {
        now->tv_sec += offset();
    }
    return result;
}

extern "C" time_t time(time_t* seconds) noexcept
{
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    if (seconds != nullptr) {
        *seconds = now.tv_sec;
    }
    return now.tv_sec;
}

extern "C" int gettimeofday(timeval* now, void* /*zone*/) noexcept
{
    timespec precise{};
    const int result = clock_gettime(CLOCK_REALTIME, &precise);
    *now = {precise.tv_sec, precise.tv_nsec / 1'000};
    return result;
}
// NOLINTEND(readability-inconsistent-declaration-parameter-name)
