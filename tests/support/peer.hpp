// SPDX-License-Identifier: MIT
// One connection of a scripted server, and the steps of its scripts.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "support/descriptor.hpp"
#include "support/process.hpp"

namespace dbup_test {

class TlsServer;

/// What scripted servers were sent, as far as they could read it: the bytes on the wire and, behind
/// a TLS handshake, what was in them.
class Heard {
public:
    void add(std::string_view bytes);
    [[nodiscard]] std::string bytes() const;

private:
    mutable std::mutex mutex_ = {};
    std::string bytes_ = {};
};

/// One connection of a scripted server, as its script sees it. Every call returns false when the
/// other side is gone or the server is to stop; the script then ends.
class Peer {
public:
    Peer(Descriptor socket, int stop) : socket_{std::move(socket)}, stop_{stop} {}

    /// Exactly `count` bytes, whatever is there (at least one), and all of `bytes`: those on the
    /// wire, or what TLS protects once secure() was called.
    bool receive(std::string& bytes, std::size_t count);
    bool receive_some(std::string& bytes);
    bool transmit(std::string_view bytes);

    /// From here on it speaks through a TLS session that is established; null: in plain again.
    void secure(std::shared_ptr<TlsServer> tls);

    /// Everything that is received is added to `heard` as well.
    void record(std::shared_ptr<Heard> heard) { heard_ = std::move(heard); }

    bool pause(Millis time);
    bool until_gone(); // reads and forgets until the other side closes
    bool forward(const std::string& address, const std::string& port);
    void reset();
    void close() { socket_.close(); }

private:
    [[nodiscard]] bool wait_for(int descriptor, short events) const;
    bool read_wire(std::string& bytes);
    bool write_wire(std::string_view bytes);
    void note(std::string_view bytes) const;

    Descriptor socket_ = {};
    int stop_ = -1;
    std::string inbox_ = {}; // received and not yet asked for
    std::shared_ptr<TlsServer> tls_ = {};
    std::shared_ptr<Heard> heard_ = {};
};

using Step = std::function<bool(Peer&)>;
using Script = std::vector<Step>;

/// A message of the PostgreSQL protocol: type, length, body.
std::string message(char type, std::string_view body);

/// The length of a message, which stands in four of its bytes.
std::size_t length_in(const std::string& bytes, std::size_t at);

// Steps of scripts.
Step read_bytes(std::size_t count);
Step read_startup(); // a packet without type: SSLRequest, startup or cancel request
Step read_message(); // a packet with a type byte
Step send_bytes(std::string bytes);
Step drip(std::string bytes,
          Millis between); // again and again, byte by byte, until the peer is gone
Step stay_silent();
Step close_connection();
Step reset_connection();
Step forward_to(std::string address, std::string port); // a relay to a real server

} // namespace dbup_test
