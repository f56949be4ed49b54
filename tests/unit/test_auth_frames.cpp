// SPDX-License-Identifier: MIT
#include "pg/cleartext_guard.hpp"

#include <string>
#include <vector>

#include "support/catch.hpp"

namespace dbup_test {

namespace {

using dbup::AuthFrames;
using Finding = AuthFrames::Finding;
using Bytes = std::vector<std::uint8_t>;

Bytes number(std::uint32_t value)
{
    return {static_cast<std::uint8_t>(value >> 24U),
            static_cast<std::uint8_t>(value >> 16U),
            static_cast<std::uint8_t>(value >> 8U),
            static_cast<std::uint8_t>(value)};
}

Bytes operator+(Bytes left, const Bytes& right)
{
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

/// A message of the protocol: type, length, body.
Bytes message(char type, const Bytes& body)
{
    return Bytes{static_cast<std::uint8_t>(type)} +
           number(static_cast<std::uint32_t>(body.size() + 4)) + body;
}

Bytes text(const std::string& characters)
{
    Bytes bytes{characters.begin(), characters.end()};
    bytes.push_back(0);
    return bytes;
}

Bytes request(std::uint32_t kind, const Bytes& body = {})
{
    return message('R', number(kind) + body);
}

const Bytes ok = request(0);
const Bytes cleartext = request(3);
const Bytes sasl = request(10, text("SCRAM-SHA-256-PLUS") + text("SCRAM-SHA-256") + Bytes{0});
const Bytes notice =
    message('N', Bytes{'S'} + text("NOTICE") + Bytes{'M'} + text("hello") + Bytes{0});
const Bytes ready = message('Z', {'I'});

Bytes head(const Bytes& bytes, std::size_t size)
{
    return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)};
}

Bytes tail(const Bytes& bytes, std::size_t from)
{
    return {bytes.begin() + static_cast<std::ptrdiff_t>(from), bytes.end()};
}

TEST_CASE("what a server asks for is told from its first bytes", "[guard]")
{
    struct Case {
        const char* name = "";
        Bytes bytes = {};
        Finding finding = Finding::harmless;
    };
    const auto c = GENERATE(values<Case>({
        {"nothing", {}, Finding::harmless},
        {"SCRAM", sasl, Finding::harmless},
        {"md5", request(5, {1, 2, 3, 4}), Finding::harmless},
        {"a SASL challenge", request(11, text("r=nonce")), Finding::harmless},
        {"a final SASL message", request(12, text("v=proof")), Finding::harmless},
        {"trust", ok, Finding::harmless},
        {"an error", message('E', Bytes{'S'} + text("FATAL") + Bytes{0}), Finding::harmless},
        {"clear text", cleartext, Finding::cleartext},
        {"clear text behind a notice", notice + cleartext, Finding::cleartext},
        {"clear text behind SCRAM", sasl + cleartext, Finding::cleartext},
        {"clear text behind many", notice + notice + sasl + notice + cleartext, Finding::cleartext},
        {"clear text with a tail", request(3, {1, 2, 3}), Finding::cleartext},
        {"a length that cannot be", Bytes{'R', 0, 0, 0, 3, 0, 0, 0, 0}, Finding::harmless},
        {"a length that leaves no room for a kind", Bytes{'R', 0, 0, 0, 7}, Finding::harmless},
        {"a length beyond every bound, alone",
         Bytes{'R', 0x7f, 0xff, 0xff, 0xff},
         Finding::harmless},
        {"a length beyond every bound",
         Bytes{'R', 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 10},
         Finding::harmless},
        {"not PostgreSQL", text("HTTP/1.1 400 Bad Request"), Finding::harmless},
    }));
    CAPTURE(c.name);
    AuthFrames frames;
    CHECK(frames.look(c.bytes) == c.finding);
}

TEST_CASE("a request is not read before its kind is there", "[guard]")
{
    for (std::size_t size = 1; size < cleartext.size(); ++size) {
        CAPTURE(size);
        AuthFrames frames;
        CHECK(frames.look(head(cleartext, size)) == Finding::incomplete);
        CHECK(frames.look(head(cleartext, size)) == Finding::incomplete); // nothing was consumed
        CHECK(frames.look(cleartext) == Finding::cleartext);
    }
    for (std::size_t size = 1; size < 9; ++size) {
        CAPTURE(size);
        AuthFrames frames;
        CHECK(frames.look(notice + head(cleartext, size)) == Finding::incomplete);
    }
}

TEST_CASE("a request in pieces that are read one by one is found at its kind", "[guard]")
{
    for (const auto& before : {Bytes{}, notice, sasl}) {
        AuthFrames frames;
        const Bytes all = before + cleartext + ok;
        const std::size_t kind_at = before.size() + 8;
        for (std::size_t at = 0; at < kind_at; ++at) {
            CAPTURE(at);
            CHECK(frames.look_piecewise({all.data() + at, 1}) == Finding::harmless);
        }
        CHECK(frames.look_piecewise({all.data() + kind_at, 1}) == Finding::cleartext);
    }
}

TEST_CASE("pieces are followed up to the log-in, within bounds", "[guard]")
{
    AuthFrames frames;
    for (const auto byte : sasl + request(12, text("v=")) + ok + cleartext) {
        CHECK(frames.look_piecewise({&byte, 1}) == Finding::harmless);
    }
    AuthFrames endless;
    const Bytes large = message('N', Bytes(8'000, 'x'));
    CHECK(endless.look_piecewise(large + Bytes{'N'}) == Finding::harmless);
    CHECK(endless.look_piecewise(tail(large, 1) + Bytes{'N'}) == Finding::oversized);
}

TEST_CASE("a judged message may come in pieces, what follows it is still looked at", "[guard]")
{
    for (std::size_t size = 9; size < sasl.size(); ++size) {
        CAPTURE(size);
        AuthFrames frames;
        CHECK(frames.look(head(sasl, size)) == Finding::harmless);
        CHECK(frames.look(tail(sasl, size) + cleartext) == Finding::cleartext);
    }
    AuthFrames frames;
    CHECK(frames.look(head(sasl, 10)) == Finding::harmless);
    for (std::size_t at = 10; at < sasl.size(); ++at) {
        CHECK(frames.look({sasl.data() + at, 1}) == Finding::harmless);
    }
    CHECK(frames.look(cleartext) == Finding::cleartext);
}

TEST_CASE("what is not read is looked at again, in step with the messages", "[guard]")
{
    AuthFrames frames;
    // The rest of this notice reads like the head of a long message that would swallow all that
    // follows.
    const Bytes bait = message('N', Bytes(20, 'x') + Bytes{'N', 0, 0, 0x40, 0});
    CHECK(frames.look(head(bait, 25)) == Finding::harmless);
    CHECK(frames.look(tail(bait, 25) + head(cleartext, 5)) == Finding::incomplete);
    CHECK(frames.look(tail(bait, 25) + head(cleartext, 8)) == Finding::incomplete);
    CHECK(frames.look(tail(bait, 25) + cleartext) == Finding::cleartext);
}

TEST_CASE("the body of another message is not taken for a request", "[guard]")
{
    AuthFrames frames;
    CHECK(frames.look(message('N', cleartext + cleartext)) == Finding::harmless);
    CHECK(frames.look(head(message('N', cleartext + cleartext), 6)) == Finding::harmless);
    CHECK(frames.look(tail(message('N', cleartext + cleartext), 6)) == Finding::harmless);
    CHECK(frames.look(sasl) == Finding::harmless);
}

TEST_CASE("more than fits a look is refused before log-in", "[guard]")
{
    const Bytes large = message('N', Bytes(20'000, 'x'));
    AuthFrames frames;
    CHECK(frames.look(head(large, 8'192)) == Finding::oversized);

    AuthFrames cut; // in the head of the next message
    CHECK(cut.look(message('N', Bytes(8'184, 'x')) + Bytes{'R', 0, 0}) == Finding::oversized);

    AuthFrames after_part;
    CHECK(after_part.look(head(large, 8'191)) == Finding::harmless);
    CHECK(after_part.look(head(tail(large, 8'191), 8'192)) == Finding::oversized);

    AuthFrames error;
    CHECK(error.look(head(message('E', Bytes(20'000, 'x')), 8'192)) == Finding::harmless);
}

TEST_CASE("after the log-in everything is harmless", "[guard]")
{
    AuthFrames frames;
    CHECK(frames.look(sasl) == Finding::harmless);
    CHECK(frames.look(request(12, text("v=")) + ok + ready) == Finding::harmless);
    CHECK(frames.look(cleartext) == Finding::harmless);
    CHECK(frames.look(Bytes(8'192, 'R')) == Finding::harmless);
}

TEST_CASE("what the server asks for is remembered", "[auth-frames]")
{
    struct Case {
        const char* says = "";
        Bytes bytes = {};
        dbup::Exchange exchange = dbup::Exchange::none;
    };
    const auto c = GENERATE(values<Case>({
        {"nothing, but all is well", ok + ready, dbup::Exchange::none},
        {"SCRAM", sasl, dbup::Exchange::scram},
        {"SCRAM, to its end", sasl + request(11) + request(12) + ok, dbup::Exchange::scram},
        {"MD5", request(5, {1, 2, 3, 4}) + ok, dbup::Exchange::md5},
        {"something else", request(9), dbup::Exchange::unseen},
        {"a refused request", head(cleartext, 9), dbup::Exchange::none},
    }));
    INFO(c.says);
    AuthFrames frames;
    static_cast<void>(frames.look(c.bytes));
    CHECK(frames.asked_for() == c.exchange);
}

} // namespace

} // namespace dbup_test
