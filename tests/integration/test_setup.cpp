// SPDX-License-Identifier: MIT
// --setup, asked at a real terminal, and its files read by those that they are for.
#include <sys/stat.h>

#include <csignal>
#include <filesystem>

#include "support/catch.hpp"
#include "support/cluster.hpp"
#include "support/network.hpp"
#include "support/plugin.hpp"
#include "support/sandbox.hpp"
#include "support/terminal.hpp"

namespace dbup_test {

namespace {

namespace fs = std::filesystem;

const std::string password_question = "Password, not shown while you type [";
const std::string left_early = "[INTERRUPTED]";

fs::path new_folder()
{
    static int count = 0;
    return Sandbox::shared().make_folder("setup" + std::to_string(++count));
}

Command
setup_in(const fs::path& folder, const Strings& arguments = {}, const Strings& environment = {})
{
    auto command = plugin(Strings{"--setup"} + arguments, environment);
    command.folder = folder;
    return command;
}

/// Answers up to the password's question, for the shared cluster.
void answer_target(TerminalSession& person)
{
    const Cluster& cluster = Cluster::shared();
    person.answer("Host [localhost]: ", "");
    person.answer("Port [5432]: ", cluster.port());
    person.answer("Database: ", cluster.get("DATABASE"));
    person.answer("User [postgres]: ", cluster.get("USER"));
}

void answer_security(TerminalSession& person)
{
    person.answer("[require]: ", "verify-full");
    person.answer("authorities to trust: ", Cluster::shared().ca_file());
    person.answer("Seconds between two checks [60]: ", "300");
    person.answer("Show the SQL that creates this role", "");
}

int files_in(const fs::path& folder)
{
    return static_cast<int>(
        std::distance(fs::directory_iterator{folder}, fs::directory_iterator{}));
}

unsigned mode_of(const fs::path& file)
{
    return static_cast<unsigned>(fs::status(file).permissions());
}

TEST_CASE("a setup from the first question to the check with its files", "[setup]")
{
    const auto folder = new_folder();
    const auto password = Cluster::shared().password();
    TerminalSession person{setup_in(folder)};
    answer_target(person);
    person.expect(password_question + "none]: ");
    CHECK_FALSE(person.echoes());
    person.type(password + "\n");
    person.expect("TLS mode");
    CHECK(person.echoes());
    answer_security(person);
    person.expect("OK: mydb at localhost:" + Cluster::shared().port() + " answers in ");
    person.answer("Configuration file [./config.yaml]: ", "");
    person.answer("/db-up.env]: ", "");
    person.answer("/db-up.password]: ", "");
    CHECK(person.wait() == 0);
    CHECK(person.echoes());
    CHECK_THAT(person.shown(), has("Written, for their owner only:") && !has(password));

    CHECK(files_in(folder) == 3);
    for (const auto* const name : {"config.yaml", "db-up.env", "db-up.password"}) {
        CHECK(mode_of(folder / name) == 0600);
    }
    CHECK_THAT(read_file(folder / "config.yaml"),
               !has(password) && has("check_interval: \"300\"") &&
                   has("password_file: \"" + (folder / "db-up.password").string() + "\""));
    CHECK_THAT(read_file(folder / "db-up.env"), !has(password));
    CHECK(read_file(folder / "db-up.password") == password + "\n");

    auto command = plugin({});
    const std::string script = "set -a; . ./db-up.env; exec " + command.argv.front();
    command.argv = {"/bin/sh", "-c", script};
    command.folder = folder;
    const auto line = read_status(run(command));
    CHECK(line.state == "OK");
}

TEST_CASE("wrong answers are asked again with the reason", "[setup]")
{
    const auto folder = new_folder();
    TerminalSession person{setup_in(folder, {"--max-retries", "0"})};
    person.answer("Host [localhost]: ", "db1,,db2");
    person.expect("names an empty host");
    person.answer("Host [localhost]: ", "127.0.0.1");
    person.answer("Port [5432]: ", "70000");
    person.expect("Port: '70000' is not a TCP port (1 to 65535)");
    const auto nobody = free_port();
    person.answer("Port [5432]: ", nobody);
    person.answer("Database: ", "");
    person.expect("this is needed");
    person.answer("Database: ", "postgres://x:y@z/d");
    person.expect("a connection URI is not expected here");
    person.answer("Database: ", "mydb");
    person.answer("User [postgres]: ", "");
    person.answer(password_question, "");
    person.answer("[require]: ", "verify-fully");
    person.expect("Did you mean 'verify-full'?");
    person.answer("[require]: ", "verify-full");
    person.answer("authorities to trust: ", "ca.pem");
    person.expect("write the whole path");
    person.answer("authorities to trust: ", "/nonexistent/ca.pem");
    person.expect("cannot read '/nonexistent/ca.pem': No such file or directory");
    person.answer("authorities to trust: ", Cluster::shared().ca_file());
    person.answer("Seconds between two checks [60]: ", "2");
    person.expect("Check interval must be between 5 and 3600 seconds");
    person.answer("Seconds between two checks [60]: ", "");
    person.expect("CRITICAL: connection refused at 127.0.0.1:" + nobody, 20);
    person.answer("Ask again, write the files anyway, or quit?", "perhaps");
    person.expect("one of again, write, quit");
    person.answer("Ask again, write the files anyway, or quit?", "");
    person.answer("Host [127.0.0.1]: ", ""); // the answers are kept
    person.answer("Port [" + nobody + "]: ", "");
    person.answer("Database [mydb]: ", "");
    person.expect("User [postgres]: ");
    person.type("\x04");
    CHECK(person.wait() == 3);
    CHECK_THAT(person.shown(), has(left_early));
    CHECK(files_in(folder) == 0);
}

TEST_CASE("files that are there are kept unless it is wished otherwise", "[setup]")
{
    const auto folder = new_folder();
    write_file(folder / "config.yaml", "monitor:\n  max_retries: 0\n");
    fs::permissions(folder / "config.yaml", fs::perms{0600});
    fs::create_symlink("/nonexistent/elsewhere", folder / "db-up.env");
    const Strings target{"--host",
                         "127.0.0.1",
                         "--port",
                         free_port(),
                         "--database",
                         "mydb",
                         "--config",
                         (folder / "config.yaml").string()};
    TerminalSession person{setup_in(folder, target)};
    for (const auto* const question :
         {"Host [127.0.0.1]: ", "Port [", "Database [mydb]: ", "User ["}) {
        person.answer(question, "");
    }
    person.answer(password_question, "it's \"$HOME\" `x` \\ ü #;");
    person.answer("[require]: ", "");
    person.answer("Seconds between two checks", "");
    person.expect("CRITICAL: connection refused");
    person.answer("Ask again, write the files anyway, or quit?", "w");
    person.answer("Configuration file [" + (folder / "config.yaml").string() + "]: ", "");
    person.answer("config.yaml' is there. Overwrite it? (no, yes) [no]: ", "");
    CHECK(read_file(folder / "config.yaml") == "monitor:\n  max_retries: 0\n");
    person.answer("Configuration file [", "other.yaml");
    person.answer("Environment file [", "other.yaml");
    person.expect("this is another of the files");
    person.answer("Environment file [", "");
    person.answer("db-up.env' is there. Overwrite it?", "yes");
    person.answer("File for the password [", "");
    CHECK(person.wait() == 0);
    CHECK(read_file(folder / "config.yaml") == "monitor:\n  max_retries: 0\n");
    CHECK_THAT(read_file(folder / "other.yaml"), has("max_retries: \"0\"") && !has("it's"));
    CHECK_FALSE(fs::is_symlink(folder / "db-up.env"));
    CHECK(mode_of(folder / "db-up.env") == 0600);
    CHECK(files_in(folder) == 4);
    CHECK(read_file(folder / "db-up.password") == "it's \"$HOME\" `x` \\ ü #;\n");

    const std::string script = "set -a; . ./db-up.env; printf '%s' \"$DB_UP_CONFIG\"";
    CHECK(run_or_throw({.argv = {"/bin/sh", "-c", script}, .folder = folder}) ==
          (folder / "other.yaml").string());
}

TEST_CASE("a folder that takes no file is told, and another one asked for", "[setup]")
{
    const auto folder = new_folder();
    TerminalSession person{setup_in(
        folder,
        {"--host", "127.0.0.1", "--port", free_port(), "-d", "mydb", "--max-retries", "0"})};
    for (const auto* const question :
         {"Host [", "Port [", "Database [", "User [", "Password", "[require]: ", "[60]: "}) {
        person.answer(question, "");
    }
    person.answer("Ask again, write the files anyway, or quit?", "write");
    person.answer("Configuration file [", "first.yaml");
    person.answer("Environment file [", "/proc/nowhere/db-up.env");
    person.expect("cannot write '/proc/nowhere/db-up.env': No such file or directory");
    CHECK(files_in(folder) == 0); // none of the two
    person.answer("Configuration file [", "");
    person.answer("Environment file [", "");
    CHECK(person.wait() == 0);
    CHECK(files_in(folder) == 2);
}

TEST_CASE("whoever leaves finds everything as it was", "[setup]")
{
    struct Case {
        const char* name = "";
        int signal = 0;         ///< sent by another program
        const char* typed = ""; ///< or a key
    };
    const auto c = GENERATE(Case{"Ctrl-C", 0, "\x03"},
                            Case{"Ctrl-D", 0, "\x04"},
                            Case{"a part of a word, then Ctrl-C", 0, "secre\x03"},
                            Case{"Ctrl-\\", 0, "\x1c"},
                            Case{"a part of a word, then Ctrl-\\", 0, "secre\x1c"},
                            Case{"SIGTERM", SIGTERM, ""},
                            Case{"SIGQUIT", SIGQUIT, ""},
                            Case{"SIGHUP", SIGHUP, ""});
    const bool at_password = GENERATE(true, false);
    CAPTURE(c.name, at_password);
    const auto folder = new_folder();
    TerminalSession person{setup_in(folder)};
    if (at_password) {
        answer_target(person);
        person.expect(password_question);
        CHECK_FALSE(person.echoes());
    } else {
        person.expect("Host [localhost]: ");
    }
    if (c.signal != 0) {
        person.send(c.signal);
    } else {
        person.type(c.typed);
    }
    CHECK(person.wait() == 3);
    CHECK(person.echoes());
    CHECK_THAT(person.shown(), has(left_early));
    if (at_password) {
        CHECK_THAT(person.shown(), !has("secre"));
    }
    CHECK(files_in(folder) == 0);
}

TEST_CASE("the key that stops a program does not leave the terminal without echo", "[setup]")
{
    const auto folder = new_folder();
    TerminalSession person{setup_in(folder)};
    answer_target(person);
    person.expect(password_question);
    person.type("\x1ax\n"); // Ctrl-Z is no key there, but a part of the answer
    person.expect("control characters");
    person.expect(password_question);
    CHECK_FALSE(person.echoes());
    person.type("\x03");
    CHECK(person.wait() == 3);
    CHECK(person.echoes());
}

TEST_CASE("a terminal that is lost ends the setup", "[setup]")
{
    const auto folder = new_folder();
    TerminalSession person{setup_in(folder)};
    answer_target(person);
    person.expect(password_question);
    person.hang_up();
    CHECK(person.wait() == 3);
    CHECK(files_in(folder) == 0);
}

TEST_CASE("a person may take longer than a check", "[setup]")
{
    const auto folder = new_folder();
    TerminalSession person{setup_in(folder, {"--timeout", "200ms", "--connect-timeout", "150ms"})};
    person.expect("Host [localhost]: ");
    CHECK_THROWS(person.expect("DB-UP", 0.6)); // nothing ends while nobody types
    person.type("\n");
    person.answer("Port [5432]: ", "");
    person.expect("Database: ");
    person.type("\x03");
    CHECK(person.wait() == 3);
}

TEST_CASE("leaving while it connects leaves nothing", "[setup]")
{
    const DeadAddress dead{"127.0.0.1"};
    const auto folder = new_folder();
    TerminalSession person{
        setup_in(folder, {"--host", "127.0.0.1", "--port", dead.port(), "-d", "mydb"})};
    for (const auto* const question :
         {"Host [", "Port [", "Database [", "User [", "Password", "[require]: ", "[60]: "}) {
        person.answer(question, "");
    }
    person.expect("Trying to connect");
    person.type("\x03");
    CHECK(person.wait() == 3);
    CHECK_THAT(person.shown(), has(left_early));
    CHECK(files_in(folder) == 0);
}

TEST_CASE("without a terminal it says what to do instead", "[setup]")
{
    const auto line = check({"--setup"});
    CHECK(line.state == "UNKNOWN");
    CHECK(line.code == "CONFIG_ERROR");
    CHECK_THAT(line.text, has("--setup asks on a terminal") && has("--generate config"));
}

TEST_CASE("the SQL for the role is shown before the test", "[setup]")
{
    const auto folder = new_folder();
    TerminalSession person{setup_in(folder)};
    answer_target(person);
    person.answer(password_question, Cluster::shared().password());
    person.answer("[require]: ", "");
    person.answer("[60]: ", "");
    person.answer(
        "Show the SQL that creates this role, to be run before the test? (no, yes) [no]: ", "y");
    person.expect("CREATE ROLE \"db_monitor\" LOGIN CONNECTION LIMIT 5;");
    person.expect("OK: mydb");
    person.expect("Configuration file [");
    person.type("\x03");
    CHECK(person.wait() == 3);
    CHECK(files_in(folder) == 0);
}

} // namespace

} // namespace dbup_test
