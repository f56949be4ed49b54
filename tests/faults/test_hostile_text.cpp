// SPDX-License-Identifier: MIT
// Texts of servers that are made to be misread: what comes out is one clean status
// line, short, without a secret, and without a second status line inside.
#include <memory>

#include "support/catch.hpp"
#include "support/network.hpp"
#include "support/plugin.hpp"
#include "support/poisons.hpp"

namespace dbup_test {

namespace {

using namespace std::string_literals;

// ---- a server's texts
// ------------------------------------------------------------------------------

std::string field(char type, const std::string& text)
{
    return std::string{type} + text.substr(0, text.find('\0')) + '\0';
}

/// An error or notice; every text in it the same.
std::string error(char kind, const std::string& sqlstate, const std::string& text)
{
    std::string body = field('S', kind == 'E' ? "FATAL" : "NOTICE");
    body += sqlstate.empty() ? std::string{} : field('C', sqlstate);
    for (const char type : {'M', 'D', 'H', 'W', 's', 't', 'c', 'd', 'n', 'F', 'R'}) {
        body += field(type, text);
    }
    body += '\0';
    return message(kind, body);
}

std::string setting(const std::string& name, const std::string& value)
{
    return message('S', name + '\0' + value + '\0');
}

std::string row(const std::vector<std::pair<std::string, std::string>>& columns)
{
    const auto number = [](std::size_t value, int bytes) {
        std::string text;
        for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
            text += static_cast<char>(value >> static_cast<unsigned>(shift) & 0xffU);
        }
        return text;
    };
    std::string description = number(columns.size(), 2);
    std::string data = description;
    for (const auto& [name, value] : columns) {
        description +=
            name + '\0' + std::string(6, '\0') + number(25, 4) + "\xff\xff\xff\xff\xff\xff\0\0"s;
        data += number(value.size(), 4) + value;
    }
    return message('T', description) + message('D', data);
}

/// The answer to one statement.
std::string answer(const std::string& rows, const std::string& tag)
{
    return rows + message('C', tag + '\0');
}

struct Talk {
    std::string tag = "SET";
    std::string column = "health_check";
    std::string value = "1";
    std::string standby = "f";
    std::string limit = "5s";
};

std::string transaction(const Talk& talk)
{
    std::string all;
    for (int statement = 0; statement < 6; ++statement) {
        all += answer("", talk.tag);
    }
    all += answer(row({{talk.column, talk.value}}), talk.tag);
    all += answer(row({{"held", "{on," + talk.limit + R"(,2s,5s,"pg_catalog, pg_temp"})"},
                       {"standby", talk.standby},
                       {"server_time", "1700000000.5"}}),
                  talk.tag);
    return all + answer("", "ROLLBACK") + message('Z', "I");
}

const std::string trusted = message('R', "\0\0\0\0"s);
const std::string version = setting("server_version", "15.18");
const std::string ready = version + message('Z', "I");

Script tells(const std::string& bytes)
{
    return {read_startup(), send_bytes(bytes), stay_silent()};
}

Script answers(const std::string& login, const std::string& bytes)
{
    return {read_startup(), send_bytes(login), read_message(), send_bytes(bytes), stay_silent()};
}

struct Place {
    std::string says = {};
    std::function<Script(const std::string&)> script = {};
    std::string outcome = {}; // "OK", a code, or empty: not to be foreseen, but never OK
};

std::vector<Place> places()
{
    const auto talk = [](auto Talk::*member) {
        return [member](const std::string& text) {
            Talk honest;
            honest.*member = text.substr(0, text.find('\0'));
            return answers(trusted + ready, transaction(honest));
        };
    };
    return {
        {"bare bytes",
         [](const auto& text) {
             return Script{send_bytes(text), stay_silent()};
         }},
        {"an error at the login",
         [](const auto& text) { return tells(error('E', "28000", text)); },
         "AUTHENTICATION_ERROR"},
        {"an error without SQLSTATE", [](const auto& text) { return tells(error('E', "", text)); }},
        {"an error with a text for SQLSTATE",
         [](const auto& text) { return tells(error('E', text, text)); }},
        {"a request for unknown authentication",
         [](const auto& text) {
             return tells(message('R', "\0\0\0\12"s + text.substr(0, text.find('\0')) + "\0\0"s));
         }},
        {"a notice in the login",
         [](const auto& text) {
             return answers(trusted + error('N', "00000", text) + ready, transaction({}));
         },
         "OK"},
        {"a notice between the answers",
         [](const auto& text) {
             return answers(trusted + ready, error('N', "00000", text) + transaction({}));
         },
         "OK"},
        {"the version",
         [](const auto& text) {
             return answers(trusted + setting("server_version", text) + ready, transaction({}));
         },
         "OK"},
        {"the version only",
         [](const auto& text) {
             return answers(trusted + setting("server_version", text) + message('Z', "I"),
                            error('E', "XX000", text));
         }},
        {"a setting's name and value",
         [](const auto& text) {
             return answers(trusted + setting(text, text) + ready, transaction({}));
         },
         "OK"},
        {"an error of the query",
         [](const auto& text) {
             return answers(trusted + ready, error('E', "XX000", text) + message('Z', "I"));
         }},
        {"the tag of a statement", talk(&Talk::tag), "OK"},
        {"the name of a column", talk(&Talk::column), "UNEXPECTED_RESULT"},
        {"the value of the query", talk(&Talk::value), "UNEXPECTED_RESULT"},
        {"the value of a setting", talk(&Talk::limit), "HARDENING_FAILED"},
        {"the role of the server", talk(&Talk::standby), "UNEXPECTED_RESULT"},
    };
}

void check_outcome(const Place& place, const Poison& poison, const StatusLine& line)
{
    const std::string outcome = line.code.empty() ? "OK" : line.code;
    CAPTURE(line.text, line.state);
    // libpq takes long messages of a few types only
    const bool too_long = poison.text.size() > 2'000 && outcome == "PROTOCOL_ERROR";
    if (place.outcome.empty()) {
        CHECK(line.state == "CRITICAL");
    } else if (!too_long) {
        CHECK(outcome == place.outcome);
    }
}

/// The usual and the verbose run against a server.
std::vector<Command> both_runs(const ScriptedServer& server)
{
    Command usual =
        plugin(peer_arguments(server.port(), {"--max-retries", "0", "--statement-timeout", "5s"}),
               {"DB_PASSWORD=" + poison_secret()});
    Command verbose = usual;
    verbose.argv.emplace_back("-vv");
    return {std::move(usual), std::move(verbose)};
}

void check_place(const Place& place, const std::vector<Poison>& texts)
{
    std::vector<std::unique_ptr<ScriptedServer>> servers;
    std::vector<Command> commands;
    for (const Poison& poison : texts) {
        servers.push_back(std::make_unique<ScriptedServer>(place.script(poison.text)));
        for (Command& command : both_runs(*servers.back())) {
            commands.push_back(std::move(command));
        }
    }
    const auto ended = run_all(std::move(commands));
    for (std::size_t i = 0; i < texts.size(); ++i) {
        CAPTURE(place.says, texts[i].says);
        check_outcome(place, texts[i], read_both(ended[2 * i], ended[2 * i + 1]));
    }
}

TEST_CASE("no text of a server spoils the status line", "[hostile]")
{
    for (const Place& place : places()) {
        check_place(place, place.says == "an error of the query" ? poisons() : cocktails());
    }
}

TEST_CASE("ten megabytes of text become a line like any other", "[hostile]")
{
    const std::string half(5'000'000, 'M');
    const std::string much = std::string{half}.append(half);
    for (const Place& place : places()) {
        if (place.says == "bare bytes" || place.says == "an error of the query") {
            check_place(place, {{"ten megabytes", much}});
        }
    }
}

} // namespace

} // namespace dbup_test
