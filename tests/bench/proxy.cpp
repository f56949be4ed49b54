// SPDX-License-Identifier: MIT
// A link with a latency that counts: proxy TARGET-PORT ROUND-TRIP-MS. Prints its port, then one
// line for each connection that ended: round trips <tab> bytes of the client <tab> bytes of the
// server.
//
// A round trip is the opening of the connection, and each time that the client speaks and the
// server answers. Every byte arrives half a round trip after it was sent; a connection is taken
// half a round trip late and its first bytes wait for another half, as a handshake of TCP would
// have it.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h> // NOLINT(modernize-deprecated-headers): clock_gettime()
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <list>
#include <string>
#include <vector>

namespace {

double now() // milliseconds
{
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

struct Parcel {
    double due;
    std::string bytes; // empty: the end of what is sent this way
};

struct Way {
    int from;
    int to;
    bool open;
    long bytes;
    std::deque<Parcel> parcels;
};

struct Link {
    std::array<Way, 2> ways; // the client's, the server's
    int round_trips;
    bool client_spoke;
    double opened;
};

int socket_for(sockaddr_in& address)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return fd;
}

/// Takes what there is to read; what it means for the count is seen when it was sent.
void take(Link& link, std::size_t side, double half)
{
    std::array<char, 65'536> buffer{};
    Way& way = link.ways.at(side);
    const auto size = recv(way.from, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0) {
        return;
    }
    way.open = size > 0;
    way.bytes += size;
    // The client's first word leaves it when it knows of the connection: a round trip after it
    // began.
    const double sent = side == 0 ? std::max(now(), link.opened + 2 * half) : now();
    way.parcels.push_back(
        {sent + half, std::string(buffer.data(), static_cast<std::size_t>(size))});
    // An answer to a farewell is not waited for.
    if (size > 0 && side == 1 && link.client_spoke && link.ways.front().open) {
        ++link.round_trips;
    }
    if (size > 0) {
        link.client_spoke = side == 0;
    }
}

void deliver(Way& way)
{
    while (!way.parcels.empty() && way.parcels.front().due <= now()) {
        const std::string& bytes = way.parcels.front().bytes;
        if (bytes.empty()) {
            shutdown(way.to, SHUT_WR);
        } else if (send(way.to, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) {
            way.open = false;
        }
        way.parcels.pop_front();
    }
}

bool is_over(const Link& link)
{
    const auto idle = [](const Way& way) { return !way.open && way.parcels.empty(); };
    return idle(link.ways[0]) && idle(link.ways[1]);
}

void accept_link(int listener, int target_port, std::list<Link>& links)
{
    const int client = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    const int on = 1;
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in target{};
    const int server = socket_for(target);
    target.sin_port = htons(static_cast<std::uint16_t>(target_port));
    if (connect(server, reinterpret_cast<const sockaddr*>(&target), sizeof target) != 0) {
        close(client);
        close(server);
        return;
    }
    links.push_back(
        {{Way{client, server, true, 0, {}}, Way{server, client, true, 0, {}}}, 1, false, now()});
}

/// Milliseconds until the next parcel is due, as poll() wants them.
int patience(const std::list<Link>& links)
{
    double left = 1e6;
    for (const auto& link : links) {
        for (const auto& way : link.ways) {
            left = way.parcels.empty() ? left : std::min(left, way.parcels.front().due - now());
        }
    }
    return left > 1e5 ? -1 : std::max(0, static_cast<int>(left + 0.999));
}

} // namespace

int main(int argc, char** argv)
{
    if (argc != 3) {
        std::fputs("usage: proxy TARGET-PORT ROUND-TRIP-MS\n", stderr);
        return 2;
    }
    const double half = std::atof(argv[2]) / 2;
    sockaddr_in address{};
    const int listener = socket_for(address);
    socklen_t size = sizeof address;
    if (bind(listener, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
        listen(listener, 128) != 0 ||
        getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        return 1;
    }
    std::printf("%d\n", ntohs(address.sin_port));
    std::fflush(stdout);
    std::list<Link> links;
    for (;;) {
        std::vector<pollfd> events{{listener, POLLIN, 0}};
        for (const auto& link : links) {
            for (const auto& way : link.ways) {
                events.push_back({way.open ? way.from : -1, POLLIN, 0});
            }
        }
        poll(events.data(), events.size(), patience(links));
        std::size_t place = 1;
        for (auto& link : links) {
            for (std::size_t side = 0; side < 2; ++side) {
                if (events.at(place++).revents != 0) {
                    take(link, side, half);
                }
            }
            deliver(link.ways[0]);
            deliver(link.ways[1]);
        }
        for (auto link = links.begin(); link != links.end();) {
            if (!is_over(*link)) {
                ++link;
                continue;
            }
            std::printf(
                "%d\t%ld\t%ld\n", link->round_trips, link->ways[0].bytes, link->ways[1].bytes);
            std::fflush(stdout);
            close(link->ways[0].from);
            close(link->ways[1].from);
            link = links.erase(link);
        }
        if (events.front().revents != 0) {
            accept_link(listener, std::atoi(argv[1]), links);
        }
    }
}
