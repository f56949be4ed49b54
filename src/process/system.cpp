// SPDX-License-Identifier: MIT
#include "process/system.hpp"

#include "config/options.hpp"
#include "core/text.hpp"
#include "pg/wait.hpp"

#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>
#include <cstring>

namespace dbup {

namespace {

/// Whether the value of a variable with this name is a secret, or may hold one.
bool is_secret_variable(std::string_view name)
{
    for (const auto& row : option_table()) {
        const bool holds = is_secret(row) || row.name == "uri";
        if (!holds) {
            continue; // this is asked for every variable there is
        }
        const auto names = words_of(row.environment);
        if (std::find(names.begin(), names.end(), name) != names.end()) {
            return true;
        }
    }
    return false;
}

} // namespace

Instant SystemClock::now() const
{
    return std::chrono::steady_clock::now();
}

double SystemClock::unix_time() const
{
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

void SystemClock::sleep(Millis duration)
{
    pause_for(duration, stop_fd_);
}

double SystemRandom::next()
{
    constexpr double range = 4'294'967'296.0;
    std::uint32_t bits = 0;
    if (getrandom(&bits, sizeof bits, GRND_NONBLOCK) != static_cast<ssize_t>(sizeof bits)) {
        bits = static_cast<std::uint32_t>(getpid()) *
               2'654'435'761U; // early boot: still differs between processes
    }
    return bits / range;
}

std::optional<std::string> SystemEnvironment::find(std::string_view name) const
{
    const char* const value =
        getenv(std::string{name}.c_str()); // NOLINT(concurrency-mt-unsafe): one reader
    return value == nullptr ? std::nullopt : std::optional<std::string>{value};
}

ProcessFacts process_facts(const Environment& environment)
{
    const auto host = [] {
        std::array<char, 256> name{};
        static_cast<void>(gethostname(name.data(), name.size() - 1));
        return std::string{name.data()};
    };
    // Read now, while there is one thread: the worker changes the environment.
    const bool declined = !environment.find("NO_COLOR").value_or("").empty() ||
                          environment.find("TERM").value_or("dumb") == "dumb";
    const auto colour = [declined] { return !declined && isatty(STDOUT_FILENO) == 1; };
    return {.host = host, .pid = [] { return static_cast<long>(getpid()); }, .colour = colour};
}

void forget_environment()
{
    std::vector<std::string> names;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view whole{*entry};
        const auto name = whole.substr(0, whole.find('='));
        const bool secret = is_secret_variable(name);
        if (secret && name.size() < whole.size()) {
            explicit_bzero(*entry + name.size() + 1, whole.size() - name.size() - 1);
        }
        if (secret || name.starts_with("PG")) {
            names.emplace_back(name);
        }
    }
    for (const auto& name : names) {
        // NOLINTNEXTLINE(concurrency-mt-unsafe): libpq runs in this thread, after this
        unsetenv(name.c_str());
    }
}

std::string own_path()
{
    std::array<char, PATH_MAX> path{};
    const auto size = readlink("/proc/self/exe", path.data(), path.size());
    return size > 0 && path.front() == '/'
               ? std::string{path.data(), static_cast<std::size_t>(size)}
               : std::string{"db-up"};
}

} // namespace dbup
