// SPDX-License-Identifier: MIT
// One JSON object for every outcome, with the keys that docs/json.md promises.
#include "output/format.hpp"

#include <fstream>
#include <sstream>

#include "support/catch.hpp"
#include "unit/fakes.hpp"
#include <nlohmann/json.hpp>

namespace dbup_test {

namespace {

using Json = nlohmann::ordered_json;

Json parsed(const dbup::Outcome& outcome)
{
    CHECK(outcome.text.find('\n') == outcome.text.size() - 1);
    return Json::parse(outcome.text);
}

TEST_CASE("an answer is one JSON object", "[json]")
{
    Scene scene;
    const auto json = parsed(scene.run(command_line({"--output", "json"})));
    CHECK(json["schema"] == 1);
    CHECK(json["status"] == "up");
    CHECK(json["state"] == "OK");
    CHECK(json["check"] == "connection");
    CHECK(json["error_code"].is_null());
    CHECK(json["target"] == "db1:5432");
    CHECK(json["database"] == "mydb");
    CHECK(json["database_version"] == "15.18");
    CHECK(json["is_replica"] == false);
    CHECK(json["level"] == "INFO");
    CHECK(json["retry_attempt"] == 0);
    CHECK(json["max_retries"] == 3);
    CHECK(json["database_time"].get<std::string>().ends_with("Z"));
    CHECK(json["metrics"]["up"] == 1);
    CHECK(json["metrics"]["cert_days"] == 80);
    CHECK(json["response_time_ms"].get<double>() > 1);
    CHECK(json["perfdata"][0]["label"] == "time");
    CHECK(json["perfdata"][0]["warning"] == "6");
    CHECK(json["attempts"].size() == 1);
    CHECK(json["attempts"][0]["stages_ms"]["tls"] == 4);
    CHECK(json["alerts"].empty());
}

TEST_CASE("the scheduler's count is there for who gives it, of every outcome", "[json]")
{
    Scene scene;
    CHECK_FALSE(parsed(scene.run(command_line({"--output", "json"}))).contains("check_number"));
    const auto json =
        parsed(scene.run(command_line({"--output", "json", "--check-number", "9007199254740992"})));
    CHECK(json["check_number"] == 9'007'199'254'740'992);
    CHECK(parsed(scene.run({"--output", "json", "--check-number", "0"}))["check_number"] == 0);
    scene.environment.variables["DB_CHECK_NUMBER"] = "17";
    CHECK(parsed(scene.run({"--output", "json", "-p", "x"}))["check_number"] == 17);
    scene.connector.servers = {refusing()};
    CHECK(parsed(scene.run(command_line({"--output", "json"})))["check_number"] == 17);
}

TEST_CASE("the server's own address is there where it was asked for", "[json]")
{
    Scene scene;
    const auto address = [&scene] {
        return parsed(scene.run(command_line({"--output", "json", "-vv"})))["server_address"];
    };
    CHECK(address().is_null());
    auto& own = scene.connector.servers.front().facts.own_address;
    own = "";
    CHECK(address().is_null());
    own = "192.0.2.7:5433";
    CHECK(address() == "192.0.2.7:5433");
    const auto hidden =
        parsed(scene.run(command_line({"--output", "json", "-vv", "--redact-hosts"})));
    CHECK(hidden["server_address"] == "***:5433");
}

TEST_CASE("every failure is a JSON object as well", "[json]")
{
    Scene scene;
    scene.connector.servers = {refusing()};
    const auto json = parsed(scene.run(command_line({"--output", "json", "--max-retries", "1"})));
    CHECK(json["status"] == "down");
    CHECK(json["error_code"] == "CONNECTION_REFUSED");
    CHECK(json["error_message"] == "connection refused at db1:5432, 2 attempts in 501 ms");
    CHECK(json["level"] == "ERROR");
    CHECK(json["retry_attempt"] == 1);
    CHECK(json["metrics"]["up"] == 0);
    CHECK(json["database_version"].is_null());
    CHECK(json["attempts"].size() == 2);
    CHECK(json["attempts"][1]["error_code"] == "CONNECTION_REFUSED");
    CHECK(json["alerts"].size() == 1);
    CHECK_FALSE(json["fix"].is_null());
}

TEST_CASE("wrong usage is a JSON object as well", "[json]")
{
    const auto words = GENERATE(values<std::vector<std::string>>({
        {"--output", "json"},
        {"--output", "json", "-d", "mydb", "-p", "x"},
        {"--output=json", "-d", "mydb", "-w", "nonsense=1"},
        {"-d", "mydb", "--nonsense", "--output", "json"},
        {"--health-check", "-d", "mydb", "stray"},
    }));
    CAPTURE(words);
    Scene scene;
    const auto outcome = scene.run(words);
    CHECK(outcome.exit_code == 3);
    const auto json = parsed(outcome);
    CHECK(json["status"] == "unknown");
    CHECK(json["error_code"] == "CONFIG_ERROR");
    CHECK(json["metrics"].empty());
}

TEST_CASE("the status has the words of health for --health-check", "[json]")
{
    dbup::Report report;
    const auto status = [&report](State state, bool health) {
        report.state = state;
        const auto text =
            dbup::writer_of(dbup::OutputFormat::json).render(report, {.health_words = health});
        return Json::parse(text)["status"].get<std::string>();
    };
    CHECK(status(State::ok, true) == "healthy");
    CHECK(status(State::warning, true) == "warning");
    CHECK(status(State::critical, true) == "critical");
    CHECK(status(State::unknown, true) == "unknown");
    CHECK(status(State::ok, false) == "up");
    CHECK(status(State::warning, false) == "degraded");
    CHECK(status(State::critical, false) == "down");
}

TEST_CASE("what is no number is null, and no text breaks the object", "[json]")
{
    dbup::Report report;
    report.headline = "a \"quoted\" \xff text";
    report.verdicts.push_back({{"gone", std::nan("")}, dbup::Unit::none, {}, State::unknown, {}});
    report.verdicts.push_back({{"large", 9.1e15}, dbup::Unit::bytes, {}, State::ok, {}});
    report.verdicts.push_back({{"long_queries", 2}, dbup::Unit::none, {}, State::ok, {}});
    const auto json = Json::parse(dbup::writer_of(dbup::OutputFormat::json).render(report, {}));
    CHECK(json["metrics"]["gone"].is_null());
    CHECK(json["metrics"]["large"] == 9.1e15);
    CHECK(json["metrics"]["long_running_queries"] == 2);
    CHECK(json["alerts"][0] == "gone was not measured");
}

TEST_CASE("every key is documented, and no other one", "[json]")
{
    std::ostringstream page;
    page << std::ifstream{std::string{DBUP_DOCS_FOLDER} + "/json.md"}.rdbuf();
    Scene scene;
    const auto json = parsed(scene.run(command_line({"--output", "json", "--check-number", "1"})));
    std::size_t rows = 0;
    for (const auto& [key, value] : json.items()) {
        CAPTURE(key);
        CHECK_THAT(page.str(), has("\n| `" + key + "` | "));
        ++rows;
    }
    std::size_t documented = 0;
    for (auto at = page.str().find("\n| `"); at != std::string::npos;
         at = page.str().find("\n| `", at + 1)) {
        ++documented;
    }
    CHECK(documented == rows);
}

} // namespace

} // namespace dbup_test
