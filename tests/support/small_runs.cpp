// SPDX-License-Identifier: MIT
#include "support/small_runs.hpp"

#include <algorithm>
#include <stdexcept>

#include "support/catch.hpp"
#include "support/cluster.hpp"
#include "support/plugin.hpp"

namespace dbup_test {

namespace {

constexpr std::size_t at_a_time = 6;

bool is_local(const std::string& outcome)
{
    return outcome == "LOCAL_ERROR" || outcome == "CONFIG_ERROR" || outcome == "INTERRUPTED";
}

EndedRun judged(const SmallRun& expected, Finished finished)
{
    INFO(expected.says);
    CAPTURE(finished.out, finished.err, finished.exit_code, finished.signal, finished.seconds);
    EndedRun result{.finished = std::move(finished)};
    CHECK_FALSE(result.finished.killed);
    CHECK(result.finished.signal == 0);
    CHECK(result.finished.seconds < in_time(expected.seconds));
    CHECK_THAT(result.finished.out, !has(Cluster::shared().password()));
    try {
        result.line = read_status(result.finished);
    } catch (const std::runtime_error& error) {
        FAIL_CHECK(error.what());
        return result;
    }
    const StatusLine& line = result.line;
    result.outcome = line.code.empty() ? "OK" : line.code;
    CAPTURE(result.outcome);
    CHECK(std::find(expected.allowed.begin(), expected.allowed.end(), result.outcome) !=
          expected.allowed.end());
    if (result.outcome == "OK") {
        CHECK(line.perf.at("up").value == "1");
    } else {
        CHECK_THAT(line.all_text(), has(expected.names));
    }
    CHECK((line.state == "UNKNOWN") == is_local(result.outcome));
    return result;
}

} // namespace

std::vector<EndedRun> judge_runs(const std::vector<SmallRun>& runs)
{
    std::vector<EndedRun> results;
    for (std::size_t first = 0; first < runs.size(); first += at_a_time) {
        const std::size_t last = std::min(first + at_a_time, runs.size());
        std::vector<Command> commands;
        for (std::size_t i = first; i < last; ++i) {
            commands.push_back(runs[i].command);
        }
        auto ended = run_all(std::move(commands));
        for (std::size_t i = first; i < last; ++i) {
            results.push_back(judged(runs[i], std::move(ended[i - first])));
        }
    }
    return results;
}

} // namespace dbup_test
