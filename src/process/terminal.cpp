// SPDX-License-Identifier: MIT
#include "process/terminal.hpp"

#include "core/failure.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <system_error>

namespace dbup {

namespace {

[[noreturn]] void leave()
{
    throw Failure{ErrorClass::interrupted};
}

} // namespace

SystemTerminal::~SystemTerminal()
{
    restore_for_good();
}

bool SystemTerminal::is_there() const
{
    return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
}

/// Whether `fd` is ready; false when the process is asked to end. A person may think for hours.
bool SystemTerminal::wait_for(int fd, short event) const
{
    std::array<pollfd, 2> events{{{fd, event, 0}, {stop_fd_, POLLIN, 0}}};
    int ready = 0;
    do {
        ready = poll(events.data(), events.size(), -1);
    } while (ready < 0 && errno == EINTR);
    return ready > 0 && events[1].revents == 0;
}

void SystemTerminal::say(std::string_view text)
{
    while (!text.empty()) {
        if (!wait_for(STDOUT_FILENO, POLLOUT)) {
            leave();
        }
        const auto written =
            write(STDOUT_FILENO, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
        if (written < 0 && errno != EINTR && errno != EAGAIN) {
            leave();
        }
        text.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
    }
}

/// A terminal hands out whole lines; without an end they come from Ctrl-D, and nothing at all is
/// the end of input.
std::string SystemTerminal::line()
{
    std::string text;
    std::array<char, 4'096> buffer{};
    for (;;) {
        const auto got = wait_for(STDIN_FILENO, POLLIN)
                             ? read(STDIN_FILENO, buffer.data(), buffer.size())
                             : ssize_t{0};
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
            continue;
        }
        if (got <= 0) {
            explicit_bzero(text.data(), text.size());
            leave();
        }
        text.append(buffer.data(), static_cast<std::size_t>(got));
        explicit_bzero(buffer.data(), buffer.size());
        if (text.ends_with('\n')) {
            text.pop_back();
            return text;
        }
    }
}

std::string SystemTerminal::ask(std::string_view prompt)
{
    say(prompt);
    return line();
}

Secret SystemTerminal::ask_hidden(std::string_view prompt)
{
    hide(); // before the question is seen: nobody can be faster
    try {
        say(prompt);
        Secret answer{line()};
        show();
        say("\n"); // the one that was typed was not shown either
        return answer;
    } catch (const Failure&) {
        show();
        throw;
    }
}

void SystemTerminal::hide()
{
    const std::lock_guard lock{mutex_};
    termios settings{};
    if (over_ || tcgetattr(STDIN_FILENO, &settings) != 0) {
        return;
    }
    before_ = settings;
    settings.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHOE | ECHOK | ECHONL);
    // This key would stop the process at once, and leave the terminal without echo.
    settings.c_cc[VSUSP] = _POSIX_VDISABLE;
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings) != 0) {
        before_.reset();
        throw Failure{ErrorClass::local, std::generic_category().message(errno)}.with_message(
            "the terminal does not hide what is typed");
    }
}

void SystemTerminal::show()
{
    const std::lock_guard lock{mutex_};
    put_back();
}

void SystemTerminal::put_back()
{
    if (before_) {
        static_cast<void>(tcsetattr(STDIN_FILENO, TCSANOW, &*before_));
        before_.reset();
    }
}

void SystemTerminal::restore_for_good()
{
    const std::lock_guard lock{mutex_};
    over_ = true;
    put_back();
}

} // namespace dbup
