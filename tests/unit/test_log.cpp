// SPDX-License-Identifier: MIT
// What a run tells about itself: the format for people, the lines on stderr, the line of the log
// file.
#include "actions/action.hpp"
#include "core/text.hpp"
#include "core/timestamp.hpp"

#include <algorithm>
#include <climits>

#include "support/catch.hpp"
#include "unit/fakes.hpp"
#include <nlohmann/json.hpp>

namespace dbup_test {

namespace {

using dbup::Failure;
using dbup::LogLevel;

TEST_CASE("a point in time is written in UTC with milliseconds", "[log]")
{
    struct Case {
        double time = 0;
        const char* text = "";
    };
    const auto c = GENERATE(values<Case>({
        {0, "1970-01-01 00:00:00.000Z"},
        {1'765'794'645.123, "2025-12-15 10:30:45.123Z"},
        {1'709'164'799.9996, "2024-02-28 23:59:59.999Z"},
        {4'102'444'800.5, "2100-01-01 00:00:00.500Z"},
        {-0.25, "1969-12-31 23:59:59.750Z"},
    }));
    CHECK(dbup::timestamp_text(c.time + 1e-6) == c.text);
    CHECK(dbup::iso_timestamp(c.time + 1e-6) == dbup::replaced(c.text, " ", "T"));
}

TEST_CASE("a date is read as PostgreSQL writes it", "[log]")
{
    struct Case {
        const char* text = "";
        double time = 0;
    };
    const auto c = GENERATE(values<Case>({
        {"1970-01-01 00:00:00+00", 0},
        {"2025-12-15 10:30:45.123456+00", 1'765'794'645.123456},
        {"2025-12-15 16:00:45.5+05:30", 1'765'794'645.5},
        {"2025-12-15 06:30:45-04", 1'765'794'645},
        {"2025-12-15 05:58:45-04:32", 1'765'794'645},
        {"2025-12-15 10:50:17+00:19:32", 1'765'794'645},
        {"2025-12-15 10:11:13-00:19:32", 1'765'794'645},
        {"2024-02-29 12:00:00+14", 1'709'157'600},
        {"1969-12-31 23:59:59.75+00", -0.25},
    }));
    CAPTURE(c.text);
    CHECK(dbup::unix_time_of(c.text).value() == Approx(c.time).epsilon(1e-15));
}

TEST_CASE("what is no ISO date has no time", "[log]")
{
    const std::string text = GENERATE("",
                                      "1800003600.5",
                                      "15.12.2025 10:30:45.123 CET",
                                      "12/15/2025 10:30:45 UTC",
                                      "Mon 15 Dec 10:30:45.123 2025 UTC",
                                      "2025-12-15 10:30:45",
                                      "2025-12-15 10:30:45+",
                                      "2025-12-15 10:30:45+00:",
                                      "2025-12-15 10:30:45+00:19:",
                                      "2025-12-15 10:30:45+00:19:60",
                                      "2025-12-15 10:30:45+00:19:-9223372036854775808",
                                      "2025-12-15 10:30:45+00:19:9223372036854775807",
                                      "2025-12-15 10:30:45.+00",
                                      "2025-12-15 10:30:45+00 BC",
                                      "2025-13-15 10:30:45+00",
                                      "infinity");
    CAPTURE(text);
    CHECK_FALSE(dbup::unix_time_of(text).has_value());
}

/// A world in which the run ends at a known time.
struct Timed : Scene {
    std::string stamp() { return dbup::timestamp_text(clock.unix_time()); }
};

TEST_CASE("the format for people has the result in one line", "[log]")
{
    struct Case {
        std::vector<std::string> arguments = {};
        std::vector<Server> servers = {};
        int exit_code = 0;
        std::string line = {};
        std::string more = {};
    };
    const auto slow = [] {
        Server server;
        server.query = std::chrono::milliseconds{1'189};
        return server;
    }();
    const auto c = GENERATE_COPY(values<Case>({
        {{}, {Server{}}, 0, "[INFO] Health check passed - Response time: 11ms", ""},
        {{},
         {refusing(), Server{}},
         0,
         "[INFO] Health check passed - Response time: 11ms (recovered after 1 retry)",
         ""},
        {{},
         {refusing(), refusing(), Server{}},
         0,
         "[INFO] Health check passed - Response time: 11ms (recovered after 2 retries)",
         ""},
        {{"-w", "1"},
         {slow},
         1,
         "[WARNING] Health check passed with a warning - time is 1.2 s (above 1 s) - Response "
         "time: 1199ms",
         ""},
        {{"-c", "1ms", "-w", "tls=1ms"},
         {Server{}},
         2,
         "[ERROR] Health check failed - time is 11.3 ms (above 1 ms), tls is 4 ms (above 1 ms) - "
         "Response time: 11ms",
         ""},
        {{"--max-retries", "0"},
         {refusing()},
         2,
         "[ERROR] Health check failed - CONNECTION_REFUSED: connection refused at db1:5432",
         "Reason: Connection refused\nFix: Check that PostgreSQL runs there (systemctl status "
         "postgresql) and listens on that address and port; check firewall rules\n"},
        {{"--max-retries", "0", "--no-hints"},
         {refusing()},
         2,
         "[ERROR] Health check failed - CONNECTION_REFUSED: connection refused at db1:5432",
         ""},
        {{"--max-retries", "0", "--no-hints", "--state", "refused=ok"},
         {refusing()},
         0,
         "[INFO] Health check failed - CONNECTION_REFUSED: connection refused at db1:5432",
         ""},
        {{"-p", "0"},
         {Server{}},
         3,
         "[ERROR] Health check failed - CONFIG_ERROR: -p: '0' is not a TCP port (1 to 65535)",
         ""},
    }));
    CAPTURE(c.arguments);
    Timed scene;
    scene.connector.servers = {c.servers.begin(), c.servers.end()};
    auto arguments = command_line(c.arguments);
    arguments.insert(arguments.begin(), "--output=text");
    const auto outcome = scene.run(arguments);
    CHECK(outcome.exit_code == c.exit_code);
    CHECK(outcome.text == scene.stamp() + ' ' + c.line + '\n' + c.more);
}

TEST_CASE("the hints can be left out of the status text", "[log]")
{
    Scene scene;
    scene.connector.servers = {refusing()};
    const auto outcome = scene.run(command_line({"--no-hints"}));
    CHECK(outcome.exit_code == 2);
    CHECK(std::count(outcome.text.begin(), outcome.text.end(), '\n') == 1);
}

TEST_CASE("the format for people has colours at a terminal only", "[log]")
{
    struct Case {
        const char* format = "";
        bool terminal = false;
        bool colour = false;
    };
    const auto c = GENERATE(values<Case>({
        {"text", true, true},
        {"text", false, false},
        {"nagios", true, false},
    }));
    Scene scene;
    auto parts = scene.parts();
    parts.process.colour = [&c] { return c.terminal; };
    dbup::Run program{parts};
    const auto outcome = scene.execute(program, command_line({"--output", c.format}));
    CHECK(outcome.exit_code == 0);
    CHECK((outcome.text.find("\x1b[32mINFO\x1b[0m") != std::string::npos) == c.colour);
    CHECK((outcome.text.find('\x1b') != std::string::npos) == c.colour);
}

TEST_CASE("a level lets through what matters as much or more", "[log]")
{
    struct Case {
        std::vector<std::string> arguments = {};
        std::vector<std::string> heard = {}; ///< words of the levels
        LogLevel console = LogLevel::off;
    };
    const auto c = GENERATE(values<Case>({
        {{}, {}, LogLevel::off},
        {{"-vv"}, {}, LogLevel::off},
        {{"--log-level", "off"}, {}, LogLevel::off},
        {{"--log-level", "error"}, {}, LogLevel::error},
        {{"--log-level", "warning"}, {"WARNING"}, LogLevel::warning},
        {{"--log-level", "WARN"}, {"WARNING"}, LogLevel::warning},
        {{"--log-level", "info"}, {"INFO", "WARNING"}, LogLevel::info},
        {{"--log-level", "debug"}, {"DEBUG", "INFO", "WARNING"}, LogLevel::debug},
        {{"-vvv"}, {"DEBUG", "INFO", "WARNING"}, LogLevel::debug},
        {{"--log-output", "console"}, {"INFO", "WARNING"}, LogLevel::info},
        {{"--log-output", "both", "--log-file", "/l"}, {"INFO", "WARNING"}, LogLevel::info},
        {{"--log-output", "file", "--log-file", "/l", "--log-level", "debug"}, {}, LogLevel::off},
        {{"--log-output", "console", "--log-level", "error"}, {}, LogLevel::error},
    }));
    CAPTURE(c.arguments);
    Scene scene;
    scene.connector.servers = {refusing(), Server{}};
    const auto outcome = scene.run(command_line(c.arguments));
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.console == c.console);
    CHECK(outcome.level == LogLevel::info);
    for (const std::string level : {"DEBUG", "INFO", "WARNING"}) {
        CAPTURE(level);
        const bool heard =
            std::any_of(scene.steps.begin(), scene.steps.end(), [&level](const std::string& step) {
                return step.starts_with(level + ':');
            });
        CHECK(heard == (std::find(c.heard.begin(), c.heard.end(), level) != c.heard.end()));
    }
}

TEST_CASE("where the log goes may not be contradictory", "[log]")
{
    struct Case {
        std::vector<std::string> arguments = {};
        const char* message = "";
    };
    const auto c = GENERATE(values<Case>({
        {{"--log-output", "file"}, "--log-output: 'file' needs the name of a file; add --log-file"},
        {{"--log-output", "both"}, "--log-output: 'both' needs the name of a file; add --log-file"},
        {{"--log-output", "console", "--log-file", "/l"},
         "--log-output: 'console' contradicts --log-file; use 'both'"},
    }));
    CAPTURE(c.arguments);
    Scene scene;
    CHECK(refusal(scene, command_line(c.arguments)) == c.message);
}

TEST_CASE("the command line may leave out a log file of the environment", "[log]")
{
    Scene scene;
    scene.environment.variables["DB_LOG_FILE"] = "/l";
    CHECK(scene.run(command_line({})).log_file == "/l");
    CHECK(scene.run(command_line({"--log-output", "console"})).log_file.empty());
    scene.environment.variables["DB_LOG_OUTPUT"] = "console";
    const auto noted = scene.run(command_line({"-v"}));
    CHECK(noted.log_file.empty());
    CHECK_THAT(noted.text,
               has("Note: environment DB_LOG_FILE: no log file is written, environment "
                   "DB_LOG_OUTPUT is 'console'\n"));
}

TEST_CASE("the text line of the log tells who, when and what", "[log]")
{
    Timed scene;
    const auto outcome = scene.run(command_line({"--log-file", "/l"}));
    CHECK(outcome.log_file == "/l");
    CHECK(outcome.log_line ==
          dbup::iso_timestamp(scene.clock.unix_time()) +
              " [INFO] Health check passed - Response time: 11ms; mydb at db1:5432 answers in 11.3 "
              "ms (PostgreSQL 15.18, primary, TLSv1.3) - host=monitor1 pid=4711 version=" +
              std::string{dbup::program_version()} + " state=OK response_time_ms=11.3\n");
}

TEST_CASE("the JSON line of the log has the promised names", "[log]")
{
    Timed scene;
    scene.connector.servers = {refusing(), Server{}};
    const auto good = scene.run(command_line({"--log-file", "/l", "--log-format", "json"}));
    CHECK(nlohmann::json::parse(good.log_line) ==
          nlohmann::json{
              {"timestamp", dbup::iso_timestamp(scene.clock.unix_time())},
              {"level", "INFO"},
              {"message",
               "Health check passed - Response time: 11ms (recovered after 1 retry); mydb at "
               "db1:5432 answers in 11.3 ms (PostgreSQL 15.18, primary, TLSv1.3), recovered after "
               "1 retry"},
              {"status", "success"},
              {"state", "OK"},
              {"response_time_ms", 11.3},
              {"retry_attempt", 1},
              {"max_retries", 3},
              {"application", "db-up"},
              {"version", std::string{dbup::program_version()}},
              {"hostname", "monitor1"},
              {"pid", 4711}});
    const auto counted = scene.run(
        command_line({"--log-file", "/l", "--log-format", "json", "--check-number", "12"}));
    CHECK(nlohmann::json::parse(counted.log_line)["check_number"] == 12);

    scene.connector.servers = {
        failing(Stage::auth, Failure{ErrorClass::authentication, R"(say "\ no)"})};
    const auto bad = scene.run(command_line({"--log-file", "/l", "--log-format", "json"}));
    const auto line = nlohmann::json::parse(bad.log_line);
    CHECK(line["level"] == "ERROR");
    CHECK(line["status"] == "failure");
    CHECK(line["state"] == "CRITICAL");
    CHECK(line["error_code"] == "AUTHENTICATION_ERROR");
    CHECK(line["error_message"] == R"(authentication failed for user "postgres" at db1:5432)");
    CHECK(
        line["message"] ==
        R"(Health check failed - AUTHENTICATION_ERROR: authentication failed for user "postgres" )"
        R"(at db1:5432 (say "\ no))");
    CHECK(line["retry_attempt"] == 0);
    CHECK(bad.log_line.ends_with("}\n"));
    CHECK(std::count(bad.log_line.begin(), bad.log_line.end(), '\n') == 1);
}

TEST_CASE("a run that ends before its settings are known is logged as well", "[log]")
{
    Scene scene;
    const auto outcome =
        scene.run({"--log-file", "/l", "--log-format", "json", "-d", "x", "-p", "nonsense"});
    CHECK(outcome.exit_code == 3);
    const auto line = nlohmann::json::parse(outcome.log_line);
    CHECK(line["error_code"] == "CONFIG_ERROR");
    CHECK_FALSE(line.contains("response_time_ms"));
    CHECK_FALSE(line.contains("retry_attempt"));
}

TEST_CASE("help and version write no log", "[log]")
{
    Scene scene;
    CHECK(scene.run({"--log-file", "/l", "--help"}).log_file.empty());
    CHECK(scene.run({"--log-file", "/l", "--version"}).log_file.empty());
}

TEST_CASE("nothing of a log line is secret, long or on another line", "[log]")
{
    const auto* const format = GENERATE("text", "json");
    CAPTURE(format);
    for (const auto& row : dbup::error_table()) {
        CAPTURE(row.code);
        Scene scene;
        scene.environment.variables["DB_PASSWORD"] = "hunter2";
        std::string evil = "hunter2\n{\"level\":\"INFO\"}\x1b[31m\xff\"\\";
        evil.append(5'000, '"');
        scene.connector.servers = {failing(Stage::auth, Failure{row.error, evil})};
        auto parts = scene.parts();
        parts.process.host = [] { return std::string(300, 'h').append("\n\xff"); };
        dbup::Run program{parts};
        const auto outcome = scene.execute(program,
                                           {"-H",
                                            std::string(253, 'h'),
                                            "-d",
                                            std::string(60, '"') + "\n",
                                            "--log-file",
                                            "/l",
                                            "--log-format",
                                            format});
        CHECK_THAT(outcome.log_line, !has("hunter2"));
        CHECK_THAT(outcome.sentence, !has("hunter2"));
        CHECK(outcome.log_line.size() <= PIPE_BUF);
        CHECK(std::count(outcome.log_line.begin(), outcome.log_line.end(), '\n') == 1);
        CHECK((std::string_view{format} == "text" || nlohmann::json::accept(outcome.log_line)));
    }
}

TEST_CASE("a run that is cut short is logged as well", "[log]")
{
    Scene scene;
    dbup::Run program{scene.parts()};
    scene.connector.on_open = [&] {
        const auto outcome = program.cut_short(ErrorClass::timeout);
        CHECK(outcome.log_file == "/l");
        CHECK_THAT(outcome.log_line, has("code=TIMEOUT"));
        CHECK_THAT(outcome.text, has("[ERROR] Health check failed - TIMEOUT: no answer from "));
        CHECK(outcome.console == LogLevel::info);
    };
    static_cast<void>(scene.execute(
        program, command_line({"--log-file", "/l", "--output", "text", "--log-level", "info"})));
}

} // namespace

} // namespace dbup_test
