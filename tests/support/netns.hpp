// SPDX-License-Identifier: MIT
// Networks of the test's own, in namespaces without names: descriptors keep them, so that nothing
// is left of them when the test program ends, however it ends.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "support/descriptor.hpp"
#include "support/process.hpp"

namespace dbup_test {

/// A network namespace: at first there is nothing in it but a loopback interface that is down.
class Netns {
public:
    /// Root makes the namespace as root, an ordinary user in a user namespace where that is
    /// allowed. Throws otherwise.
    Netns();

    /// Another one with the same owner: links may go from one to the other.
    static Netns beside(const Netns& neighbour);

    Netns(const Netns&) = delete;
    Netns(Netns&&) = delete;
    Netns& operator=(const Netns&) = delete;
    Netns& operator=(Netns&&) = delete;
    ~Netns() = default;

    /// The command, to be run in there.
    [[nodiscard]] Command inside(Command command) const;

    /// Lines for ip(8), without the word "ip" (`-batch`).
    void ip(const std::string& lines) const;

    /// A link from here (`name`) to the other one (`peer`). Only while both are being set up.
    void link(const std::string& name, const Netns& other, const std::string& peer) const;

    /// Ends the setting up: nothing but descriptors holds the namespace from now on.
    void release() { holder_.reset(); }

    /// A socket that belongs to the namespace; whoever has it can use it from outside.
    [[nodiscard]] Descriptor socket(int family, int type, int protocol = 0) const;

    /// A stream socket that listens there.
    [[nodiscard]] Descriptor listen(const std::string& address, const std::string& port) const;

private:
    explicit Netns(std::optional<Descriptor> user);

    std::optional<Descriptor> user_ = {};
    std::optional<Process> holder_ = {}; // ip(8) finds a namespace by a process in it
    Descriptor network_ = {};
};

/// Whether this process may make networks of its own.
bool can_make_networks();

/// What a wire does to the frames that cross it, in each direction.
struct WireQuality {
    Millis delay{0};
    int lose_every = 0; // the n-th frame of every n is lost; 0: none. By count and not by chance,
                        // so that a test that failed can be repeated
};

/// Carries frames between two interfaces: netem in user space, as not every kernel has that
/// module. What it delays or loses are real packets, so that the kernels' own retransmission
/// works on them.
class Wire {
public:
    /// Two packet sockets, each bound to its interface.
    Wire(Descriptor one, Descriptor other, WireQuality quality);
    Wire(const Wire&) = delete;
    Wire(Wire&&) = delete;
    Wire& operator=(const Wire&) = delete;
    Wire& operator=(Wire&&) = delete;
    ~Wire();

    /// From now on nothing gets through.
    void cut() { cut_ = true; }

    [[nodiscard]] int lost() const { return lost_; }

private:
    struct Frame {
        Instant due = {};
        int to = -1;
        std::string bytes = {};
    };

    void carry();
    void take(int from, int to, int& count);
    void deliver();
    [[nodiscard]] int wait_millis() const;

    Descriptor one_ = {};
    Descriptor other_ = {};
    WireQuality quality_ = {};
    std::atomic<bool> cut_ = false;
    std::atomic<int> lost_ = 0;
    std::vector<Frame> frames_ = {};
    int there_ = 0; // frames that have come for each direction
    int back_ = 0;
    Pipe stop_ = {};
    std::thread carrier_ = {};
};

/// A monitoring host (10.9.0.8), a wire and a server's host. The servers themselves may be
/// anywhere: what listens on `listen()` is a socket of the far host in the hands of the test.
class FarNetwork {
public:
    static constexpr const char* far_address = "10.9.0.2";     // and .3 to .5
    static constexpr const char* dead_address = "10.9.0.9";    // to .12: frames go nowhere
    static constexpr const char* dead_v6_address = "fd09::9";  // where there is IPv6
    static constexpr const char* absent_address = "10.9.0.20"; // nobody has it

    explicit FarNetwork(WireQuality quality = {});

    [[nodiscard]] const Netns& near() const { return near_; }
    [[nodiscard]] Wire& wire() { return *wire_; }
    [[nodiscard]] Descriptor listen(const std::string& port = "5432") const
    {
        return far_.listen("0.0.0.0", port);
    }
    [[nodiscard]] Command inside(Command command) const { return near_.inside(std::move(command)); }

private:
    Netns near_ = {};
    Netns far_;
    Netns between_;
    std::optional<Wire> wire_ = {};
};

} // namespace dbup_test
