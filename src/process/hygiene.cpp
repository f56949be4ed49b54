// SPDX-License-Identifier: MIT
#include "process/hygiene.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>

namespace dbup {

namespace {

void open_standard_descriptors()
{
    for (;;) {
        const int fd = open("/dev/null", O_RDWR);
        if (fd < 0) {
            return;
        }
        if (fd > STDERR_FILENO) {
            close(fd);
            return;
        }
    }
}

} // namespace

void clean_process()
{
    open_standard_descriptors();
    static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
    const rlimit no_core{0, 0};
    static_cast<void>(setrlimit(RLIMIT_CORE, &no_core));
    static_cast<void>(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
}

} // namespace dbup
