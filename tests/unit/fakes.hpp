// SPDX-License-Identifier: MIT
// The outside world of a run as the tests want it: time that moves only when somebody waits, an
// environment, files, and servers that do what they are told.
#pragma once

#include "config/inputs.hpp"
#include "config/options.hpp"
#include "core/clock.hpp"
#include "pg/connector.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/run.hpp"

namespace dbup_test {

using dbup::ErrorClass;
using dbup::Millis;
using dbup::Stage;
using dbup::State;

/// Moves when somebody sleeps, or when a fake server takes its time.
class FakeClock final : public dbup::Clock {
public:
    [[nodiscard]] dbup::Instant now() const override { return now_; }
    [[nodiscard]] double unix_time() const override;
    void sleep(Millis duration) override;

    void advance(dbup::Elapsed duration) { now_ += duration; }

    std::vector<Millis> sleeps = {};
    std::function<void()> on_sleep = {};

private:
    dbup::Instant now_{std::chrono::hours{1}};
};

/// Always the same number.
class FakeRandom final : public dbup::Random {
public:
    explicit FakeRandom(double number = 0.5) : number_{number} {}
    double next() override { return number_; }
    void set(double number) { number_ = number; }

private:
    double number_;
};

class FakeEnvironment final : public dbup::Environment {
public:
    [[nodiscard]] std::optional<std::string> find(std::string_view name) const override;

    std::map<std::string, std::string, std::less<>> variables = {};
};

/// Files and services from maps; connection URIs by libpq's parser, which does no I/O.
class FakeReader final : public dbup::Reader {
public:
    [[nodiscard]] std::vector<dbup::ConninfoPart> uri(const std::string& uri) const override;
    [[nodiscard]] std::vector<dbup::ConninfoPart> service(const std::string& name,
                                                          const std::string& file) const override;
    [[nodiscard]] std::optional<std::string> config_file(const std::string& path) const override;
    [[nodiscard]] std::string small_file(const std::string& path) const override;
    [[nodiscard]] bool exists(const std::string& path) const override;
    [[nodiscard]] std::string passfile_objection(const std::string& path) const override;
    [[nodiscard]] std::string file_objection(const std::string& path) const override;
    [[nodiscard]] std::string certificates_objection(const std::string& path) const override;
    [[nodiscard]] std::string key_objection(const std::string& path) const override;
    [[nodiscard]] std::optional<dbup::FileFacts> facts_of(const std::string& path) const override;
    [[nodiscard]] std::string user() const override { return "monitor (uid 1000)"; }
    [[nodiscard]] bool knows_system_roots() const override { return system_roots; }
    [[nodiscard]] std::string home() const override { return home_folder; }

    std::map<std::string, std::vector<dbup::ConninfoPart>> services = {};
    std::map<std::string, std::string> files = {};
    std::map<std::string, std::string> objections = {}; ///< to files of passwords and TLS
    std::map<std::string, dbup::FileFacts> facts = {};  ///< where the usual ones will not do
    bool system_roots = false;
    std::string home_folder = {};
    std::function<void()> on_read = {};
    mutable std::vector<std::string> files_read = {};
};

/// How one connection goes. Without a failure it answers like a healthy server.
struct Server {
    std::chrono::microseconds tcp{200};
    std::chrono::microseconds tls{4'000};
    std::chrono::microseconds auth{6'000};
    std::chrono::microseconds query{1'000};
    std::optional<dbup::Failure> failure = {}; ///< thrown at `fails_at`
    Stage fails_at = Stage::tcp;
    bool silent = false; ///< says nothing from `fails_at` on, until the caller gives up
    dbup::ServerFacts facts = {
        .version = "15.18", .standby = false, .skew = 0.0003, .backend_pid = 4711};
    std::optional<dbup::TlsFacts> encryption =
        dbup::TlsFacts{"TLSv1.3", "TLS_AES_256_GCM_SHA384", 80, "CN=db1", "CN=Test CA"};
    std::vector<dbup::Rows> answers = {}; ///< of the check's query; empty: the right one
    std::map<std::string, dbup::Rows, std::less<>> named_answers =
        {}; ///< by the query's name; before the usual ones
    std::map<std::string, dbup::Failure, std::less<>> failures = {}; ///< in place of an answer
};

/// A server that ends the connection at `stage` with `failure`.
Server failing(Stage stage, dbup::Failure failure);
Server refusing();
Server silent_at(Stage stage);

/// One row with one column.
dbup::Rows single(std::string column, dbup::Rows::Cell cell);

/// One row in one cell, as `SELECT ROW(…)` has it: the values of `names`, in that order.
dbup::Rows record(const std::map<std::string, dbup::Rows::Cell>& cells,
                  std::span<const std::string_view> names);

class FakeConnector final : public dbup::Connector {
public:
    explicit FakeConnector(FakeClock& clock) : clock_{clock} {}

    std::vector<dbup::Candidate> resolve(const dbup::Endpoint& endpoint) override;
    std::unique_ptr<dbup::Session> open(const dbup::Config& config,
                                        const dbup::Candidate& candidate,
                                        const dbup::Patience& patience,
                                        dbup::Trace& trace) override;
    [[nodiscard]] std::vector<dbup::Secret> secrets() const override;

    struct Opened {
        std::string target = {};
        std::string address = {};
        Millis budget = {}; ///< what the caller granted
    };

    /// The servers that are met, one after the other; the last one stays.
    std::deque<Server> servers = {Server{}};
    /// The addresses of a name; one without an address stands for every other name.
    std::map<std::string, std::vector<std::string>> addresses = {};
    std::chrono::microseconds resolving{100};
    std::optional<dbup::Failure> resolve_failure = {};
    std::string secret = {}; ///< what only the driver knows
    std::function<void()> on_open = {};
    std::function<void(Stage)> on_stage = {}; ///< called when a connection has come that far
    std::vector<Opened> opened = {};
    int resolved = 0; ///< how often a name was looked up

private:
    FakeClock& clock_;
};

/// A whole program with a fake world around it.
struct Scene {
    FakeClock clock = {};
    FakeRandom random = FakeRandom{};
    FakeConnector connector = FakeConnector{clock};
    FakeEnvironment environment = {};
    FakeReader reader = {};
    dbup::Terminal* terminal = nullptr;      ///< for --setup
    dbup::FileWriter* writer = nullptr;      ///< for --setup
    dbup::StartThread start_thread = {};     ///< empty: one after the other
    std::vector<std::string> steps = {};     ///< what the listener heard: "LEVEL: sentence"
    std::vector<std::string> arguments = {}; ///< the command line as it is afterwards

    dbup::Outcome run(std::vector<std::string> command_line);

    /// The same by hand, for tests that need the Run.
    dbup::Outcome execute(dbup::Run& program, std::vector<std::string> command_line);
    dbup::Run::Parts parts();

    /// What load() makes of a command line; throws what load() throws.
    dbup::Config load(std::vector<std::string> command_line);
};

/// A command line that names db1 and mydb, with `more` behind.
std::vector<std::string> command_line(std::vector<std::string> more);

/// The options that a command line must have, so that `row` has an effect there.
std::vector<std::string> users_of(const dbup::OptionRow& row);

/// The first line without its end, and that without the perfdata.
std::string first_line(const std::string& text);
std::string headline(const std::string& text);

/// The perfdata of the first line; empty if it has none.
std::string perfdata_of(const std::string& text);

/// The whole text for a config error with that message.
std::string config_line(const std::string& message);

/// The value of a setting; fails the test where there is none of that name.
const dbup::ShownSetting& setting(const dbup::Config& config, std::string_view name);

/// The message of the Failure{config} that load() throws; empty if it does not.
std::string refusal(Scene& scene, std::vector<std::string> command_line);

} // namespace dbup_test
