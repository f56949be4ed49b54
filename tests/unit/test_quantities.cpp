// SPDX-License-Identifier: MIT
#include "core/duration.hpp"
#include "core/unit.hpp"

#include <cmath>
#include <limits>

#include "support/catch.hpp"

namespace dbup_test {

namespace {

using dbup::Millis;
using dbup::Unit;

TEST_CASE("a quantity is a plain numeral with at most one suffix of its unit", "[quantity]")
{
    struct Case {
        const char* text = "";
        Unit unit = Unit::none;
        std::optional<double> value = {};
    };
    const auto c = GENERATE(values<Case>({
        {"0", Unit::none, 0},
        {"-3", Unit::none, -3},
        {"1.25", Unit::none, 1.25},
        {"999999999999999", Unit::none, 999999999999999},
        {"1000000000000000", Unit::none, {}},
        {"0.123456789012345", Unit::none, 0.123456789012345},
        {"0.1234567890123456", Unit::none, {}},
        {"0.000001234567890123", Unit::none, 0.000001234567890123},
        {"000000000000000000001", Unit::none, 1},
        {"0.12345678901234", Unit::none, 0.12345678901234},
        {"", Unit::none, {}},
        {"-", Unit::none, {}},
        {"+1", Unit::none, {}},
        {" 1", Unit::none, {}},
        {"1 ", Unit::none, {}},
        {"1.", Unit::none, {}},
        {".1", Unit::none, {}},
        {"1..2", Unit::none, {}},
        {"1.2.3", Unit::none, {}},
        {"1e3", Unit::none, {}},
        {"0x1", Unit::none, {}},
        {"inf", Unit::none, {}},
        {"nan", Unit::none, {}},
        {"1'000", Unit::none, {}},
        {"1,5", Unit::none, {}},
        {"1s", Unit::none, {}},
        {"1s", Unit::days, {}},
        {"-1.5ms", Unit::seconds, -0.0015},
        {"1h", Unit::seconds, 3600},
        {"50%", Unit::percent, 50},
        {"2KB", Unit::bytes, 2048},
    }));
    CAPTURE(c.text);
    CHECK(dbup::parse_quantity(c.text, c.unit) == c.value);
}

TEST_CASE("a number is written in fixed notation with at most six decimals", "[quantity]")
{
    struct Case {
        double value = 0;
        const char* text = "";
    };
    const auto c = GENERATE(values<Case>({
        {0, "0"},
        {-0.0, "0"},
        {80, "80"},
        {-3, "-3"},
        {100, "100"},
        {0.0128, "0.0128"},
        {0.5, "0.5"},
        {0.1, "0.1"},
        {1e-6, "0.000001"},
        {4e-7, "0"},
        {-4e-7, "0"},
        {1.23456789, "1.234568"},
        {1e15, "1000000000000000"},
        {1e22, "10000000000000000000000"},
        {123456789.25, "123456789.25"},
        {0.9999999, "1"},
    }));
    CAPTURE(c.value);
    CHECK(dbup::number_text(c.value) == c.text);
}

TEST_CASE("the largest and smallest numbers are written without an exponent", "[quantity]")
{
    const double value = GENERATE(std::numeric_limits<double>::max(),
                                  -std::numeric_limits<double>::max(),
                                  std::numeric_limits<double>::min(),
                                  std::numeric_limits<double>::denorm_min());
    CAPTURE(value);
    CHECK(dbup::number_text(value).find_first_not_of("-0123456789.") == std::string::npos);
}

TEST_CASE("what is no number is written as undetermined", "[quantity]")
{
    CHECK(dbup::number_text(std::nan("")) == "U");
    CHECK(dbup::number_text(HUGE_VAL) == "U");
    CHECK(dbup::number_text(-HUGE_VAL) == "U");
}

TEST_CASE("units are those of the plugin interface", "[quantity]")
{
    CHECK(dbup::uom(Unit::none).empty());
    CHECK(dbup::uom(Unit::seconds) == "s");
    CHECK(dbup::uom(Unit::percent) == "%");
    CHECK(dbup::uom(Unit::bytes) == "B");
    CHECK(dbup::uom(Unit::days).empty());
    CHECK(dbup::uom(Unit::counter) == "c");
    CHECK(dbup::suffixes_of(Unit::seconds) == "us, ms, s, m, h");
    CHECK(dbup::suffixes_of(Unit::bytes) == "B, KB, MB, GB, TB");
    CHECK(dbup::suffixes_of(Unit::percent) == "%");
    CHECK(dbup::suffixes_of(Unit::days).empty());
    CHECK(dbup::suffixes_of(Unit::counter).empty());
}

TEST_CASE("a bare duration is seconds", "[duration]")
{
    struct Case {
        const char* text = "";
        std::optional<Millis> value = {};
    };
    const auto c = GENERATE(values<Case>({
        {"0", Millis{0}},
        {"0s", Millis{0}},
        {"1", Millis{1000}},
        {"10", Millis{10000}},
        {"0.5", Millis{500}},
        {"500ms", Millis{500}},
        {"1ms", Millis{1}},
        {"1.5s", Millis{1500}},
        {"2m", Millis{120000}},
        {"1h", Millis{3600000}},
        {"1000us", Millis{1}},
        {"0.001", Millis{1}},
        {"600us", {}},
        {"400us", {}},
        {"0.0001", {}},
        {"-1", {}},
        {"-500ms", {}},
        {"", {}},
        {"s", {}},
        {"1d", {}},
        {"1 s", {}},
        {" 1", {}},
        {"1e3", {}},
        {"1m30s", {}},
        {"inf", {}},
        {"99999h", {}},
        {"8760h", Millis{31536000000}},
        {"1S", {}},
        {"1min", {}},
        {"0x5", {}},
        {"5,5", {}},
    }));
    CAPTURE(c.text);
    CHECK(dbup::parse_duration(c.text) == c.value);
}

TEST_CASE("a duration is told with about three digits", "[duration]")
{
    using std::chrono::microseconds;
    struct Case {
        microseconds duration = {};
        const char* text = "";
    };
    const auto c = GENERATE(values<Case>({
        {microseconds{0}, "0 ms"},
        {microseconds{1}, "1 us"}, // a limit that is not 0 is not told as 0
        {microseconds{9}, "9 us"},
        {microseconds{10}, "0.01 ms"},
        {microseconds{120}, "0.12 ms"},
        {microseconds{1'234}, "1.23 ms"},
        {microseconds{12'849}, "12.8 ms"},
        {microseconds{123'456}, "123 ms"},
        {microseconds{999'400}, "999 ms"},
        {microseconds{1'000'000}, "1 s"},
        {microseconds{3'604'000}, "3.6 s"},
        {microseconds{10'000'000}, "10 s"},
        {microseconds{12'345'678}, "12.3 s"},
        {microseconds{3'600'000'000}, "3600 s"},
    }));
    CAPTURE(c.text);
    CHECK(dbup::duration_text(c.duration) == c.text);
}

TEST_CASE("a duration below a second is never told as a thousand milliseconds", "[duration]")
{
    CHECK(dbup::duration_text(std::chrono::microseconds{999'600}) == "1 s");
    CHECK(dbup::duration_text(std::chrono::microseconds{999'999}) == "1 s");
}

TEST_CASE("a setting is shown as a user could have written it", "[duration]")
{
    struct Case {
        Millis value = {};
        const char* text = "";
    };
    const auto c = GENERATE(values<Case>({
        {Millis{0}, "0s"},
        {Millis{1}, "1ms"},
        {Millis{500}, "500ms"},
        {Millis{1'500}, "1500ms"},
        {Millis{10'000}, "10s"},
        {Millis{90'000}, "90s"},
        {Millis{120'000}, "2m"},
        {Millis{3'600'000}, "60m"},
    }));
    CAPTURE(c.text);
    CHECK(dbup::setting_text(c.value) == c.text);
    CHECK(dbup::parse_duration(c.text) == c.value);
}

} // namespace

} // namespace dbup_test
