// SPDX-License-Identifier: MIT
// Peers that are not PostgreSQL: scripted, dead or silent ones.
#pragma once

#include <sys/socket.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "support/descriptor.hpp"
#include "support/peer.hpp"
#include "support/process.hpp"

namespace dbup_test {

bool can_listen(const std::string& address, const std::string& port);
bool can_connect(const std::string& address, const std::string& port);
bool has_ipv6();

/// A name that one process of this network namespace has at a time, as long as the descriptor is
/// open: an abstract socket, unix(7). Closed if somebody has it.
Descriptor mark_name(const std::string& name);

/// A listening TCP socket; port "0" takes a free one.
Descriptor listen_on(const std::string& address, const std::string& port, int backlog = 16);

/// Binds a socket that the caller has made (in another network namespace, say); a stream listens.
void bind_socket(const Descriptor& socket, const std::string& address, const std::string& port);
Descriptor connect_to(const std::string& address, const std::string& port, int type = SOCK_STREAM);
std::string port_of(const Descriptor& socket);

/// Plays one script per connection: the first one for the first, …, the last one for all others.
class ScriptedServer {
public:
    explicit ScriptedServer(std::vector<Script> scripts, const std::string& address = "127.0.0.1");
    /// On a socket that listens already.
    ScriptedServer(std::vector<Script> scripts, Descriptor listener);
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

    /// Connections whose script is over: the other side is gone, or the script has sent it away.
    [[nodiscard]] int ended() const { return ended_; }

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
    std::atomic<int> ended_ = 0;
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
