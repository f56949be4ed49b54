// SPDX-License-Identifier: MIT
#include "actions/reporting.hpp"
#include "core/metric.hpp"
#include "output/perfdata.hpp"

#include <array>
#include <cmath>
#include <set>

#include "support/catch.hpp"

namespace dbup_test {

namespace {

using dbup::Failure;
using dbup::Limit;
using dbup::Metric;
using dbup::Range;
using dbup::State;
using dbup::Thresholds;
using dbup::ThresholdSetting;
using dbup::Unit;
using dbup::Verdict;

const std::vector<Limit> limits{
    Limit{"time", Unit::seconds, "1", "3", "seconds"},
    Limit{"used", Unit::percent, "80", "", "share"},
    Limit{"days", Unit::days, "14:", "7:", "days left"},
    Limit{"count", Unit::none, "", "", "no limits"},
};

const dbup::LimitTable table{limits, "time"};

dbup::ThresholdTable thresholds(const std::vector<ThresholdSetting>& settings)
{
    return dbup::thresholds_for(table, settings);
}

std::string refused(ThresholdSetting setting)
{
    try {
        thresholds({std::move(setting)});
        return {};
    } catch (const Failure& failure) {
        CHECK(failure.error() == dbup::ErrorClass::config);
        return failure.message();
    }
}

TEST_CASE("without settings the thresholds are those of the table", "[metric]")
{
    const auto all = thresholds({}).of_limits;
    REQUIRE(all.size() == limits.size());
    CHECK(all[0].warning == Range{0, 1, false});
    CHECK(all[0].critical == Range{0, 3, false});
    CHECK(all[1].warning == Range{0, 80, false});
    CHECK_FALSE(all[1].critical);
    CHECK(all[2].critical == Range{7, Range::infinity, false});
    CHECK_FALSE(all[3].warning);
    CHECK_FALSE(all[0].asked_for);
}

TEST_CASE("a threshold without a label is that of the main metric, the last one given wins",
          "[metric]")
{
    const auto table_of_all = thresholds({{false, "", "500ms", "-w"},
                                          {true, "", "2", "-c"},
                                          {true, "", "4", "-c"},
                                          {false, "count", "@3:5", "-w"}});
    const auto& all = table_of_all.of_limits;
    CHECK(all[0].warning == Range{0, 0.5, false});
    CHECK(all[0].critical == Range{0, 4, false});
    CHECK(all[0].asked_for);
    CHECK(all[1].warning == Range{0, 80, false});
    CHECK_FALSE(all[1].asked_for);
    CHECK(all[3].warning == Range{3, 5, true});
    CHECK(all[3].asked_for);
}

TEST_CASE("a threshold that cannot be judged is refused by name", "[metric]")
{
    CHECK(refused({false, "tme", "1", "--warning"}) ==
          "--warning: 'tme' is no metric of this check (time, used, days, count); did you mean "
          "'time'?");
    CHECK(refused({true, "replication", "1", "-c"}) ==
          "-c: 'replication' is no metric of this check (time, used, days, count)");
    CHECK(refused({false, "", "1x", "-w"}) ==
          "-w: '1x' is not a range; a range is 10, 10:, ~:10, 10:20 or @10:20 with start not above "
          "end; a number may "
          "end in us, ms, s, m, h");
    CHECK(refused({false, "count", "5s", "-w"}) ==
          "-w: '5s' is not a range; a range is 10, 10:, ~:10, 10:20 or @10:20 with start not above "
          "end");
    CHECK_THAT(refused({false, "", "", "-w"}), has("'' is not a range"));
    CHECK_THAT(refused({false, "used", "/root:10", "-w"}),
               has("the shell has expanded an unquoted '~'"));
}

TEST_CASE("every default threshold of a run and of every check is a range", "[metric]")
{
    for (const auto* const check : dbup::check_table()) {
        CAPTURE(check->name());
        const bool asks_one = check->look != nullptr;
        const bool asks_all = check->ask != nullptr && check->compare != nullptr;
        CHECK(asks_one != asks_all);
        CHECK_FALSE(dbup::row_of(check->kind).question.empty());
        CHECK(&dbup::check_of(check->kind) == check);
        bool main_label_known = false;
        for (const auto& limit : dbup::limits_of(*check).limits) {
            CAPTURE(limit.label);
            CHECK((limit.warning.empty() || Range::parse(limit.warning, limit.unit)));
            CHECK((limit.critical.empty() || Range::parse(limit.critical, limit.unit)));
            CHECK_FALSE(limit.help.empty());
            main_label_known = main_label_known || limit.label == check->main_label;
        }
        CHECK(main_label_known);
    }
}

TEST_CASE("labels of perfdata are short, unique and snake_case", "[metric]")
{
    for (const auto* const check : dbup::check_table()) {
        std::set<std::string_view> seen;
        for (const auto& limit : dbup::limits_of(*check).limits) {
            CAPTURE(limit.label);
            CHECK_FALSE(limit.label.empty());
            CHECK(limit.label.size() <= 19);
            CHECK(limit.label.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") ==
                  std::string::npos);
            CHECK(limit.label.front() >= 'a');
            CHECK(seen.insert(limit.label).second);
        }
    }
}

TEST_CASE("a number becomes a state by its ranges alone, critical before warning", "[metric]")
{
    struct Case {
        double value = 0;
        const char* warning = "";
        const char* critical = "";
        State state = State::ok;
    };
    const auto c = GENERATE(values<Case>({
        {0.5, "1", "3", State::ok},
        {1, "1", "3", State::ok},
        {1.5, "1", "3", State::warning},
        {3, "1", "3", State::warning},
        {3.1, "1", "3", State::critical},
        {-1, "1", "3", State::critical},
        {10, "14:", "7:", State::warning},
        {6, "14:", "7:", State::critical},
        {5, "", "3", State::critical},
        {2, "", "3", State::ok},
        {5, "3", "", State::warning},
        {1e9, "", "", State::ok},
        {std::nan(""), "", "", State::unknown},
        {std::nan(""), "1", "3", State::unknown},
    }));
    CAPTURE(c.value, c.warning, c.critical);
    Thresholds both;
    both.warning = Range::parse(c.warning);
    both.critical = Range::parse(c.critical);
    CHECK(dbup::judge(c.value, both) == c.state);
}

TEST_CASE("a metric that was asked for and not measured is unknown, never fine", "[metric]")
{
    const std::vector<Metric> metrics{{"time", 0.1, {}, {}}};
    const auto verdicts =
        dbup::judge_all(metrics, table, thresholds({{false, "used", "50", "-w"}}));
    REQUIRE(verdicts.size() == 2);
    CHECK(verdicts[0].state == State::ok);
    CHECK(verdicts[1].metric.label == "used");
    CHECK(verdicts[1].state == State::unknown);
    CHECK(std::isnan(verdicts[1].metric.value));
    CHECK(dbup::perfdata(verdicts) == "time=0.1s;1;3");
}

TEST_CASE("a metric that nobody asked for and that was not measured is left out", "[metric]")
{
    const std::vector<Metric> metrics{{"count", 7, 0, {}}};
    const auto verdicts = dbup::judge_all(metrics, table, thresholds({}));
    REQUIRE(verdicts.size() == 1);
    CHECK(dbup::perfdata(verdicts) == "count=7;;;0");
}

TEST_CASE("a metric without a row is a fault of the program", "[metric]")
{
    const std::vector<Metric> metrics{{"unheard_of", 1, {}, {}}};
    CHECK_THROWS_AS(dbup::judge_all(metrics, table, thresholds({})), Failure);
}

TEST_CASE("perfdata have the shape of the plugin interface", "[perfdata]")
{
    struct Case {
        Metric metric = {};
        Unit unit = Unit::none;
        const char* warning = "";
        const char* critical = "";
        const char* text = "";
    };
    const auto c = GENERATE(values<Case>({
        {{"time", 0.0128, 0, 10}, Unit::seconds, "1", "3", "time=0.0128s;1;3;0;10"},
        {{"up", 1, 0, 1}, Unit::none, "", "", "up=1;;;0;1"},
        {{"resolve", 0.0001, {}, {}}, Unit::seconds, "", "", "resolve=0.0001s"},
        {{"days", 80, {}, {}}, Unit::days, "14:", "7:", "days=80;14:;7:"},
        {{"used", 12.5, 0, 100}, Unit::percent, "80", "90", "used=12.5%;80;90;0;100"},
        {{"size", 1e15, 0, {}}, Unit::bytes, "", "5", "size=1000000000000000B;;5;0"},
        {{"failed", 3, {}, {}}, Unit::counter, "", "0", "failed=3c;;0"},
        {{"skew", -0.25, {}, {}}, Unit::seconds, "-1:1", "", "skew=-0.25s;-1:1"},
        {{"tiny", 1e-7, {}, {}}, Unit::seconds, "", "", "tiny=0s"},
        {{"huge", 1e22, {}, {}}, Unit::none, "", "", "huge=10000000000000000000000"},
        {{"max", 3, {}, 10}, Unit::none, "", "", "max=3;;;;10"},
        {{"inside", 3, {}, {}}, Unit::none, "@3:5", "~:7", "inside=3;@3:5;~:7"},
        {{"never", 3, {}, {}}, Unit::none, "~:", "5", "never=3;;5"},
        {{"never", 3, {}, {}}, Unit::none, "~:", "~:", "never=3"},
    }));
    CAPTURE(c.text);
    Verdict verdict{c.metric, c.unit, {}, State::ok};
    verdict.thresholds.warning = Range::parse(c.warning, c.unit);
    verdict.thresholds.critical = Range::parse(c.critical, c.unit);
    CHECK(dbup::perfdata(std::vector{verdict}) == c.text);
}

TEST_CASE("perfdata are separated by one blank and leave out what is no number", "[perfdata]")
{
    const std::vector<Verdict> verdicts{
        {{"a", std::nan(""), {}, {}}, Unit::none, {}, State::unknown},
        {{"b", 1, {}, {}}, Unit::none, {}, State::ok},
        {{"c", HUGE_VAL, {}, {}}, Unit::none, {}, State::ok},
        {{"d", 2, {}, {}}, Unit::seconds, {}, State::ok},
    };
    CHECK(dbup::perfdata(verdicts) == "b=1 d=2s");
    CHECK(dbup::perfdata({}).empty());
}

} // namespace

} // namespace dbup_test
