// SPDX-License-Identifier: MIT
// The end of a program that has lost an exception.
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <exception>
#include <functional>
#include <stdexcept>

#include "process/last_words.hpp"
#include "support/catch.hpp"

namespace dbup_test {

namespace {

/// As what a library calls back: nothing may leave it.
void call_back(const std::function<void()>& work) noexcept
{
    work();
}

TEST_CASE("an exception that nobody can catch ends in a status line", "[last words]")
{
    std::array<int, 2> ends{};
    REQUIRE(pipe(ends.data()) == 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        std::set_terminate(&dbup::last_words);
        call_back([] { throw std::runtime_error{"lost"}; });
        _exit(0);
    }
    close(ends[1]);
    std::string told;
    std::array<char, 512> piece{};
    for (ssize_t count = 1; count > 0;) {
        count = read(ends[0], piece.data(), piece.size());
        told.append(piece.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
    }
    close(ends[0]);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 3);
    CHECK(told == "DB-UP UNKNOWN - db-up has failed in a way it did not foresee [INTERNAL_ERROR]\n"
                  "Fix: Please report it with the output of db-up -vv and db-up --version\n");
}

} // namespace

} // namespace dbup_test
