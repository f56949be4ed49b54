// SPDX-License-Identifier: MIT
// --check size, wraparound and sequences: what they make of the rows that a server sends.
#include "support/catch.hpp"
#include "unit/fakes.hpp"

namespace dbup_test {

namespace {

dbup::Outcome look(const std::string& check, const dbup::Rows& answer)
{
    Scene scene;
    scene.connector.servers.front().named_answers = {{check, answer}};
    return scene.run(command_line({"-U", "mon", "--check", check}));
}

dbup::Rows databases(const std::string& xid_used,
                     const std::string& mxid_used,
                     const std::string& open = "t",
                     const std::string& invalid = "f")
{
    dbup::Rows rows{{"name",
                     "open",
                     "invalid",
                     "xids",
                     "mxids",
                     "xid_used",
                     "mxid_used",
                     "worst_xid_used",
                     "worst_mxid_used",
                     "databases"}};
    rows.add({"shop", open, invalid, "1200", "34", xid_used, mxid_used, xid_used, mxid_used, "4"});
    return rows;
}

dbup::Rows sequences(const std::string& unreadable,
                     const dbup::Rows::Cell& name,
                     const std::string& free = "35",
                     const dbup::Rows::Cell& start = {})
{
    dbup::Rows rows{{"sequences",
                     "unreadable",
                     "hidden",
                     "schema",
                     "unknown",
                     "name",
                     "used",
                     "free",
                     "start"}};
    const dbup::Rows::Cell none{};
    rows.add({"5",
              unreadable,
              "s h.secret",
              "s h",
              start ? "2" : "0",
              name,
              name ? dbup::Rows::Cell{"96.5"} : none,
              name ? dbup::Rows::Cell{free} : none,
              start});
    return rows;
}

TEST_CASE("the size is told for people and for graphs", "[size]")
{
    const auto outcome = look("size", single("bytes", "1610612736"));
    CHECK(outcome.exit_code == 0);
    CHECK_THAT(headline(outcome.text), has("size: 1.5 GB (mydb at db1:5432)"));
    CHECK_THAT(perfdata_of(outcome.text), has(" size=1610612736B;;;0"));
    CHECK_THAT(look("size", single("bytes", {})).text, has("[UNEXPECTED_RESULT]"));
}

TEST_CASE("each kind of identifier alerts for itself", "[wraparound]")
{
    CHECK(look("wraparound", databases("49.99", "50")).exit_code == 0);
    const auto many = look("wraparound", databases("1", "76"));
    CHECK(many.exit_code == 2);
    CHECK_THAT(many.text,
               has("mxid_used is 76% (above 75%)") &&
                   has("\n- database shop: 76% used, 34 multixacts old\n") &&
                   !has("transactions old"));
    const auto old = look("wraparound", databases("51", "1"));
    CHECK(old.exit_code == 1);
    CHECK_THAT(old.text, has("\n- database shop: 51% used, 1200 transactions old\n"));
}

TEST_CASE("a database that nobody may enter is told with what comes first", "[wraparound]")
{
    CHECK_THAT(look("wraparound", databases("51", "1", "f")).text,
               has("\n- database shop: 51% used, 1200 transactions old; allows no connections\n") &&
                   has("after ALTER DATABASE ... WITH ALLOW_CONNECTIONS true where it allows "
                       "none; end what holds vacuum back: see xmin_age of --check activity\n"));
    CHECK_THAT(look("wraparound", databases("51", "1", "t", "t")).text,
               has(" 1200 transactions old; is invalid: only DROP DATABASE helps\n"));
}

TEST_CASE("a next value that is not known is not told as many values left", "[sequences]")
{
    const auto outcome = look("sequences", sequences("0", "public.a", "35", "1000"));
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(outcome.text,
               has("public.a is at 96.5%, the worst of 5, the next value of 2 not known (") &&
                   has("\n- public.a: next value not known before it is used; 96.5% used if it is "
                       "START, 1000\n") &&
                   !has(" left"));
}

TEST_CASE("an unreadable sequence is UNKNOWN, with what is known of the others", "[sequences]")
{
    const auto known = look("sequences", sequences("0", "public.a"));
    CHECK(known.exit_code == 2);
    CHECK_THAT(
        known.text,
        has("public.a is at 96.5%, the worst of 5 (") &&
            has("\n- public.a: 96.5% used, 35 values left\n- 4 more sequences not listed\nFix: "));
    CHECK_THAT(look("sequences", sequences("0", "public.a", "1")).text,
               has("96.5% used, 1 value left\n"));
    const auto hidden = look("sequences", sequences("2", "public.a"));
    CHECK(hidden.exit_code == 3);
    CHECK_THAT(
        hidden.text,
        has("user \"mon\" may not read 2 of 5 sequences, among them s h.secret; of the "
            "others public.a is at 96.5% [PRIVILEGE_MISSING]") &&
            has("Fix: GRANT SELECT ON ALL SEQUENCES IN SCHEMA \"s h\" TO \"mon\"; -- and so for "));
    CHECK_THAT(look("sequences", sequences("5", {})).text,
               has("may not read 5 of 5 sequences, among them s h.secret [PRIVILEGE_MISSING]"));
}

} // namespace

} // namespace dbup_test
