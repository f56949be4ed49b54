// SPDX-License-Identifier: MIT
// The supervisor with its real threads and signals; what a thread sanitizer is to look at.
#include <poll.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <csignal>

#include "process/supervisor.hpp"
#include "process/system.hpp"
#include "support/catch.hpp"
#include "unit/fakes.hpp"

namespace dbup_test {

namespace {

/// A gate that opens once; who waits at it may be another thread.
class Gate {
public:
    void open()
    {
        const std::lock_guard lock{mutex_};
        open_ = true;
        opened_.notify_all();
    }

    void wait()
    {
        std::unique_lock lock{mutex_};
        opened_.wait(lock, [this] { return open_; });
    }

private:
    std::mutex mutex_ = {};
    std::condition_variable opened_ = {};
    bool open_ = false;
};

/// What a worker and its test share.
struct Shared {
    Gate arrived = {};  ///< the worker stands where the test wants it
    Gate released = {}; ///< it may go on
    Gate left = {};     ///< it has done all that it does with the run
};

/// Goes through all stages again and again, and does not listen to deadlines.
class BusyConnector final : public dbup::Connector {
public:
    explicit BusyConnector(std::shared_ptr<Shared> shared) : shared_{std::move(shared)} {}

    std::vector<dbup::Candidate> resolve(const dbup::Endpoint& endpoint) override
    {
        return {{endpoint, {}}};
    }

    std::unique_ptr<dbup::Session> open(const dbup::Config& /*config*/,
                                        const dbup::Candidate& /*candidate*/,
                                        const dbup::Patience& /*patience*/,
                                        dbup::Trace& trace) override
    {
        for (int round = 0; !done; ++round) {
            for (const auto stage : {Stage::tcp, Stage::tls, Stage::auth}) {
                trace.enter(stage);
            }
            if (round == 100) {
                shared_->arrived.open();
            }
        }
        throw dbup::Failure{ErrorClass::refused, "Connection refused"};
    }

    std::atomic<bool> done = false;

private:
    std::shared_ptr<Shared> shared_;
};

/// A run of the program with real time, as main() makes it.
struct Program {
    explicit Program(std::vector<std::string> more) : words{std::move(more)}
    {
        words.insert(words.begin(), {"-H", "db1", "-d", "mydb", "--max-retries", "0"});
        for (auto& word : words) {
            arguments.push_back(word.data());
        }
    }

    dbup::Outcome supervised()
    {
        return supervisor.supervise(run, [this] {
            auto outcome = run.execute({.arguments = arguments,
                                        .environment = &environment,
                                        .reader = &reader,
                                        .on_timeout = [this](dbup::Millis) { supervisor.wake(); }});
            shared->left.open();
            return outcome;
        });
    }

    std::vector<std::string> words;
    std::vector<char*> arguments = {};
    std::shared_ptr<Shared> shared = std::make_shared<Shared>();
    dbup::Supervisor supervisor = {};
    dbup::SystemClock clock = dbup::SystemClock{supervisor.stop_fd()};
    FakeRandom random = FakeRandom{};
    FakeEnvironment environment = {};
    FakeReader reader = {};
    BusyConnector connector = BusyConnector{shared};
    dbup::Run run = dbup::Run{{clock, random, connector}};
};

TEST_CASE("the outcome of a worker in time is the outcome", "[supervisor]")
{
    Program program{{}};
    program.connector.done = true;
    const auto outcome = program.supervised();
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(outcome.text, has("[CONNECTION_REFUSED]"));
}

TEST_CASE("a worker that does not listen is left behind at the deadline", "[supervisor]")
{
    Program program{{"-t", "200ms"}};
    const auto begin = std::chrono::steady_clock::now();
    const auto outcome = program.supervised();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    CHECK(took.count() >= 0.2);
    CHECK(took.count() < 0.7);
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(outcome.text, has("[TIMEOUT]") && has("no answer from db1:5432"));
    program.connector.done = true;
    program.shared->left.wait();
}

TEST_CASE("a signal is answered for a worker that does not listen", "[supervisor]")
{
    Program program{{"-t", "10s"}};
    std::thread scheduler{[&program] {
        program.shared->arrived.wait();
        kill(getpid(), SIGTERM);
    }};
    const auto outcome = program.supervised();
    scheduler.join();
    CHECK(outcome.exit_code == 3);
    CHECK_THAT(outcome.text, has("[INTERRUPTED]"));
    program.connector.done = true;
    program.shared->left.wait();
}

TEST_CASE("a worker that listens has the last word after a signal", "[supervisor]")
{
    Program program{{}};
    const auto outcome = program.supervisor.supervise(program.run, [&program] {
        kill(getpid(), SIGTERM);
        pollfd stop{program.supervisor.stop_fd(), POLLIN, 0};
        poll(&stop, 1, -1);
        return dbup::Outcome{1, "the worker's own words\n"};
    });
    CHECK(outcome.exit_code == 1);
    CHECK(outcome.text == "the worker's own words\n");
}

} // namespace

} // namespace dbup_test
