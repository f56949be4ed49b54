// SPDX-License-Identifier: MIT
// Servers that ask for the password in clear text, by detours: it does not leave the program.
#include <memory>
#include <mutex>

#include "support/catch.hpp"
#include "support/network.hpp"
#include "support/plugin.hpp"

namespace dbup_test {

namespace {

using namespace std::string_literals;

/// What a peer was sent, as far as it could read it.
struct Heard {
    std::mutex mutex = {};
    std::string bytes = {};

    std::string taken()
    {
        const std::lock_guard lock{mutex};
        return bytes;
    }
};

/// Reads byte by byte until the other side is gone.
Step listen(std::shared_ptr<Heard> heard)
{
    return [heard = std::move(heard)](Peer& peer) {
        std::string byte;
        while (peer.receive(byte, 1)) {
            const std::lock_guard lock{heard->mutex};
            heard->bytes += byte;
        }
        return false;
    };
}

const std::string authenticated = message('R', "\0\0\0\0"s);
const std::string asks_for_cleartext = message('R', "\0\0\0\3"s);
const std::string offers_scram = message('R', "\0\0\0\12SCRAM-SHA-256\0\0"s);

std::string refusal(const std::string& sqlstate)
{
    std::string body =
        "SFATAL\0VFATAL\0C"s; // a sum of strings makes GCC 12 see an overlap that is not there
    body.append(sqlstate).append("\0Mno\0\0"s);
    return message('E', body);
}

TEST_CASE("the password is not given to a server that asks for it in clear text", "[cleartext]")
{
    struct Case {
        const char* says = "";
        std::vector<std::string> connections = {}; // what the server says after each startup packet
    };
    const auto c = GENERATE(values<Case>({
        {"at once", {asks_for_cleartext}},
        {"behind another request in one packet", {offers_scram + asks_for_cleartext}},
        // libpq connects again by itself, without application_name (SQLSTATE 42704)
        {"after a reconnect", {authenticated + refusal("42704"), asks_for_cleartext}},
    }));
    INFO(c.says);
    const std::string secret = "Open-Sesame-4711";
    const auto heard = std::make_shared<Heard>();
    std::vector<Script> scripts;
    for (const auto& answer : c.connections) {
        scripts.push_back({read_startup(), send_bytes(answer), listen(heard)});
    }
    std::string out;
    {
        const ScriptedServer server{scripts};
        const Finished finished =
            run(plugin(peer_arguments(server.port(), {"-t", "3", "--max-retries", "0"}),
                       {"DB_PASSWORD=" + secret}));
        CHECK(finished.exit_code == 2);
        out = finished.out + finished.err;
    } // the server has read everything once it is gone
    CHECK_THAT(out, has("CLEARTEXT_REFUSED"));
    CHECK_THAT(out, !has(secret));
    CHECK_THAT(heard->taken(), !has(secret));
}

} // namespace

} // namespace dbup_test
