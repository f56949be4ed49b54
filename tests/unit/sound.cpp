// SPDX-License-Identifier: MIT
#include "unit/sound.hpp"

#include "checks/check.hpp"

namespace dbup_test {

namespace {

Server sound_server()
{
    Server server;
    server.facts.version = "17.2";
    server.facts.exchange = dbup::Exchange::scram;
    server.facts.held = {{"transaction_read_only", "on"}, {"statement_timeout", "5s"}};
    server.encryption->names = {"db1", "10.0.0.1"};
    server.encryption->names_host = true;
    server.named_answers = {{"role", role_answer()}};
    for (const auto* const check : dbup::check_table()) {
        for (const auto& privilege : check->privileges) {
            server.named_answers[std::string{privilege.test.name}] = single("granted", "t");
        }
    }
    for (const auto* const need : {"has_write_schema", "may_write_table"}) {
        server.named_answers[need] = single("granted", "t");
    }
    return server;
}

} // namespace

dbup::Rows
role_answer(const std::string& powers, const std::string& member_of, const std::string& backend_pid)
{
    const auto on = [&powers](const char* attribute) {
        return dbup::Rows::Cell{powers.find(attribute) == std::string::npos ? "f" : "t"};
    };
    dbup::Rows rows{{"name",
                     "bootstrap",
                     "superuser",
                     "createrole",
                     "createdb",
                     "replication",
                     "bypassrls",
                     "member_of",
                     "backend_pid",
                     "member",
                     "inherits"}};
    rows.add({"watch",
              on("bootstrap"),
              on("superuser"),
              on("createrole"),
              on("createdb"),
              on("replication"),
              on("bypassrls"),
              member_of,
              backend_pid,
              on("member"),
              powers.find("NOINHERIT") == std::string::npos ? "t" : "f"});
    return rows;
}

Sound::Sound()
{
    reader.files = {{"/ca.crt", ""}, {"/password", "a long and random one\n"}};
    connector.servers = {sound_server()};
}

dbup::Outcome Sound::validate(const std::vector<std::string>& more)
{
    std::vector<std::string> words{"--validate", "-U", "watch"};
    words.insert(words.end(), more.begin(), more.end());
    return run(command_line(std::move(words)));
}

dbup::Outcome Sound::validate_soundly(const std::vector<std::string>& more)
{
    std::vector<std::string> words{
        "--ssl-mode", "verify-full", "--ssl-root-cert", "/ca.crt", "--password-file", "/password"};
    words.insert(words.end(), more.begin(), more.end());
    return validate(words);
}

const char* const sound_settings =
    "ok    configuration: valid\n"
    "ok    limits: times and thresholds agree with each other\n"
    "ok    TLS mode verify-full: encrypts and proves that it is the host that was asked for; who "
    "stands in between can neither read nor change nor play the server\n"
    "ok    password: from file /password (--password-file)\n";

const char* const sound_password =
    "ok    password: neither short nor one of those that are tried first\n";

const char* const sound_result = "Result: valid, nothing to mend (exit code 0)\n";

} // namespace dbup_test
