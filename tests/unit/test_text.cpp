// SPDX-License-Identifier: MIT
#include "core/text.hpp"

#include <array>

#include "support/catch.hpp"

namespace dbup_test {

namespace {

using namespace std::string_view_literals;

TEST_CASE("foreign text becomes one line of valid, visible UTF-8", "[text]")
{
    struct Case {
        std::string_view foreign = {};
        const char* line = "";
    };
    const auto c = GENERATE(values<Case>({
        {""sv, ""},
        {"plain text"sv, "plain text"},
        {"  blanks \t around  "sv, "blanks around"},
        {"one\ntwo\r\nthree\rfour"sv, "one two three four"},
        {"a\tb\vc\fd"sv, "a b c d"},
        {"nul\0byte"sv, "nul byte"},
        {"escape \x1b[31mred\x1b[0m"sv, "escape [31mred [0m"},
        {"bell\x07 delete\x7f."sv, "bell delete ."},
        {"a | b|c"sv, "a / b/c"},
        {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"sv, "ä€😀"},
        {"C1 \xc2\x85 next"sv, "C1 next"},
        {"no-break\xc2\xa0"
         "blank"sv,
         "no-break blank"},
        {"line\xe2\x80\xa8separator\xe2\x80\xa9paragraph"sv, "line separator paragraph"},
        {"ideographic\xe3\x80\x80"
         "blank"sv,
         "ideographic blank"},
        {"zero\xe2\x80\x8bwidth\xe2\x80\x8d."sv, "zerowidth."},
        {"right\xe2\x80\xaeto left\xe2\x80\xac"sv, "rightto left"},
        {"isolate\xe2\x81\xa6x\xe2\x81\xa9"sv, "isolatex"},
        {"arabic mark\xd8\x9c."sv, "arabic mark."},
        {"byte\xef\xbb\xbforder mark"sv, "byteorder mark"},
        {"soft\xc2\xadhyphen"sv, "softhyphen"},
        {"tag\xf3\xa0\x81\xa1 variation\xef\xb8\x8f."sv, "tag variation."},
        {"<b>bold</b> <!-- --> <?x?>"sv, "(b>bold(/b> (!-- --> (?x?>"},
        {"<\xe2\x80\x8bscript> <|script>"sv, "(script> (/script>"},
        {"a < b, a <> b, a <= b, <<1"sv, "a < b, a <> b, a <= b, <<1"},
        {"object\xef\xbf\xbb noncharacter\xef\xbf\xbf."sv, "object noncharacter."},
    }));
    CAPTURE(c.foreign);
    CHECK(dbup::one_line(c.foreign) == c.line);
}

TEST_CASE("a byte that is no UTF-8 is a question mark", "[text]")
{
    struct Case {
        std::string_view foreign = {};
        const char* line = "";
    };
    const auto c = GENERATE(values<Case>({
        {"latin1 \xe4."sv, "latin1 ?."},
        {"\x80"sv, "?"},
        {"\xbf\xbf"sv, "??"},
        {"overlong \xc0\xaf"sv, "overlong ??"},
        {"overlong \xc1\xbf"sv, "overlong ??"},
        {"overlong \xe0\x80\xaf"sv, "overlong ???"},
        {"overlong bar \xc1\xbc"sv, "overlong bar ??"},
        {"overlong newline \xf0\x80\x80\x8a"sv, "overlong newline ????"},
        {"surrogate \xed\xa0\x80"sv, "surrogate ???"},
        {"beyond \xf4\x90\x80\x80"sv, "beyond ????"},
        {"beyond \xf8\x88\x80\x80\x80"sv, "beyond ?????"},
        {"never \xfe\xff"sv, "never ??"},
        {"truncated \xe2\x82"sv, "truncated ??"},
        {"truncated \xf0\x9f\x98"sv, "truncated ???"},
        {"broken \xe2\x82|"sv, "broken ?\?/"},
        {"broken \xc3\nline"sv, "broken ? line"},
    }));
    CAPTURE(c.foreign);
    CHECK(dbup::one_line(c.foreign) == c.line);
}

TEST_CASE("no byte value survives that could end or colour a line", "[text]")
{
    for (int first = 0; first < 256; ++first) {
        for (const int second :
             {0x00, 0x0a, 0x1b, 0x20, 0x41, 0x7c, 0x7f, 0x80, 0x85, 0x9b, 0xad, 0xbf, 0xc2, 0xff}) {
            const std::string foreign{static_cast<char>(first), static_cast<char>(second)};
            const std::string line = dbup::one_line("a" + foreign + "b");
            const bool clean = std::all_of(line.begin(), line.end(), [](char c) {
                const auto byte = static_cast<unsigned char>(c);
                return byte >= 0x20 && byte != 0x7f && c != '|';
            });
            if (!clean || line.front() != 'a' || line.back() != 'b') {
                CAPTURE(first, second, line);
                FAIL("not clean");
            }
        }
    }
    SUCCEED("all pairs of bytes");
}

TEST_CASE("a text is cut at a character's boundary and says that it was cut", "[text]")
{
    struct Case {
        const char* text = "";
        std::size_t most = 0;
        const char* cut = "";
    };
    const auto c = GENERATE(values<Case>({
        {"", 0, ""},
        {"abc", 3, "abc"},
        {"abcdef", 6, "abcdef"},
        {"abcdefg", 6, "abc..."},
        {"abcd", 3, "..."},
        {"abcd", 2, ".."},
        {"abcd", 0, ""},
        {"äöüß", 8, "äöüß"},
        {"äöüß", 7, "äö..."},
        {"äöüß", 6, "ä..."},
        {"€€€", 8, "€..."},
        {"€€€", 7, "€..."},
        {"€€€", 6, "€..."},
        {"€€€", 5, "..."},
        {"a😀b", 5, "a..."},
    }));
    CAPTURE(c.text, c.most);
    const auto cut = dbup::shortened(c.text, c.most);
    CHECK(cut == c.cut);
    CHECK(cut.size() <= c.most);
}

TEST_CASE("the nearest word is one that a person may have meant", "[text]")
{
    constexpr std::array allowed{
        "require"sv, "prefer"sv, "disable"sv, "verify-full"sv, "verify-ca"sv, "on"sv};
    struct Case {
        std::string word = {};
        const char* nearest = "";
    };
    const auto c = GENERATE(values<Case>({
        {"require", "require"},
        {"REQUIRE", "require"},
        {"requier", "require"},
        {"requre", "require"},
        {"requires", "require"},
        {"perfer", "prefer"},
        {"verify_full", "verify-full"},
        {"verify-cal", "verify-ca"},
        {"disabel", "disable"},
        {"xyz", ""},
        {"", ""},
        {"x", ""},
        {"om", "on"},
        {"xy", ""},
        {"completely different", ""},
        {std::string(100'000, 'r'), ""},
    }));
    CAPTURE(c.word.substr(0, 40));
    CHECK(dbup::nearest(c.word, allowed) == c.nearest);
    CHECK(dbup::nearest(c.word, {}).empty());
}

TEST_CASE("words are compared without regard to ASCII case", "[text]")
{
    CHECK(dbup::same_word("", ""));
    CHECK(dbup::same_word("Verify-Full", "vERIFY-fULL"));
    CHECK_FALSE(dbup::same_word("on", "one"));
    CHECK_FALSE(dbup::same_word("one", "on"));
    CHECK_FALSE(dbup::same_word("ä", "Ä"));
    CHECK_FALSE(dbup::same_word("a[", "a{"));
}

TEST_CASE("texts are taken apart and put together", "[text]")
{
    constexpr std::array words{"a"sv, "b"sv, "c"sv};
    CHECK(dbup::joined(words) == "a, b, c");
    CHECK(dbup::joined(words, "") == "abc");
    CHECK(dbup::joined({}).empty());
    CHECK(dbup::words_of("  one two   three ") == std::vector{"one"sv, "two"sv, "three"sv});
    CHECK(dbup::words_of("").empty());
    CHECK(dbup::parts_of("a,,b,", ',') == std::vector{"a"sv, ""sv, "b"sv, ""sv});
    CHECK(dbup::parts_of("", ',') == std::vector{""sv});
    CHECK(dbup::replaced("aXbXXc", "X", "--") == "a--b----c");
    CHECK(dbup::replaced("aaa", "aa", "b") == "ba");
    CHECK(dbup::replaced("text", "", "x") == "text");
    CHECK(dbup::replaced("", "x", "y").empty());
}

TEST_CASE("any name becomes a quoted SQL identifier", "[text]")
{
    struct Case {
        const char* name = "";
        const char* identifier = "";
    };
    const auto c = GENERATE(values<Case>({
        {"db_monitor", R"("db_monitor")"},
        {"user", R"("user")"},
        {"Mixed Case", R"("Mixed Case")"},
        {R"(a"b)", R"("a""b")"},
        {R"(";DROP TABLE x;--)", R"(""";DROP TABLE x;--")"},
        {"", R"("")"},
    }));
    CHECK(dbup::sql_identifier(c.name) == c.identifier);
}

} // namespace

} // namespace dbup_test
