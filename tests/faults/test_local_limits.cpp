// SPDX-License-Identifier: MIT
// The monitoring host is short of something: the answer is right, or it says what this host lacks.
// Never is the server blamed.
#include <sched.h>

#include <csignal>
#include <optional>

#include "support/catch.hpp"
#include "support/cluster.hpp"
#include "support/network.hpp"
#include "support/plugin.hpp"
#include "support/small_runs.hpp"

namespace dbup_test {

namespace {

Command limited(int resource, rlim_t value)
{
    Command command = plugin(cluster_arguments());
    command.limits = {{resource, value}};
    return command;
}

/// Sanitizers need a pipe of their own to look at memory, and complain of ours without one.
bool can_be_tried(rlim_t count)
{
    return !sanitized || count == 4 || count == 16;
}

TEST_CASE("with few file descriptors the answer is right, or says so", "[limits]")
{
    const rlim_t enough = sanitized ? 16 : 8;
    std::vector<SmallRun> runs;
    for (rlim_t count = 4; count <= 16; ++count) {
        if (!can_be_tried(count)) {
            continue;
        }
        const auto says = std::to_string(count) + " descriptors";
        const Strings allowed = count < enough ? Strings{"OK", "LOCAL_ERROR"} : Strings{"OK"};
        runs.push_back({says, limited(RLIMIT_NOFILE, count), allowed, "ulimit -n"});
    }
    CHECK(judge_runs(runs).front().outcome == "LOCAL_ERROR");
}

TEST_CASE("with few file descriptors a server is not blamed either", "[limits]")
{
    std::vector<SmallRun> runs;
    for (rlim_t count = 4; count <= 8; ++count) {
        if (!can_be_tried(count)) {
            continue;
        }
        Command command = plugin(peer_arguments("1", {"--max-retries", "0"}));
        command.limits = {{RLIMIT_NOFILE, count}};
        runs.push_back({std::to_string(count) + " descriptors, nobody listens",
                        std::move(command),
                        {"CONNECTION_REFUSED", "LOCAL_ERROR"}});
    }
    judge_runs(runs);
}

/// Whether main() was reached in good order: below, the dynamic loader ends the process, or the
/// constructors of libraries end it or complain, and nothing of ours can be heard alone.
bool spoke(const Finished& finished)
{
    return finished.out.starts_with("DB-UP ") && finished.err.empty();
}

TEST_CASE("with little address space the answer is right, or says so", "[limits]")
{
    constexpr rlim_t megabyte = 1'048'576;
    constexpr rlim_t enough = 32;
    std::vector<rlim_t> sizes;
    for (rlim_t size = 12; size <= 96; size += size < 40 ? 1 : 8) {
        sizes.push_back(size);
    }
    if (sanitized) { // their shadow memory alone is larger than any limit
        sizes = {RLIM_INFINITY / megabyte};
    }
    bool reached = false;
    std::vector<SmallRun> runs;
    for (const rlim_t size : sizes) {
        const Strings allowed = size < enough ? Strings{"OK", "LOCAL_ERROR"} : Strings{"OK"};
        SmallRun one{std::to_string(size) + " MB",
                     limited(RLIMIT_AS, size * megabyte),
                     allowed,
                     "ulimit -v"};
        if (!reached) {
            const Finished first = run(one.command);
            CAPTURE(size, first.exit_code, first.signal, first.out, first.err);
            reached = spoke(first);
            if (!reached) {
                CHECK(size < enough);
                CHECK(first.exit_code != 0);
                CHECK(first.exit_code != 2);
                CHECK((first.out.empty() || first.out.find("[LOCAL_ERROR]") != std::string::npos));
                continue;
            }
        }
        runs.push_back(std::move(one));
    }
    judge_runs(runs);
}

/// Processes that do nothing, as fast as they can, on one processor.
class BusyProcessor {
public:
    explicit BusyProcessor(int processes)
    {
        cpu_set_t allowed{};
        checked(::sched_getaffinity(0, sizeof allowed, &allowed), "sched_getaffinity");
        std::size_t number = 0;
        while (!CPU_ISSET(number, &allowed)) {
            ++number;
        }
        number_ = std::to_string(number);
        for (int i = 0; i < processes; ++i) {
            Command command{.argv = {"/bin/sh", "-c", "while :; do :; done"}};
            rivals_.emplace_back(pinned(std::move(command)));
        }
    }

    /// The command on that processor.
    [[nodiscard]] Command pinned(Command command) const
    {
        command.argv = Strings{"/usr/bin/taskset", "-c", number_} + command.argv;
        return command;
    }

private:
    std::string number_ = {};
    std::vector<Process> rivals_ = {};
};

TEST_CASE("a starved processor makes no false alarm, and the deadline holds", "[limits]")
{
    const ScriptedServer silent{{stay_silent()}};
    const BusyProcessor busy{5};
    const auto starved = [&busy](Command command) {
        command = busy.pinned(std::move(command));
        command.argv = Strings{"/usr/bin/nice", "-n", "3"} + command.argv;
        return command;
    };
    judge_runs({{"a healthy server", starved(plugin(cluster_arguments({"-t", "20s"}))), {"OK"}}});
    // From outside even the start of the program is slow: what it can promise counts from there.
    const Strings patient{"--ssl-mode", "require", "-t", "1", "--connect-timeout", "9s"};
    const auto held = judge_runs({{"a silent server",
                                   starved(plugin(peer_arguments(silent.port(), patient))),
                                   {"TIMEOUT"},
                                   "TLS",
                                   5}});
    CHECK(held.at(0).line.perf.at("time").number() < 1.5);
}

/// Without a look at dates in certificates, which are the wall clock's business.
Strings unverified_arguments()
{
    const Cluster& cluster = Cluster::shared();
    return {"--host",
            "localhost",
            "--port",
            cluster.port(),
            "--database",
            "mydb",
            "--user",
            cluster.get("USER"),
            "--password-file",
            cluster.password_file()};
}

TEST_CASE("only the monotonic clock decides", "[limits]")
{
    const ScriptedServer silent{{stay_silent()}};
    const int hours = GENERATE(1, -1);
    // A sanitizer's library wants to be loaded before any other: there the clock stays.
    const Strings jumping = sanitized ? Strings{} : jumping_clock(hours);
    CAPTURE(hours);
    const auto judged = judge_runs({
        {"a healthy server", plugin(unverified_arguments(), jumping), {"OK"}},
        {"a silent server",
         plugin(peer_arguments(silent.port(),
                               {"--ssl-mode", "require", "-t", "1", "--connect-timeout", "9s"}),
                jumping),
         {"TIMEOUT"},
         "TLS",
         1.5},
        {"nobody listens, two retries",
         plugin(peer_arguments("1", {"--max-retries", "2", "--retry-delay", "100ms"}), jumping),
         {"CONNECTION_REFUSED"},
         "3 attempts",
         2},
    });
    CHECK(sanitized == (std::abs(judged.at(0).line.perf.at("skew").number()) < 1'800));
    CHECK(judged.at(0).line.perf.at("time").number() < 5);
    CHECK(judged.at(1).finished.seconds > 0.9);
    CHECK(judged.at(1).line.perf.at("time").number() > 0.9);
    CHECK(judged.at(2).finished.seconds > 0.2);
}

} // namespace

} // namespace dbup_test
