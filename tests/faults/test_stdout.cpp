// SPDX-License-Identifier: MIT
// The result cannot be printed: the exit code still says it, in time, and the session is not
// harmed.
#include <algorithm>
#include <vector>

#include "support/catch.hpp"
#include "support/cluster.hpp"
#include "support/network.hpp"
#include "support/plugin.hpp"

namespace dbup_test {

namespace {

TEST_CASE("the exit code is right whatever stdout is", "[stdout]")
{
    struct Output {
        const char* says = "";
        Stdout kind = Stdout::read;
    };
    struct Case {
        const char* says = "";
        Strings more = {};
        int exit_code = 0;
    };
    const auto output = GENERATE(values<Output>({
        {"a closed descriptor", Stdout::closed},
        {"a full device", Stdout::full_device},
        {"a pipe without reader", Stdout::no_reader},
        {"a pipe that nobody reads", Stdout::never_read},
    }));
    const auto c = GENERATE(values<Case>({
        {"OK", {}, 0},
        {"WARNING", {"-w", "0.000001"}, 1},
        {"CRITICAL", {"--port", "1", "--max-retries", "0"}, 2},
        {"UNKNOWN", {"--port", "0"}, 3},
    }));
    INFO(output.says);
    INFO(c.says);
    Command command = plugin(cluster_arguments(Strings{"-t", "3"} + c.more));
    command.output = output.kind;
    const Finished finished = run(std::move(command));
    CAPTURE(finished.err, finished.seconds, finished.signal);
    CHECK_FALSE(finished.killed);
    CHECK(finished.exit_code == c.exit_code);
    CHECK(finished.seconds < in_time(3.5));
    CHECK(finished.err.empty());
}

TEST_CASE("a deadline is kept when nobody reads the result, either", "[stdout]")
{
    const ScriptedServer server{{stay_silent()}};
    Command command = plugin(peer_arguments(
        server.port(), {"--ssl-mode", "require", "-t", "1", "--connect-timeout", "9s"}));
    command.output = Stdout::never_read;
    const Finished finished = run(std::move(command));
    CHECK_FALSE(finished.killed);
    CHECK(finished.exit_code == 2);
    CHECK(finished.seconds < in_time(1.5));
}

TEST_CASE("closed standard descriptors do not become the connection", "[stdout]")
{
    const std::vector<int> closed =
        GENERATE(values<std::vector<int>>({{0}, {2}, {0, 1}, {0, 2}, {1, 2}, {0, 1, 2}}));
    CAPTURE(closed);
    const auto before = Cluster::shared().log_position();
    Command command = plugin(cluster_arguments());
    command.closed = closed;
    const Finished finished = run(std::move(command));
    CHECK(finished.exit_code == 0);
    if (std::find(closed.begin(), closed.end(), 1) == closed.end()) {
        CHECK(read_status(finished).state == "OK");
    }
    Cluster::shared().wait_until_gone();
    CHECK_THAT(Cluster::shared().log_since(before),
               !has("invalid") && !has("lost") && !has("FATAL"));
}

TEST_CASE("few descriptors, no core and an odd folder are enough", "[stdout]")
{
    Command command = plugin(cluster_arguments());
    command.limits = {{RLIMIT_NOFILE, sanitized ? 16U : 8U}, {RLIMIT_CORE, 0}, {RLIMIT_FSIZE, 0}};
    command.folder = "/proc/self";
    const StatusLine line = read_status(run(std::move(command)));
    CAPTURE(line.all_text());
    CHECK(line.state == "OK");
}

TEST_CASE("the result is written in one piece", "[stdout]")
{
    Command command = plugin(cluster_arguments({"-v"}));
    command.output = Stdout::packets;
    const Finished finished = run(std::move(command));
    CHECK(finished.exit_code == 0);
    CHECK(finished.writes == 1);
}

} // namespace

} // namespace dbup_test
