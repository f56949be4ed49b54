// SPDX-License-Identifier: MIT
// Peers that are not PostgreSQL: scripted, dead or silent ones.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/descriptor.hpp"
#include "support/process.hpp"

namespace dbup_test {

bool can_listen(const std::string& address, const std::string& port);
bool can_connect(const std::string& address, const std::string& port);
bool has_ipv6();

/// A listening TCP socket; port "0" takes a free one.
Descriptor listen_on(const std::string& address, const std::string& port, int backlog = 16);
Descriptor connect_to(const std::string& address, const std::string& port);
std::string port_of(const Descriptor& socket);

/// One connection of a scripted server, as its script sees it. Every call returns false when the
/// other side is gone or the server is to stop; the script then ends.
class Peer {
public:
    Peer(Descriptor socket, int stop) : socket_{std::move(socket)}, stop_{stop} {}

    /// The bytes on the wire; a TLS layer would stand in for these two.
    bool receive(std::string& bytes, std::size_t count);
    bool transmit(std::string_view bytes);

    bool pause(Millis time);
    bool until_gone(); // reads and forgets until the other side closes
    bool forward(const std::string& address, const std::string& port);
    void reset();
    void close() { socket_.close(); }

private:
    [[nodiscard]] bool wait_for(int descriptor, short events) const;

    Descriptor socket_ = {};
    int stop_ = -1;
};

using Step = std::function<bool(Peer&)>;
using Script = std::vector<Step>;

/// A message of the PostgreSQL protocol: type, length, body.
std::string message(char type, std::string_view body);

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

/// Plays one script per connection: the first one for the first, …, the last one for all others.
class ScriptedServer {
public:
    explicit ScriptedServer(std::vector<Script> scripts, const std::string& address = "127.0.0.1");
    explicit ScriptedServer(Script script) : ScriptedServer{std::vector<Script>{std::move(script)}}
    {
    }
    ScriptedServer(const ScriptedServer&) = delete;
    ScriptedServer(ScriptedServer&&) = delete;
    ScriptedServer& operator=(const ScriptedServer&) = delete;
    ScriptedServer& operator=(ScriptedServer&&) = delete;
    ~ScriptedServer();

    [[nodiscard]] std::string port() const { return port_; }
    [[nodiscard]] int accepted() const { return accepted_; }

    /// Scripts whose steps up to the last one are done: the peer stands where the script holds it.
    [[nodiscard]] int arrived() const { return arrived_; }
    void wait_until_arrived(int connections = 1) const;

private:
    void serve();
    void play(Descriptor socket, const Script& script);

    std::vector<Script> scripts_ = {};
    Descriptor listener_ = {};
    std::string port_ = {};
    Pipe stop_ = {};
    std::atomic<int> accepted_ = 0;
    std::atomic<int> arrived_ = 0;
    std::vector<std::thread> connections_ = {};
    std::thread acceptor_ = {};
};

/// An address and port that swallows connection requests without an answer: its queue is full.
class DeadAddress {
public:
    explicit DeadAddress(const std::string& address, const std::string& port = "0");

    [[nodiscard]] std::string port() const { return port_of(listener_); }

private:
    Descriptor listener_ = {};
    std::vector<Descriptor> queue_ = {};
};

/// A name server that hears every question and answers none; only root may take its port.
class SilentNameServer {
public:
    SilentNameServer();

    [[nodiscard]] bool listening() const { return socket_.open(); }
    [[nodiscard]] std::string address() const { return "127.0.0.99"; }
    [[nodiscard]] bool was_asked() const;

private:
    Descriptor socket_ = {};
};

} // namespace dbup_test
