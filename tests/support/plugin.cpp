// SPDX-License-Identifier: MIT
#include "support/plugin.hpp"

#include <filesystem>

#include "support/catch.hpp"
#include "support/cluster.hpp"
#include "support/sandbox.hpp"

namespace dbup_test {

namespace {

// The built program, or the one that DBUP_PROGRAM names: the same tests look at a build with
// sanitizers, or at a script that runs the program inside valgrind.
std::filesystem::path original()
{
    return own_variable("DBUP_PROGRAM").value_or(DBUP_BINARY);
}

bool is_sanitized(const std::filesystem::path& program)
{
    const std::string bytes = read_file(program);
    return bytes.starts_with("#!") || bytes.find("__asan_init") != std::string::npos ||
           bytes.find("__tsan_init") != std::string::npos;
}

// A copy that every user may run: the build folder may lie in a closed home.
std::string program()
{
    static const std::string path = [] {
        const std::filesystem::path copy = Sandbox::shared().folder() / "db-up";
        std::filesystem::copy_file(original(), copy);
        std::filesystem::permissions(copy, std::filesystem::perms{0755});
        return copy.string();
    }();
    return path;
}

Strings sanitizer_settings()
{
    Strings result;
    for (const std::string name : {"ASAN_OPTIONS",
                                   "UBSAN_OPTIONS",
                                   "LSAN_OPTIONS",
                                   "TSAN_OPTIONS",
                                   "LLVM_PROFILE_FILE",
                                   "GCOV_PREFIX",
                                   "GCOV_PREFIX_STRIP"}) {
        if (const auto value = own_variable(name)) {
            result.push_back(name + "=" + *value);
        }
    }
    return result;
}

} // namespace

const bool sanitized = is_sanitized(original());

double in_time(double seconds)
{
    return seconds + (sanitized ? 1.5 : 0);
}

Strings operator+(Strings left, const Strings& right)
{
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

Command plugin(const Strings& arguments, const Strings& environment)
{
    return {.argv = Strings{program()} + arguments,
            .environment = sanitizer_settings() + environment};
}

Strings cluster_arguments(const Strings& more)
{
    const Cluster& cluster = Cluster::shared();
    return Strings{"--host",
                   "localhost",
                   "--port",
                   cluster.port(),
                   "--database",
                   cluster.get("DATABASE"),
                   "--user",
                   cluster.get("USER"),
                   "--ssl-mode",
                   "verify-full",
                   "--ssl-root-cert",
                   cluster.ca_file(),
                   "--password-file",
                   cluster.password_file()} +
           more;
}

Strings peer_arguments(const std::string& port, const Strings& more)
{
    return Strings{"--host",
                   "127.0.0.1",
                   "--port",
                   port,
                   "--database",
                   "mydb",
                   "--ssl-mode",
                   "disable"} +
           more;
}

Strings jumping_clock(int hours)
{
    return {"LD_PRELOAD=" DBUP_JUMPING_CLOCK, "DBUP_TEST_JUMP=" + std::to_string(hours)};
}

Strings small_buffers()
{
    return {"LD_PRELOAD=" DBUP_SMALL_BUFFERS};
}

StatusLine check(const Strings& arguments, const Strings& environment)
{
    const Finished finished = run(plugin(arguments, environment));
    UNSCOPED_INFO(finished.out);
    return read_status(finished);
}

StatusLine check_cluster(const Strings& more, const Strings& environment)
{
    return check(cluster_arguments(more), environment);
}

} // namespace dbup_test
