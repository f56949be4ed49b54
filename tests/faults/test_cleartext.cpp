// SPDX-License-Identifier: MIT
// Servers that ask for the password in clear text, by detours: it does not leave the program.
#include "support/catch.hpp"
#include "support/network.hpp"
#include "support/plugin.hpp"
#include "support/protocol_server.hpp"

namespace dbup_test {

namespace {

using namespace std::string_literals;

const std::string authenticated = authentication(0);
const std::string asks_for_cleartext = authentication(3);
const std::string offers_scram = authentication(10, "SCRAM-SHA-256\0\0"s);
// libpq connects again by itself, without application_name
const std::string refuses_a_parameter = authenticated + error_message("42704", "no");

KeyPair identity()
{
    static const KeyPair pair = make_certificate(
        {.file = "cleartext", .common_name = "cleartext", .names = "IP:127.0.0.1"});
    return pair;
}

Command command_for(const ScriptedServer& server, const Conversation& talk, const Strings& more)
{
    return plugin(
        peer_arguments(
            server.port(),
            Strings{"--max-retries", "0", "--ssl-mode", talk.tls ? "require" : "disable"} + more),
        {"DB_PASSWORD=" + talk.password});
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
        {"after a reconnect", {refuses_a_parameter, asks_for_cleartext}},
    }));
    const bool tls = GENERATE(true, false);
    CAPTURE(c.says, tls);
    Conversation talk{.tls = tls, .identity = identity()};
    std::vector<Script> scripts;
    for (const auto& answer : c.connections) {
        talk.deviations = {{"startup", instead(answer)}};
        scripts.push_back({converse(talk)});
    }
    std::string out;
    {
        const ScriptedServer server{scripts};
        const Finished finished = run(command_for(server, talk, {"-t", "3"}));
        CHECK(finished.exit_code == 2);
        CHECK(server.accepted() == static_cast<int>(c.connections.size()));
        out = finished.out + finished.err;
    } // the server has read everything once it is gone
    CHECK_THAT(out, has("CLEARTEXT_REFUSED"));
    CHECK_THAT(out, !has(talk.password));
    CHECK_THAT(talk.heard->bytes(), has("user") && !has(talk.password));
}

TEST_CASE("the password is given in clear text to a server that may ask for it", "[cleartext]")
{
    const bool tls = GENERATE(true, false);
    CAPTURE(tls);
    const Conversation talk{.tls = tls, .identity = identity(), .login = Login::cleartext};
    {
        const ScriptedServer server{{converse(talk)}};
        CHECK(run(command_for(server, talk, {"--allow-cleartext-password"})).exit_code == 0);
    }
    CHECK_THAT(talk.heard->bytes(), has(talk.password)); // the case above would have seen it, too
}

TEST_CASE("a request that ends in the middle is not waited for", "[cleartext]")
{
    const ScriptedServer server{{read_startup(), send_bytes("R\x7f\xff"s), close_connection()}};
    Command command =
        plugin(peer_arguments(server.port(),
                              {"-t", "20", "--connect-timeout", "20", "--max-retries", "0"}),
               {"DB_PASSWORD=x"});
    const Finished finished = run(std::move(command));
    CAPTURE(finished.out);
    CHECK(read_status(finished).code == "NETWORK_ERROR");
    CHECK(finished.seconds < 10);
}

} // namespace

} // namespace dbup_test
