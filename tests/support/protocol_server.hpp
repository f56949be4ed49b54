// SPDX-License-Identifier: MIT
// A server that speaks PostgreSQL's protocol (version 3.0) well enough that db-up says OK to it,
// and that leaves the path of virtue at one place of the conversation.
//
//     Conversation talk;                            // honest: TLS, SCRAM, the hardened transaction
//     talk.deviations = {{"sasl challenge", silent()}};
//     const ScriptedServer server{{converse(talk)}};
//     run(plugin(peer_arguments(server.port(), {"--ssl-mode", "require"}),
//                {"DB_PASSWORD=" + talk.password}));
//
// Bytes of one's own, without any conversation, are a script of steps of peer.hpp:
//     {send_bytes(bytes), stay_silent()}                   at once after the connection
//     {read_startup(), send_bytes(bytes), stay_silent()}   in answer to the first packet
// and at any place within the conversation they are `{place, instead(bytes)}`.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "support/behaviours.hpp"
#include "support/certificates.hpp"
#include "support/peer.hpp"

namespace dbup_test {

struct Deviation {
    std::string place = {}; // one of places()
    Behaviour act = {};
};

/// How the server lets a client in.
enum class Login { scram, md5, cleartext, trust };

struct Conversation {
    bool tls = true;
    bool tls_1_2 = false;  // there the place "tls finished" exists
    KeyPair identity = {}; // of the TLS server; needed with `tls` only
    Login login = Login::scram;
    bool extended = false; // the client sends a query of its user's, one statement at a time
    std::string password = "Open-Sesame-4711";
    std::vector<Deviation> deviations = {}; // each of them happens once
    std::shared_ptr<Heard> heard = std::make_shared<Heard>();
};

/// The conversation as one step of a script.
Step converse(Conversation conversation);

/// The names of all places where the server speaks, in order:
///   accept             nothing was said yet; honest is silence
///   tls request        "S"
///   tls hello          the server's first flight
///   tls finished       the server's second flight (TLS 1.2 only)
///   startup            the request for authentication
///   sasl challenge, sasl final, authentication ok, parameters, ready
///   BEGIN CommandComplete, and so on for "SET LOCAL name", "query" and "proof" (RowDescription,
///   DataRow), "ROLLBACK"; in an extended conversation each with ParseComplete, BindComplete, and
///   NoData where there are no rows
///   sync ReadyForQuery
///   close              right behind its last answer, before the client says good-bye
std::vector<std::string> places(const Conversation& conversation);

} // namespace dbup_test
