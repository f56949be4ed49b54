// SPDX-License-Identifier: MIT
// Arguments, variables, names of databases and of certificates that are made to be misread: what
// comes out is one clean status line, short, and without a secret.
#include "support/catch.hpp"
#include "support/certificates.hpp"
#include "support/cluster.hpp"
#include "support/plugin.hpp"
#include "support/poisons.hpp"

namespace dbup_test {

namespace {

/// The words with `text` in the place of {}.
Strings filled(Strings words, const std::string& text)
{
    for (std::string& word : words) {
        const auto at = word.find("{}");
        if (at != std::string::npos) {
            word.replace(at, 2, text);
        }
    }
    return words;
}

/// A run with each text, and once more the last of them with -vv.
std::vector<Command> runs_of(const Strings& arguments, const Strings& environment)
{
    std::vector<Command> commands;
    for (const Poison& poison : cocktails()) {
        commands.push_back(
            plugin(filled(arguments, poison.text),
                   filled(environment, poison.text) + Strings{"DB_PASSWORD=" + poison_secret()}));
    }
    commands.push_back(commands.back());
    commands.back().argv.emplace_back("-vv");
    return commands;
}

void check_texts(const std::vector<Finished>& ended)
{
    for (std::size_t i = 0; i < cocktails().size(); ++i) {
        INFO(cocktails()[i].says);
        CHECK(read_both(ended[i], ended.back()).state != "OK");
    }
}

/// Runs each command line with a text in the place of {}, and judges what comes out.
void check_callers(const std::vector<Strings>& command_lines, const Strings& environment = {})
{
    for (const Strings& arguments : command_lines) {
        CAPTURE(arguments, environment);
        check_texts(run_all(runs_of(arguments, environment)));
    }
}

TEST_CASE("no text of a command line spoils the status line", "[hostile]")
{
    // Nobody listens on port 1, and one try is enough.
    const Strings nobody{"--port", "1", "--max-retries", "0", "-t", "3", "--ssl-mode", "disable"};
    std::vector<Strings> all;
    for (const Strings& more : std::vector<Strings>{
             {"-d", "mydb", "--host", "{}"},
             {"-d", "mydb", "--host", "/{}"},
             {"-H", "127.0.0.1", "-d", "{}"},
             {"-H", "127.0.0.1", "-d", "mydb", "-U", "{}"},
             {"-H", "127.0.0.1", "-d", "mydb", "--application-name", "{}"},
         }) {
        all.push_back(more + nobody);
    }
    check_callers(all);
}

TEST_CASE("no text of a wrong command line spoils the status line", "[hostile]")
{
    const Strings target{"-H", "127.0.0.1", "-d", "mydb"};
    std::vector<Strings> all;
    for (const Strings& more : std::vector<Strings>{
             {"--port", "{}"},
             {"--ssl-mode", "{}"},
             {"--ssl-root-cert", "{}", "--ssl-mode", "verify-full"},
             {"--password-file", "{}"},
             {"--service", "{}"},
             {"--service", "x", "--service-file", "{}"},
             {"--uri", "{}"},
             {"--uri", "postgresql://{}"},
             {"-w", "{}"},
             {"-c", "time={}"},
             {"--role", "{}"},
             {"--state", "{}=ok"},
             {"-t", "{}"},
             {"--{}"},
             {"--max-retries={}"},
             {"--once={}"},
             {"{}"},
         }) {
        all.push_back(target + more);
    }
    check_callers(all);
}

TEST_CASE("no text of a variable spoils the status line", "[hostile]")
{
    for (const char* const name :
         {"DB_PORT", "PGSSLMODE", "DATABASE_URL", "DB_PASSWORD_FILE", "PGSERVICE"}) {
        check_callers({{"-H", "127.0.0.1", "-d", "mydb", "--max-retries", "0"}},
                      {std::string{name} + "={}"});
    }
}

/// The short texts as one name of at most 63 bytes, as a database's, a role's or a certificate's.
const std::string odd_name = "a|b\nDB-UP OK - x | up=1 <script>\x1b[31m\xe2\x80\xae\xc2\x9b<b>'\"";

StatusLine check_odd(const Strings& arguments)
{
    const auto ended = run_all({plugin(arguments), plugin(arguments + Strings{"-vv"})});
    return read_both(ended.at(0), ended.at(1));
}

TEST_CASE("names that a real server lets pass are clean where they are told", "[hostile]")
{
    std::string quoted;
    for (const char c : odd_name) {
        quoted.append(c == '"' ? 2 : 1, c);
    }
    quoted = '"' + quoted + '"';
    CHECK(check_odd(cluster_arguments({"--database", odd_name})).code == "DATABASE_NOT_FOUND");
    CHECK(check_odd(cluster_arguments({"--user", odd_name})).code == "AUTHENTICATION_ERROR");

    const Undoable database{"CREATE DATABASE " + quoted,
                            "DROP DATABASE " + quoted + " WITH (FORCE)"};
    CHECK(check_odd(cluster_arguments({"--database", odd_name})).code.empty());
    const Undoable right{"REVOKE CONNECT ON DATABASE " + quoted + " FROM PUBLIC", "SELECT"};
    CHECK(check_odd(cluster_arguments({"--database", odd_name})).code == "PERMISSION_ERROR");
}

TEST_CASE("names in certificates are clean where they are told", "[hostile]")
{
    const std::string name = odd_name.substr(0, odd_name.find('\''));
    const KeyPair foreign =
        make_certificate({.file = "odd-ca", .common_name = "CA " + name, .authority = true});
    {
        const ServerCertificate own{make_certificate(
            {.file = "odd", .common_name = name, .names = "DNS:localhost"}, foreign)};
        Strings arguments = cluster_arguments();
        const auto root = std::find(arguments.begin(), arguments.end(), "--ssl-root-cert");
        *(root + 1) = foreign.certificate;
        CHECK(check_odd(arguments).code.empty()); // -vv tells subject and issuer
    }
    const ServerCertificate other{
        make_certificate({.file = "odd", .common_name = name}, Cluster::shared().authority())};
    CHECK(check_odd(cluster_arguments()).code == "TLS_ERROR"); // libpq tells the name
}

} // namespace

} // namespace dbup_test
