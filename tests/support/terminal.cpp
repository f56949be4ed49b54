// SPDX-License-Identifier: MIT
#include "support/terminal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <vector>

namespace dbup_test {

namespace {

using std::chrono::steady_clock;

std::vector<char*> pointers(Strings& strings)
{
    std::vector<char*> result;
    for (std::string& text : strings) {
        result.push_back(text.data());
    }
    result.push_back(nullptr);
    return result;
}

[[noreturn]] void become(int slave, const char* folder, char* const* argv, char* const* environment)
{
    for (int number = 1; number < SIGRTMIN; ++number) {
        static_cast<void>(::signal(number, SIG_DFL));
    }
    sigset_t none{};
    ::sigemptyset(&none);
    ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
    const bool ready = ::setsid() >= 0 && ::ioctl(slave, TIOCSCTTY, 0) == 0 &&
                       ::dup2(slave, STDIN_FILENO) >= 0 && ::dup2(slave, STDOUT_FILENO) >= 0 &&
                       ::dup2(slave, STDERR_FILENO) >= 0 && ::chdir(folder) == 0;
    if (ready) {
        ::execve(argv[0], argv, environment);
    }
    ::_exit(127);
}

Instant in(double seconds)
{
    return steady_clock::now() + std::chrono::duration_cast<steady_clock::duration>(
                                     std::chrono::duration<double>(seconds));
}

int millis_until(Instant end)
{
    const auto left = std::chrono::ceil<Millis>(end - steady_clock::now()).count();
    return static_cast<int>(std::max<Millis::rep>(left, 0));
}

Descriptor open_slave(int master)
{
    std::array<char, 64> name{};
    if (::ptsname_r(master, name.data(), name.size()) != 0) {
        throw std::runtime_error{"no name of the terminal"};
    }
    return Descriptor{checked(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC), "open terminal")};
}

} // namespace

TerminalSession::TerminalSession(Command command)
    : master_{checked(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), "posix_openpt")}
{
    if (::grantpt(master_.number()) != 0 || ::unlockpt(master_.number()) != 0) {
        throw std::runtime_error{"the terminal cannot be used"};
    }
    slave_ = open_slave(master_.number());
    const auto argv = pointers(command.argv);
    const auto environment = pointers(command.environment);
    pid_ = checked(::fork(), "fork");
    if (pid_ == 0) {
        become(slave_.number(), command.folder.c_str(), argv.data(), environment.data());
    }
    process_ =
        Descriptor{checked(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)), "pidfd_open")};
}

TerminalSession::~TerminalSession()
{
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
}

bool TerminalSession::read_some(Instant end)
{
    std::array<pollfd, 2> events{{{master_.number(), POLLIN, 0}, {process_.number(), POLLIN, 0}}};
    ::poll(events.data(), events.size(), millis_until(end));
    if ((events[0].revents & POLLIN) == 0) {
        return false; // time is over, or the program
    }
    std::array<char, 4'096> buffer{};
    const auto got = ::read(master_.number(), buffer.data(), buffer.size());
    shown_.append(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return got > 0;
}

void TerminalSession::expect(std::string_view text, double seconds)
{
    const auto end = in(seconds);
    for (;;) {
        const auto at = shown_.find(text, seen_);
        if (at != std::string::npos) {
            seen_ = at + text.size();
            return;
        }
        if (!read_some(end)) {
            throw std::runtime_error{"not shown: '" + std::string{text} + "' but:\n" + shown_};
        }
    }
}

void TerminalSession::type(std::string_view text) const
{
    while (!text.empty()) {
        const auto written =
            checked(static_cast<int>(::write(master_.number(), text.data(), text.size())), "type");
        text.remove_prefix(static_cast<std::size_t>(written));
    }
}

void TerminalSession::answer(std::string_view question, std::string_view text)
{
    expect(question);
    type(std::string{text} + "\n");
}

bool TerminalSession::echoes() const
{
    termios settings{};
    checked(::tcgetattr(slave_.number(), &settings), "tcgetattr");
    return (settings.c_lflag & static_cast<tcflag_t>(ECHO)) != 0;
}

void TerminalSession::send(int signal) const
{
    checked(::kill(pid_, signal), "kill");
}

int TerminalSession::wait()
{
    const auto end = in(20);
    while (master_.open() && read_some(end)) {
    }
    std::array<pollfd, 1> over{{{process_.number(), POLLIN, 0}}};
    if (::poll(over.data(), over.size(), millis_until(end)) != 1) {
        throw std::runtime_error{"it does not end:\n" + shown_};
    }
    int status = 0;
    checked(::waitpid(pid_, &status, 0), "waitpid");
    pid_ = -1;
    while (master_.open() && read_some(steady_clock::now())) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

} // namespace dbup_test
