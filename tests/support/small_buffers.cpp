// SPDX-License-Identifier: MIT
// Loaded into a program before libc (LD_PRELOAD): what it sends waits in the smallest buffer that
// the system has, so that a peer that does not read is noticed at once.
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): those of libc are reserved
extern "C" int socket(int domain, int type, int protocol) noexcept
{
    const auto fd = static_cast<int>(syscall(SYS_socket, domain, type, protocol));
    const int size = 1; // the system takes the least that is possible
    if (fd >= 0) {
        static_cast<void>(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size));
    }
    return fd;
}
