// SPDX-License-Identifier: MIT
// Servers that speak the protocol and lie in it: none of them gets an OK.
#include "support/catch.hpp"
#include "support/trials.hpp"

namespace dbup_test {

namespace {

using namespace std::string_literals;

constexpr unsigned authenticated = 0;
constexpr unsigned cleartext_password = 3;
constexpr unsigned gssapi = 7;
constexpr unsigned sasl = 10;
constexpr unsigned sasl_continue = 11;
constexpr unsigned sasl_final = 12;

KeyPair identity()
{
    static const KeyPair pair =
        make_certificate({.file = "lies", .common_name = "lies", .names = "IP:127.0.0.1"});
    return pair;
}

/// A lie at one place, told over TLS and without.
struct Lie {
    std::string says = {};
    std::string place = {};
    Behaviour act = {};
    std::string code = {};
    std::string mentions = {};
    Strings arguments = {};
};

void judge_lies(const std::vector<Lie>& lies,
                const std::vector<bool>& with_tls = {true, false},
                bool extended = false)
{
    std::vector<Trial> trials;
    for (const bool tls : with_tls) {
        for (const Lie& lie : lies) {
            trials.push_back({.says = lie.says,
                              .talk = {.tls = tls,
                                       .identity = identity(),
                                       .extended = extended,
                                       .deviations = {{lie.place, lie.act}}},
                              .codes = {lie.code},
                              .waits_for = "authentication",
                              .mentions = lie.mentions,
                              .arguments = lie.arguments});
        }
    }
    judge(trials);
}

Behaviour replaced(const std::string& what, const std::string& by)
{
    return changed([what, by](std::string honest) {
        const std::size_t at = honest.find(what);
        if (at == std::string::npos) {
            throw std::runtime_error{"no " + what + " to replace"};
        }
        const char type = honest.front();
        return message(type, honest.replace(at, what.size(), by).substr(5));
    });
}

/// Another first byte in the value of an attribute: r=, s= or v=.
Behaviour falsified(const std::string& attribute)
{
    return changed([attribute](std::string honest) {
        char& byte = honest.at(honest.find(attribute) + attribute.size());
        byte = byte == 'A' ? 'B' : 'A';
        return honest;
    });
}

std::vector<std::optional<std::string>> cells_of(const std::string& row)
{
    std::vector<std::optional<std::string>> cells;
    for (std::size_t at = 7; at < row.size();) { // behind type, length and count
        const std::size_t size = length_in(row, at);
        cells.emplace_back(row.substr(at + 4, size));
        at += 4 + size;
    }
    return cells;
}

/// One cell of a DataRow, counted from 0, with another value.
Behaviour replaced_cell(std::size_t column, const std::optional<std::string>& value)
{
    return changed([column, value](const std::string& honest) {
        auto cells = cells_of(honest);
        cells.at(column) = value;
        return data_row(cells);
    });
}

/// One setting of the proof, counted from 0, with another value.
Behaviour replaced_setting(int position, const std::string& value)
{
    return changed([position, value](const std::string& honest) {
        auto cells = cells_of(honest);
        std::string& held = cells.front().value();
        std::size_t begin = 1;
        for (int comma = 0; comma < position; ++comma) {
            begin = held.find(',', begin) + 1;
        }
        const bool quoted = held.at(begin) == '"';
        const std::size_t end =
            quoted ? held.find('"', begin + 1) + 1 : held.find_first_of(",}", begin);
        held.replace(begin, end - begin, value);
        return data_row(cells);
    });
}

Behaviour twice()
{
    return changed([](const std::string& honest) { return honest + honest; });
}

/// One row that never ends: as much of it as the client takes.
Behaviour endless_row()
{
    return [](Peer& peer, const std::string& honest) {
        return peer.transmit(header('D', 0x4000'0000) + std::string("\0\1\x3f\0\0\0", 6)) &&
               endless(std::string(1, '1'))(peer, honest);
    };
}

TEST_CASE("a server that lies about the password is found out", "[lies]")
{
    const auto mechanisms = authentication(sasl, "SCRAM-SHA-1\0OAUTHBEARER\0\0"s);
    const auto refused = authentication(sasl_final, "e=invalid-proof");
    const std::string no_fork =
        "Ecould not fork new process for connection: Cannot allocate memory\n\0"s;
    judge_lies({
        {"clear text", "startup", instead(authentication(cleartext_password)), "CLEARTEXT_REFUSED"},
        {"clear text behind SCRAM",
         "startup",
         behind(authentication(cleartext_password)),
         "CLEARTEXT_REFUSED"},
        {"clear text in the middle of SCRAM",
         "sasl challenge",
         instead(authentication(cleartext_password)),
         "CLEARTEXT_REFUSED"},
        {"clear text at the end of SCRAM",
         "sasl final",
         instead(authentication(cleartext_password)),
         "CLEARTEXT_REFUSED"},
        {"clear text, dripped",
         "startup",
         dripped(Millis{50}, authentication(cleartext_password)),
         "CLEARTEXT_REFUSED"},
        {"a method that does not exist",
         "startup",
         instead(authentication(99)),
         "PROTOCOL_ERROR",
         "method 99"},
        {"GSSAPI", "startup", instead(authentication(gssapi)), "AUTHENTICATION_ERROR"},
        {"other mechanisms", "startup", instead(mechanisms), "AUTHENTICATION_ERROR", "mechanisms"},
        {"no mechanism", "startup", instead(authentication(sasl, "\0"s)), "AUTHENTICATION_ERROR"},
        {"2147483647 iterations", "sasl challenge", replaced("i=4096", "i=2147483647"), "TIMEOUT"},
        {"no iterations", "sasl challenge", replaced("i=4096", "i=0"), "PROTOCOL_ERROR"},
        {"negative iterations", "sasl challenge", replaced("i=4096", "i=-1"), "PROTOCOL_ERROR"},
        {"a short challenge",
         "sasl challenge",
         instead(authentication(sasl_continue, "r=")),
         "PROTOCOL_ERROR"},
        {"another nonce", "sasl challenge", falsified("r="), "PROTOCOL_ERROR", "nonce"},
        {"a salt that is no base64", "sasl challenge", replaced(",s=", ",s=!"), "PROTOCOL_ERROR"},
        {"another signature",
         "sasl final",
         falsified("v="),
         "SERVER_NOT_PROVEN",
         "could not prove"},
        {"an empty signature",
         "sasl final",
         instead(authentication(sasl_final, "v=")),
         "PROTOCOL_ERROR"},
        {"a proof refused",
         "sasl final",
         instead(refused),
         "AUTHENTICATION_ERROR",
         "invalid-proof"},
        {"the end before the challenge",
         "sasl challenge",
         instead(authentication(sasl_final, "v=AAAA")),
         "PROTOCOL_ERROR"},
        {"an error without SQLSTATE",
         "startup",
         instead(error_message("", "out of memory")),
         "PROTOCOL_ERROR",
         "out of memory"},
        {"an error without anything",
         "startup",
         instead(message('E', "\0"s)),
         "PROTOCOL_ERROR",
         "without a text, or with one of more than 30 KB"},
        {"an error of old", "startup", instead("Eout of memory\n\0"s), "PROTOCOL_ERROR"},
        {"no process for us", "startup", instead(no_fork), "SERVER_ERROR", "could not fork"},
        {"in a transaction", "ready", instead_and_on(ready_for_query('T')), "HARDENING_FAILED"},
    });
}

TEST_CASE("a server that lies about TLS is found out", "[lies]")
{
    const Strings bound{"--channel-binding", "require"};
    const auto trust = authentication(authenticated);
    judge_lies(
        {
            {"no TLS", "tls request", instead("N"), "TLS_ERROR", "SSL"},
            {"an error of old",
             "tls request",
             instead("Ecould not fork new process\n\0"s),
             "SERVER_ERROR"},
            {"bytes behind its S",
             "tls request",
             behind(message('R', "\0\0\0\0"s)),
             "PROTOCOL_ERROR",
             "request for TLS"},
            {"one byte behind its S",
             "tls request",
             behind("x"),
             "PROTOCOL_ERROR",
             "request for TLS"},
            {"no certificate", "tls hello", instead("\x15\x03\x03\0\x02\x02\x28"s), "TLS_ERROR"},
            {"plain again after the handshake",
             "startup",
             in_plain(authentication(sasl, "SCRAM-SHA-256\0\0"s)),
             "TLS_ERROR"},
            {"plain again in the session", "query DataRow", in_plain(data_row({"1"})), "TLS_ERROR"},
            {"no proof", "startup", instead(trust), "AUTHENTICATION_ERROR", "binding", bound},
            {"no channel binding",
             "startup",
             instead(authentication(sasl, "SCRAM-SHA-256\0\0"s)),
             "AUTHENTICATION_ERROR",
             "binding",
             bound},
        },
        {true});
}

TEST_CASE("a server that lies in an answer is found out", "[lies]")
{
    const auto two = data_row({"1"}) + data_row({"1"});
    judge_lies({
        {"no row", "query DataRow", instead_and_on(""), "UNEXPECTED_RESULT"},
        {"two rows", "query DataRow", instead_and_on(two), "UNEXPECTED_RESULT"},
        {"NULL", "query DataRow", instead_and_on(data_row({{}})), "UNEXPECTED_RESULT", "NULL"},
        {"another value",
         "query DataRow",
         instead_and_on(data_row({"2"})),
         "UNEXPECTED_RESULT",
         "'2'"},
        {"no value", "query DataRow", instead_and_on(data_row({""})), "UNEXPECTED_RESULT"},
        {"two columns in the row",
         "query DataRow",
         instead_and_on(data_row({"1", "1"})),
         "PROTOCOL_ERROR"},
        {"no column in the row", "query DataRow", instead_and_on(data_row({})), "PROTOCOL_ERROR"},
        {"two columns in the description",
         "query RowDescription",
         instead_and_on(row_description({"a", "b"})),
         "PROTOCOL_ERROR"},
        {"another column",
         "query RowDescription",
         instead_and_on(row_description({"x"})),
         "UNEXPECTED_RESULT"},
        {"no column",
         "query RowDescription",
         instead_and_on(row_description({})),
         "PROTOCOL_ERROR"},
        {"no description", "query RowDescription", instead_and_on(""), "PROTOCOL_ERROR"},
        {"no description and no row",
         "query RowDescription",
         instead_and_on(message('n', "")),
         "PROTOCOL_ERROR"},
        {"an empty query", "query RowDescription", instead(message('I', "")), "PROTOCOL_ERROR"},
        {"a portal suspended",
         "query CommandComplete",
         instead(message('s', "")),
         "PROTOCOL_ERROR"},
        {"two answers",
         "query CommandComplete",
         behind(message('C', "SELECT 1\0"s)),
         "PROTOCOL_ERROR"},
        {"a syntax error",
         "query RowDescription",
         instead(error_message("42601", "syntax")),
         "QUERY_ERROR"},
        {"an error without SQLSTATE",
         "query RowDescription",
         instead(error_message("", "out of memory")),
         "QUERY_ERROR"},
        {"an error without anything",
         "query RowDescription",
         instead(message('E', "\0"s)),
         "PROTOCOL_ERROR",
         "an error without a text"},
        {"an error with a code alone",
         "query RowDescription",
         instead(error_message("42601", "")),
         "QUERY_ERROR",
         "an error without a text"},
        {"ready without an answer",
         "query RowDescription",
         instead(ready_for_query('I')),
         "PROTOCOL_ERROR"},
        {"ready without a row", "query DataRow", instead(ready_for_query('I')), "PROTOCOL_ERROR"},
        {"ready without the end",
         "ROLLBACK CommandComplete",
         instead(ready_for_query('I')),
         "PROTOCOL_ERROR"},
        {"a large row",
         "query DataRow",
         instead_and_on(data_row({std::string(5'000'000, '1')})),
         "UNEXPECTED_RESULT"},
        {"a row of 1 GB that comes", "query DataRow", endless_row(), "PROTOCOL_ERROR"},
    });
}

TEST_CASE("a server that lies about the transaction is found out", "[lies]")
{
    const std::string failed = "HARDENING_FAILED";
    const std::string unexpected = "UNEXPECTED_RESULT";
    const std::vector<Lie> lies{
        {"a transaction that is over",
         "BEGIN CommandComplete",
         instead(error_message("42601", "no")),
         failed},
        {"rows for BEGIN",
         "BEGIN CommandComplete",
         before(row_description({"a"}) + data_row({"1"})),
         "PROTOCOL_ERROR"},
        {"ready before it begins",
         "BEGIN CommandComplete",
         instead(ready_for_query('T')),
         "PROTOCOL_ERROR"},
        {"still in it", "sync ReadyForQuery", instead_and_on(ready_for_query('T')), failed},
        {"failed", "sync ReadyForQuery", instead_and_on(ready_for_query('E')), failed},
        {"a status that does not exist",
         "sync ReadyForQuery",
         instead_and_on(ready_for_query('?')),
         failed},
        {"not read-only", "proof DataRow", replaced_setting(0, "off"), failed},
        {"no statement timeout", "proof DataRow", replaced_setting(1, "0"), failed},
        {"no lock timeout", "proof DataRow", replaced_setting(2, "0"), failed},
        {"no idle timeout", "proof DataRow", replaced_setting(3, "0"), failed},
        {"another path", "proof DataRow", replaced_setting(4, "public"), failed},
        {"a standby of a kind", "proof DataRow", replaced_cell(1, "maybe"), unexpected},
        {"a clock that is none", "proof DataRow", replaced_cell(2, "nan"), unexpected},
        {"a clock of eternity", "proof DataRow", replaced_cell(2, "inf"), unexpected},
        {"a clock beyond all time", "proof DataRow", replaced_cell(2, "1e300"), unexpected},
        {"no clock", "proof DataRow", replaced_cell(2, {}), unexpected},
        {"NULL for the settings", "proof DataRow", replaced_cell(0, {}), unexpected},
        {"no array of settings", "proof DataRow", replaced_cell(0, "on"), unexpected},
        {"no proof", "proof DataRow", instead_and_on(""), unexpected},
        {"two proofs", "proof DataRow", twice(), unexpected},
    };
    judge_lies(lies);
    judge_lies(lies, {true}, true);
}

TEST_CASE("what an honest server may say between answers changes nothing", "[lies]")
{
    const std::string notification = message('A', "\0\0\0\1channel\0payload\0"s);
    judge_lies({
        {"a notice", "query RowDescription", before(error_message("00000", "hello", 'N')), ""},
        {"a parameter", "query RowDescription", before(parameter_status("TimeZone", "UTC")), ""},
        {"a notification", "sync ReadyForQuery", behind(notification), ""},
        {"a notice at login", "parameters", before(error_message("00000", "hello", 'N')), ""},
    });
}

} // namespace

} // namespace dbup_test
