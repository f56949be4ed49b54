// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace dbup {

/// What a server may send on one connection, in bytes: far more than it needs for certificates and
/// log-in, and than the largest answer that is taken (pg/batch).
inline constexpr std::uint64_t most_bytes_of_login = 1'000'000;
inline constexpr std::uint64_t most_bytes_of_session = 8'000'000;

/// Ends the talk with a server that has sent more than `most` bytes on its connection.
class FloodGate {
public:
    explicit FloodGate(std::uint64_t most) : most_{most} {}

    /// To be called before each time that libpq may read. Every eighth time the system is asked how
    /// much came: an honest login is over before, and a flood is a long one. Sockets whose bytes
    /// the system does not count (local ones) pass.
    /// \throws Failure{protocol}
    void look(int socket);

private:
    std::uint64_t most_;
    unsigned looks_ = 0;
};

/// Whether this process cannot get a megabyte. libpq says "out of memory" in this case, and also
/// when a server announces a message that no computer could hold, or more than this process allows
/// itself (process/hygiene): that is not this host's fault.
bool short_of_memory();

} // namespace dbup
