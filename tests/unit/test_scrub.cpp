// SPDX-License-Identifier: MIT
#include "core/redaction.hpp"
#include "core/scrub.hpp"

#include <chrono>

#include "support/catch.hpp"

namespace dbup_test {

namespace {

using namespace std::string_view_literals;
using dbup::Scrubber;

Scrubber knowing(std::string_view secret)
{
    Scrubber scrubber;
    scrubber.add_secret(secret);
    return scrubber;
}

TEST_CASE("a secret is in no text, wherever and however it stands there", "[scrub]")
{
    struct Case {
        std::string_view secret = {};
        std::string_view foreign = {};
        const char* text = "";
    };
    const auto c = GENERATE(values<Case>({
        {"hunter2"sv, "no secret here"sv, "no secret here"},
        {"hunter2"sv, "hunter2"sv, "***"},
        {"hunter2"sv, "the password \"hunter2\" is wrong"sv, "the password \"***\" is wrong"},
        {"hunter2"sv, "xhunter2x"sv, "x***x"},
        {"hunter2"sv, "hunter2hunter2"sv, "******"},
        {"hunter2"sv, "hun\nhunter2\nter2"sv, "hun *** ter2"},
        // characters that the sanitizer drops must not put it together again
        {"hunter2"sv, "hun\xe2\x80\x8bter2"sv, "***"},
        {"hunter2"sv,
         "h\xc2\xadu\xc2\xadn\xc2\xadt\xc2\xad"
         "er2"sv,
         "***"},
        {"hunter2"sv, "\xe2\x80\xaehunter2\xe2\x80\xac"sv, "***"},
        {"hunter2"sv, "hunhunter2ter2"sv, "hun***ter2"},
        // the sanitizer changes the secret itself
        {"pass|word"sv, "got pass|word"sv, "got ***"},
        {"pass|word"sv, "got pass/word"sv, "got ***"},
        {"two  words"sv, "got two  words"sv, "got ***"},
        {"two  words"sv, "got two\nwords"sv, "got ***"},
        {"t\xc3\xa4st\xff!"sv, "got t\xc3\xa4st\xff!"sv, "got ***"},
        {" lead"sv, "got lead"sv, "got***"},
        {"tail "sv, "got tail "sv, "got ***"},
        {"tab\there"sv, "got tab\there."sv, "got ***."},
        {"zero\xe2\x80\x8bwidth"sv, "got zero\xe2\x80\x8bwidth."sv, "got ***."},
        // quoted, and as in a URL
        {"it's\\me"sv, "got 'it''s\\me'"sv, "got '***'"},
        {"it's\\me"sv, R"(got 'it\'s\\me')"sv, "got '***'"},
        {"say \"x\""sv, R"({"got": "say \"x\""})"sv, R"({"got": "***"})"},
        {"a/b c@d%"sv, "got a%2Fb%20c%40d%25."sv, "got ***."},
        {"a/b c@d%"sv, "got a%2fb+c@d%25."sv, "got ***."},
        {"hunter2"sv, "got h%75nter%32, %68%75%6E%74%65%72%32"sv, "got ***, ***"},
        {"hunter2"sv, "got h%75nter%33, 100%"sv, "got h%75nter%33, 100%"},
        {"***"sv, "got ***"sv, "got ***"},
        {""sv, "nothing to hide"sv, "nothing to hide"},
    }));
    CAPTURE(c.secret, c.foreign);
    CHECK(knowing(c.secret)(c.foreign) == c.text);
}

TEST_CASE("a secret of one to three characters is hidden as a word only", "[scrub]")
{
    struct Case {
        const char* secret = "";
        const char* foreign = "";
        const char* text = "";
    };
    const auto c = GENERATE(values<Case>({
        {"a", "a database at a place", "*** database at *** place"},
        {"abc", "abcd abc \"abc\" _abc abc_ abc", "abcd *** \"***\" _abc abc_ ***"},
        {"db", "db-up db db1", "***-up *** db1"},
        {"abcd", "abcde", "***e"},
    }));
    CAPTURE(c.secret, c.foreign);
    CHECK(knowing(c.secret)(c.foreign) == c.text);
}

TEST_CASE("of several secrets the longer one goes first, and all go", "[scrub]")
{
    Scrubber scrubber;
    scrubber.add_secret("hunter");
    scrubber.add_secret("hunter2-long");
    scrubber.add_secret("other");
    scrubber.add_secret("");
    scrubber.add_secret("hunter");
    CHECK(scrubber("hunter2-long hunter2 other") == "*** ***2 ***");
}

TEST_CASE("a copy of a scrubber knows the same secrets", "[scrub]")
{
    Scrubber original = knowing("hunter2");
    const Scrubber copy = original;
    CHECK(copy("hunter2") == "***");
    Scrubber assigned;
    assigned = copy;
    CHECK(assigned("hunter2") == "***");
    const Scrubber moved = std::move(original);
    CHECK(moved("hunter2") == "***");
}

TEST_CASE("a secret that lies across the cut of a long text leaves no piece of itself", "[scrub]")
{
    const auto scrubber = knowing("hunter2-hunter3-hunter4");
    constexpr std::size_t cut = 16'384;
    for (std::size_t begin = cut - 60; begin <= cut + 2; begin += 3) {
        // Blanks are folded, so that what stands at the cut is near the front of the line.
        const std::string foreign = "error:" + std::string(begin - 6, ' ') +
                                    "hunter2-hunter3-hunter4 and more " + std::string(200, '.');
        const std::string text = scrubber(foreign);
        CAPTURE(begin, text);
        CHECK(text.find("hun") == std::string::npos);
    }
}

TEST_CASE("what is cut to a line's length was scrubbed before", "[scrub]")
{
    const auto scrubber = knowing("hunter2-hunter2");
    for (std::size_t begin = 0; begin < 40; ++begin) {
        const std::string text = scrubber(std::string(begin, 'x') + " hunter2-hunter2 tail", 20);
        CAPTURE(begin, text);
        CHECK(text.size() <= 20);
        CHECK(text.find("hun") == std::string::npos);
    }
}

TEST_CASE("passwords in connection strings are hidden though nobody knows them", "[scrub]")
{
    struct Case {
        const char* foreign = "";
        const char* text = "";
    };
    const auto c = GENERATE(values<Case>({
        {"postgresql://u:pw@h/d", "postgresql://u:***@h/d"},
        {"postgres://u:pw@h1:1,h2:2/d?sslmode=require",
         "postgres://u:***@h1:1,h2:2/d?sslmode=require"},
        {"postgresql://u:p@ss@h/d", "postgresql://u:***@h/d"},
        {"postgresql://u:p:w@h/d", "postgresql://u:***@h/d"},
        {"postgresql://u:p/w@h/d", "postgresql://u:***@h/d"},
        {"postgresql://u:p%40w@h", "postgresql://u:***@h"},
        {"postgresql://u@h/d", "postgresql://u@h/d"},
        {"postgresql://h:5432/d", "postgresql://h:5432/d"},
        {"postgresql://:pw@h/d", "postgresql://:***@h/d"},
        {"two postgresql://a:b@c and mysql://d:e@f.",
         "two postgresql://a:***@c and mysql://d:***@f."},
        {"\"postgresql://u:pw@h/d\" is bad", "\"postgresql://u:***@h/d\" is bad"},
        {"postgresql://u@h/d?password=pw&sslmode=require",
         "postgresql://u@h/d?password=***&sslmode=require"},
        {"postgresql://u@h/d?sslpassword=pw", "postgresql://u@h/d?sslpassword=***"},
        {"postgresql://h:5432/d?password=p@ss bad", "postgresql://h:*** bad"},
        {"host=h password=pw dbname=d", "host=h password=*** dbname=d"},
        {"password='p w' dbname=d", "password=*** dbname=d"},
        {"password='p\\'w' dbname=d", "password=*** dbname=d"},
        {"password = 'p w' dbname=d", "password = *** dbname=d"},
        {"password = pw dbname=d", "password = *** dbname=d"},
        {"PASSWORD=pw", "PASSWORD=***"},
        {"PGPASSWORD=pw", "PGPASSWORD=***"},
        {"DB_PASSWORD=pw x", "DB_PASSWORD=*** x"},
        {"sslpassword=pw", "sslpassword=***"},
        {"passwd=pw, pwd=pw)", "passwd=***, pwd=***)"},
        {"password='unfinished", "password=***"},
        {"password=\"p w\" x", "password=*** x"},
        {R"(password="p w"\" x)", "password=*** x"},
        {"password='p w'and'more' x", "password=*** x"},
        {"password=", "password=***"},
        {"password authentication failed for user \"x\"",
         "password authentication failed for user \"x\""},
        {"password: none", "password: none"},
        {"://", "://"},
        {"", ""},
    }));
    CAPTURE(c.foreign);
    CHECK(dbup::redact_connection_strings(c.foreign) == c.text);
    CHECK(Scrubber{}(c.foreign) == c.text);
}

TEST_CASE("a connection string in pieces is put together before it is looked at", "[scrub]")
{
    CHECK(Scrubber{}("pass\xe2\x80\x8bword=pw x") == "password=*** x");
    CHECK(Scrubber{}("postgresql:/\xe2\x80\x8b/u:pw@h/d") == "postgresql://u:***@h/d");
}

TEST_CASE("addresses are hidden where hosts are to be, times of day are none", "[scrub]")
{
    struct Case {
        const char* foreign = "";
        const char* text = "";
    };
    const auto c = GENERATE(values<Case>({
        {"10.0.0.1", "***"},
        {"at 192.0.2.7:5432 now", "at ***:5432 now"},
        {"(127.0.0.1)", "(***)"},
        {"::1", "***"},
        {"[::1]:5432", "[***]:5432"},
        {"fe80::1%eth0", "***%eth0"},
        {"no route to fe80::1.", "no route to ***."},
        {"2001:db8::8:800:200c:417a, port 5432", "***, port 5432"},
        {"2001:db8:0:0:8:800:200c:417a", "***"},
        {"::ffff:192.0.2.7 failed", "*** failed"},
        {"at 12:34:56 o'clock", "at 12:34:56 o'clock"},
        {"2026-11-21 12:34:56.789", "2026-11-21 12:34:56.789"},
        {"PostgreSQL 15.18", "PostgreSQL 15.18"},
        {"version 1.2.3", "version 1.2.3"},
        {"v1.2.3.4.5x", "v1.2.3.4.5x"},
        {"C++ std::string", "C++ std::string"},
        {"pg_catalog::regclass", "pg_catalog::regclass"},
        {"28P01: text", "28P01: text"},
        {"", ""},
    }));
    CAPTURE(c.foreign);
    CHECK(dbup::redact_addresses(c.foreign) == c.text);
}

TEST_CASE("host names are hidden as words, addresses with them", "[scrub]")
{
    Scrubber scrubber;
    scrubber.add_host("db1.example.com");
    scrubber.add_host("db1");
    scrubber.add_host("");
    CHECK(scrubber("db1.example.com at db1:5432 (10.0.0.1) says db10") ==
          "*** at ***:5432 (***) says db10");
    CHECK(Scrubber{}("db1 at 10.0.0.1") == "db1 at 10.0.0.1");
}

TEST_CASE("the names in a certificate are hidden where hosts are to be", "[scrub]")
{
    struct Case {
        const char* foreign = "";
        const char* text = "";
    };
    const auto c = GENERATE(values<Case>({
        {R"(server certificate for "db1" (and 1 other name) does not match host name "x")",
         R"(server certificate for "***" (and 1 other name) does not match host name "x")"},
        {R"(certificate for "a" does not match" b" does not match host name "x")",
         R"(certificate for "***" does not match" b" does not match host name "x")"},
        {R"(server certificate for "db1" does not)", R"(server certificate for "***" does not)"},
        {R"(server certificate for "db1)", R"(server certificate for "***)"},
        {"certificate of CN=db1,O=Example, issued by CN=Test CA,DC=example,DC=com",
         "certificate of CN=***,O=Example, issued by CN=***,DC=***,DC=***"},
        {R"(CN=db1\,db2+emailAddress=a@b)", "CN=***+emailAddress=***"},
        {R"(subject "CN=db1" of)", R"(subject "CN=***" of)"},
        {R"(CN=db1\)", "CN=***"},
        {"signed by an unknown authority: cn=db1 and more",
         "signed by an unknown authority: cn=***"},
        {"SCN=5, CN, CN =x", "SCN=5, CN, CN =x"},
        {"", ""},
    }));
    CAPTURE(c.foreign);
    CHECK(dbup::redact_certificate_names(c.foreign) == c.text);
    Scrubber scrubber;
    scrubber.add_host("elsewhere");
    CHECK(scrubber(c.foreign) == c.text);
    CHECK(Scrubber{}(c.foreign) == c.foreign);
}

TEST_CASE("a folder with a socket is hidden where hosts are to be", "[scrub]")
{
    Scrubber scrubber;
    scrubber.add_host("/run/postgresql");
    CHECK(scrubber("refused at /run/postgresql:5432") == "refused at ***:5432");
    CHECK_THAT(scrubber("connection to \"/run/postgresql/.s.PGSQL.5432\" failed"),
               !has("/run/postgresql"));
}

TEST_CASE("a host that is no text cannot break the characters of a line", "[scrub]")
{
    Scrubber scrubber;
    scrubber.add_host("\xb0");
    CHECK(scrubber("20 \xc2\xb0 C") == "20 \xc2\xb0 C");
}

TEST_CASE("a connection URI is shown without its secrets, however it is written", "[scrub]")
{
    struct Case {
        const char* uri = "";
        const char* shown = "";
    };
    const auto c = GENERATE(values<Case>({
        {"postgresql://u@h:1/d?sslmode=require", "postgresql://u@h:1/d?sslmode=require"},
        {"postgresql://u:p@h/d", "postgresql://u:***@h/d"},
        {"postgresql://u:p'q r<s>\"t@h/d", "postgresql://u:***@h/d"},
        {"postgresql://u:p@q@h/d", "postgresql://u:***@h/d"},
        {"postgresql://u@h/d?password=a,b&sslmode=allow",
         "postgresql://u@h/d?password=***&sslmode=allow"},
        {"postgresql://u@h/d?sslpassword=a", "postgresql://u@h/d?sslpassword=***"},
        {"postgresql://u@h/d?password=a&b&sslmode=allow",
         "postgresql://u@h/d?password=***&***&sslmode=allow"},
        {"postgresql://u@h/d?p%61ssword=a", "postgresql://u@h/d?p%61ssword=***"},
        {"postgresql://h:5432/d", "postgresql://h:5432/d"},
        {"postgresql://h:5432/d?password=p@ss", "postgresql://h:***"},
        {"postgresql://u:p@h/d?password=a@b:c@d", "postgresql://u:***"},
    }));
    CHECK(dbup::redact_uri(c.uri) == c.shown);
}

TEST_CASE("a scrubbed line is one line of bounded length", "[scrub]")
{
    CHECK(Scrubber{}("a\nb|c\x1b") == "a b/c");
    CHECK(Scrubber{}(std::string(1'000, 'x')).size() == 300);
    CHECK(Scrubber{}(std::string(50, 'x'), 8) == "xxxxx...");
    CHECK(Scrubber{}("ääääää", 9) == "äää...");
}

TEST_CASE("ten megabytes of foreign text cost next to nothing", "[scrub]")
{
    Scrubber scrubber = knowing("hunter2");
    scrubber.add_host("db1");
    const auto* const pattern = GENERATE("x",
                                         "a://",
                                         "password=",
                                         "1.",
                                         "::",
                                         "1:",
                                         "'",
                                         "hunter",
                                         "CN=",
                                         "certificate for \"",
                                         "\xe2\x80\x8b",
                                         " ");
    CAPTURE(pattern);
    std::string foreign{pattern};
    while (foreign.size() < 10'000'000) {
        foreign += foreign;
    }
    const auto begin = std::chrono::steady_clock::now();
    const auto line = scrubber(foreign);
    const auto spent = std::chrono::steady_clock::now() - begin;
    CHECK(line.size() <= 300);
    CHECK(spent < std::chrono::milliseconds{500});
}

} // namespace

} // namespace dbup_test
