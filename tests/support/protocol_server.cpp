// SPDX-License-Identifier: MIT
#include "support/protocol_server.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <stdexcept>
#include <utility>

#include "support/scram_server.hpp"
#include "support/tls_server.hpp"

namespace dbup_test {

namespace {

using namespace std::string_literals;

constexpr unsigned authenticated = 0;
constexpr unsigned cleartext_password = 3;
constexpr unsigned md5_password = 5;
constexpr unsigned sasl = 10;
constexpr unsigned sasl_continue = 11;
constexpr unsigned sasl_final = 12;

constexpr std::array statement_names{"BEGIN",
                                     "SET LOCAL statement_timeout",
                                     "SET LOCAL lock_timeout",
                                     "SET LOCAL idle_in_transaction_session_timeout",
                                     "SET LOCAL search_path",
                                     "SET LOCAL client_connection_check_interval",
                                     "query",
                                     "proof",
                                     "ROLLBACK"};

std::string name_of(std::string_view sql)
{
    for (const std::string_view name : statement_names) {
        if (sql.starts_with(name)) {
            return std::string{name};
        }
    }
    return sql.find("transaction_read_only") == std::string_view::npos ? "query" : "proof";
}

bool returns_a_row(std::string_view name)
{
    return name == "query" || name == "proof";
}

/// As PostgreSQL shows a setting that was given in milliseconds.
std::string shown_duration(const std::string& millis)
{
    const long value = std::stol(millis);
    constexpr std::array<std::pair<long, const char*>, 4> units{
        {{86'400'000, "d"}, {3'600'000, "h"}, {60'000, "min"}, {1'000, "s"}}};
    for (const auto& [size, unit] : units) {
        if (value % size == 0) {
            return std::to_string(value / size) + unit;
        }
    }
    return millis + "ms";
}

std::string unix_time()
{
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now).count()) + ".5";
}

/// The settings that the statements of one transaction have made, as current_setting() shows them.
class Settings {
public:
    void learn(std::string_view sql)
    {
        constexpr std::string_view set = "SET LOCAL ";
        const std::size_t equals = sql.find('=');
        if (sql.starts_with(set) && equals != std::string_view::npos) {
            const std::string name{sql.substr(set.size(), equals - set.size())};
            const std::string value{sql.substr(equals + 1)};
            values_[name] =
                name == "search_path" ? "\"pg_catalog, pg_temp\"" : shown_duration(value);
        }
    }

    /// Columns and cells of the answer to a query.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> answer(const std::string& query)
    {
        if (query == "query") {
            return {{"health_check", "1"}};
        }
        std::string held = "{on";
        for (const std::string name : {"statement_timeout",
                                       "lock_timeout",
                                       "idle_in_transaction_session_timeout",
                                       "search_path"}) {
            held.append(",").append(values_[name]);
        }
        return {{"held", held + "}"}, {"standby", "f"}, {"server_time", unix_time()}};
    }

private:
    std::map<std::string, std::string> values_ = {};
};

/// One conversation with one client. Every call returns false when it is over.
class Talk {
public:
    Talk(Peer& peer, const Conversation& conversation)
        : peer_{peer}, conversation_{conversation}, deviations_{conversation.deviations}
    {
        peer_.record(conversation_.heard);
    }

    bool hold()
    {
        const bool logged_in = say("accept", {}) && encrypt() && hear_packet() && authenticate() &&
                               say("authentication ok", authentication(authenticated)) &&
                               say("parameters",
                                   parameter_status("server_version", "15.18") +
                                       parameter_status("client_encoding", "UTF8") +
                                       message('K', "\0\0\x12\x67\0\0\0\1"s)) &&
                               say("ready", ready_for_query('I'));
        while (logged_in && answer_transaction()) {
        }
        return false;
    }

private:
    /// Says it, or what the deviation of this place says instead.
    bool say(const std::string& place, const std::string& honest)
    {
        const auto found =
            std::find_if(deviations_.begin(), deviations_.end(), [&](const Deviation& deviation) {
                return deviation.place == place;
            });
        if (found == deviations_.end()) {
            unsent_ += honest;
            return true;
        }
        const Behaviour act = found->act;
        deviations_.erase(found);
        return flush() && act(peer_, honest);
    }

    /// As a server does it, several messages go out together.
    bool flush() { return peer_.transmit(std::exchange(unsent_, {})); }

    bool encrypt()
    {
        if (!conversation_.tls) {
            return true;
        }
        if (!hear_packet() || !say("tls request", "S") || !flush()) {
            return false;
        }
        const auto tls = std::make_shared<TlsServer>(
            conversation_.identity,
            conversation_.tls_1_2 ? TlsServer::Version::tls_1_2 : TlsServer::Version::tls_1_3);
        for (const auto* const place : {"tls hello", "tls finished"}) {
            std::string flight;
            for (std::string wire; flight.empty() && !tls->established(); flight = tls->to_send()) {
                if (!peer_.receive_some(wire)) {
                    return false;
                }
                tls->take(wire);
            }
            if (!flight.empty() && (!say(place, flight) || !flush())) {
                return false;
            }
        }
        peer_.secure(tls);
        return true;
    }

    /// A packet without type: SSLRequest, startup packet.
    bool hear_packet() { return flush() && read_startup()(peer_); }

    bool hear(char& type, std::string& body)
    {
        std::string head;
        if (!flush() || !peer_.receive(head, 5)) {
            return false;
        }
        type = head[0];
        const std::size_t length = length_in(head, 1);
        return length >= 4 && peer_.receive(body, length - 4);
    }

    bool authenticate()
    {
        char type = 0;
        std::string body;
        switch (conversation_.login) {
        case Login::trust: return true;
        case Login::md5:
            return say("startup", authentication(md5_password, "salt")) && hear(type, body);
        case Login::cleartext:
            return say("startup", authentication(cleartext_password)) && hear(type, body);
        case Login::scram: break;
        }
        ScramServer scram{conversation_.password};
        if (!say("startup", authentication(sasl, "SCRAM-SHA-256\0\0"s)) || !hear(type, body)) {
            return false;
        }
        const std::size_t first = std::min(body.find('\0') + 5, body.size());
        if (!say("sasl challenge",
                 authentication(sasl_continue, scram.challenge(body.substr(first)))) ||
            !hear(type, body)) {
            return false;
        }
        const std::string signature = scram.verdict(body);
        if (signature.empty()) {
            peer_.transmit(error_message("28P01", "password authentication failed"));
            return false;
        }
        return say("sasl final", authentication(sasl_final, signature));
    }

    /// The statements of one message, or those up to a synchronisation point.
    bool hear_statements(std::vector<std::string>& statements)
    {
        char type = 0;
        for (std::string body; type != 'S' && type != 'Q';) {
            if (!hear(type, body) || type == 'X') {
                return false;
            }
            if (type == 'P') { // name of the statement, text, types of the parameters
                statements.emplace_back(body.substr(body.find('\0') + 1).c_str());
            }
            for (std::size_t end = 0; type == 'Q' && (end = body.find(';')) != std::string::npos;) {
                statements.push_back(body.substr(0, end));
                body.erase(0, end + 1);
            }
        }
        extended_ = type == 'S';
        return true;
    }

    bool answer_transaction()
    {
        std::vector<std::string> statements;
        if (!hear_statements(statements)) {
            return false;
        }
        Settings settings;
        for (const auto& sql : statements) {
            settings.learn(sql);
            if (!answer(name_of(sql), settings)) {
                return false;
            }
        }
        return say("sync ReadyForQuery", ready_for_query('I')) && flush() && say("close", {}) &&
               flush();
    }

    bool answer(const std::string& name, Settings& settings)
    {
        const bool row = returns_a_row(name);
        if (extended_ && (!say(name + " ParseComplete", message('1', {})) ||
                          !say(name + " BindComplete", message('2', {})) ||
                          (!row && !say(name + " NoData", message('n', {}))))) {
            return false;
        }
        const std::string tag = name.substr(0, name.find(' '));
        if (!row) {
            return say(name + " CommandComplete", message('C', tag + '\0'));
        }
        std::vector<std::string> columns;
        std::vector<std::optional<std::string>> cells;
        for (const auto& [column, cell] : settings.answer(name)) {
            columns.push_back(column);
            cells.emplace_back(cell);
        }
        return say(name + " RowDescription", row_description(columns)) &&
               say(name + " DataRow", data_row(cells)) &&
               say(name + " CommandComplete", message('C', "SELECT 1\0"s));
    }

    Peer& peer_;
    const Conversation& conversation_;
    std::vector<Deviation> deviations_;
    std::string unsent_ = {};
    bool extended_ = false;
};

} // namespace

Step converse(Conversation conversation)
{
    return [conversation = std::move(conversation)](Peer& peer) {
        return Talk{peer, conversation}.hold();
    };
}

namespace {

/// What the server says to one statement, in order.
std::vector<std::string> answers_to(std::string_view name, bool extended)
{
    std::vector<std::string> answers;
    if (extended) {
        answers = {"ParseComplete", "BindComplete"};
    }
    if (returns_a_row(name)) {
        answers.insert(answers.end(), {"RowDescription", "DataRow"});
    } else if (extended) {
        answers.emplace_back("NoData");
    }
    answers.emplace_back("CommandComplete");
    return answers;
}

} // namespace

std::vector<std::string> places(const Conversation& conversation)
{
    std::vector<std::string> all{"accept"};
    if (conversation.tls) {
        all.insert(all.end(), {"tls request", "tls hello"});
    }
    if (conversation.tls && conversation.tls_1_2) {
        all.emplace_back("tls finished");
    }
    all.insert(all.end(),
               {"startup", "sasl challenge", "sasl final", "authentication ok", "parameters"});
    all.emplace_back("ready");
    for (const std::string name : statement_names) {
        for (const auto& answer : answers_to(name, conversation.extended)) {
            all.push_back(std::string{name}.append(" ").append(answer));
        }
    }
    all.insert(all.end(), {"sync ReadyForQuery", "close"});
    return all;
}

} // namespace dbup_test
