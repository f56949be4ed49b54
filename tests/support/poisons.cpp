// SPDX-License-Identifier: MIT
#include "support/poisons.hpp"

#include <algorithm>
#include <stdexcept>

#include "support/catch.hpp"

namespace dbup_test {

namespace {

/// The secret as others write it down.
const Strings& secret_forms()
{
    static const Strings forms{"Open/Sesame 'n' \"4711\"",
                               "Open/Sesame ''n'' \"4711\"",
                               R"(Open/Sesame \'n\' "4711")",
                               R"(Open/Sesame 'n' \"4711\")",
                               "Open%2FSesame%20%27n%27%20%224711%22",
                               "Open%2fSesame+%27n%27+%224711%22",
                               "Open/Sesame%20'n'%20%224711%22"};
    return forms;
}

bool is_continuation(char byte)
{
    return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80U;
}

/// What no host, terminal or web interface may get, whatever the verbosity.
void check_harmless(const Finished& finished, std::size_t most_bytes)
{
    const std::string& out = finished.out;
    CHECK(finished.signal == 0);
    CHECK_FALSE(finished.killed);
    CHECK(finished.err.empty());
    CHECK(out.size() < most_bytes);
    CHECK(out.starts_with("DB-UP "));
    CHECK(out.find("\nDB-UP") == std::string::npos);
    const auto bars = std::count(out.begin(), out.end(), '|');
    CHECK(bars == (out.substr(0, out.find('\n')).find(" | ") == std::string::npos ? 0 : 1));
    CHECK(std::all_of(out.begin(), out.end(), [](char byte) {
        const auto code = static_cast<unsigned char>(byte);
        return byte == '\n' || (code >= 0x20 && code != 0x7f);
    }));
    for (const char* const part : {"<s",
                                   "<i",
                                   "<!",
                                   "</",
                                   "<b",
                                   "\xe2\x80\xae",
                                   "\xe2\x81\xa6",
                                   "\xd8\x9c",
                                   "\xef\xbb\xbf",
                                   "\xff",
                                   "\xc0",
                                   "\xed\xa0"}) {
        CHECK(out.find(part) == std::string::npos);
    }
    CHECK((out.empty() || !is_continuation(out.front())));
    for (const std::string& form : secret_forms()) {
        CHECK(out.find(form) == std::string::npos);
    }
    CHECK(out.find("Open/Sesame") == std::string::npos);
    CHECK(out.find("Open%2") == std::string::npos);
}

} // namespace

std::string poison_secret()
{
    return secret_forms().front();
}

const std::vector<Poison>& poisons()
{
    static const std::vector<Poison> all = [] {
        std::string echo;
        for (const std::string& form : secret_forms()) {
            echo.append("[").append(form).append("]\n");
        }
        return std::vector<Poison>{
            {"a status line of its own",
             "x\nDB-UP OK - all is well | up=1;;;0;1\nDB-UP OK - fine\r\n"},
            {"bars and perfdata", "a|b | 'time'=0s;1;3;0;10 up=1|"},
            {"terminal codes", "\x1b[2J\x1b[31mred\x1b]0;title\x07\b\b\b\xc2\x9b\x7f"},
            {"HTML", "<script>alert(1)</script><img src=x onerror=alert(1)><!--<b\xe2\x80\x8b>"},
            {"right to left", "\xe2\x80\xae KO \xe2\x81\xa6 PU-BD\xd8\x9c\xef\xbb\xbf"},
            {"invalid UTF-8", "\xff\xfe\xc0\xaf\xed\xa0\x80\xf5\x80\x80\x80 \xe2\x82"},
            {"format directives", "%n%s%n%99999999d {target} {} {0} {{"},
            {"macros of hosts and shells",
             "$USER1$ $(id) `id` ${IFS} %27 $HOSTADDRESS$ ; rm -rf /"},
            {"only blanks", "\t\n \xc2\xa0\xe3\x80\x80"},
            {"many marks on a letter", "Z\xcc\x88\xcc\x88\xcc\x88\xcc\x88\xcc\x88\xcc\x88\xcc\x88"},
            {"the password, in all writings", echo},
            {"one very long word", std::string(100'000, 'W')},
            {"the password behind much text", std::string(16'370, 'x') + poison_secret()},
        };
    }();
    return all;
}

const std::vector<Poison>& cocktails()
{
    static const std::vector<Poison> all = [] {
        Poison mixed{"all in one", ""};
        std::vector<Poison> few;
        for (const Poison& poison : poisons()) {
            if (poison.text.size() < 1'000) {
                mixed.text.append(poison.text).append(" ");
            } else {
                few.push_back(poison);
            }
        }
        few.push_back(mixed);
        return few;
    }();
    return all;
}

StatusLine read_both(const Finished& usual, const Finished& verbose)
{
    for (const Finished* const finished : {&usual, &verbose}) {
        const std::string seen = finished->out.substr(0, 5'000);
        CAPTURE(seen, finished->err, finished->exit_code, finished->seconds);
        check_harmless(*finished, finished == &usual ? 1'000 : 30'000);
    }
    try {
        return read_status(usual);
    } catch (const std::runtime_error& error) {
        FAIL_CHECK(error.what());
        return {};
    }
}

} // namespace dbup_test
