// SPDX-License-Identifier: MIT
// How names are written for other programs. That these read them so is shown by
// integration/test_generate.cpp and packaging/generate.sh, with the programs themselves.
#include "actions/generate/quoting.hpp"
#include "actions/generate/schedule.hpp"
#include "core/text.hpp"

#include "support/catch.hpp"

namespace dbup_test {

namespace {

struct Quoted {
    const char* text = "";
    const char* written = "";
};

TEST_CASE("a word of a shell", "[quoting]")
{
    const auto c = GENERATE(values<Quoted>({
        {"mydb", "mydb"},
        {"/etc/db-up/a.b_c-d", "/etc/db-up/a.b_c-d"},
        {"cert_days=30:", "cert_days=30:"},
        {"", "''"},
        {"my db", "'my db'"},
        {"it's", "'it'\\''s'"},
        {"'", "''\\'''"},
        {"a\"b", "'a\"b'"},
        {"$HOME`id`", "'$HOME`id`'"},
        {"a\\b", "'a\\b'"},
        {"~:10", "'~:10'"},
        {"100%", "'100%'"},
        {"!x;#y&z|", "'!x;#y&z|'"},
        {"größe", "'größe'"},
        {"-x", "-x"},
    }));
    CHECK(dbup::shell_word(c.text) == c.written);
}

TEST_CASE("the words of a shell command", "[quoting]")
{
    const std::vector<std::string> words{"db-up", "-d", "my db", ""};
    CHECK(dbup::shell_command(words) == "db-up -d 'my db' ''");
}

TEST_CASE("a string of JSON and YAML", "[quoting]")
{
    const auto c = GENERATE(values<Quoted>({
        {"", "\"\""},
        {"my db", "\"my db\""},
        {"no", "\"no\""},
        {"a\"b\\c", "\"a\\\"b\\\\c\""},
        {"%$!;#,:ü", "\"%$!;#,:ü\""},
    }));
    CHECK(dbup::json_string(c.text) == c.written);
}

TEST_CASE("a string of Kubernetes", "[quoting]")
{
    const auto c = GENERATE(values<Quoted>({
        {"$(HOME)", "\"$$(HOME)\""},
        {"$$", "\"$$$$\""},
        {"a\"b", "\"a\\\"b\""},
    }));
    CHECK(dbup::kubernetes_string(c.text) == c.written);
}

TEST_CASE("a value in an environment file", "[quoting]")
{
    const auto c = GENERATE(values<Quoted>({
        {"mydb", "mydb"},
        {"", ""},
        {"my db", "\"my db\""},
        {"it's", "\"it's\""},
        {"a\"b\\c$d`e", "\"a\\\"b\\\\c\\$d\\`e\""},
        {"100%", "\"100%\""},
        {"#x", "\"#x\""},
        {"ü", "\"ü\""},
    }));
    CHECK(dbup::environment_value(c.text) == c.written);
}

TEST_CASE("a word and a text of a systemd unit", "[quoting]")
{
    const auto c = GENERATE(values<Quoted>({
        {"mydb", "mydb"},
        {"", "\"\""},
        {"100%n", "\"100%%n\""},
        {"$HOME", "\"$$HOME\""},
        {"a\"b\\c", "\"a\\\"b\\\\c\""},
        {"it's", "\"it's\""},
        {";", "\";\""},
        {"my db", "\"my db\""},
    }));
    CHECK(dbup::systemd_word(c.text) == c.written);
    CHECK(dbup::systemd_text("100%n \"$x\" \\") == "100%%n \"$x\" \\");
}

TEST_CASE("a field of the password file", "[quoting]")
{
    const auto c = GENERATE(values<Quoted>({
        {"mydb", "mydb"},
        {"a:b\\c", "a\\:b\\\\c"},
        {"::1", "\\:\\:1"},
        {"*", "\\*"},
        {"a*", "a*"},
        {"#x", "\\#x"},
        {"my db", "my db"},
    }));
    CHECK(dbup::pgpass_field(c.text) == c.written);
}

TEST_CASE("a command of Nagios and of NRPE", "[quoting]")
{
    CHECK(dbup::nagios_command("db-up '$USER1$;!\\x'") == "db-up '$$USER1$$\\;!\\x'");
    CHECK(dbup::nagios_command("'\\;'") == "'\\\\;'");
    CHECK(dbup::nrpe_command("db-up '$ARG1$;!'") == "db-up '$$ARG1$$;!'");
}

TEST_CASE("a string of Icinga", "[quoting]")
{
    CHECK(dbup::icinga_string("a\"b\\c$d$!;") == "\"a\\\"b\\\\c$$d$$!;\"");
}

TEST_CASE("a command of cron", "[quoting]")
{
    const auto c = GENERATE(values<Quoted>({
        {"100%", "'100\\%'"},
        {"a\\b", "'a\\b'"},
        {"a\\\\b", "'a\\''\\b'"},
        {"\\%", "'\\''\\%'"},
        {"it's 5%", "'it'\\''s 5\\%'"},
    }));
    CHECK(dbup::cron_command(dbup::shell_word(c.text)) == c.written);
}

TEST_CASE("a constant of SQL", "[quoting]")
{
    CHECK(dbup::sql_literal("it's") == "'it''s'");
    CHECK(dbup::sql_literal("a\\'b") == "E'a\\\\''b'");
    CHECK(dbup::sql_identifier("a\"b\\c") == "\"a\"\"b\\c\"");
}

TEST_CASE("the name of an object", "[quoting]")
{
    CHECK(dbup::object_name("db-1.example_x") == "db-1.example_x");
    CHECK(dbup::object_name("a b'c!ü") == "a_b_c___");
}

TEST_CASE("what is one line, and what is not", "[quoting]")
{
    for (const std::string text : {"", "mydb", "größe", "a b\xC2\xA0", "\xF0\x9F\x98\x80"}) {
        CHECK(dbup::is_one_line(text));
    }
    for (const std::string text : {"a\nb",
                                   "a\r",
                                   "\t",
                                   "\x1B[2J",
                                   "\x7F",
                                   "\xC2\x85",
                                   "\xE2\x80\xA8",
                                   "\xEF\xBB\xBF",
                                   "\xFF",
                                   "a\xC3"}) {
        CAPTURE(text);
        CHECK_FALSE(dbup::is_one_line(text));
    }
    CHECK_FALSE(dbup::is_one_line(std::string_view{"a\0b", 3}));
}

TEST_CASE("the times of cron are never further apart than asked for", "[quoting]")
{
    struct Case {
        int seconds = 0;
        const char* times = "";
    };
    const auto c = GENERATE(values<Case>({
        {5, "* * * * *"},
        {60, "* * * * *"},
        {119, "* * * * *"},
        {120, "*/2 * * * *"},
        {300, "*/5 * * * *"},
        {420, "*/6 * * * *"},
        {3'540, "*/30 * * * *"},
        {3'600, "0 * * * *"},
    }));
    CHECK(dbup::cron_times(dbup::Millis{c.seconds * 1'000}) == c.times);
}

} // namespace

} // namespace dbup_test
