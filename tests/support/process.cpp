// SPDX-License-Identifier: MIT
#include "support/process.hpp"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <future>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace dbup_test {

namespace {

using std::chrono::steady_clock;

std::vector<char*> pointers(Strings& strings)
{
    std::vector<char*> result;
    result.reserve(strings.size() + 1);
    for (std::string& text : strings) {
        result.push_back(text.data());
    }
    result.push_back(nullptr);
    return result;
}

/// What the child needs; prepared before the fork, as the parent may have threads.
struct Launch {
    const Command* command = nullptr;
    char* const* argv = nullptr;
    char* const* environment = nullptr;
    int input = -1;
    int out = -1;
    int err = -1;
    int report = -1;
    std::array<char, 64> user_map{};
    std::array<char, 64> group_map{};
};

bool write_file(const char* path, const char* text)
{
    const int file = ::open(path, O_WRONLY | O_CLOEXEC);
    std::size_t length = 0;
    while (text[length] != '\0') {
        ++length;
    }
    const bool written = file >= 0 && ::write(file, text, length) == static_cast<ssize_t>(length);
    ::close(file);
    return written;
}

// An ordinary user needs a user namespace around the mount namespace.
bool enter_mount_namespace(const Launch& launch)
{
    const bool root = ::geteuid() == 0;
    if (::unshare(CLONE_NEWNS | (root ? 0 : CLONE_NEWUSER)) != 0) {
        return false;
    }
    if (!root && !(write_file("/proc/self/setgroups", "deny") &&
                   write_file("/proc/self/uid_map", launch.user_map.data()) &&
                   write_file("/proc/self/gid_map", launch.group_map.data()))) {
        return false;
    }
    return ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

bool mount_files(const Launch& launch)
{
    const Command& command = *launch.command;
    if (command.mounts.empty() && !command.read_only_root) {
        return true;
    }
    const bool mounted =
        enter_mount_namespace(launch) &&
        std::all_of(command.mounts.begin(), command.mounts.end(), [](const Mount& mount) {
            return ::mount(mount.file.c_str(), mount.over.c_str(), nullptr, MS_BIND, nullptr) == 0;
        });
    const unsigned long read_only = MS_REMOUNT | MS_BIND | MS_RDONLY;
    return mounted &&
           (!command.read_only_root || ::mount(nullptr, "/", nullptr, read_only, nullptr) == 0);
}

void set_signals(const Command& command)
{
    for (int number = 1; number < SIGRTMIN; ++number) {
        static_cast<void>(::signal(number, SIG_DFL)); // SIGKILL and SIGSTOP refuse, rightly
    }
    for (const int number : command.ignored_signals) {
        static_cast<void>(::signal(number, SIG_IGN));
    }
    sigset_t mask{};
    ::sigemptyset(&mask);
    for (const int number : command.blocked_signals) {
        ::sigaddset(&mask, number);
    }
    ::pthread_sigmask(SIG_SETMASK, &mask, nullptr);
}

bool set_limits(const std::vector<Limit>& limits)
{
    return std::all_of(limits.begin(), limits.end(), [](const Limit& limit) {
        const rlimit value{limit.value, limit.value};
        return ::setrlimit(static_cast<__rlimit_resource>(limit.resource), &value) == 0;
    });
}

bool become(const std::optional<User>& user)
{
    return !user ||
           (::setgroups(0, nullptr) == 0 && ::setresgid(user->gid, user->gid, user->gid) == 0 &&
            ::setresuid(user->uid, user->uid, user->uid) == 0);
}

bool enter_namespaces(const std::vector<int>& namespaces)
{
    return std::all_of(namespaces.begin(), namespaces.end(), [](int descriptor) {
        return ::setns(descriptor, 0) == 0;
    });
}

bool prepare(const Launch& launch)
{
    const Command& command = *launch.command;
    set_signals(command);
    if (::dup2(launch.input, STDIN_FILENO) < 0 || ::dup2(launch.err, STDERR_FILENO) < 0) {
        return false;
    }
    if (launch.out >= 0 && ::dup2(launch.out, STDOUT_FILENO) < 0) {
        return false;
    }
    if (!enter_namespaces(command.namespaces) || !mount_files(launch) ||
        ::chdir(command.folder.c_str()) != 0 || !set_limits(command.limits) ||
        !become(command.user)) {
        return false;
    }
    if (command.output == Stdout::closed) {
        ::close(STDOUT_FILENO);
    }
    for (const int number : command.closed) {
        ::close(number);
    }
    // Whatever this test program has inherited itself must not reach the program under test.
    static_cast<void>(::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC));
    return true;
}

// Between fork and exec: system calls only.
[[noreturn]] void become_program(const Launch& launch)
{
    if (prepare(launch)) {
        ::execve(launch.argv[0], launch.argv, launch.environment);
    }
    const int error = errno;
    static_cast<void>(!::write(launch.report, &error, sizeof error));
    ::_exit(127);
}

void write_id_map(std::array<char, 64>& text, unsigned id)
{
    const std::string line = std::to_string(id) + " " + std::to_string(id) + " 1";
    std::copy(line.begin(), line.end(), text.begin());
}

Descriptor open_for_writing(const char* path)
{
    return Descriptor{checked(::open(path, O_WRONLY | O_CLOEXEC), path)};
}

Pipe full_pipe()
{
    Pipe pipe = make_pipe();
    set_nonblocking(pipe.write.number(), true);
    const std::array<char, 4096> block{};
    while (::write(pipe.write.number(), block.data(), block.size()) > 0) {
    }
    while (::write(pipe.write.number(), block.data(), 1) > 0) {
    }
    set_nonblocking(pipe.write.number(), false);
    return pipe;
}

Pipe packet_pair()
{
    std::array<int, 2> ends{-1, -1};
    checked(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), "socketpair");
    return {Descriptor{ends[0]}, Descriptor{ends[1]}};
}

Pipe make_output(Stdout kind)
{
    switch (kind) {
    case Stdout::read: return make_pipe();
    case Stdout::packets: return packet_pair();
    case Stdout::closed: return {};
    case Stdout::full_device: return {Descriptor{}, open_for_writing("/dev/full")};
    case Stdout::never_read: return full_pipe();
    case Stdout::no_reader: break;
    }
    Pipe pipe = make_pipe();
    pipe.read.close();
    return pipe;
}

/// Appends what is there; false at the end of the stream.
bool drain(const Descriptor& from, std::string& into)
{
    std::array<char, 65536> block{};
    const ssize_t count = ::read(from.number(), block.data(), block.size());
    if (count > 0) {
        into.append(block.data(), static_cast<std::size_t>(count));
        return true;
    }
    return count < 0 && (errno == EAGAIN || errno == EINTR);
}

void throw_if_not_started(const Descriptor& report, const std::string& program)
{
    int error = 0;
    if (::read(report.number(), &error, sizeof error) == static_cast<ssize_t>(sizeof error)) {
        throw std::system_error{error, std::generic_category(), "cannot start " + program};
    }
}

} // namespace

Process::Process(Command command) : pending_input_{std::move(command.input)}
{
    static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
    const std::vector<char*> argv = pointers(command.argv);
    const std::vector<char*> environment = pointers(command.environment);
    Pipe input = make_pipe();
    Pipe output = make_output(command.output);
    Pipe errors = make_pipe();
    Pipe report = make_pipe();
    Launch launch{.command = &command,
                  .argv = argv.data(),
                  .environment = environment.data(),
                  .input = input.read.number(),
                  .out = output.write.number(),
                  .err = errors.write.number(),
                  .report = report.write.number()};
    write_id_map(launch.user_map, ::geteuid());
    write_id_map(launch.group_map, ::getegid());

    start_ = steady_clock::now();
    kill_at_ = start_ + command.kill_after;
    pid_ = checked(::fork(), "fork");
    if (pid_ == 0) {
        become_program(launch);
    }
    // Not by the header's function: that of glibc 2.36 has no C linkage.
    process_ = Descriptor{static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0))};
    checked(process_.number(), "pidfd_open");
    input_ = std::move(input.write);
    const bool collected = command.output == Stdout::read || command.output == Stdout::packets;
    (collected ? out_ : unread_) = std::move(output.read);
    err_ = std::move(errors.read);
    for (const Descriptor* descriptor : {&input_, &out_, &err_}) {
        if (descriptor->open()) {
            set_nonblocking(descriptor->number(), true);
        }
    }
    report.write.close();
    throw_if_not_started(report.read, command.argv.at(0));
    if (pending_input_.empty()) {
        input_.close();
    }
}

Process::Process(Process&& other) noexcept
    : start_{other.start_},
      kill_at_{other.kill_at_},
      pid_{std::exchange(other.pid_, -1)},
      process_{std::move(other.process_)},
      input_{std::move(other.input_)},
      out_{std::move(other.out_)},
      err_{std::move(other.err_)},
      unread_{std::move(other.unread_)},
      pending_input_{std::move(other.pending_input_)}
{
}

Process::~Process()
{
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
}

void Process::send(int signal) const
{
    checked(::kill(pid_, signal), "kill");
}

bool Process::running() const
{
    pollfd ended{process_.number(), POLLIN, 0};
    return pid_ > 0 && ::poll(&ended, 1, 0) == 0;
}

void Process::collect(Finished& result)
{
    if (input_.open()) {
        const ssize_t count =
            ::write(input_.number(), pending_input_.data(), pending_input_.size());
        pending_input_.erase(0, count > 0 ? static_cast<std::size_t>(count) : 0);
        if (pending_input_.empty() || (count < 0 && errno != EAGAIN)) {
            input_.close();
        }
    }
    const std::size_t before = result.out.size();
    if (out_.open() && !drain(out_, result.out)) {
        out_.close();
    }
    result.writes += result.out.size() > before ? 1 : 0;
    if (err_.open() && !drain(err_, result.err)) {
        err_.close();
    }
}

void Process::reap(Finished& result)
{
    int status = 0;
    rusage usage{};
    checked(::wait4(std::exchange(pid_, -1), &status, 0, &usage), "wait4");
    result.max_rss = usage.ru_maxrss;
    if (WIFEXITED(status)) {
        result.exit_code = WEXITSTATUS(status);
    } else {
        result.signal = WTERMSIG(status);
    }
}

Finished Process::wait()
{
    Finished result;
    for (;;) {
        std::array<pollfd, 4> events{{
            {process_.number(), POLLIN, 0},
            {out_.number(), POLLIN, 0},
            {err_.number(), POLLIN, 0},
            {input_.number(), POLLOUT, 0},
        }};
        const auto left = std::chrono::ceil<Millis>(kill_at_ - steady_clock::now());
        const int ready = ::poll(
            events.data(), events.size(), static_cast<int>(std::max(left, Millis{0}).count()));
        if (ready == 0 && !result.killed) {
            result.killed = true;
            kill_at_ += Millis{10'000};
            send(SIGKILL);
        }
        if (events[0].revents != 0) {
            break;
        }
        collect(result);
    }
    result.seconds = std::chrono::duration<double>(steady_clock::now() - start_).count();
    reap(result);
    for (std::size_t before = std::string::npos; before != result.out.size() + result.err.size();) {
        before = result.out.size() + result.err.size();
        collect(result);
    }
    return result;
}

Finished run(Command command)
{
    return Process{std::move(command)}.wait();
}

std::vector<Finished> run_all(std::vector<Command> commands)
{
    std::vector<std::future<Finished>> runs;
    runs.reserve(commands.size());
    for (Command& command : commands) {
        runs.push_back(std::async(std::launch::async, run, std::move(command)));
    }
    std::vector<Finished> results;
    results.reserve(runs.size());
    for (auto& one : runs) {
        results.push_back(one.get());
    }
    return results;
}

std::string run_or_throw(Command command)
{
    std::string words;
    for (const std::string& word : command.argv) {
        words += word + " ";
    }
    Finished finished = run(std::move(command));
    if (finished.exit_code != 0) {
        throw std::runtime_error{words + "ended with " + std::to_string(finished.exit_code) + ": " +
                                 finished.out + finished.err};
    }
    return std::move(finished.out);
}

std::optional<User> find_user(const std::string& name)
{
    std::array<char, 16384> buffer{};
    passwd entry{};
    passwd* found = nullptr;
    ::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
    if (found == nullptr) {
        return std::nullopt;
    }
    return User{entry.pw_uid, entry.pw_gid};
}

bool is_root()
{
    return ::geteuid() == 0;
}

bool can_mount()
{
    static const bool possible = [] {
        try {
            return run({.argv = {"/bin/true"}, .mounts = {{"/dev/null", "/etc/hosts"}}})
                       .exit_code == 0;
        } catch (const std::system_error&) {
            return false;
        }
    }();
    return possible;
}

std::optional<std::string> own_variable(std::string_view name)
{
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text{*entry};
        if (text.starts_with(name) && text.substr(name.size()).starts_with('=')) {
            return std::string{text.substr(name.size() + 1)};
        }
    }
    return std::nullopt;
}

} // namespace dbup_test
