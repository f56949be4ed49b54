// SPDX-License-Identifier: MIT
// Where settings and secrets come from, and where secrets must not go.
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <system_error>

#include "support/catch.hpp"
#include "support/cluster.hpp"
#include "support/network.hpp"
#include "support/plugin.hpp"
#include "support/sandbox.hpp"

namespace dbup_test {

namespace {

using namespace std::string_literals;

const Cluster& cluster()
{
    return Cluster::shared();
}

std::string uri(const std::string& user_and_password, const std::string& query = "")
{
    return "postgresql://" + user_and_password + "@localhost:" + cluster().port() +
           "/mydb?sslmode=verify-full&sslrootcert=" + cluster().ca_file() + query;
}

Strings password_variable()
{
    return {"DB_PASSWORD=" + cluster().password()};
}

/// Variables for everything but the password.
Strings db_variables()
{
    return {"DB_HOST=localhost",
            "DB_PORT=" + cluster().port(),
            "DB_NAME=mydb",
            "DB_USER=db_monitor",
            "DB_SSL_MODE=verify-full",
            "DB_SSLROOTCERT=" + cluster().ca_file()};
}

void check_up(const Strings& arguments, const Strings& environment)
{
    const StatusLine line = check(arguments, environment);
    CHECK(line.state == "OK");
    CHECK_THAT(line.text, has("mydb at localhost:" + cluster().port()) && has("TLSv1."));
}

TEST_CASE("the DB_ variables alone are enough", "[sources]")
{
    check_up({}, db_variables() + password_variable());
}

TEST_CASE("the POSTGRES_ variables are enough", "[sources]")
{
    check_up({},
             {"POSTGRES_HOST=localhost",
              "POSTGRES_PORT=" + cluster().port(),
              "POSTGRES_DB=mydb",
              "POSTGRES_USER=db_monitor",
              "POSTGRES_PASSWORD=" + cluster().password()});
}

TEST_CASE("the PG variables are enough", "[sources]")
{
    check_up({},
             {"PGHOST=localhost",
              "PGPORT=" + cluster().port(),
              "PGDATABASE=mydb",
              "PGUSER=db_monitor",
              "PGPASSWORD=" + cluster().password(),
              "PGSSLMODE=verify-full",
              "PGSSLROOTCERT=" + cluster().ca_file()});
}

TEST_CASE("name and password are all that a local database needs", "[sources]")
{
    // The user is postgres and the port 5432 by default: only the port is added here.
    const Undoable password{"ALTER ROLE postgres PASSWORD 'open sesame'",
                            "ALTER ROLE postgres PASSWORD NULL"};
    check_up({}, {"DB_NAME=mydb", "DB_PASSWORD=open sesame", "DB_PORT=" + cluster().port()});
}

TEST_CASE("a connection URI is enough, from the command line and from the environment", "[sources]")
{
    check_up({"--uri", uri("db_monitor")}, password_variable());
    check_up({}, {"DATABASE_URL=" + uri("db_monitor:" + cluster().password())});
    check_up({}, {"DATABASE_URL=postgres" + uri("db_monitor:" + cluster().password()).substr(10)});
    check_up({}, {"DATABASE_URL=" + uri("db%5Fmonitor:" + cluster().password())});
}

TEST_CASE("a URI of the environment beats the single variables", "[sources]")
{
    check_up({},
             {"DATABASE_URL=" + uri("db_monitor:" + cluster().password()),
              "DB_HOST=192.0.2.1",
              "DB_PORT=1",
              "DB_NAME=no_such",
              "DB_USER=nobody_is",
              "DB_PASSWORD=wrong"});
}

TEST_CASE("the command line beats the environment", "[sources]")
{
    check_up(cluster_arguments(),
             {"DB_HOST=192.0.2.1",
              "DB_PORT=1",
              "DB_NAME=no_such",
              "DB_USER=nobody_is",
              "DB_SSL_MODE=disable",
              "PGHOST=192.0.2.2",
              "PGPORT=2"});
}

TEST_CASE("a service file is enough", "[sources]")
{
    const std::string file = Sandbox::shared().make_file(
        "services",
        "[other]\nhost=192.0.2.1\n[mine]\nhost=localhost\nport=" + cluster().port() +
            "\ndbname=mydb\nuser=db_monitor\nsslmode=verify-full\nsslrootcert=" +
            cluster().ca_file() + "\n");
    check_up({"--service", "mine"}, Strings{"PGSERVICEFILE=" + file} + password_variable());
    check_up({}, Strings{"PGSERVICEFILE=" + file, "PGSERVICE=mine"} + password_variable());

    const StatusLine unknown =
        check({"--service", "no_such"}, Strings{"PGSERVICEFILE=" + file} + password_variable());
    CHECK(unknown.state == "UNKNOWN");
    CHECK(unknown.code == "CONFIG_ERROR");
    CHECK_THAT(unknown.all_text(), has("no_such"));
}

TEST_CASE("a configuration file is enough, and is weaker than the environment", "[sources]")
{
    Sandbox& sandbox = Sandbox::shared();
    const std::string password = sandbox.make_file("file-password", cluster().password() + "\n");
    const std::string file = sandbox.make_file(
        "config.yaml",
        "database:\n  host: localhost\n  port: " + cluster().port() +
            "\n  name: mydb\n  user: db_monitor\n  password_file: " + password +
            "\n  ssl_mode: verify-full\n  ssl_root_cert: " + cluster().ca_file() + "\n");
    check_up({"--config", file}, {});
    check_up({}, {"DB_UP_CONFIG=" + file});
    const StatusLine other = check({"--config", file, "--max-retries", "0"}, {"PGPORT=1"});
    CHECK(other.code == "CONNECTION_REFUSED");
}

TEST_CASE("the password is found in every place where it may lie", "[sources]")
{
    Sandbox& sandbox = Sandbox::shared();
    const std::string word = cluster().password();
    const std::string plain = sandbox.make_file("plain", word + "\n");
    const std::string bare = sandbox.make_file("bare", word);
    const std::string passfile = sandbox.make_file(
        "passfile",
        "other:*:*:*:wrong\nlocalhost:" + cluster().port() + ":mydb:db_monitor:" + word + "\n");
    const std::string credentials = sandbox.make_folder("credentials");
    sandbox.make_file("credentials/db-password", word + "\n", 0400);
    const std::string home = sandbox.make_folder("home");
    sandbox.make_file("home/.pgpass", "*:*:*:db_monitor:" + word + "\n");

    const std::string source = GENERATE(as<std::string>{},
                                        "DB_PASSWORD",
                                        "POSTGRES_PASSWORD",
                                        "PGPASSWORD",
                                        "DB_PASSWORD_FILE",
                                        "DB_PASSWORD_FILE without newline",
                                        "PGPASSFILE",
                                        "HOME",
                                        "CREDENTIALS_DIRECTORY");
    CAPTURE(source);
    const std::map<std::string, std::string> values{
        {"DB_PASSWORD", word},
        {"POSTGRES_PASSWORD", word},
        {"PGPASSWORD", word},
        {"DB_PASSWORD_FILE", plain},
        {"DB_PASSWORD_FILE without newline", bare},
        {"PGPASSFILE", passfile},
        {"HOME", home},
        {"CREDENTIALS_DIRECTORY", credentials},
    };
    check_up(
        {}, db_variables() + Strings{source.substr(0, source.find(' ')) + "=" + values.at(source)});
}

TEST_CASE("the password comes from standard input when asked for", "[sources]")
{
    Command command = plugin({"--password-file", "-"}, db_variables());
    command.input = cluster().password() + "\n";
    const Finished finished = run(std::move(command));
    CHECK(read_status(finished).state == "OK");
}

/// The strings with the number in place of "{port}": values of a table outlive a server.
Strings with_port(Strings strings, const std::string& port)
{
    const std::string mark = "{port}";
    for (std::string& text : strings) {
        if (const std::size_t at = text.find(mark); at != std::string::npos) {
            text.replace(at, mark.size(), port);
        }
    }
    return strings;
}

TEST_CASE("bad input is refused before a packet is sent", "[sources]")
{
    struct Case {
        const char* says = "";
        Strings arguments = {};
        Strings environment = {};
        Strings words = {};
    };
    const Strings target{"-H", "127.0.0.1", "-p", "{port}"};
    const Strings complete = target + Strings{"-d", "mydb"};
    // clang-format off
    const auto c = GENERATE_COPY(values<Case>({
        {"no database",            target, {}, {"DB_NAME", "--database"}},
        {"an unknown option",      complete + Strings{"--databse", "x"}, {}, {"--databse", "--database"}},
        {"a bad port",             complete + Strings{"--port", "70000"}, {}, {"--port", "70000", "65535"}},
        {"a bad port variable",    {"-H", "127.0.0.1", "-d", "mydb"}, {"DB_PORT=x1"}, {"DB_PORT", "x1"}},
        {"a bad range",            complete + Strings{"-w", "20:10"}, {}, {"20:10"}},
        {"a shell's tilde",        complete + Strings{"-w", "/root:10"}, {}, {"/root:10", "~"}},
        {"a bad TLS mode",         complete + Strings{"--ssl-mode", "verify_full"}, {},
                                   {"Invalid ssl_mode 'verify_full'", "disable, allow, prefer, require, verify-ca, verify-full"}},
        {"contradicting modes",    complete, {"DB_SSL_MODE=require", "DB_SSLMODE=prefer"}, {"DB_SSL_MODE", "DB_SSLMODE"}},
        {"a bad time",             complete + Strings{"-t", "10x"}, {}, {"10x"}},
        {"no time",                complete + Strings{"-t", "0"}, {}, {"0"}},
        {"milliseconds by mistake", complete + Strings{"--statement-timeout", "30000"}, {}, {"30000ms", "30s"}},
        {"a missing password file", complete + Strings{"--password-file", "/nonexistent/pw"}, {}, {"/nonexistent/pw"}},
        {"a foreign scheme",       {"--uri", "mysql://root:hidden@127.0.0.1:{port}/x"}, {}, {"mysql"}},
        {"a bad growth",           complete + Strings{"--retry-backoff", "exponentail"}, {}, {"exponentail", "exponential"}},
        {"a bad interval",         complete + Strings{"--interval", "4"}, {}, {"5", "3600"}},
        {"a bad class of errors",  complete + Strings{"--state", "startin=warning"}, {}, {"startin", "starting"}},
        {"a stray argument",       complete + Strings{"stray"}, {}, {"stray"}},
    }));
    // clang-format on
    INFO(c.says);
    const ScriptedServer nobody_comes{{close_connection()}};
    const Finished finished =
        run(plugin(with_port(c.arguments, nobody_comes.port()), c.environment));
    CAPTURE(finished.out);
    const StatusLine line = read_status(finished);
    CHECK(finished.exit_code == 3);
    CHECK(line.code == "CONFIG_ERROR");
    for (const std::string& word : c.words) {
        CHECK_THAT(line.all_text(), has(word));
    }
    CHECK_THAT(line.all_text(), !has("hidden"));
    CHECK(nobody_comes.accepted() == 0);
}

TEST_CASE("help and version end with 3 and go to stdout", "[sources]")
{
    for (const std::string option : {"--help", "-h", "--version", "-V"}) {
        CAPTURE(option);
        const Finished finished = run(plugin({option}));
        CHECK(finished.exit_code == 3);
        CHECK(finished.err.empty());
        CHECK_THAT(finished.out, has("db-up"));
    }
}

TEST_CASE("quiet prints nothing and keeps the exit code", "[sources]")
{
    struct Case {
        const char* says = "";
        Strings more = {};
        int exit_code = 0;
    };
    const auto c = GENERATE(values<Case>({
        {"OK", {}, 0},
        {"WARNING", {"-w", "0.000001"}, 1},
        {"CRITICAL", {"--port", "1", "--max-retries", "0"}, 2},
        {"UNKNOWN", {"--port", "0"}, 3},
    }));
    INFO(c.says);
    const Finished finished = run(plugin(cluster_arguments(c.more + Strings{"-q"})));
    CHECK(finished.exit_code == c.exit_code);
    CHECK(finished.out.empty());
    CHECK(finished.err.empty());
}

TEST_CASE("limits for the time decide the state and stand in the perfdata", "[sources]")
{
    struct Case {
        const char* says = "";
        Strings more = {};
        const char* state = "";
        const char* warn = "";
        const char* crit = "";
    };
    // clang-format off
    const auto c = GENERATE(values<Case>({
        {"the defaults",            {},                                        "OK",       "6",        "9"},
        {"given with a label",      {"-w", "time=5", "-c", "time=7"},          "OK",       "5",        "7"},
        {"without a label",         {"-w", "5", "-c", "7"},                    "OK",       "5",        "7"},
        {"too slow for a warning",  {"-w", "time=0.000001"},                   "WARNING",  "0.000001", "9"},
        {"too slow",                {"-c", "time=0.000001"},                   "CRITICAL", "6",        "0.000001"},
        {"in milliseconds",         {"-w", "time=1500ms", "-c", "time=2m"},    "OK",       "1.5",      "120"},
        {"too fast",                {"-w", "time=9:"},                         "WARNING",  "9:",       "9"},
        {"inside is bad",           {"-c", "time=@0:9"},                       "CRITICAL", "6",        "@9"},
    }));
    // clang-format on
    INFO(c.says);
    const StatusLine line = check_cluster(c.more);
    CHECK(line.state == c.state);
    CHECK(line.perf.at("up").value == "1");
    CHECK(line.perf.at("time").warn == c.warn);
    CHECK(line.perf.at("time").crit == c.crit);
}

TEST_CASE("verbose output has the attempts and no secret", "[sources]")
{
    for (const std::string option : {"-v", "-vv"}) {
        CAPTURE(option);
        const Finished finished =
            run(plugin({option}, {"DATABASE_URL=" + uri("db_monitor:" + cluster().password())}));
        CHECK(finished.exit_code == 0);
        CHECK_THAT(finished.out, has("DATABASE_URL"));
        CHECK_THAT(finished.out + finished.err, !has(cluster().password()));
    }
    const Finished loud =
        run(plugin({"-vvv"}, {"DATABASE_URL=" + uri("db_monitor:" + cluster().password())}));
    CHECK(loud.exit_code == 0);
    CHECK_THAT(loud.out + loud.err, !has(cluster().password()));
}

/// The variables of a process, as far as we may see them; those of db-up only root may.
std::string variables_of(pid_t process)
{
    try {
        return read_file("/proc/" + std::to_string(process) + "/environ");
    } catch (const std::runtime_error&) {
        return {};
    }
}

/// Processes whose command line has the text, seen by the whole host; our own excepted.
int command_lines_with(const std::string& text)
{
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator{"/proc"}) {
        const std::string name = entry.path().filename();
        if (name.find_first_not_of("0123456789") != std::string::npos ||
            name == std::to_string(::getpid())) {
            continue;
        }
        try {
            count += read_file(entry.path() / "cmdline").find(text) != std::string::npos ? 1 : 0;
        } catch (const std::runtime_error&) { // ended meanwhile
        }
    }
    return count;
}

TEST_CASE("the password is in no command line and no variable while the check runs", "[sources]")
{
    const std::string secret = "Open-Sesame-4711";
    struct Case {
        const char* says = "";
        Strings arguments = {};
        Strings environment = {};
    };
    const std::string target = "@127.0.0.1:{port}/mydb";
    const auto c = GENERATE_COPY(values<Case>({
        {"given in a URI argument", {"--uri", "postgresql://u:" + secret + target}, {}},
        {"given in a URI argument with =", {"--uri=postgresql://u:" + secret + target}, {}},
        {"given as a parameter of the URI",
         {"--uri", "postgresql://u" + target + "?password=" + secret},
         {}},
        {"given in a URI variable", {}, {"DATABASE_URL=postgresql://u:" + secret + target}},
        {"given in a variable", {"--uri", "postgresql://u" + target}, {"DB_PASSWORD=" + secret}},
        {"given in variables of others",
         {"--uri", "postgresql://u" + target},
         {"PGPASSWORD=" + secret, "POSTGRES_PASSWORD=" + secret}},
    }));
    INFO(c.says);
    const ScriptedServer silent{{read_startup(), stay_silent()}};
    Process process{
        plugin(with_port(c.arguments, silent.port()), with_port(c.environment, silent.port()))};
    silent.wait_until_arrived();
    CHECK(command_lines_with(secret) == 0);
    CHECK_THAT(variables_of(process.pid()), !has(secret));
    process.send(SIGTERM);
    const Finished finished = process.wait();
    CHECK_THAT(finished.out + finished.err, !has(secret));
    CHECK_NOTHROW(read_status(finished));
}

TEST_CASE("a password that the server echoes is not printed", "[sources]")
{
    const std::string secret = "Open-Sesame-4711";
    const std::string error = message('E', "SFATAL\0VFATAL\0C28P01\0Mno, not "s + secret + "\0\0"s);
    const ScriptedServer echo{{read_startup(), send_bytes(error), close_connection()}};
    const Finished finished =
        run(plugin(peer_arguments(echo.port(), {"-vv"}), {"DB_PASSWORD=" + secret}));
    CHECK(finished.exit_code == 2);
    CHECK_THAT(finished.out, has("AUTHENTICATION_ERROR"));
    CHECK_THAT(finished.out + finished.err, !has(secret));
}

} // namespace

} // namespace dbup_test
