// SPDX-License-Identifier: MIT
// Which links --output-file may put a file in the place of.
#include "process/output_file.hpp"
#include "support/catch.hpp"

namespace dbup_test {

namespace {

TEST_CASE("a link of the system's is not replaced by a file", "[output-file]")
{
    struct Case {
        const char* target = "";
        const char* folder = "";
        bool refused = false;
    };
    const auto c = GENERATE(values<Case>({
        {"/proc/self/fd/1", "/dev", true}, // /dev/stdout
        {"/proc/self/fd", "/dev", true},
        {"pts/0", "/dev", true},
        {"pipe:[4711]", "/proc/4711/fd", true}, // /dev/fd/1
        {"/var/lib/file", "/dev/shm", true},
        {"/dev/stdout", "/home/somebody", true},
        {"/dev", "/home/somebody", true},
        {"../../dev/stdout", "/home/somebody", true},
        {"/var/../proc/self/fd/1", "/home/somebody", true},
        {"/var/lib/file", "/home/somebody", false},
        {"file", "/home/somebody", false},
        {"dev/file", "/home/somebody", false},
        {"proc", "/home/somebody", false},
        {"/device/file", "/home/dev", false},
        {"/home/dev/file", "/processes", false},
        {"file", "/", false},
        {"dev/stdout", "/", true},
    }));
    CAPTURE(c.target, c.folder);
    CHECK(dbup::objection_to_link(c.target, c.folder).empty() != c.refused);
}

} // namespace

} // namespace dbup_test
