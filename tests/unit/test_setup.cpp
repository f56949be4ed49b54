// SPDX-License-Identifier: MIT
// --setup with a person who has made up his mind: every answer is there before the first question.
#include "config/terminal.hpp"

#include <deque>

#include "support/catch.hpp"
#include "unit/fakes.hpp"

namespace dbup_test {

namespace {

/// Gives its answers one after the other, and leaves when there are none left.
class FakeTerminal final : public dbup::Terminal {
public:
    explicit FakeTerminal(std::deque<std::string> answers) : answers_{std::move(answers)} {}

    [[nodiscard]] bool is_there() const override { return there; }
    void say(std::string_view text) override { shown += text; }
    std::string ask(std::string_view prompt) override
    {
        say(prompt);
        if (answers_.empty()) {
            throw Failure{ErrorClass::interrupted};
        }
        auto answer = answers_.front();
        answers_.pop_front();
        return answer;
    }
    dbup::Secret ask_hidden(std::string_view prompt) override
    {
        ++hidden;
        return dbup::Secret{ask(prompt)};
    }

    std::string shown = {};
    bool there = true;
    int hidden = 0;

private:
    using Failure = dbup::Failure;

    std::deque<std::string> answers_;
};

class FakeWriter final : public dbup::FileWriter {
public:
    [[nodiscard]] bool exists(const std::string& path) const override
    {
        return files.contains(path);
    }
    [[nodiscard]] std::string absolute(const std::string& path) const override
    {
        return path.starts_with('/') ? path
                                     : "/home/m/" + path.substr(path.starts_with("./") ? 2 : 0);
    }
    void write(std::span<const dbup::PrivateFile> wanted) override
    {
        if (full) {
            full = false;
            throw dbup::Failure{ErrorClass::local, "No space left on device"}.with_message(
                "cannot write '" + wanted.front().path + "'");
        }
        for (const auto& file : wanted) {
            CHECK((file.replace || !files.contains(file.path)));
            files[file.path] = file.text.reveal();
        }
    }

    std::map<std::string, std::string> files = {};
    bool full = false; ///< for one attempt
};

/// A setup of a server that answers.
struct Wizard {
    explicit Wizard(std::deque<std::string> answers) : terminal{std::move(answers)}
    {
        scene.terminal = &terminal;
        scene.writer = &writer;
    }

    dbup::Outcome run(std::vector<std::string> more = {})
    {
        more.insert(more.begin(), "--setup");
        return scene.run(std::move(more));
    }

    Scene scene = {};
    FakeTerminal terminal;
    FakeWriter writer = {};
};

// host, port, database, user, password, TLS mode, interval, SQL, the three files
const std::deque<std::string> usual{"db1",
                                    "6432",
                                    "mydb",
                                    "mon",
                                    "pa ss",
                                    "require",
                                    "300",
                                    "no",
                                    "config.yaml",
                                    "db-up.env",
                                    "db-up.password"};

TEST_CASE("the answers become three files", "[setup]")
{
    Wizard wizard{usual};
    const auto outcome = wizard.run();
    CHECK(outcome.exit_code == 0);
    CHECK(wizard.terminal.hidden == 1);
    CHECK_THAT(wizard.terminal.shown, has("  OK: mydb at db1:6432 answers in ") && !has("pa ss"));
    CHECK(wizard.writer.files.size() == 3);
    CHECK_THAT(
        wizard.writer.files["/home/m/config.yaml"],
        has("database:\n  host: \"db1\"\n  port: \"6432\"\n  name: \"mydb\"\n  user: \"mon\"\n"
            "  ssl_mode: \"require\"\n  password_file: \"/home/m/db-up.password\"\nmonitor:\n  "
            "check_interval: \"300\"\n") &&
            !has("pa ss"));
    CHECK_THAT(wizard.writer.files["/home/m/db-up.env"],
               has("\nDB_UP_CONFIG=/home/m/config.yaml\n") && !has("pa ss"));
    CHECK(wizard.writer.files["/home/m/db-up.password"] == "pa ss\n");
    CHECK_THAT(outcome.text,
               has("/home/m/config.yaml\n") && has("set -a; . /home/m/db-up.env; db-up") &&
                   !has("pa ss"));
}

TEST_CASE("a definition made from the files names the password that was written", "[setup]")
{
    Wizard wizard{usual};
    CHECK(wizard.run().exit_code == 0);
    for (const std::string kind : {"systemd", "cron", "nagios"}) {
        CAPTURE(kind);
        Scene scene;
        scene.reader.files = wizard.writer.files;
        const auto outcome = scene.run({"--config", "/home/m/config.yaml", "--generate", kind});
        CHECK(outcome.exit_code == 0);
        CHECK_THAT(outcome.text,
                   has("/home/m/db-up.password") && !has("/etc/db-up/password") &&
                       !has("First put the password"));
    }
}

TEST_CASE("whoever leaves at any question leaves nothing", "[setup]")
{
    const auto answers = static_cast<std::size_t>(GENERATE(range(0, 11)));
    Wizard wizard{{usual.begin(), usual.begin() + static_cast<std::ptrdiff_t>(answers)}};
    const auto outcome = wizard.run();
    CHECK(outcome.exit_code == 3);
    CHECK_THAT(outcome.text,
               has("[INTERRUPTED]") && has("nothing was written") &&
                   has("Fix: Begin again with db-up --setup") && !has("caller") && !has("pa ss"));
    CHECK(wizard.writer.files.empty());
}

TEST_CASE("a setup that is left while it is stuck is told as such", "[setup]")
{
    Wizard wizard{usual};
    dbup::Run program{wizard.scene.parts()};
    dbup::Outcome cut;
    wizard.scene.connector.on_open = [&] { cut = program.cut_short(ErrorClass::interrupted); };
    static_cast<void>(wizard.scene.execute(program, {"--setup"}));
    CHECK(cut.exit_code == 3);
    CHECK(headline(cut.text) == "DB-UP UNKNOWN - the setup was left before its end [INTERRUPTED]");
    CHECK_THAT(cut.text, has("Fix: Begin again with db-up --setup") && !has("caller"));
}

TEST_CASE("what is set already is the answer of an empty line", "[setup]")
{
    Wizard wizard{{"", "", "", "", "", "", "", "", "", "", ""}};
    wizard.scene.environment.variables = {{"DB_PASSWORD", "hunter22"}, {"DB_NAME", "shop"}};
    wizard.scene.reader.files = {
        {"/srv/check.yaml", "database:\n  host: db7\nmonitor:\n  max_retries: 0\n"}};
    CHECK(wizard.run({"--config", "/srv/check.yaml", "-U", "mon", "-w", "9"}).exit_code == 0);
    CHECK_THAT(wizard.terminal.shown,
               has("Host [db7]: ") && has("Database [shop]: ") && has("[as before]: ") &&
                   has("[require]: ") && has("[60]: ") &&
                   has("Configuration file [/srv/check.yaml]: ") && has("[/srv/db-up.env]: ") &&
                   !has("hunter22"));
    CHECK_THAT(wizard.writer.files["/srv/check.yaml"],
               has("max_retries: \"0\"") && has("warning: \"9\"") && !has("hunter22"));
    CHECK(wizard.writer.files["/srv/db-up.password"] == "hunter22\n");
}

TEST_CASE("a password file stays one, unless a password is typed", "[setup]")
{
    const bool typed = GENERATE(false, true);
    Wizard wizard{{"", "", "", "", typed ? "other" : "", "", "", "", "", ""}};
    wizard.scene.reader.files = {{"/srv/secret", "hunter22\n"}};
    CHECK(wizard.run({"-d", "mydb", "--password-file", "/srv/secret"}).exit_code == 0);
    CHECK_THAT(wizard.terminal.shown, has("[from /srv/secret]: "));
    const auto& config = wizard.writer.files["/home/m/config.yaml"];
    const auto& environment = wizard.writer.files["/home/m/db-up.env"];
    CHECK((config.find("password_file: \"/srv/secret\"") == std::string::npos) == typed);
    CHECK(wizard.writer.files.contains("/home/m/db-up.password") == typed);
    CHECK((config.find("password_file: \"/home/m/db-up.password\"") != std::string::npos) == typed);
    CHECK_THAT(config + environment, !has("hunter22"));
}

TEST_CASE("a server that refuses is told, and the person decides", "[setup]")
{
    struct Case {
        const char* answer = "";
        int exit_code = 0;
        std::size_t files = 0;
    };
    const auto c = GENERATE(values<Case>({{"write", 0, 2}, {"W", 0, 2}, {"quit", 3, 0}}));
    CAPTURE(c.answer);
    Wizard wizard{{"", "", "", "", "", "", "", c.answer, "", ""}};
    wizard.scene.connector.servers = {refusing()};
    const auto outcome = wizard.run({"-d", "mydb", "--max-retries", "0"});
    CHECK(outcome.exit_code == c.exit_code);
    CHECK_THAT(wizard.terminal.shown, has("  CRITICAL: connection refused at localhost:5432"));
    CHECK(wizard.writer.files.size() == c.files);
}

TEST_CASE("a server is asked again with the next answers", "[setup]")
{
    Wizard wizard{{"", "", "", "", "", "", "", "again", "db2", "", "", "", "", "", "", "", ""}};
    wizard.scene.connector.servers = {refusing(), Server{}};
    CHECK(wizard.run({"-d", "mydb", "--max-retries", "0"}).exit_code == 0);
    CHECK_THAT(wizard.terminal.shown, has("OK: mydb at db2:5432 answers in "));
    CHECK_THAT(wizard.writer.files["/home/m/config.yaml"], has("host: \"db2\""));
}

TEST_CASE("a password that no file can carry is asked for again", "[setup]")
{
    Wizard wizard{{"", "", "", "", "a\033b", "right", "", "", "", "", ""}};
    CHECK(wizard.run({"-d", "mydb"}).exit_code == 0);
    CHECK(wizard.terminal.hidden == 2);
    CHECK(wizard.writer.files["/home/m/db-up.password"] == "right\n");
}

TEST_CASE("files that cannot be written are asked for again", "[setup]")
{
    Wizard wizard{{"", "", "", "", "", "", "", "/full/c.yaml", "", "c.yaml", "c.env"}};
    wizard.writer.full = true;
    CHECK(wizard.run({"-d", "mydb"}).exit_code == 0);
    CHECK_THAT(wizard.terminal.shown,
               has("  cannot write '/full/c.yaml': No space left on device\n"));
    CHECK(wizard.writer.files.contains("/home/m/c.yaml"));
    CHECK(wizard.writer.files.size() == 2);
}

TEST_CASE("what comes from outside cannot play with the terminal", "[setup]")
{
    Wizard wizard{{}};
    CHECK(wizard.run({"-H", "db\x1b[2J1"}).exit_code == 3);
    CHECK(wizard.terminal.shown.find('\x1b') == std::string::npos);
}

TEST_CASE("what would be refused is not offered", "[setup]")
{
    auto answers = usual;
    answers.insert(answers.begin() + 2, ""); // to the database
    Wizard wizard{answers};
    CHECK(wizard.run({"-d", "a\nb", "-U", "mon"}).exit_code == 0);
    CHECK_THAT(wizard.terminal.shown,
               has("Port [5432]: Database:   this is needed\nDatabase: User [mon]: "));
    CHECK_THAT(wizard.writer.files["/home/m/config.yaml"], has("name: \"mydb\""));
}

TEST_CASE("without a terminal there is no setup", "[setup]")
{
    Wizard wizard{usual};
    wizard.terminal.there = false;
    const auto outcome = wizard.run();
    CHECK(outcome.exit_code == 3);
    CHECK_THAT(outcome.text,
               has("--setup asks on a terminal") && has("--generate config") &&
                   has("[CONFIG_ERROR]"));
    CHECK(wizard.terminal.shown.empty());
}

} // namespace

} // namespace dbup_test
