// SPDX-License-Identifier: MIT
// What every check has in common: how it is chosen, which options it takes, how its numbers and
// details reach the reader.
#include "actions/reporting.hpp"
#include "config/options.hpp"
#include "output/format.hpp"
#include "output/perfdata.hpp"

#include "support/catch.hpp"
#include "unit/fakes.hpp"

namespace dbup_test {

namespace {

using dbup::CheckKind;
using dbup::Detail;
using dbup::Limit;
using dbup::Metric;
using dbup::Unit;

TEST_CASE("a check is chosen by its name, by a query or by the name of another tool", "[checks]")
{
    struct Case {
        std::vector<std::string> words = {};
        CheckKind kind = CheckKind::connection;
    };
    const auto c = GENERATE(values<Case>({
        {{}, CheckKind::connection},
        {{"--check", "replication"}, CheckKind::replication},
        {{"--query", "SELECT 2"}, CheckKind::query},
        {{"--query", "SELECT 1 AS health_check"}, CheckKind::connection},
        {{"--health-check"}, CheckKind::activity},
        {{"--health-check", "--no-health-check"}, CheckKind::connection},
    }));
    CAPTURE(c.words);
    Scene scene;
    auto words = c.words;
    words.insert(words.begin(), {"-d", "mydb"});
    CHECK(scene.load(words).check_kind() == c.kind);
}

TEST_CASE("an option that the chosen check does not use is refused on its command line", "[checks]")
{
    for (const auto& row : dbup::option_table()) {
        for (const auto& kind : dbup::check_kinds) {
            const bool other =
                !dbup::concerns(row, kind.kind) && kind.kind != CheckKind::connection;
            if (!other || row.arg.empty() || row.name == "query") {
                continue;
            }
            CAPTURE(row.name, kind.name);
            const bool whole = !row.least.empty();
            Scene scene;
            CHECK_THAT(refusal(scene,
                               {"-d",
                                "mydb",
                                "--check",
                                std::string{kind.name},
                                "--" + std::string{row.name},
                                whole ? std::string{row.most} : "x"}),
                       has("--" + std::string{row.name} + ": the check '" + std::string{kind.name} +
                           "' does not use it (used by "));
        }
    }
}

TEST_CASE("settings that checks share do not have to concern them all", "[checks]")
{
    Scene scene;
    scene.environment.variables["DB_LONG_QUERY_AGE"] = "1h";
    scene.environment.variables["DB_MONITOR_MAX_CONNECTIONS"] = "50";
    CHECK(scene.load({"-d", "mydb"}).thresholds.empty());
    const auto config = scene.load({"-d", "mydb", "--check", "activity"});
    REQUIRE(config.thresholds.size() == 1);
    CHECK(config.thresholds[0].critical);
    CHECK(config.thresholds[0].label == "total_connections");
    CHECK(config.thresholds[0].range == "50");
    CHECK(config.thresholds[0].origin == "environment DB_MONITOR_MAX_CONNECTIONS");
}

TEST_CASE("what has no effect, or another one than it says, is refused", "[checks]")
{
    struct Case {
        std::vector<std::string> words = {};
        const char* message = "";
    };
    // clang-format off
    const auto c = GENERATE(values<Case>({
        {{"--cleanup", "-w", "5"}, "-w: a cleanup does not use it"},
        {{"--cleanup", "--critical", "time=5"}, "--critical: a cleanup does not use it"},
        {{"--cleanup", "--check", "size"}, "--check: a cleanup does not use it"},
        {{"--emergency-shutdown", "--check", "size"}, "--check: a cleanup does not use it"},
        {{"--health-check", "--check", "size"},
         "--check: 'size' contradicts --health-check, which is --check activity --output json"},
        {{"--health-check", "--output", "prometheus"},
         "--output: 'prometheus' contradicts --health-check, which is --check activity --output json"},
        {{"--log-format", "json"}, "--log-format: has no effect without --log-file"},
        {{"--service-file", "/s"}, "--service-file: has no effect without --service"},
    }));
    // clang-format on
    CAPTURE(c.words);
    Scene scene;
    auto words = c.words;
    words.insert(words.begin(), {"-d", "mydb"});
    CHECK_THAT(scene.run(words).text, has(c.message));
}

TEST_CASE("what says the same twice, or stands in settings that are shared, is taken", "[checks]")
{
    const auto words =
        GENERATE(values<std::vector<std::string>>({{"--health-check", "--check", "activity"},
                                                   {"--health-check", "--output", "json"},
                                                   {"--log-format", "json", "--log-file", "/l"}}));
    CAPTURE(words);
    Scene scene;
    scene.environment.variables = {{"DB_CHECK", "size"},
                                   {"DB_OUTPUT", "text"},
                                   {"DB_LOG_FORMAT", "json"},
                                   {"PGSERVICEFILE", "/none"}};
    CHECK_THAT(scene.run(command_line(words)).text, !has("CONFIG_ERROR"));
}

TEST_CASE("what only cleanup uses is refused elsewhere", "[checks]")
{
    struct Case {
        std::vector<std::string> words = {};
        const char* message = "";
    };
    const auto c = GENERATE(values<Case>({
        {{"--execute"}, "--execute: has no effect without --cleanup or --emergency-shutdown"},
        {{"--cleanup-kinds", "idle"}, "--cleanup-kinds: has no effect without --cleanup"},
        {{"--cleanup", "--confirm", "mydb"},
         "--confirm: has no effect without --emergency-shutdown"},
    }));
    CAPTURE(c.words);
    Scene scene;
    auto words = c.words;
    words.insert(words.begin(), {"-d", "mydb"});
    CHECK(refusal(scene, words) == c.message);
}

const std::vector<Limit> few_limits{
    Limit{"found", Unit::none, "0", "5", "things found", "look into it"},
    Limit{"size", Unit::bytes, "", "", "bytes"},
};

TEST_CASE("a metric is judged with the words of its row", "[checks]")
{
    const dbup::LimitTable table{few_limits, "found"};
    const std::vector<Metric> metrics{{"found", 1}, {"size", 2'048}};
    const auto verdicts = dbup::judge_all(metrics, table, dbup::thresholds_for(table, {}));
    REQUIRE(verdicts.size() == 2);
    CHECK(verdicts[0].state == State::warning);
    CHECK(verdicts[0].fix == "look into it");
    CHECK(verdicts[1].unit == Unit::bytes);
    CHECK(verdicts[1].help == "bytes");
    CHECK(verdicts[1].state == State::ok);
    CHECK(dbup::perfdata(verdicts) == "found=1;0;5 size=2048B");
}

TEST_CASE("an open check takes thresholds for metrics that only the user knows", "[checks]")
{
    const dbup::LimitTable table{few_limits, "found", true};
    const std::vector<dbup::ThresholdSetting> settings{{false, "mine", "10", "-w"},
                                                       {true, "absent", "1", "-c"}};
    const auto thresholds = dbup::thresholds_for(table, settings);
    const std::vector<Metric> metrics{{"mine", 11}, {"other", 7}};
    const auto verdicts = dbup::judge_all(metrics, table, thresholds);
    REQUIRE(verdicts.size() == 3);
    CHECK(verdicts[0].state == State::warning);
    CHECK(verdicts[1].state == State::ok);
    CHECK(verdicts[2].metric.label == "absent");
    CHECK(verdicts[2].state == State::unknown);
}

TEST_CASE("a quantity is told in the unit that people use", "[checks]")
{
    CHECK(dbup::quantity_text(0, Unit::bytes) == "0 B");
    CHECK(dbup::quantity_text(1'023, Unit::bytes) == "1023 B");
    CHECK(dbup::quantity_text(1'536, Unit::bytes) == "1.5 KB");
    CHECK(dbup::quantity_text(-5'368'709'120.0, Unit::bytes) == "-5 GB");
    CHECK(dbup::quantity_text(0.25, Unit::seconds) == "250 ms");
    CHECK(dbup::quantity_text(0.000'001, Unit::seconds) == "1 us");
    CHECK(dbup::quantity_text(80, Unit::percent) == "80%");
    CHECK(dbup::quantity_text(80, Unit::counter) == "80");
}

/// The report of a run that found `found` things, with these details.
dbup::Report report_with(double found, std::vector<Detail> details)
{
    static const dbup::Check check{
        .kind = CheckKind::settings, .limits = few_limits, .main_label = "found"};
    dbup::Config config;
    config.database = "mydb";
    dbup::Answer answer;
    answer.evidence.metrics = {{"found", found}};
    answer.evidence.summary = "some things";
    answer.evidence.details = std::move(details);
    answer.server.version = "15.18";
    answer.endpoint = {"db1", "5432"};
    dbup::Try winner;
    winner.target = "db1:5432";
    return dbup::report_of(answer, dbup::RunFacts{config, check, {winner}, {}});
}

TEST_CASE("a check says what it found, who is behind it and what to do", "[checks]")
{
    const auto report = report_with(1, {{"found", "the culprit"}, {"", "an aside"}});
    CHECK(report.state == State::warning);
    CHECK(report.told.headline.text() ==
          "found is 1 (above 0), settings: some things (mydb at db1:5432) "
          "(PostgreSQL 15.18, primary, no TLS)");
    CHECK(report.told.fix.text() == "look into it");
    REQUIRE(report.particulars.size() == 2);
    CHECK(report.particulars[0].pressing);
    CHECK_FALSE(report.particulars[1].pressing);
    CHECK(report_with(0, {{"found", "nobody"}}).told.fix.empty());
}

dbup::Report scrubbed(dbup::Report report, std::string_view secret = {})
{
    dbup::Scrubber scrubber;
    scrubber.add_secret(secret);
    dbup::scrub(report, scrubber);
    return report;
}

TEST_CASE("a clock is ahead or behind", "[checks]")
{
    Scene scene;
    CHECK_THAT(scene.run(command_line({"-vv"})).text, has("clock ahead by 0.0003 s\n"));
    scene.connector.servers.front().facts.skew = -0.000'625;
    CHECK_THAT(scene.run(command_line({"-vv"})).text, has("clock behind by 0.000625 s\n"));
}

TEST_CASE("details of which there are too many to be listed are counted", "[checks]")
{
    std::vector<Detail> details;
    for (int i = 0; i < 7; ++i) {
        details.push_back({"found", "culprit " + std::to_string(i)});
    }
    details.push_back({"found", "30 more culprits not listed", 30});
    const auto report = scrubbed(report_with(37, details));
    const auto& nagios = dbup::writer_of(dbup::OutputFormat::nagios);
    CHECK_THAT(nagios.render(report, {}),
               has("- culprit 4\n- and 32 more (-v shows 2 of them)\n") && !has("listed"));
    CHECK_THAT(nagios.render(report, {.verbosity = 1}),
               has("- culprit 6\n- 30 more culprits not listed\n") && !has("-v shows"));
    CHECK_THAT(dbup::writer_of(dbup::OutputFormat::json).render(report, {}),
               has("\"30 more culprits not listed\""));
}

TEST_CASE("a secret is looked for in what is foreign of a detail", "[checks]")
{
    const auto report = scrubbed(
        report_with(1, {{"found", dbup::phrase("{} is shorter", {std::string{"short x"}})}}),
        "short");
    REQUIRE(report.particulars.size() == 1);
    CHECK(report.particulars[0].text == "*** x is shorter");
}

TEST_CASE("five details are shown, all of them for who asks", "[checks]")
{
    std::vector<Detail> details;
    for (int i = 0; i < 8; ++i) {
        details.push_back({"found", "culprit " + std::to_string(i) + std::string(200, 'x')});
    }
    const auto report = scrubbed(report_with(9, details));
    const auto& nagios = dbup::writer_of(dbup::OutputFormat::nagios);
    const auto text = nagios.render(report, {});
    CHECK_THAT(text, has("- culprit 4xxx") && !has("culprit 5") && has("- and 3 more (-v shows"));
    CHECK(text.size() < 1'000);
    CHECK_THAT(nagios.render(report, {.verbosity = 1}), has("- culprit 7xxx") && !has("more (-v"));
}

} // namespace

} // namespace dbup_test
