// SPDX-License-Identifier: MIT
#include "process/hygiene.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <cstdlib>

#ifdef DBUP_COVERAGE
#include <cstdio>
extern "C" void __gcov_dump(); // NOLINT(bugprone-reserved-identifier): libgcov's name
#endif

namespace dbup {

namespace {

/// Which of the first descriptors are free, by one call to the system: asked one by one they would
/// cost ten. Nothing is known where fewer are allowed than it looks at.
class Descriptors {
public:
    Descriptors()
    {
        for (std::size_t i = 0; i < all_.size(); ++i) {
            all_.at(i).fd = static_cast<int>(i);
        }
        known_ = poll(all_.data(), all_.size(), 0) >= 0;
    }

    [[nodiscard]] bool known() const { return known_; }
    [[nodiscard]] bool is_free(std::size_t number) const
    {
        return (all_.at(number).revents & POLLNVAL) != 0;
    }
    [[nodiscard]] unsigned free_ones() const
    {
        unsigned count = 0;
        for (std::size_t i = 0; i < all_.size(); ++i) {
            count += is_free(i) ? 1U : 0U;
        }
        return count;
    }

private:
    std::array<pollfd, 16> all_{};
    bool known_ = false;
};

/// \returns how many descriptors are free at least; 0 where that is not known
unsigned open_standard_descriptors()
{
    const Descriptors all;
    if (all.known() && !all.is_free(STDIN_FILENO) && !all.is_free(STDOUT_FILENO) &&
        !all.is_free(STDERR_FILENO)) {
        return all.free_ones();
    }
    for (;;) {
        const int fd = open("/dev/null", O_RDWR);
        if (fd < 0) {
            return 0;
        }
        if (fd > STDERR_FILENO) {
            close(fd);
            return 0;
        }
    }
}

/// Whether this many more descriptors can be open at a time.
template <unsigned count>
bool can_open()
{
    std::array<int, count> copies{};
    bool all = true;
    for (int& copy : copies) {
        copy = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
        all = all && copy >= 0;
    }
    for (const int copy : copies) {
        if (copy >= 0) {
            close(copy);
        }
    }
    return all;
}

bool has_memory(std::size_t bytes)
{
    void* const block =
        mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const bool there = block != MAP_FAILED;
    if (there) {
        munmap(block, bytes);
    }
    return there;
}

/// libpq makes room for whatever length a server announces, and reads until it is full. The
/// operating system sets the limit: of this much no honest answer needs a tenth.
/// \returns whether there is memory for a run, `bytes` of it at once
bool limit_memory(std::size_t bytes)
{
    constexpr rlim_t enough = 68UL * 1'048'576;
    rlimit before{};
    const bool unlimited = getrlimit(RLIMIT_DATA, &before) == 0 && before.rlim_cur > enough;
    const rlimit limited{enough, before.rlim_max};
    const bool lowered = unlimited && setrlimit(RLIMIT_DATA, &limited) == 0;
    if (has_memory(bytes)) {
        return true;
    }
    // A sanitizer's shadow is larger from the beginning, and grows as it likes.
    return lowered && setrlimit(RLIMIT_DATA, &before) == 0 && has_memory(bytes);
}

} // namespace

unsigned clean_process()
{
    const unsigned free_descriptors = open_standard_descriptors();
    static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
    static_cast<void>(std::signal(SIGXFSZ, SIG_IGN));
    const rlimit no_core{0, 0};
    static_cast<void>(setrlimit(RLIMIT_CORE, &no_core));
    // An arena for the worker would reserve 64 MB of addresses; under a limit it is tried again,
    // in vain, for every single allocation.
    // NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread yet
    static_cast<void>(mallopt(M_ARENA_MAX, 1));
    // In one step what a run needs, and nothing of it given back: not a call for every few pages.
    constexpr int step = 1'048'576;
    static_cast<void>(mallopt(M_TOP_PAD, step));        // NOLINT(concurrency-mt-unsafe): see above
    static_cast<void>(mallopt(M_TRIM_THRESHOLD, step)); // NOLINT(concurrency-mt-unsafe): see above
    // Every time that is shown is UTC: no file about the local one has to be read.
    static_cast<void>(setenv("TZ", "UTC0", 1)); // NOLINT(concurrency-mt-unsafe): see above
    static_cast<void>(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
    return free_descriptors;
}

const char* shortage(unsigned free_descriptors)
{
    constexpr unsigned descriptors = 5;      // three of the supervisor, two at a time of the worker
    constexpr std::size_t bytes = 4'194'304; // the worker's stack, TLS and an answer
    if (!limit_memory(bytes)) {
        return "DB-UP UNKNOWN - not enough memory for db-up on this host [LOCAL_ERROR]\n"
               "Fix: Allow it 32 MB of address space (ulimit -v), or look for what uses up the "
               "memory; the server was not judged\n";
    }
    if (free_descriptors < descriptors && !can_open<descriptors>()) {
        return "DB-UP UNKNOWN - not enough file descriptors for db-up on this host [LOCAL_ERROR]\n"
               "Fix: Allow it 8 open files or more (ulimit -n), and look for what the caller "
               "leaves "
               "open; the server was not judged\n";
    }
    return nullptr;
}

void leave(int exit_code)
{
#ifdef DBUP_COVERAGE
    // What was counted would be lost; no limit of a test may show in what is told.
    static_cast<void>(std::signal(SIGXFSZ, SIG_IGN));
    static_cast<void>(std::freopen("/dev/null", "w", stderr));
    __gcov_dump();
#endif
    _exit(exit_code);
}

} // namespace dbup
