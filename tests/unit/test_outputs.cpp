// SPDX-License-Identifier: MIT
// The outputs for machines: Prometheus, HTTP, one value.
#include "actions/reporting.hpp"
#include "checks/check.hpp"
#include "output/format.hpp"

#include <array>
#include <cmath>
#include <map>
#include <set>
#include <sstream>

#include "support/catch.hpp"
#include "unit/fakes.hpp"
#include <nlohmann/json.hpp>

namespace dbup_test {

namespace {

using dbup::OutputFormat;
using dbup::State;
using dbup::Unit;

std::string rendered(OutputFormat format, const dbup::Report& report)
{
    return dbup::writer_of(format).render(report, {.unix_time = 1'700'000'000.25});
}

/// What a page of metrics says: the value of each series, the HELP of each name.
struct Page {
    std::map<std::string, std::string> values = {};
    std::map<std::string, std::string> helps = {};
    std::set<std::string> typed = {};
};

/// "# HELP name text" or "# TYPE name gauge"; by its rules the name of a counter ends in "_total",
/// and no other does. \returns the name
std::string read_comment(const std::string& line, const std::string& announced, Page& page)
{
    constexpr std::size_t head = 7;
    if (!line.starts_with("# HELP ")) {
        CHECK(line ==
              "# TYPE " + announced + (announced.ends_with("_total") ? " counter" : " gauge"));
        page.typed.insert(announced);
        return announced;
    }
    auto name = line.substr(head, line.find(' ', head) - head);
    CHECK(page.helps.emplace(name, line.substr(head + name.size() + 1)).second);
    return name;
}

/// "name{labels} value"
void read_series(const std::string& line, const std::string& announced, Page& page)
{
    CHECK(line.starts_with(announced + '{'));
    const auto blank = line.rfind("} ");
    REQUIRE(blank != std::string::npos);
    CHECK(page.values.emplace(line.substr(0, blank + 1), line.substr(blank + 2)).second);
}

/// Reads a page as strictly as Prometheus does: every name is announced once, before its series,
/// and no series stands there twice.
Page read_page(const std::string& text)
{
    Page page;
    std::string announced;
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);) {
        CAPTURE(line);
        if (line.starts_with('#')) {
            announced = read_comment(line, announced, page);
        } else {
            read_series(line, announced, page);
        }
    }
    CHECK((text.empty() || text.ends_with('\n')));
    CHECK(page.typed.size() == page.helps.size());
    return page;
}

/// The series of that name, whatever its labels; empty if there is none.
std::string value_on(const Page& page, const std::string& name)
{
    const auto found = page.values.lower_bound(name + '{');
    return found != page.values.end() && found->first.starts_with(name + '{') ? found->second
                                                                              : std::string{};
}

constexpr std::string_view labels =
    R"({check="connection",db_name="mydb",db_role="primary",host="db1:5432"})";

TEST_CASE("an answer becomes metrics with the labels that tell files apart", "[output]")
{
    Scene scene;
    const auto outcome = scene.run(command_line({"--output", "prometheus"}));
    CHECK(outcome.exit_code == 0);
    const auto page = read_page(outcome.text);
    const auto value = [&page](std::string name) { return page.values.at(name.append(labels)); };
    CHECK(value("db_up") == "1");
    CHECK(value("db_check_state") == "0");
    CHECK(value("db_time_seconds") == "0.0113");
    CHECK(value("db_query_seconds") == "0.001");
    CHECK(value("db_read_latency_ms") == "1");
    CHECK(value("db_cert_seconds") == "6912000"); // 80 days
    CHECK(value("db_connection_attempts_failed") == "0");
    CHECK(std::stod(value("db_check_last_run_timestamp_seconds")) > 1e9);
    CHECK(value_on(page, "db_check_error").empty());
    CHECK(page.values.at(R"(db_server_info{check="connection",db_name="mydb",db_role="primary",)"
                         R"(host="db1:5432",target="db1:5432",version="15.18"})") == "1");
}

TEST_CASE("metrics are there when the database is down, too", "[output]")
{
    Scene scene;
    scene.connector.servers = {refusing()};
    const auto outcome = scene.run(command_line({"--output", "prometheus", "--max-retries", "0"}));
    CHECK(outcome.exit_code == 2);
    const auto page = read_page(outcome.text);
    CHECK(value_on(page, "db_up") == "0");
    CHECK(value_on(page, "db_check_state") == "2");
    CHECK(value_on(page, "db_connection_attempts_failed") == "1");
    CHECK(page.values.at(R"(db_check_error{check="connection",db_name="mydb",db_role="unknown",)"
                         R"(host="db1:5432",error_code="CONNECTION_REFUSED"})") == "1");
    CHECK(value_on(page, "db_server_info").empty());
}

TEST_CASE("wrong settings are metrics, and say nothing of the server", "[output]")
{
    Scene scene;
    const auto outcome = scene.run({"-d", "mydb", "--output", "prometheus", "-w", "nonsense=1"});
    CHECK(outcome.exit_code == 3);
    const auto page = read_page(outcome.text);
    CHECK(value_on(page, "db_check_state") == "3");
    CHECK(value_on(page, "db_up").empty());
    CHECK_THAT(outcome.text, has(R"(error_code="CONFIG_ERROR")"));
}

TEST_CASE("a metric has the name and the base unit that Prometheus' rules ask for", "[output]")
{
    struct Case {
        const char* label = "";
        Unit unit = Unit::none;
        double value = 0;
        const char* name = "";
        const char* text = "";
    };
    const auto c = GENERATE(values<Case>({
        {"standbys", Unit::none, 2, "db_standbys", "2"},
        {"replay_lag", Unit::seconds, 1.5, "db_replay_lag_seconds", "1.5"},
        {"replay_bytes", Unit::bytes, 1e9, "db_replay_bytes", "1000000000"},
        {"size", Unit::bytes, 7, "db_size_bytes", "7"},
        {"connections_used", Unit::percent, 12.5, "db_connections_used_ratio", "0.125"},
        {"cert_days", Unit::days, 2, "db_cert_seconds", "172800"},
        {"xact_commit", Unit::counter, 1234567, "db_xact_commit_total", "1234567"},
        {"odd-label", Unit::none, 1, "db_odd_label", "1"},
    }));
    CAPTURE(c.label);
    dbup::Report report;
    report.verdicts.push_back({{c.label, c.value}, c.unit, {}, State::ok, {}, "what it is"});
    const auto page = read_page(rendered(OutputFormat::prometheus, report));
    CHECK(value_on(page, c.name) == c.text);
    CHECK(page.helps.at(c.name) == "what it is");
}

TEST_CASE("the columns of a user's query cannot be taken for our metrics", "[output]")
{
    dbup::Report report;
    report.verdicts.push_back({{"check_state", 7}, Unit::none, {}, State::ok, {}, {}});
    report.verdicts.push_back({{"gone", std::nan("")}, Unit::none, {}, State::unknown, {}, {}});
    const auto page = read_page(rendered(OutputFormat::prometheus, report));
    CHECK(value_on(page, "db_check_state") == "3");
    CHECK(value_on(page, "db_query_column_check_state") == "7");
    CHECK(value_on(page, "db_query_column_gone").empty());
}

TEST_CASE("a column called seconds is not the time of the query", "[output]")
{
    dbup::Report report;
    report.verdicts.push_back({{"query", 0.5}, Unit::seconds, {}, State::ok, {}, "the query"});
    report.verdicts.push_back({{"seconds", 7}, Unit::none, {}, State::ok, {}, {}});
    const auto page = read_page(rendered(OutputFormat::prometheus, report));
    CHECK(value_on(page, "db_query_seconds") == "0.5");
    CHECK(value_on(page, "db_query_column_seconds") == "7");
}

TEST_CASE("a quote behind HELP is a quote, and the unit there is that of the value", "[output]")
{
    dbup::Report report;
    report.verdicts.push_back({{"some", 1}, Unit::none, {}, State::ok, {}, "the \"best\" \\"});
    report.verdicts.push_back({{"cert_days", 2}, Unit::days, {}, State::ok, {}, "days until"});
    const auto text = rendered(OutputFormat::prometheus, report);
    CHECK(text.find("# HELP db_some the \"best\" \\\\\n") != std::string::npos);
    CHECK(text.find("# HELP db_cert_seconds seconds until\n") != std::string::npos);
}

TEST_CASE("what stands between quotes cannot end them", "[output]")
{
    dbup::Report report;
    report.database = "a\"b\\c";
    report.asked = "line\nend";
    const auto text = rendered(OutputFormat::prometheus, report);
    CHECK_THAT(text, has(R"(db_name="a\"b\\c")") && has(R"(host="line\nend")"));
}

TEST_CASE("one name says one thing, whatever check it comes from", "[output]")
{
    // node_exporter reads the files of all checks as one page.
    std::map<std::string, std::pair<std::string, std::string>> seen;
    for (const auto* const check : dbup::check_table()) {
        for (const auto& limit : dbup::limits_of(*check).limits) {
            dbup::Report report;
            report.verdicts.push_back(
                {{std::string{limit.label}, 1}, limit.unit, {}, State::ok, {}, limit.help});
            CAPTURE(check->name(), limit.label);
            CHECK_FALSE(limit.help.empty());
            for (const auto& [name, help] :
                 read_page(rendered(OutputFormat::prometheus, report)).helps) {
                const auto [first, is_new] =
                    seen.try_emplace(name, help, std::string{check->name()});
                INFO("also of " << first->second.second);
                CHECK(first->second.first == help);
            }
        }
    }
    CHECK(seen.size() > 60);
}

TEST_CASE("a state is an HTTP answer", "[output]")
{
    struct Case {
        State state = State::ok;
        const char* line = "";
    };
    const auto c = GENERATE(values<Case>({
        {State::ok, "HTTP/1.0 200 OK\r\n"},
        {State::warning, "HTTP/1.0 200 OK\r\n"},
        {State::critical, "HTTP/1.0 503 Service Unavailable\r\n"},
        {State::unknown, "HTTP/1.0 503 Service Unavailable\r\n"},
    }));
    dbup::Report report;
    report.state = c.state;
    const auto text = rendered(OutputFormat::http, report);
    const auto end = text.find("\r\n\r\n");
    REQUIRE(end != std::string::npos);
    const auto body = text.substr(end + 4);
    CHECK(text.starts_with(c.line));
    CHECK_THAT(text.substr(0, end + 2),
               has("\r\nContent-Type: application/json\r\n") &&
                   has("\r\nContent-Length: " + std::to_string(body.size()) + "\r\n") &&
                   has("\r\nConnection: close\r\n"));
    CHECK(nlohmann::json::parse(body)["state"] == row_of(c.state).word);
}

TEST_CASE("one value is one number, or the reason why there is none", "[output]")
{
    struct Case {
        const char* output = "";
        bool down = false;
        const char* text = "";
        int exit_code = 0;
    };
    const auto c = GENERATE(values<Case>({
        {"value", false, "0.0113\n", 0},
        {"value=time", false, "0.0113\n", 0},
        {"value=up", false, "1\n", 0},
        {"value=state", false, "0\n", 0},
        {"value=cert_days", false, "80\n", 0},
        {"value=up", true, "0\n", 2},
        {"value=state", true, "2\n", 2},
        {"value", true, "no time: connection refused at db1:5432 [CONNECTION_REFUSED]\n", 2},
        {"value=query", true, "no query: connection refused at db1:5432 [CONNECTION_REFUSED]\n", 2},
        {"value=standbys", false, "no standbys: ", 3},
        {"value=", false, "DB-UP UNKNOWN - --output: 'value=': a label is missing", 3},
        {"json=time", false, "DB-UP UNKNOWN - --output: 'json=time': only value takes", 3},
    }));
    CAPTURE(c.output, c.down);
    Scene scene;
    if (c.down) {
        scene.connector.servers = {refusing()};
    }
    const auto outcome = scene.run(command_line({"--max-retries", "0", "--output", c.output}));
    CHECK(outcome.exit_code == c.exit_code);
    CHECK_THAT(outcome.text, Catch::Matchers::StartsWith(c.text));
}

TEST_CASE("a result for a file is there with --quiet, too", "[output]")
{
    Scene scene;
    const auto outcome = scene.run(command_line({"-q", "--output-file", "/run/db.prom"}));
    CHECK(outcome.output_file == "/run/db.prom");
    CHECK_THAT(outcome.text, Catch::Matchers::StartsWith("DB-UP OK - "));
    Scene quiet;
    CHECK(quiet.run(command_line({"-q"})).text.empty());
}

TEST_CASE("who made a mistake reads of it, even where the result goes to a file", "[output]")
{
    Scene scene;
    const auto outcome =
        scene.run({"-d", "mydb", "--output-file", "/run/db.prom", "-w", "nonsense=1"});
    CHECK(outcome.level <= outcome.console);
    CHECK_THAT(outcome.sentence, has("CONFIG_ERROR") && has("nonsense"));
    Scene down;
    down.connector.servers = {refusing()};
    const auto failed =
        down.run(command_line({"--max-retries", "0", "--output-file", "/run/db.prom"}));
    CHECK(failed.level > failed.console); // the file says it
}

TEST_CASE("a deed is told as text, on stdout", "[output]")
{
    const auto more = GENERATE(values<std::vector<std::string>>({
        {"--output", "prometheus"},
        {"--output", "http"},
        {"--output", "value"},
        {"--output-file", "/run/x"},
    }));
    Scene scene;
    auto words = command_line({"--cleanup"});
    words.insert(words.end(), more.begin(), more.end());
    const auto outcome = scene.run(words);
    CHECK(outcome.exit_code == 3);
    CHECK(scene.connector.opened.empty());
}

TEST_CASE("a fault of this host says nothing of the database", "[output]")
{
    struct Case {
        dbup::ErrorClass error = dbup::ErrorClass::internal;
        const char* up = "";
    };
    const auto c = GENERATE(values<Case>({
        {dbup::ErrorClass::local, ""},
        {dbup::ErrorClass::interrupted, ""},
        {dbup::ErrorClass::internal, ""},
        {dbup::ErrorClass::timeout, "up=0"},
        {dbup::ErrorClass::authentication, "up=0"},
        {dbup::ErrorClass::privilege_missing, "up=1"},
        {dbup::ErrorClass::role_mismatch, "up=1"},
    }));
    Scene scene;
    Server server;
    server.failure = dbup::Failure{c.error, "why"};
    scene.connector.servers = {server};
    const auto data = perfdata_of(scene.run(command_line({"--max-retries", "0"})).text);
    CAPTURE(data);
    CHECK_THAT(data, has("time="));
    CHECK(data.substr(std::min(data.find("up="), data.size()), 4) == c.up);
}

} // namespace

} // namespace dbup_test
