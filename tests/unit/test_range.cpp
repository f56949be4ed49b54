// SPDX-License-Identifier: MIT
#include "core/range.hpp"

#include <cmath>

#include "support/catch.hpp"

namespace dbup_test {

namespace {

using dbup::Range;
using dbup::Unit;

constexpr double inf = Range::infinity;

TEST_CASE("a range of the plugin interface is read as its guidelines say", "[range]")
{
    struct Case {
        const char* notation = "";
        Range range = {};
    };
    const auto c = GENERATE(values<Case>({
        {"10", {0, 10, false}},
        {"0", {0, 0, false}},
        {"10:", {10, inf, false}},
        {"~:10", {-inf, 10, false}},
        {"~:", {-inf, inf, false}},
        {"10:20", {10, 20, false}},
        {"10:10", {10, 10, false}},
        {"@10:20", {10, 20, true}},
        {"@10", {0, 10, true}},
        {"@10:", {10, inf, true}},
        {"@~:10", {-inf, 10, true}},
        {"-10:", {-10, inf, false}},
        {"-20:-10", {-20, -10, false}},
        {"-10:10", {-10, 10, false}},
        {"~:-1", {-inf, -1, false}},
        {"0.5", {0, 0.5, false}},
        {"-0.5:0.25", {-0.5, 0.25, false}},
        {"007", {0, 7, false}},
        {"123456789012345", {0, 123456789012345, false}},
    }));
    CAPTURE(c.notation);
    const auto range = Range::parse(c.notation);
    REQUIRE(range);
    CHECK(*range == c.range);
}

TEST_CASE("the numbers of a range take the suffixes of their unit", "[range]")
{
    struct Case {
        const char* notation = "";
        Unit unit = Unit::none;
        double low = 0;
        double high = 0;
    };
    const auto c = GENERATE(values<Case>({
        {"500ms", Unit::seconds, 0, 0.5},
        {"250us", Unit::seconds, 0, 0.00025},
        {"3s", Unit::seconds, 0, 3},
        {"2m", Unit::seconds, 0, 120},
        {"1h", Unit::seconds, 0, 3600},
        {"100ms:2m", Unit::seconds, 0.1, 120},
        {"1:90s", Unit::seconds, 1, 90},
        {"80%", Unit::percent, 0, 80},
        {"80:90%", Unit::percent, 80, 90},
        {"4KB", Unit::bytes, 0, 4096},
        {"1MB:2GB", Unit::bytes, 1048576, 2147483648},
        {"1TB", Unit::bytes, 0, 1099511627776},
        {"12B", Unit::bytes, 0, 12},
    }));
    CAPTURE(c.notation);
    const auto range = Range::parse(c.notation, c.unit);
    REQUIRE(range);
    CHECK(range->low == c.low);
    CHECK(range->high == c.high);
}

TEST_CASE("what is no range is refused, never guessed", "[range]")
{
    const auto* const notation = GENERATE(values<const char*>({
        "",
        "@",
        ":",
        "@:",
        "~",
        "@~",
        "10:~",
        "1x",
        "x",
        ".5",
        "5.",
        "1e3",
        "0x10",
        "20:10",
        "1:2:3",
        "nan",
        "inf",
        "-inf:",
        " 10",
        "10 ",
        "10 :",
        "-10",
        "-1:-2",
        "+10",
        "1,5",
        "--1:",
        "10::20",
        "@@10",
        "~10",
        "~~:1",
        "-",
        "-:",
        ":-",
        "10:-",
        "10s",
        "10%",
        "10KB",
        "9876543210123456",
        "0.1234567890123456",
        "1_0",
        "\t1",
    }));
    CAPTURE(notation);
    CHECK_FALSE(Range::parse(notation));
    CHECK_FALSE(Range::parse(std::string{"@"} + notation + "@"));
}

TEST_CASE("a suffix of another unit, or of the wrong case, is refused", "[range]")
{
    struct Case {
        const char* notation = "";
        Unit unit = Unit::none;
    };
    const auto c = GENERATE(values<Case>({
        {"1KB", Unit::seconds},
        {"1%", Unit::seconds},
        {"1d", Unit::seconds},
        {"1MS", Unit::seconds},
        {"1S", Unit::seconds},
        {"1 s", Unit::seconds},
        {"1ss", Unit::seconds},
        {"s", Unit::seconds},
        {"1s", Unit::bytes},
        {"1kb", Unit::bytes},
        {"1K", Unit::bytes},
        {"1%%", Unit::percent},
        {"1%", Unit::days},
        {"1000000TB", Unit::bytes}, // more digits than can be read back
        {"1d", Unit::days},
    }));
    CAPTURE(c.notation);
    CHECK_FALSE(Range::parse(c.notation, c.unit));
}

TEST_CASE("a value outside the range alerts, its ends belong to the inside", "[range]")
{
    struct Case {
        const char* notation = "";
        double value = 0;
        bool alerts = false;
    };
    const auto c = GENERATE(values<Case>({
        {"10", -0.001, true},    {"10", 0, false},        {"10", 10, false},
        {"10", 10.001, true},    {"10:", 9.999, true},    {"10:", 10, false},
        {"10:", 1e300, false},   {"~:10", -1e300, false}, {"~:10", 10, false},
        {"~:10", 10.001, true},  {"10:20", 9, true},      {"10:20", 10, false},
        {"10:20", 20, false},    {"10:20", 21, true},     {"@10:20", 9, false},
        {"@10:20", 10, true},    {"@10:20", 15, true},    {"@10:20", 20, true},
        {"@10:20", 21, false},   {"@10", 0, true},        {"@10", -1, false},
        {"-20:-10", -15, false}, {"-20:-10", -9, true},   {"~:", -1e300, false},
        {"~:", 0, false},        {"10:10", 10, false},    {"10:10", 10.5, true},
        {"0", 0, false},         {"0", -0.0, false},      {"10:", inf, false},
        {"10", inf, true},       {"@~:", 0, true},
    }));
    CAPTURE(c.notation, c.value);
    const auto range = Range::parse(c.notation);
    REQUIRE(range);
    CHECK(range->alerts(c.value) == c.alerts);
}

TEST_CASE("a missing number alerts in every range", "[range]")
{
    const auto* const notation = GENERATE("10", "10:", "~:", "~:10", "10:20", "@10:20", "@~:");
    CAPTURE(notation);
    const auto range = Range::parse(notation);
    REQUIRE(range);
    CHECK(range->alerts(std::nan("")));
    CHECK(range->alerts(-std::nan("")));
}

TEST_CASE("a range is shown in its shortest form, in the base unit", "[range]")
{
    struct Case {
        const char* notation = "";
        Unit unit = Unit::none;
        const char* text = "";
    };
    const auto c = GENERATE(values<Case>({
        {"10", Unit::none, "10"},
        {"0:10", Unit::none, "10"},
        {"-0:10", Unit::none, "10"},
        {"0:", Unit::none, "0:"},
        {"10:", Unit::none, "10:"},
        {"~:10", Unit::none, "~:10"},
        {"~:", Unit::none, "~:"},
        {"@10:20", Unit::none, "@10:20"},
        {"@0:20", Unit::none, "@20"},
        {"-5:5", Unit::none, "-5:5"},
        {"1.50:2.250", Unit::none, "1.5:2.25"},
        {"0010", Unit::none, "10"},
        {"0.000001", Unit::none, "0.000001"},
        {"100000000000000", Unit::none, "100000000000000"},
        {"500ms", Unit::seconds, "0.5"},
        {"1us", Unit::seconds, "0.000001"},
        {"2m:1h", Unit::seconds, "120:3600"},
        {"80%", Unit::percent, "80"},
        {"1KB", Unit::bytes, "1024"},
    }));
    CAPTURE(c.notation);
    const auto range = Range::parse(c.notation, c.unit);
    REQUIRE(range);
    CHECK(range->text() == c.text);
}

TEST_CASE("a number with a suffix is shown as a person would have written it", "[range]")
{
    struct Case {
        const char* notation = "";
        const char* text = "";
    };
    const auto c = GENERATE(values<Case>({
        {"4.1m", "246"},
        {"8.2m", "492"},
        {"1.1m", "66"},
        {"0.7h", "2520"},
        {"33.3ms", "0.0333"},
        {"1.001ms", "0.001001"},
    }));
    CAPTURE(c.notation);
    const auto range = Range::parse(c.notation, Unit::seconds);
    REQUIRE(range);
    CHECK(range->text() == c.text);
}

TEST_CASE("the text of a range reads back as the same range", "[range]")
{
    struct Case {
        const char* notation = "";
        Unit unit = Unit::none;
    };
    const auto c = GENERATE(values<Case>({
        {"10", Unit::none},
        {"~:", Unit::none},
        {"@~:-7.25", Unit::none},
        {"-3:99999999999999.9", Unit::none},
        {"0.1:0.3", Unit::none},
        {"0.12345678901234", Unit::none},
        {"123ms:4.7s", Unit::seconds},
        {"33.3333ms", Unit::seconds},
        {"4.1m", Unit::seconds},
        {"0.33333333333333h", Unit::seconds},
        {"1.7MB:0.3TB", Unit::bytes},
        {"900TB", Unit::bytes},
    }));
    CAPTURE(c.notation);
    const auto range = Range::parse(c.notation, c.unit);
    REQUIRE(range);
    CAPTURE(range->text());
    const auto again = Range::parse(range->text());
    REQUIRE(again);
    CHECK(*again == *range);
    CHECK(again->text() == range->text());
}

TEST_CASE("the help on a refused range says what is allowed", "[range]")
{
    CHECK_THAT(dbup::range_help("x", Unit::none),
               has("a range is 10, 10:, ~:10, 10:20 or @10:20") && !has("suffix") && !has("ms"));
    CHECK_THAT(dbup::range_help("1d", Unit::seconds), has("a number may end in us, ms, s, m, h"));
    CHECK_THAT(dbup::range_help("1d", Unit::bytes), has("B, KB, MB, GB, TB"));
    CHECK_THAT(dbup::range_help("/root:10", Unit::none),
               has("the shell has expanded an unquoted '~'"));
    CHECK_THAT(dbup::range_help("/home/monitor:10", Unit::seconds), has("'~:10'"));
}

} // namespace

} // namespace dbup_test
