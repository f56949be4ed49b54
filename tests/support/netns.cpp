// SPDX-License-Identifier: MIT
#include "support/netns.hpp"

#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "support/client.hpp"
#include "support/network.hpp"

namespace dbup_test {

namespace {

using std::chrono::steady_clock;

/// One byte and one descriptor over a local socket: the only way to hand over a socket that was
/// made in another namespace.
struct Envelope {
    char byte = '.';
    iovec text{&byte, 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> space{};
    msghdr header{};

    Envelope()
    {
        header.msg_iov = &text;
        header.msg_iovlen = 1;
        header.msg_control = space.data();
        header.msg_controllen = space.size();
    }
};

// Between fork and exit: system calls only.
bool make_and_send(const std::vector<int>& namespaces, const std::array<int, 3>& kind, int channel)
{
    for (const int descriptor : namespaces) {
        if (::setns(descriptor, 0) != 0) {
            return false;
        }
    }
    const int made = ::socket(kind[0], kind[1] | SOCK_CLOEXEC, kind[2]);
    if (made < 0) {
        return false;
    }
    Envelope envelope;
    cmsghdr* const message = CMSG_FIRSTHDR(&envelope.header);
    message->cmsg_level = SOL_SOCKET;
    message->cmsg_type = SCM_RIGHTS;
    message->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(message), &made, sizeof made);
    return ::sendmsg(channel, &envelope.header, 0) == 1;
}

Descriptor receive_descriptor(int channel)
{
    Envelope envelope;
    const auto received = ::recvmsg(channel, &envelope.header, MSG_CMSG_CLOEXEC);
    const cmsghdr* const message = CMSG_FIRSTHDR(&envelope.header);
    if (received != 1 || message == nullptr) {
        throw std::runtime_error{"cannot make a socket in a network namespace"};
    }
    int number = -1;
    std::memcpy(&number, CMSG_DATA(message), sizeof number);
    return Descriptor{number};
}

Descriptor open_namespace(const std::string& process, const std::string& kind)
{
    const std::string path = process + "/ns/" + kind;
    return Descriptor{checked(::open(path.c_str(), O_RDONLY | O_CLOEXEC), path)};
}

std::vector<int> numbers_of(const std::optional<Descriptor>& user, const Descriptor* network)
{
    std::vector<int> numbers;
    if (user) {
        numbers.push_back(user->number());
    }
    if (network != nullptr) {
        numbers.push_back(network->number());
    }
    return numbers;
}

std::optional<Descriptor> duplicate(const std::optional<Descriptor>& descriptor)
{
    if (!descriptor) {
        return std::nullopt;
    }
    return Descriptor{checked(::fcntl(descriptor->number(), F_DUPFD_CLOEXEC, 3), "dup")};
}

/// A packet socket on an interface. The kernel is told to leave nothing to the "hardware": neither
/// checksums nor the cutting of segments.
Descriptor packet_socket(const Netns& where, const char* interface)
{
    Descriptor socket = where.socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
    ifreq request{};
    std::strncpy(static_cast<char*>(request.ifr_name), interface, IFNAMSIZ - 1);
    checked(::ioctl(socket.number(), SIOCGIFINDEX, &request), interface);
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = request.ifr_ifindex;
    auto* const plain = static_cast<sockaddr*>(static_cast<void*>(&address));
    checked(::bind(socket.number(), plain, sizeof address), "bind to an interface");
    set_nonblocking(socket.number(), true);
    return socket;
}

void compute_checksums(const Netns& where, const char* interface)
{
    const Descriptor socket = where.socket(AF_INET, SOCK_DGRAM);
    ethtool_value off{ETHTOOL_STXCSUM, 0};
    ifreq request{};
    std::strncpy(static_cast<char*>(request.ifr_name), interface, IFNAMSIZ - 1);
    request.ifr_data = static_cast<char*>(static_cast<void*>(&off));
    checked(::ioctl(socket.number(), SIOCETHTOOL, &request), "ethtool");
}

} // namespace

Netns::Netns(std::optional<Descriptor> user) : user_{std::move(user)}
{
    const bool new_user = !user_ && !is_root();
    Strings words{"/usr/bin/unshare", "--net"};
    if (new_user) {
        words.insert(words.end(), {"--user", "--map-root-user"});
    }
    words.insert(words.end(), {"/bin/sleep", "20"}); // it ends by itself if we cannot end it
    holder_.emplace(Command{.argv = std::move(words), .namespaces = numbers_of(user_, nullptr)});
    const std::string process = "/proc/" + std::to_string(holder_->pid());
    wait_until("a network namespace", [&] {
        if (!holder_->running()) {
            throw std::runtime_error{"no network namespace: " + holder_->wait().err};
        }
        return std::filesystem::read_symlink(process + "/exe").filename() != "unshare";
    });
    network_ = open_namespace(process, "net");
    if (new_user) {
        user_ = open_namespace(process, "user");
    }
    ip("link set lo up\n");
}

Netns::Netns() : Netns{std::optional<Descriptor>{}} {}

Netns Netns::beside(const Netns& neighbour)
{
    return Netns{duplicate(neighbour.user_)};
}

Command Netns::inside(Command command) const
{
    command.namespaces = numbers_of(user_, &network_);
    return command;
}

void Netns::ip(const std::string& lines) const
{
    run_or_throw(inside({.argv = {"/bin/ip", "-batch", "-"}, .input = lines}));
}

void Netns::link(const std::string& name, const Netns& other, const std::string& peer) const
{
    std::string line = "link add ";
    line.append(name).append(" type veth peer name ").append(peer);
    ip(line.append(" netns ").append(std::to_string(other.holder_->pid())).append("\n"));
}

Descriptor Netns::socket(int family, int type, int protocol) const
{
    std::array<int, 2> ends{-1, -1};
    checked(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), "socketpair");
    const Descriptor here{ends[0]};
    Descriptor there{ends[1]};
    const std::vector<int> namespaces = numbers_of(user_, &network_);
    const std::array<int, 3> kind{family, type, protocol};
    const pid_t child = checked(::fork(), "fork");
    if (child == 0) {
        ::_exit(make_and_send(namespaces, kind, there.number()) ? 0 : 1);
    }
    there.close();
    ::waitpid(child, nullptr, 0);
    return receive_descriptor(here.number());
}

Descriptor Netns::listen(const std::string& address, const std::string& port) const
{
    const bool v6 = address.find(':') != std::string::npos;
    Descriptor made = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM);
    bind_socket(made, address, port);
    return made;
}

bool can_make_networks()
{
    static const bool possible = [] {
        try {
            const Netns one;
            return true;
        } catch (const std::exception&) {
            return false;
        }
    }();
    return possible;
}

Wire::Wire(Descriptor one, Descriptor other, WireQuality quality)
    : one_{std::move(one)},
      other_{std::move(other)},
      quality_{quality},
      stop_{make_pipe()},
      carrier_{[this] { carry(); }}
{
}

Wire::~Wire()
{
    stop_.write.close();
    carrier_.join();
}

void Wire::carry()
{
    for (;;) {
        std::array<pollfd, 3> events{{{one_.number(), POLLIN, 0},
                                      {other_.number(), POLLIN, 0},
                                      {stop_.read.number(), POLLIN, 0}}};
        ::poll(events.data(), events.size(), wait_millis());
        if (events[2].revents != 0) {
            return;
        }
        take(one_.number(), other_.number(), there_);
        take(other_.number(), one_.number(), back_);
        deliver();
    }
}

void Wire::take(int from, int to, int& count)
{
    std::array<char, 65536> frame{};
    sockaddr_ll origin{};
    for (;;) {
        socklen_t length = sizeof origin;
        auto* const plain = static_cast<sockaddr*>(static_cast<void*>(&origin));
        const ssize_t size = ::recvfrom(from, frame.data(), frame.size(), 0, plain, &length);
        if (size <= 0) {
            return;
        }
        if (origin.sll_pkttype == PACKET_OUTGOING || cut_) { // what we have sent is seen, too
            continue;
        }
        const bool lost = quality_.lose_every > 0 && ++count % quality_.lose_every == 0;
        lost_ += lost ? 1 : 0;
        if (!lost) {
            frames_.push_back({steady_clock::now() + quality_.delay,
                               to,
                               std::string(frame.data(), static_cast<std::size_t>(size))});
        }
    }
}

// All frames have the same delay: those that came first are due first.
void Wire::deliver()
{
    const auto now = steady_clock::now();
    const auto later = std::find_if(
        frames_.begin(), frames_.end(), [now](const Frame& frame) { return frame.due > now; });
    for (auto frame = frames_.begin(); frame != later; ++frame) {
        if (!cut_) {
            static_cast<void>(!::send(frame->to, frame->bytes.data(), frame->bytes.size(), 0));
        }
    }
    frames_.erase(frames_.begin(), later);
}

int Wire::wait_millis() const
{
    if (frames_.empty()) {
        return -1;
    }
    const auto left = std::chrono::ceil<Millis>(frames_.front().due - steady_clock::now()).count();
    return static_cast<int>(std::max<long>(0, left));
}

// The hosts know each other, so that what is lost or late is never a question for an address. Dead
// addresses come before living ones in the resolver's order: they have more bits in common with the
// monitoring host's.
FarNetwork::FarNetwork(WireQuality quality)
    : far_{Netns::beside(near_)}, between_{Netns::beside(near_)}
{
    near_.link("near", between_, "one");
    far_.link("far", between_, "other");
    std::string near = "link set near address 02:00:00:00:00:08 up\n"
                       "addr add 10.9.0.8/24 dev near\n"
                       "ntable change name arp_cache dev near retrans 100\n"; // not a second
    std::string far = "link set far address 02:00:00:00:00:02 up\n"
                      "neigh add 10.9.0.8 lladdr 02:00:00:00:00:08 dev far nud permanent\n";
    for (const char* const last : {"2", "3", "4", "5"}) {
        far.append("addr add 10.9.0.").append(last).append("/24 dev far\n");
        near.append("neigh add 10.9.0.").append(last);
        near.append(" lladdr 02:00:00:00:00:02 dev near nud permanent\n");
    }
    for (const char* const last : {"9", "10", "11", "12"}) {
        near.append("neigh add 10.9.0.").append(last);
        near.append(" lladdr 02:00:00:00:00:09 dev near nud permanent\n");
    }
    if (has_ipv6()) {
        near.append("addr add fd09::8/64 dev near nodad\n"
                    "neigh add fd09::9 lladdr 02:00:00:00:00:09 dev near nud permanent\n");
    }
    near_.ip(near);
    far_.ip(far);
    between_.ip("link set one up\nlink set other up\n");
    compute_checksums(near_, "near");
    compute_checksums(far_, "far");
    wire_.emplace(packet_socket(between_, "one"), packet_socket(between_, "other"), quality);
    for (Netns* const one : {&near_, &far_, &between_}) {
        one->release();
    }
}

} // namespace dbup_test
