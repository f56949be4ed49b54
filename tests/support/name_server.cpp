// SPDX-License-Identifier: MIT
#include "support/name_server.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace dbup_test {

namespace {

using namespace std::string_view_literals;
using std::chrono::steady_clock;

// The wire format of RFC 1035: a head of twelve bytes, the question, the answers.
constexpr std::size_t head_size = 12;
constexpr int type_aaaa = 28; // the other one that is asked for is A

struct Question {
    std::string name = {};
    int type = 0;
    std::size_t size = 0; // of the question with its head
};

Question question_in(std::string_view packet)
{
    Question question;
    std::size_t at = head_size;
    while (packet.at(at) != '\0') {
        const auto length = static_cast<unsigned char>(packet[at]);
        question.name += question.name.empty() ? "" : ".";
        question.name += packet.substr(at + 1, length);
        at += 1U + length;
    }
    question.type = static_cast<unsigned char>(packet.at(at + 2));
    question.size = at + 5;
    return question;
}

/// The bytes of an address of the family that is asked for; empty for one of the other.
std::string address_bytes(const std::string& address, int type)
{
    std::array<char, sizeof(in6_addr)> bytes{};
    const int family = type == type_aaaa ? AF_INET6 : AF_INET;
    const bool fits = ::inet_pton(family, address.c_str(), bytes.data()) == 1;
    return {bytes.data(), fits ? (family == AF_INET6 ? 16U : 4U) : 0U};
}

std::string reply_to(std::string_view packet, const Question& question, const NameAnswer& answer)
{
    std::string records;
    char count = 0;
    for (const std::string& address : answer.addresses) {
        const std::string bytes = address_bytes(address, question.type);
        if (bytes.empty() || answer.kind != NameAnswer::Kind::addresses) {
            continue;
        }
        records += "\xc0\x0c\0"sv; // the name in the question
        records += static_cast<char>(question.type);
        records += "\0\1\0\0\0\0\0"sv; // class IN, for no time at all
        records += static_cast<char>(bytes.size());
        records += bytes;
        ++count;
    }
    char code = answer.kind == NameAnswer::Kind::no_such_name ? '\3' : '\0';
    code = answer.kind == NameAnswer::Kind::failure ? '\2' : code;
    std::string reply{packet.substr(0, 2)};
    reply += "\x81"sv;                         // an answer; recursion is wanted …
    reply += static_cast<char>('\x80' | code); // … and available
    reply += "\0\1\0"sv;
    reply += count;
    reply += "\0\0\0\0"sv;
    reply += packet.substr(head_size, question.size - head_size);
    return reply + records;
}

} // namespace

NameServer::NameServer(Descriptor socket, std::map<std::string, NameAnswer> names)
    : socket_{std::move(socket)}, names_{std::move(names)}, stop_{make_pipe()}, server_{[this] {
          serve();
      }}
{
}

NameServer::~NameServer()
{
    stop_.write.close();
    server_.join();
}

void NameServer::serve()
{
    for (;;) {
        std::array<pollfd, 2> events{
            {{socket_.number(), POLLIN, 0}, {stop_.read.number(), POLLIN, 0}}};
        ::poll(events.data(), events.size(), replies_.empty() ? -1 : 10);
        if (events[1].revents != 0) {
            return;
        }
        if (events[0].revents != 0) {
            take_question();
        }
        send_replies();
    }
}

void NameServer::take_question()
{
    std::array<char, 512> packet{};
    sockaddr_storage origin{};
    socklen_t length = sizeof origin;
    auto* const bytes = static_cast<char*>(static_cast<void*>(&origin));
    auto* const plain = static_cast<sockaddr*>(static_cast<void*>(&origin));
    const ssize_t size =
        ::recvfrom(socket_.number(), packet.data(), packet.size(), 0, plain, &length);
    if (size <= static_cast<ssize_t>(head_size)) {
        return;
    }
    ++questions_;
    const std::string_view text{packet.data(), static_cast<std::size_t>(size)};
    const Question question = question_in(text);
    const auto known = names_.find(question.name);
    const NameAnswer answer =
        known == names_.end() ? NameAnswer{NameAnswer::Kind::no_such_name, {}, {}} : known->second;
    if (answer.kind != NameAnswer::Kind::silence) {
        replies_.push_back({steady_clock::now() + answer.delay,
                            std::string{bytes, length},
                            reply_to(text, question, answer)});
    }
}

void NameServer::send_replies()
{
    const auto now = steady_clock::now();
    for (const Reply& reply : replies_) {
        if (reply.due <= now) {
            const auto* const to =
                static_cast<const sockaddr*>(static_cast<const void*>(reply.to.data()));
            ::sendto(socket_.number(),
                     reply.bytes.data(),
                     reply.bytes.size(),
                     0,
                     to,
                     static_cast<socklen_t>(reply.to.size()));
        }
    }
    replies_.erase(std::remove_if(replies_.begin(),
                                  replies_.end(),
                                  [now](const Reply& reply) { return reply.due <= now; }),
                   replies_.end());
}

} // namespace dbup_test
