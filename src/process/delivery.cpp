// SPDX-License-Identifier: MIT
#include "process/delivery.hpp"

#include "core/text.hpp"

#include <fmt/format.h>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include "process/log_file.hpp"
#include "process/output_file.hpp"

namespace dbup {

void deliver(int fd, std::string_view text, std::chrono::milliseconds patience)
{
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!text.empty()) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now())
                .count();
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

namespace {

/// Reads what a client still says, until it is done: a connection that is closed over unread bytes
/// is reset, and takes the answer with it (RFC 9112, 9.6).
void hear_out(int fd, std::chrono::milliseconds patience)
{
    constexpr std::size_t most_bytes = 65'536;
    const auto end = std::chrono::steady_clock::now() + patience;
    if (shutdown(fd, SHUT_WR) != 0) {
        return; // no connection
    }
    std::array<char, 1'024> ignored{};
    for (std::size_t heard = 0; heard < most_bytes;) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now())
                .count();
        pollfd client{fd, POLLIN, 0};
        if (left <= 0 || poll(&client, 1, static_cast<int>(left)) <= 0) {
            return;
        }
        const auto bytes = recv(fd, ignored.data(), ignored.size(), MSG_DONTWAIT);
        if (bytes <= 0) {
            return;
        }
        heard += static_cast<std::size_t>(bytes);
    }
}

/// The result, where it is wanted. \returns the exit code
int give_result(const Outcome& outcome, Millis to_file)
{
    constexpr Millis patience{50};
    constexpr Millis to_client{500};
    if (outcome.output_file.empty()) {
        deliver(STDOUT_FILENO, outcome.text, patience);
        if (outcome.answers_request) {
            hear_out(STDOUT_FILENO, to_client);
        }
        return outcome.exit_code;
    }
    const auto objection = replace_file(outcome.output_file, outcome.text, to_file);
    if (objection.empty()) {
        return outcome.exit_code;
    }
    deliver(STDOUT_FILENO,
            fmt::format("DB-UP UNKNOWN - cannot write --output-file '{}': {}; the check ended with "
                        "exit code {} [{}]\n",
                        one_line(outcome.output_file),
                        objection,
                        outcome.exit_code,
                        row_of(ErrorClass::local).code),
            patience);
    return row_of(State::unknown).exit_code;
}

} // namespace

int leave_behind(const Outcome& outcome, const Clock& clock, Instant deadline, Console& console)
{
    constexpr Millis least{100};
    constexpr Millis most{1'000};
    const auto for_files = [&] {
        return std::clamp(std::chrono::ceil<Millis>(deadline - clock.now()), least, most);
    };
    const int exit_code = give_result(outcome, for_files());
    console.release();
    if (!outcome.sentence.empty() && outcome.level <= outcome.console) {
        console.tell(outcome.level, outcome.sentence);
    }
    if (outcome.log_file.empty()) {
        return exit_code;
    }
    const auto objection = append_line(outcome.log_file, outcome.log_line, for_files());
    // Nothing on stderr that was not asked for, where it would be taken for output.
    const bool may_tell = outcome.console >= LogLevel::warning || console.is_apart();
    if (!objection.empty() && may_tell) {
        console.tell(LogLevel::warning,
                     fmt::format("cannot write to log file '{}': {}", outcome.log_file, objection));
    }
    return exit_code;
}

} // namespace dbup
