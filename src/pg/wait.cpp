// SPDX-License-Identifier: MIT
#include "pg/wait.hpp"

#include "core/duration.hpp"
#include "core/failure.hpp"

#include <fmt/format.h>

#include <poll.h>

#include <array>
#include <cerrno>

namespace dbup {

Lull::Lull(Of what, const WaitBounds& bounds) : end_{bounds.deadline}, what_{what}
{
    const Millis most = what == Of::reading ? bounds.read : bounds.write;
    if (most > Millis{0} && most < bounds.deadline.left()) {
        end_ = bounds.deadline.within(most);
        most_ = most;
    }
}

Failure Lull::failure() const
{
    const bool reading = what_ == Of::reading;
    const auto* const option = reading ? "--read-timeout" : "--write-timeout";
    return Failure{ErrorClass::timeout,
                   fmt::format("the server {} nothing for {} ({})",
                               reading ? "sent" : "took",
                               setting_text(most_),
                               option)}
        .with_fix(
            fmt::format("Check network latency and the server's load, or increase {}", option));
}

short wait_for(int fd, short events, const Deadline& deadline, int stop_fd)
{
    for (;;) {
        if (deadline.expired()) { // a server that never stops talking is late, too
            throw Failure{ErrorClass::timeout};
        }
        std::array<pollfd, 2> sockets{{{fd, events, 0}, {stop_fd, POLLIN, 0}}};
        const auto left = std::min<Millis::rep>(deadline.left().count(), 3'600'000);
        const int ready = poll(sockets.data(), sockets.size(), static_cast<int>(left));
        if (ready < 0 && errno != EINTR && errno != EAGAIN) {
            throw Failure{ErrorClass::local, "cannot wait for the network (poll)"};
        }
        if (ready > 0 && sockets[1].revents != 0) {
            throw Failure{ErrorClass::interrupted};
        }
        if (ready > 0 && sockets[0].revents != 0) {
            return sockets[0].revents;
        }
    }
}

void pause_for(Millis duration, int stop_fd)
{
    pollfd stop{stop_fd, POLLIN, 0};
    if (poll(&stop, 1, static_cast<int>(duration.count())) > 0) {
        throw Failure{ErrorClass::interrupted};
    }
}

} // namespace dbup
