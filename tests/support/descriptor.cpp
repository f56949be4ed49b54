// SPDX-License-Identifier: MIT
#include "support/descriptor.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace dbup_test {

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept
{
    if (this != &other) {
        close();
        number_ = std::exchange(other.number_, -1);
    }
    return *this;
}

Descriptor::~Descriptor()
{
    close();
}

void Descriptor::close()
{
    if (number_ >= 0) {
        ::close(std::exchange(number_, -1));
    }
}

Pipe make_pipe()
{
    std::array<int, 2> ends{-1, -1};
    checked(::pipe2(ends.data(), O_CLOEXEC), "pipe2");
    return {Descriptor{ends[0]}, Descriptor{ends[1]}};
}

void set_nonblocking(int descriptor, bool nonblocking)
{
    const int flags = checked(::fcntl(descriptor, F_GETFL), "fcntl");
    checked(::fcntl(descriptor, F_SETFL, nonblocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK),
            "fcntl");
}

int checked(int result, const std::string& what)
{
    if (result < 0) {
        throw std::system_error{errno, std::generic_category(), what};
    }
    return result;
}

} // namespace dbup_test
