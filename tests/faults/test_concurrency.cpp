// SPDX-License-Identifier: MIT
// Many checks of one server at the same moment.
#include <algorithm>
#include <chrono>
#include <deque>
#include <mutex>

#include "support/catch.hpp"
#include "support/cluster.hpp"
#include "support/network.hpp"
#include "support/plugin.hpp"

namespace dbup_test {

namespace {

using namespace std::string_literals;

// A program with sanitizers takes ten times the memory.
int many()
{
    return sanitized ? 60 : 200;
}

/// That many at once, with time enough for a small machine.
std::map<std::string, int> codes_of_many(const Strings& more)
{
    const Strings slow_machine{"-t", "30", "--connect-timeout", "30s", "-w", "30", "-c", "30"};
    const std::vector<Finished> finished = run_all(std::vector<Command>(
        static_cast<std::size_t>(many()), plugin(cluster_arguments(slow_machine + more))));
    std::map<std::string, int> codes;
    for (const Finished& one : finished) {
        CHECK(one.seconds < 30.5);
        const StatusLine line = read_status(one);
        ++codes[line.state + ' ' + line.code];
    }
    CAPTURE(codes);
    Cluster::shared().wait_until_gone();
    return codes;
}

TEST_CASE("two hundred at once are served where there is room", "[concurrency]")
{
    Cluster::shared().execute("ALTER SYSTEM SET max_connections = 300");
    Cluster::shared().restart();
    const auto codes = codes_of_many({});
    CHECK(codes == std::map<std::string, int>{{"OK ", many()}});
    Cluster::shared().execute("ALTER SYSTEM RESET max_connections");
    Cluster::shared().restart();
}

TEST_CASE("two hundred at once are told where there is none", "[concurrency]")
{
    const auto codes = codes_of_many({"--max-retries", "0"});
    CHECK(codes.count("OK ") == 1);
    CHECK(codes.size() <= 2);
    CHECK((codes.size() == 1 || codes.count("CRITICAL TOO_MANY_CONNECTIONS") == 1));
}

/// When the attempts of one run arrived.
class Arrivals {
public:
    explicit Arrivals(const std::string& answer)
        : server_{Script{[this](Peer& /*peer*/) {
                             const std::lock_guard lock{mutex_};
                             instants_.push_back(std::chrono::steady_clock::now());
                             return true;
                         },
                         read_startup(),
                         send_bytes(answer),
                         close_connection()}}
    {
    }

    [[nodiscard]] std::string port() const { return server_.port(); }

    /// Seconds between the first attempt and the second.
    [[nodiscard]] double pause() const
    {
        const std::lock_guard lock{mutex_};
        return std::chrono::duration<double>(instants_.at(1) - instants_.at(0)).count();
    }

private:
    mutable std::mutex mutex_ = {};
    std::vector<Instant> instants_ = {};
    ScriptedServer server_;
};

TEST_CASE("those who are refused together do not come back together", "[concurrency]")
{
    struct Case {
        const char* says = "";
        std::string answer = {};
    };
    const auto c = GENERATE(values<Case>({
        {"no slot", message('E', "SFATAL\0VFATAL\0C53300\0Msorry, too many clients already\0\0"s)},
        {"lost", ""},
    }));
    INFO(c.says);
    constexpr std::size_t runs = 30;
    std::deque<Arrivals> servers;
    std::vector<Command> commands;
    for (std::size_t run = 0; run < runs; ++run) {
        const std::string port = servers.emplace_back(c.answer).port();
        commands.push_back(plugin(peer_arguments(port, {"--max-retries", "1"})));
    }
    for (const Finished& one : run_all(std::move(commands))) {
        CHECK(read_status(one).perf.at("retries").value == "1");
    }
    std::vector<double> pauses;
    std::transform(servers.begin(), servers.end(), std::back_inserter(pauses), [](const auto& one) {
        return one.pause();
    });
    std::sort(pauses.begin(), pauses.end());
    CAPTURE(pauses);
    // Half a second, a fifth more or less. A busy machine makes pauses longer, hardly shorter.
    CHECK(pauses.front() > 0.3);
    CHECK(pauses.front() < 0.48);
    CHECK(pauses.at(runs / 2) < 1);
    CHECK(pauses.at(runs * 3 / 4) - pauses.at(runs / 4) > 0.03);
}

} // namespace

} // namespace dbup_test
