// SPDX-License-Identifier: MIT
#include "support/network.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
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

std::uint32_t length_in(const std::string& bytes, std::size_t at)
{
    std::uint32_t length = 0;
    for (std::size_t index = at; index < at + 4; ++index) {
        length = length << 8U | static_cast<unsigned char>(bytes.at(index));
    }
    return length;
}

/// Passes on what has come; false at the end of the stream.
bool copy_some(int from, Peer& to)
{
    std::array<char, 16384> block{};
    const ssize_t count = ::recv(from, block.data(), block.size(), 0);
    return count > 0 && to.transmit({block.data(), static_cast<std::size_t>(count)});
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

Descriptor listen_on(const std::string& address, const std::string& port, int backlog)
{
    Descriptor socket = bind_to(*address_of(address, port));
    checked(socket.number(), "bind to " + address + " " + port);
    checked(::listen(socket.number(), backlog), "listen");
    return socket;
}

Descriptor connect_to(const std::string& address, const std::string& port)
{
    const Address target = address_of(address, port);
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

bool Peer::wait_for(int descriptor, short events) const
{
    std::array<pollfd, 2> either{{{descriptor, events, 0}, {stop_, POLLIN, 0}}};
    return ::poll(either.data(), either.size(), -1) > 0 && either[1].revents == 0;
}

bool Peer::receive(std::string& bytes, std::size_t count)
{
    bytes.resize(count);
    for (std::size_t have = 0; have < count;) {
        if (!wait_for(socket_.number(), POLLIN)) {
            return false;
        }
        const ssize_t got = ::recv(socket_.number(), &bytes[have], count - have, 0);
        if (got <= 0) {
            return false;
        }
        have += static_cast<std::size_t>(got);
    }
    return true;
}

bool Peer::transmit(std::string_view bytes)
{
    while (!bytes.empty()) {
        if (!wait_for(socket_.number(), POLLOUT)) {
            return false;
        }
        const ssize_t sent = ::send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0) {
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

bool Peer::pause(Millis time)
{
    pollfd stop{stop_, POLLIN, 0};
    return ::poll(&stop, 1, static_cast<int>(time.count())) == 0;
}

bool Peer::until_gone()
{
    std::array<char, 4096> block{};
    while (wait_for(socket_.number(), POLLIN)) {
        if (::recv(socket_.number(), block.data(), block.size(), 0) <= 0) {
            break;
        }
    }
    return false;
}

bool Peer::forward(const std::string& address, const std::string& port)
{
    Peer server{connect_to(address, port), stop_};
    for (;;) {
        std::array<pollfd, 3> events{{{socket_.number(), POLLIN, 0},
                                      {server.socket_.number(), POLLIN, 0},
                                      {stop_, POLLIN, 0}}};
        if (::poll(events.data(), events.size(), -1) <= 0 || events[2].revents != 0) {
            return false;
        }
        if (events[0].revents != 0 && !copy_some(socket_.number(), server)) {
            return false;
        }
        if (events[1].revents != 0 && !copy_some(server.socket_.number(), *this)) {
            return false;
        }
    }
}

void Peer::reset()
{
    const linger at_once{1, 0};
    ::setsockopt(socket_.number(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    socket_.close();
}

std::string message(char type, std::string_view body)
{
    std::string result(1, type);
    const std::size_t length = body.size() + 4;
    for (const unsigned shift : {24U, 16U, 8U, 0U}) {
        result += static_cast<char>(length >> shift & 0xffU);
    }
    return result.append(body);
}

Step read_bytes(std::size_t count)
{
    return [count](Peer& peer) {
        std::string bytes;
        return peer.receive(bytes, count);
    };
}

Step read_startup()
{
    return [](Peer& peer) {
        std::string head;
        std::string rest;
        return peer.receive(head, 4) && peer.receive(rest, length_in(head, 0) - 4);
    };
}

Step read_message()
{
    return [](Peer& peer) {
        std::string head;
        std::string rest;
        return peer.receive(head, 5) && peer.receive(rest, length_in(head, 1) - 4);
    };
}

Step send_bytes(std::string bytes)
{
    return [bytes = std::move(bytes)](Peer& peer) { return peer.transmit(bytes); };
}

Step drip(std::string bytes, Millis between)
{
    return [bytes = std::move(bytes), between](Peer& peer) {
        for (std::size_t index = 0; peer.transmit(bytes.substr(index % bytes.size(), 1)); ++index) {
            if (!peer.pause(between)) {
                return false;
            }
        }
        return false;
    };
}

Step stay_silent()
{
    return [](Peer& peer) { return peer.until_gone(); };
}

Step close_connection()
{
    return [](Peer& peer) {
        peer.close();
        return false;
    };
}

Step reset_connection()
{
    return [](Peer& peer) {
        peer.reset();
        return false;
    };
}

Step forward_to(std::string address, std::string port)
{
    return [address = std::move(address), port = std::move(port)](Peer& peer) {
        return peer.forward(address, port);
    };
}

ScriptedServer::ScriptedServer(std::vector<Script> scripts, const std::string& address)
    : scripts_{std::move(scripts)},
      listener_{listen_on(address, "0")},
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
                return;
            }
        }
    } catch (const std::exception&) { // the far side of a relay is not there
        peer.reset();
    }
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
