// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "support/descriptor.hpp"
#include "support/process.hpp"

namespace dbup_test {

/// What a name server says to the questions for one name.
struct NameAnswer {
    enum class Kind { addresses, no_such_name, failure, silence };

    Kind kind = Kind::addresses;
    Strings addresses = {}; // IPv4 and IPv6 mixed; each family is an answer to its own question
    Millis delay{0};
};

/// A name server by script, on a UDP socket that the test has bound to port 53 somewhere. A name
/// that it does not know does not exist.
class NameServer {
public:
    NameServer(Descriptor socket, std::map<std::string, NameAnswer> names);
    NameServer(const NameServer&) = delete;
    NameServer(NameServer&&) = delete;
    NameServer& operator=(const NameServer&) = delete;
    NameServer& operator=(NameServer&&) = delete;
    ~NameServer();

    [[nodiscard]] int questions() const { return questions_; }

private:
    struct Reply {
        Instant due = {};
        std::string to = {}; // the bytes of a socket address
        std::string bytes = {};
    };

    void serve();
    void take_question();
    void send_replies();

    Descriptor socket_ = {};
    std::map<std::string, NameAnswer> names_ = {};
    std::vector<Reply> replies_ = {};
    std::atomic<int> questions_ = 0;
    Pipe stop_ = {};
    std::thread server_ = {};
};

} // namespace dbup_test
