// SPDX-License-Identifier: MIT
#include "pg/bounds.hpp"

#include "core/failure.hpp"

#include <linux/tcp.h> // newer than <netinet/tcp.h>, which has no tcpi_bytes_received
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <memory>
#include <new>

namespace dbup {

void FloodGate::look(int socket)
{
    constexpr unsigned every = 8;
    if (++looks_ % every != 0) {
        return;
    }
    tcp_info facts{};
    socklen_t size = sizeof facts;
    const bool counted =
        getsockopt(socket, IPPROTO_TCP, TCP_INFO, &facts, &size) == 0 &&
        size >= offsetof(tcp_info, tcpi_bytes_received) + sizeof facts.tcpi_bytes_received;
    if (counted && facts.tcpi_bytes_received > most_) {
        throw Failure{ErrorClass::protocol, "the server sends without end"}.with_excess();
    }
}

bool short_of_memory()
{
    constexpr std::size_t megabyte = 1'048'576;
    using Megabyte = std::array<char, megabyte>;
    const std::unique_ptr<Megabyte> probe{new (std::nothrow) Megabyte};
    return probe == nullptr;
}

} // namespace dbup
