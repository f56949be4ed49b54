// SPDX-License-Identifier: MIT
#include "support/network.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "support/client.hpp"

namespace dbup_test {

namespace {

struct FreeAddress {
    void operator()(addrinfo* info) const noexcept { ::freeaddrinfo(info); }
};
using Address = std::unique_ptr<addrinfo, FreeAddress>;

Address address_of(const std::string& address, const std::string& port, int type = SOCK_STREAM)
{
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    hints.ai_socktype = type;
    addrinfo* found = nullptr;
    if (::getaddrinfo(address.c_str(), port.c_str(), &hints, &found) != 0) {
        throw std::runtime_error{"no address: " + address + " " + port};
    }
    return Address{found};
}

Descriptor open_socket(const addrinfo& address, int flags = 0)
{
    return Descriptor{::socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC | flags, 0)};
}

/// An open socket bound to the address, or a closed one with errno.
Descriptor bind_to(const addrinfo& address)
{
    Descriptor socket = open_socket(address);
    const int yes = 1;
    if (!socket.open() ||
        ::setsockopt(socket.number(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        ::bind(socket.number(), address.ai_addr, address.ai_addrlen) != 0) {
        return {};
    }
    return socket;
}

} // namespace

bool can_listen(const std::string& address, const std::string& port)
{
    const Descriptor socket = bind_to(*address_of(address, port));
    return socket.open() && ::listen(socket.number(), 1) == 0;
}

bool can_connect(const std::string& address, const std::string& port)
{
    const Address target = address_of(address, port);
    const Descriptor socket = open_socket(*target);
    return ::connect(socket.number(), target->ai_addr, target->ai_addrlen) == 0;
}

bool has_ipv6()
{
    static const bool present = can_listen("::1", "0");
    return present;
}

Descriptor mark_name(const std::string& name)
{
    sockaddr_un address{};
    address.sun_family = AF_UNIX; // a path that begins with a zero byte is in no folder
    name.copy(address.sun_path + 1, sizeof address.sun_path - 1);
    Descriptor socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    const auto* const generic = static_cast<const sockaddr*>(static_cast<const void*>(&address));
    if (!socket.open() || ::bind(socket.number(), generic, sizeof address) != 0) {
        return {};
    }
    return socket;
}

Descriptor listen_on(const std::string& address, const std::string& port, int backlog)
{
    Descriptor socket = bind_to(*address_of(address, port));
    checked(socket.number(), "bind to " + address + " " + port);
    checked(::listen(socket.number(), backlog), "listen");
    return socket;
}

void bind_socket(const Descriptor& socket, const std::string& address, const std::string& port)
{
    int type = 0;
    socklen_t length = sizeof type;
    checked(::getsockopt(socket.number(), SOL_SOCKET, SO_TYPE, &type, &length), "getsockopt");
    const Address own = address_of(address, port, type);
    const int yes = 1;
    ::setsockopt(socket.number(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    checked(::bind(socket.number(), own->ai_addr, own->ai_addrlen), "bind to " + address);
    if (type == SOCK_STREAM) {
        checked(::listen(socket.number(), 512), "listen");
    }
}

Descriptor connect_to(const std::string& address, const std::string& port, int type)
{
    const Address target = address_of(address, port, type);
    Descriptor socket = open_socket(*target);
    checked(socket.number(), "socket");
    checked(::connect(socket.number(), target->ai_addr, target->ai_addrlen), "connect");
    return socket;
}

std::string port_of(const Descriptor& socket)
{
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    auto* const address = static_cast<sockaddr*>(static_cast<void*>(&storage));
    checked(::getsockname(socket.number(), address, &length), "getsockname");
    std::array<char, NI_MAXSERV> port{};
    ::getnameinfo(address, length, nullptr, 0, port.data(), port.size(), NI_NUMERICSERV);
    return port.data();
}

ScriptedServer::ScriptedServer(std::vector<Script> scripts, const std::string& address)
    : ScriptedServer{std::move(scripts), listen_on(address, "0")}
{
}

ScriptedServer::ScriptedServer(std::vector<Script> scripts, Descriptor listener)
    : scripts_{std::move(scripts)},
      listener_{std::move(listener)},
      port_{port_of(listener_)},
      stop_{make_pipe()},
      acceptor_{[this] { serve(); }}
{
}

ScriptedServer::~ScriptedServer()
{
    stop_.write.close(); // end of file for all who wait
    acceptor_.join();
    for (std::thread& connection : connections_) {
        connection.join();
    }
}

void ScriptedServer::wait_until_arrived(int connections) const
{
    wait_until("the program comes to the scripted server", [&] { return arrived_ >= connections; });
}

void ScriptedServer::serve()
{
    for (;;) {
        std::array<pollfd, 2> events{
            {{listener_.number(), POLLIN, 0}, {stop_.read.number(), POLLIN, 0}}};
        if (::poll(events.data(), events.size(), -1) <= 0 || events[1].revents != 0) {
            return;
        }
        Descriptor socket{::accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC)};
        const auto index = static_cast<std::size_t>(accepted_++);
        const Script& script = scripts_.at(std::min(index, scripts_.size() - 1));
        connections_.emplace_back([this, &script, socket = std::move(socket)]() mutable {
            play(std::move(socket), script);
        });
    }
}

void ScriptedServer::play(Descriptor socket, const Script& script)
{
    Peer peer{std::move(socket), stop_.read.number()};
    try {
        for (std::size_t index = 0; index < script.size(); ++index) {
            arrived_ += index + 1 == script.size() ? 1 : 0;
            if (!script[index](peer)) {
                break;
            }
        }
    } catch (const std::exception&) { // the far side of a relay is not there
        peer.reset();
    }
    ++ended_;
}

DeadAddress::DeadAddress(const std::string& address, const std::string& port)
    : listener_{listen_on(address, port, 0)}
{
    const Address target = address_of(address, this->port());
    for (int count = 0; count < 4;
         ++count) { // one is taken into the queue, the others wait for ever
        Descriptor socket = open_socket(*target, SOCK_NONBLOCK);
        static_cast<void>(::connect(socket.number(), target->ai_addr, target->ai_addrlen));
        queue_.push_back(std::move(socket));
    }
}

SilentNameServer::SilentNameServer() : socket_{bind_to(*address_of(address(), "53", SOCK_DGRAM))} {}

bool SilentNameServer::was_asked() const
{
    int waiting = 0;
    return ::ioctl(socket_.number(), FIONREAD, &waiting) == 0 && waiting > 0;
}

} // namespace dbup_test
