// SPDX-License-Identifier: MIT
#include "process/delivery.hpp"

#include "core/text.hpp"

#include <fmt/format.h>

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cmath>
#include <ctime>

namespace dbup {

void deliver(int fd, std::string_view text, std::chrono::milliseconds patience)
{
    using Clock = std::chrono::steady_clock;
    const auto end = Clock::now() + patience;
    while (!text.empty()) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
        pollfd sink{fd, POLLOUT, 0};
        // A pipe that is ready takes PIPE_BUF bytes without blocking (POSIX.1-2017, write()).
        if (left <= 0 || poll(&sink, 1, static_cast<int>(left)) <= 0) {
            return;
        }
        const auto written = write(fd, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
        if (written < 0 && errno != EINTR && errno != EAGAIN) {
            return;
        }
        text.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
    }
}

void tell_step(int fd, double unix_time, std::string_view sentence)
{
    const auto seconds = static_cast<time_t>(unix_time);
    const int millis = static_cast<int>((unix_time - std::floor(unix_time)) * 1'000);
    tm date{};
    gmtime_r(&seconds, &date);
    const auto line = fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:03} [DEBUG] {}\n",
                                  date.tm_year + 1'900,
                                  date.tm_mon + 1,
                                  date.tm_mday,
                                  date.tm_hour,
                                  date.tm_min,
                                  date.tm_sec,
                                  millis,
                                  one_line(sentence));
    constexpr std::chrono::milliseconds patience{10};
    deliver(fd, line, patience);
}

} // namespace dbup
