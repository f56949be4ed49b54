// SPDX-License-Identifier: MIT
#include "support/trials.hpp"

#include <sys/prctl.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <thread>

#include "support/catch.hpp"
#include "support/client.hpp"
#include "support/network.hpp"
#include "support/sandbox.hpp"

namespace dbup_test {

namespace {

constexpr double allowed_excess = 0.5;    // seconds, on a busy machine
constexpr int seconds_to_wait = 2;        // until a deadline that is to be reached
constexpr int seconds_to_work = 5;        // until one that is not, however busy it is
constexpr long most_memory = 128L * 1024; // KB

struct Outcome {
    Finished finished = {};
    std::string heard = {};
    int connections = 0;
    bool all_closed = false;
    std::string trouble = {}; // of the test itself
};

bool waits(const Trial& trial)
{
    return trial.codes == Strings{"TIMEOUT"};
}

int seconds_for(const Trial& trial)
{
    return waits(trial) ? seconds_to_wait : seconds_to_work;
}

const Strings query_of_a_user{"--query", "SELECT 1 AS health_check", "--expect", "1"};

Command command_for(const Trial& trial, const std::string& port)
{
    Command command = plugin(
        peer_arguments(port,
                       Strings{"--ssl-mode",
                               trial.talk.tls ? "require" : "disable",
                               "-t",
                               std::to_string(seconds_for(trial)),
                               "--connect-timeout",
                               "60s",
                               "-w",
                               "time=60",
                               "-c",
                               "time=60",
                               "--max-retries",
                               "0"} +
                           (trial.talk.extended ? query_of_a_user : Strings{}) + trial.arguments),
        {"DB_PASSWORD=" + trial.talk.password});
    command.kill_after = Millis{15'000};
    return command;
}

Outcome hold(const Trial& trial)
{
    Outcome outcome;
    try {
        const ScriptedServer server{{converse(trial.talk)}};
        outcome.finished = run(command_for(trial, server.port()));
        wait_until(
            "the connections are closed", [&] { return server.ended() == server.accepted(); }, 2);
        outcome.connections = server.accepted();
        outcome.all_closed = true;
    } catch (const std::exception& error) {
        outcome.trouble = error.what();
    }
    outcome.heard = trial.talk.heard->bytes();
    return outcome;
}

/// Holds those trials, `at_once` of them at the same time.
class Pool {
public:
    Pool(const std::vector<Trial>& trials,
         std::vector<Outcome>& outcomes,
         bool waiting,
         std::size_t at_once)
    {
        for (std::size_t index = 0; index < trials.size(); ++index) {
            if (waits(trials[index]) == waiting) {
                indexes_.push_back(index);
            }
        }
        for (std::size_t count = 0; count < std::min(at_once, indexes_.size()); ++count) {
            threads_.emplace_back([&] {
                for (std::size_t next = next_++; next < indexes_.size(); next = next_++) {
                    outcomes[indexes_[next]] = hold(trials[indexes_[next]]);
                }
            });
        }
    }
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;
    ~Pool()
    {
        for (std::thread& thread : threads_) {
            thread.join();
        }
    }

private:
    std::vector<std::size_t> indexes_ = {};
    std::atomic<std::size_t> next_ = 0;
    std::vector<std::thread> threads_ = {};
};

/// Those that wait take no processor, the others nothing else.
std::vector<Outcome> hold_all(const std::vector<Trial>& trials)
{
    static_cast<void>(plugin({})); // copies the program, once and not from several threads
    std::vector<Outcome> outcomes(trials.size());
    {
        const Pool waiting{trials, outcomes, true, sanitized ? 6U : 12U};
        const Pool working{trials, outcomes, false, sanitized ? 2U : 3U};
    }
    return outcomes;
}

/// A child of a program that is gone becomes ours.
void adopt_orphans()
{
    checked(::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl");
}

std::string children()
{
    std::string all;
    for (const auto& task : std::filesystem::directory_iterator{"/proc/self/task"}) {
        all += read_file(task.path() / "children");
    }
    return all;
}

void judge_line(const Trial& trial, const Finished& finished)
{
    const StatusLine line = read_status(finished);
    const bool local = line.code == "LOCAL_ERROR" || line.code == "CONFIG_ERROR";
    CHECK_THAT(trial.codes, Catch::Matchers::VectorContains(line.code));
    CHECK(line.state == (line.code.empty() ? "OK" : local ? "UNKNOWN" : "CRITICAL"));
    if (line.code == "TIMEOUT") {
        CHECK_THAT(line.text, has("waiting for " + trial.waits_for));
    }
    CHECK_THAT(line.all_text(), has(trial.mentions));
}

void judge(const Trial& trial, const Outcome& outcome)
{
    const Finished& finished = outcome.finished;
    const double excess = finished.seconds - seconds_for(trial);
    INFO(trial.says << (trial.talk.tls ? ", TLS" : ", plain") << "\n"
                    << finished.out << finished.err << finished.seconds << " s, "
                    << finished.max_rss << " KB");
    CHECK(outcome.trouble.empty());
    CHECK(excess < in_time(allowed_excess));
    CHECK((sanitized || finished.max_rss < most_memory));
    CHECK(finished.out.find(trial.talk.password) == std::string::npos);
    CHECK(outcome.heard.find(trial.talk.password) == std::string::npos);
    CHECK(outcome.connections == trial.connections);
    CHECK(outcome.all_closed);
    try {
        judge_line(trial, finished);
    } catch (const std::exception& error) {
        FAIL_CHECK(error.what());
    }
}

} // namespace

void judge(const std::vector<Trial>& trials)
{
    adopt_orphans();
    const std::string children_before = children();
    const auto outcomes = hold_all(trials);
    CHECK(children() == children_before);
    for (std::size_t index = 0; index < trials.size(); ++index) {
        judge(trials[index], outcomes[index]);
    }
}

} // namespace dbup_test
