// SPDX-License-Identifier: MIT
// Runs a program the way a scheduler does, and measures it from outside.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/descriptor.hpp"

namespace dbup_test {

using Strings = std::vector<std::string>;
using Millis = std::chrono::milliseconds;
using Instant = std::chrono::steady_clock::time_point;

struct User {
    uid_t uid = 0;
    gid_t gid = 0;
};

struct Limit {
    int resource = RLIMIT_CORE;
    rlim_t value = 0;
};

/// A file or folder seen in place of another, by this program only (own mount namespace).
struct Mount {
    std::string file = {};
    std::string over = {};
};

enum class Stdout {
    read,        // collected in Finished::out
    packets,     // the same, and every write of the program is counted
    closed,      // descriptor 1 is not open at all
    full_device, // /dev/full: every write fails with ENOSPC
    no_reader,   // a pipe whose reader is gone
    never_read,  // a pipe that is full and that nobody reads
};

struct Command {
    Strings argv = {};
    Strings environment = {}; // exactly this, nothing inherited
    std::string input = {};
    std::string folder = "/";
    std::optional<User> user = {};
    std::vector<int> closed = {}; // descriptors to close just before the program starts
    std::vector<Limit> limits = {};
    std::vector<int> blocked_signals = {};
    std::vector<int> ignored_signals = {};
    std::vector<Mount> mounts = {};
    bool read_only_root = false;      // nothing can be written to "/" (own mount namespace)
    std::vector<int> namespaces = {}; // descriptors of namespaces to enter, in this order
    Stdout output = Stdout::read;
    Millis kill_after{30'000};
};

struct Finished {
    int exit_code = -1; // -1: ended by a signal
    int signal = 0;
    bool killed = false; // kill_after was reached
    int writes = 0;      // with Stdout::packets
    double seconds = 0;
    long max_rss = 0; // the most memory it had at once, in KB
    std::string out = {};
    std::string err = {};
};

/// A running program; killed and reaped at the end of its owner if nobody waited for it.
class Process {
public:
    explicit Process(Command command);
    Process(Process&&) noexcept;
    Process& operator=(Process&&) = delete;
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process();

    [[nodiscard]] pid_t pid() const { return pid_; }
    void send(int signal) const;
    [[nodiscard]] bool running() const;

    /// Waits for the end, at most Command::kill_after counted from the start.
    Finished wait();

private:
    void collect(Finished& result);
    void reap(Finished& result);

    Instant start_ = {};
    Instant kill_at_ = {};
    pid_t pid_ = -1;
    Descriptor process_ = {};
    Descriptor input_ = {};
    Descriptor out_ = {};
    Descriptor err_ = {};
    Descriptor unread_ = {};
    std::string pending_input_ = {};
};

Finished run(Command command);

/// Runs them at the same time; the results stand in the order of the commands.
std::vector<Finished> run_all(std::vector<Command> commands);

/// Throws with the program's own words when it does not end with 0; returns its stdout.
std::string run_or_throw(Command command);

std::optional<User> find_user(const std::string& name);
bool is_root();

/// Whether this process may give a program a mount namespace of its own.
bool can_mount();

/// A variable of this test program's own environment.
std::optional<std::string> own_variable(std::string_view name);

} // namespace dbup_test
