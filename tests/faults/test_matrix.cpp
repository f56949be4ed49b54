// SPDX-License-Identifier: MIT
// Every general misbehaviour of a server at every place of the conversation.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <iterator>

#include "support/catch.hpp"
#include "support/network.hpp"
#include "support/trials.hpp"

namespace dbup_test {

namespace {

using namespace std::string_literals;

/// What the program is at while the server has to speak.
enum class Phase { tls_request, tls_handshake, login, query, over };

bool before_the_session(const std::string& place)
{
    return place.find_first_of("BCDNPR") == std::string::npos;
}

Phase phase_of(const std::string& place, bool tls)
{
    if (place == "accept" || place == "tls request") {
        return tls ? Phase::tls_request : Phase::login;
    }
    if (place.starts_with("tls ")) {
        return Phase::tls_handshake;
    }
    if (place == "close") {
        return Phase::over;
    }
    return before_the_session(place) ? Phase::login : Phase::query;
}

std::string waits_for(Phase phase)
{
    switch (phase) {
    case Phase::tls_request:
    case Phase::tls_handshake: return "the TLS handshake";
    case Phase::login: return "authentication";
    case Phase::query:
    case Phase::over: break;
    }
    return "the answer to the check's query";
}

/// A behaviour and the classes that it may end with, by phase.
struct Row {
    std::string says = {};
    Behaviour act = {};
    Strings in_request = {};
    Strings in_handshake = {};
    Strings in_login = {};
    Strings in_session = {};
};

Strings codes_of(const Row& row, Phase phase)
{
    switch (phase) {
    case Phase::tls_request: return row.in_request;
    case Phase::tls_handshake: return row.in_handshake;
    case Phase::login: return row.in_login;
    case Phase::query: return row.in_session;
    case Phase::over: break;
    }
    return {"", "PROTOCOL_ERROR"}; // it has its answer; libpq may have read on
}

std::string random_bytes()
{
    // Random, but the same in every run: a linear congruential sequence.
    std::uint32_t state = 4711;
    std::string bytes(4096, '\0');
    std::generate(bytes.begin(), bytes.end(), [&] {
        state = state * 1'664'525U + 1'013'904'223U;
        return static_cast<char>(state >> 24U);
    });
    return bytes;
}

/// A header of the message that belongs there, with this length and nothing behind.
Behaviour length_of(unsigned length)
{
    return [length](Peer& peer, const std::string& honest) {
        const char type = honest.empty() ? 'R' : honest.front();
        return peer.transmit(header(type, length)) && peer.until_gone();
    };
}

const Strings late{"TIMEOUT"};
const Strings lost{"NETWORK_ERROR"};
const Strings nonsense{"PROTOCOL_ERROR"};
const Strings tls_error{"TLS_ERROR"};
const Strings stopping{"SHUTTING_DOWN"};
const Strings no_session{"SERVER_ERROR"};

/// Those whose end does not depend on what the server was to say.
std::vector<Row> plain_rows()
{
    const std::string http = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
    const std::string ssh = "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n";
    const std::string going = error_message("57P01", "terminating connection");
    // A sanitizer's memory cannot be limited: what was announced is then waited for.
    const Strings too_long = sanitized ? Strings{"PROTOCOL_ERROR", "TIMEOUT"} : nonsense;
    return {
        {"silent", silent(), late, late, late, late},
        {"drips", dripped(Millis{1'000}), late, late, late, late},
        {"closes", closed(), lost, lost, lost, lost},
        {"resets", reset(), lost, lost, lost, lost},
        {"error", instead(going), no_session, tls_error, stopping, stopping},
        {"random bytes", instead(random_bytes()), nonsense, tls_error, nonsense, nonsense},
        {"HTTP", instead(http), nonsense, tls_error, nonsense, nonsense},
        {"SSH", instead(ssh), nonsense, tls_error, nonsense, nonsense},
        {"length 2 GB", length_of(0x7fff'ffff), nonsense, tls_error, nonsense, nonsense},
        {"length 1 GB", length_of(0x4000'0000), nonsense, tls_error, nonsense, too_long},
        {"length 0", length_of(0), nonsense, tls_error, nonsense, nonsense},
        {"length -1", length_of(0xffff'ffff), nonsense, tls_error, nonsense, nonsense},
        {"no such message", instead(message('~', "x")), nonsense, tls_error, nonsense, nonsense},
        {"CopyIn", instead(message('G', "\0\0\0"s)), nonsense, tls_error, nonsense, nonsense},
        {"CopyOut", instead(message('H', "\0\0\0"s)), nonsense, tls_error, nonsense, nonsense},
        {"CopyBoth", instead(message('W', "\0\0\0"s)), nonsense, tls_error, nonsense, nonsense},
    };
}

std::vector<Row> floods()
{
    std::string ten_megabytes;
    ten_megabytes.resize(10'000'000, 'x');
    const std::string text(1'000, 'x');
    const Strings rows{"PROTOCOL_ERROR", "UNEXPECTED_RESULT"};
    // Read whole or refused in the middle: that depends on how fast it comes.
    const Strings long_text{"PROTOCOL_ERROR", "SHUTTING_DOWN"};
    const std::string long_error = error_message("57P01", ten_megabytes);
    return {
        {"endless notices",
         endless(error_message("00000", text, 'N')),
         tls_error,
         tls_error,
         nonsense,
         nonsense},
        {"endless parameters",
         endless(parameter_status("a", text)),
         nonsense,
         tls_error,
         nonsense,
         nonsense},
        {"endless rows", endless(data_row({text})), nonsense, tls_error, nonsense, rows},
        {"10 MB error", instead(long_error), no_session, tls_error, long_text, long_text},
    };
}

KeyPair identity()
{
    static const KeyPair pair =
        make_certificate({.file = "matrix", .common_name = "matrix", .names = "IP:127.0.0.1"});
    return pair;
}

std::vector<Trial>
trials_of(const Conversation& talk, const Strings& at, const std::vector<Row>& rows)
{
    std::vector<Trial> trials;
    for (const auto& place : at) {
        for (const Row& row : rows) {
            Conversation told = talk;
            told.heard = std::make_shared<Heard>();
            told.deviations = {{place, row.act}};
            const Phase phase = phase_of(place, talk.tls);
            const Strings codes = codes_of(row, phase);
            trials.push_back({.says = std::string{place}.append(": ").append(row.says),
                              .talk = told,
                              .codes = codes,
                              .waits_for = waits_for(phase)});
        }
    }
    return trials;
}

Strings those(const Strings& all, const std::function<bool(const std::string&)>& condition)
{
    Strings result;
    std::copy_if(all.begin(), all.end(), std::back_inserter(result), condition);
    return result;
}

TEST_CASE("an honest server is OK", "[matrix]")
{
    std::vector<Trial> trials;
    for (const bool tls : {true, false}) {
        for (const Login login : {Login::scram, Login::md5, Login::trust}) {
            trials.push_back({.says = "honest",
                              .talk = {.tls = tls, .identity = identity(), .login = login},
                              .codes = {""}});
        }
        trials.push_back({.says = "honest, asked by a user",
                          .talk = {.tls = tls, .identity = identity(), .extended = true},
                          .codes = {""}});
    }
    trials.push_back({.says = "honest, TLS 1.2",
                      .talk = {.tls = true, .tls_1_2 = true, .identity = identity()},
                      .codes = {""},
                      .mentions = "TLSv1.2"});
    judge(trials);
}

TEST_CASE("an honest server knows its password", "[matrix]")
{
    const Conversation talk{.identity = identity()};
    const ScriptedServer server{{converse(talk)}};
    const StatusLine line =
        check(peer_arguments(server.port(), {"--ssl-mode", "require"}), {"DB_PASSWORD=another"});
    CHECK(line.code == "AUTHENTICATION_ERROR");
    CHECK_THAT(line.all_text(), has("28P01"));
}

TEST_CASE("a server that breaks off, at every place", "[matrix]")
{
    const Conversation talk{.identity = identity()};
    judge(trials_of(talk, places(talk), plain_rows()));
}

TEST_CASE("a server that breaks off, without TLS", "[matrix]")
{
    const Conversation talk{.tls = false, .identity = identity()};
    auto rows = plain_rows();
    judge(trials_of(talk, those(places(talk), before_the_session), rows));
    rows.resize(5);
    judge(
        trials_of(talk,
                  {"BEGIN CommandComplete", "query DataRow", "proof DataRow", "sync ReadyForQuery"},
                  rows));
}

TEST_CASE("a server that breaks off in the answers to a query of the user's", "[matrix]")
{
    const Conversation talk{.identity = identity(), .extended = true};
    auto rows = plain_rows();
    rows.resize(5);
    judge(
        trials_of(talk,
                  those(places(talk), [](const auto& place) { return !before_the_session(place); }),
                  rows));
    judge(trials_of(
        talk, {"BEGIN ParseComplete", "query BindComplete", "proof DataRow"}, plain_rows()));
}

TEST_CASE("a server that breaks off in the end of the TLS handshake", "[matrix]")
{
    const Conversation talk{.tls_1_2 = true, .identity = identity()};
    judge(trials_of(talk, {"tls hello", "tls finished"}, plain_rows()));
    judge(trials_of(talk, {"tls hello", "tls finished"}, floods()));
}

TEST_CASE("a server that floods", "[matrix]")
{
    for (const bool tls : {true, false}) {
        const Conversation talk{.tls = tls, .identity = identity()};
        const auto places_before = those(places(talk), before_the_session);
        judge(trials_of(talk, places_before, floods()));
        judge(trials_of(talk,
                        {"BEGIN CommandComplete",
                         "query RowDescription",
                         "query DataRow",
                         "proof DataRow",
                         "sync ReadyForQuery"},
                        floods()));
        Conversation of_a_user = talk;
        of_a_user.extended = true;
        judge(trials_of(of_a_user, {"BEGIN ParseComplete", "sync ReadyForQuery"}, floods()));
        // Whatever comes there without end, it is the query that is answered so.
        auto answers = floods();
        for (Row& row : answers) {
            row.in_session.emplace_back("UNEXPECTED_RESULT");
        }
        judge(trials_of(of_a_user, {"query DataRow"}, answers));
    }
}

} // namespace

} // namespace dbup_test
