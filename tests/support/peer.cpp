// SPDX-License-Identifier: MIT
#include "support/peer.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "support/network.hpp"
#include "support/tls_server.hpp"

namespace dbup_test {

namespace {

/// Passes on what has come; false at the end of the stream.
bool copy_some(int from, Peer& to)
{
    std::array<char, 16384> block{};
    const ssize_t count = ::recv(from, block.data(), block.size(), 0);
    return count > 0 && to.transmit({block.data(), static_cast<std::size_t>(count)});
}

} // namespace

void Heard::add(std::string_view bytes)
{
    const std::lock_guard lock{mutex_};
    bytes_ += bytes;
}

std::string Heard::bytes() const
{
    const std::lock_guard lock{mutex_};
    return bytes_;
}

bool Peer::wait_for(int descriptor, short events) const
{
    std::array<pollfd, 2> either{{{descriptor, events, 0}, {stop_, POLLIN, 0}}};
    return ::poll(either.data(), either.size(), -1) > 0 && either[1].revents == 0;
}

/// What has come on the wire, at least one byte.
bool Peer::read_wire(std::string& bytes)
{
    std::array<char, 16384> block{};
    if (!wait_for(socket_.number(), POLLIN)) {
        return false;
    }
    const ssize_t count = ::recv(socket_.number(), block.data(), block.size(), 0);
    bytes.assign(block.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    note(bytes);
    return count > 0;
}

void Peer::note(std::string_view bytes) const
{
    if (heard_) {
        heard_->add(bytes);
    }
}

bool Peer::receive_some(std::string& bytes)
{
    for (std::string wire; inbox_.empty();) {
        if (!read_wire(wire)) {
            return false;
        }
        if (tls_) {
            tls_->take(wire);
            inbox_ = tls_->read();
            note(inbox_);
        } else {
            inbox_ = wire;
        }
    }
    bytes = std::exchange(inbox_, {});
    return true;
}

bool Peer::receive(std::string& bytes, std::size_t count)
{
    std::string all;
    for (std::string some; all.size() < count; all += some) {
        if (!receive_some(some)) {
            return false;
        }
    }
    inbox_ = all.substr(count);
    bytes = all.substr(0, count);
    return true;
}

bool Peer::transmit(std::string_view bytes)
{
    if (!tls_) {
        return write_wire(bytes);
    }
    constexpr std::size_t record = 16'384;
    for (; !bytes.empty(); bytes.remove_prefix(std::min(record, bytes.size()))) {
        tls_->write(bytes.substr(0, record));
        if (!write_wire(tls_->to_send())) {
            return false;
        }
    }
    return true;
}

bool Peer::write_wire(std::string_view bytes)
{
    while (!bytes.empty()) {
        if (!wait_for(socket_.number(), POLLOUT)) {
            return false;
        }
        const ssize_t sent =
            ::send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN) {
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
    }
    return true;
}

void Peer::secure(std::shared_ptr<TlsServer> tls)
{
    tls_ = std::move(tls);
    if (tls_) {
        inbox_ = tls_->read(); // may have come with the end of the handshake
        note(inbox_);
    }
}

bool Peer::pause(Millis time)
{
    pollfd stop{stop_, POLLIN, 0};
    return ::poll(&stop, 1, static_cast<int>(time.count())) == 0;
}

bool Peer::until_gone()
{
    for (std::string forgotten; receive_some(forgotten);) {
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

std::size_t length_in(const std::string& bytes, std::size_t at)
{
    std::size_t length = 0;
    for (std::size_t index = at; index < at + 4; ++index) {
        length = length << 8U | static_cast<unsigned char>(bytes.at(index));
    }
    return length;
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

} // namespace dbup_test
