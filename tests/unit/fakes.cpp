// SPDX-License-Identifier: MIT
#include "unit/fakes.hpp"

#include "config/load.hpp"
#include "config/options.hpp"
#include "core/text.hpp"
#include "pg/conninfo.hpp"

#include <algorithm>
#include <stdexcept>

namespace dbup_test {

namespace {

class FakeSession final : public dbup::Session {
public:
    FakeSession(Server server,
                FakeClock& clock,
                dbup::Trace& trace,
                std::function<void(Stage)> on_stage)
        : server_{std::move(server)}, clock_{clock}, trace_{trace}, on_stage_{std::move(on_stage)}
    {
    }

    std::vector<dbup::Rows> run(std::span<const dbup::Query> queries,
                                const dbup::Deadline& deadline) override
    {
        pass(Stage::harden, {}, deadline);
        pass(Stage::query, server_.query, deadline);
        if (!server_.answers.empty()) {
            return server_.answers;
        }
        std::vector<dbup::Rows> rows;
        for (const auto& query : queries) {
            rows.push_back(answer_to(query.name));
        }
        return rows;
    }

    std::vector<dbup::Rows> commit(std::span<const dbup::Query> queries,
                                   const dbup::Deadline& deadline) override
    {
        return run(queries, deadline);
    }

    std::vector<dbup::Rows> show(std::span<const dbup::Query> commands,
                                 const dbup::Deadline& deadline) override
    {
        return run(commands, deadline);
    }

    [[nodiscard]] const dbup::ServerFacts& server() const override { return server_.facts; }
    [[nodiscard]] const std::optional<dbup::TlsFacts>& tls() const override
    {
        return server_.encryption;
    }
    void close() override { pass(Stage::close, {}, {clock_, Millis{1}}); }

    /// Goes through `stage`: takes its time, and fails there if it is to.
    void pass(Stage stage, dbup::Elapsed time, const dbup::Deadline& deadline)
    {
        trace_.enter(stage);
        if (on_stage_) {
            on_stage_(stage);
        }
        if (server_.fails_at == stage && server_.silent) {
            clock_.advance(deadline.left());
            throw dbup::Failure{ErrorClass::timeout};
        }
        clock_.advance(time);
        if (server_.fails_at == stage && server_.failure) {
            throw dbup::Failure{*server_.failure};
        }
    }

private:
    [[nodiscard]] dbup::Rows answer_to(std::string_view query) const
    {
        const auto failure = server_.failures.find(query);
        if (failure != server_.failures.end()) {
            throw dbup::Failure{failure->second};
        }
        const auto found = server_.named_answers.find(query);
        if (found != server_.named_answers.end()) {
            return found->second;
        }
        if (query == "standing") { // of a role that is a member of nothing
            dbup::Rows standing{{"member", "inherits"}};
            standing.add({"f", "t"});
            return standing;
        }
        if (query != "works") {
            throw std::logic_error{"the fake server does not know a query"};
        }
        return single("health_check", "1");
    }

    Server server_;
    FakeClock& clock_;
    dbup::Trace& trace_;
    std::function<void(Stage)> on_stage_;
};

/// `words` as main() gets them; they must outlive the pointers.
std::vector<char*> pointers(std::vector<std::string>& words)
{
    std::vector<char*> all;
    for (auto& word : words) {
        all.push_back(word.data());
    }
    return all;
}

} // namespace

double FakeClock::unix_time() const
{
    return 1'800'000'000 + dbup::seconds(now_.time_since_epoch());
}

void FakeClock::sleep(Millis duration)
{
    sleeps.push_back(duration);
    now_ += duration;
    if (on_sleep) {
        on_sleep();
    }
}

std::optional<std::string> FakeEnvironment::find(std::string_view name) const
{
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional{found->second};
}

std::vector<dbup::ConninfoPart> FakeReader::uri(const std::string& uri) const
{
    return dbup::parse_uri(uri);
}

std::vector<dbup::ConninfoPart> FakeReader::service(const std::string& name,
                                                    const std::string& file) const
{
    const auto found = services.find(file.empty() ? name : file + ':' + name);
    if (found == services.end()) {
        throw dbup::config_error("service '" + name + "': definition of service \"" + name +
                                 "\" not found");
    }
    return found->second;
}

std::optional<std::string> FakeReader::config_file(const std::string& path) const
{
    if (!files.contains(path)) {
        return std::nullopt;
    }
    return small_file(path);
}

std::string FakeReader::small_file(const std::string& path) const
{
    files_read.push_back(path);
    if (on_read) {
        on_read();
    }
    const auto found = files.find(path);
    if (found == files.end()) {
        throw dbup::Failure{ErrorClass::config,
                            "cannot open '" + path + "': No such file or directory"};
    }
    return found->second;
}

bool FakeReader::exists(const std::string& path) const
{
    return files.contains(path);
}

std::optional<dbup::FileFacts> FakeReader::facts_of(const std::string& path) const
{
    const auto found = facts.find(path);
    if (found != facts.end()) {
        return found->second;
    }
    constexpr unsigned owner_only = 0600;
    const dbup::FileFacts usual{
        .plain = true, .mode = owner_only, .owner = "monitor", .own = true, .size = 100};
    return files.contains(path) ? std::optional{usual} : std::nullopt;
}

std::string FakeReader::passfile_objection(const std::string& path) const
{
    const auto found = objections.find(path);
    return found == objections.end() ? std::string{} : found->second;
}

std::string FakeReader::file_objection(const std::string& path) const
{
    return passfile_objection(path);
}

std::string FakeReader::certificates_objection(const std::string& path) const
{
    return file_objection(path);
}

std::string FakeReader::key_objection(const std::string& path) const
{
    return file_objection(path);
}

Server failing(Stage stage, dbup::Failure failure)
{
    Server server;
    server.fails_at = stage;
    server.failure = std::move(failure);
    return server;
}

Server refusing()
{
    return failing(Stage::tcp, dbup::Failure{ErrorClass::refused, "Connection refused"});
}

Server silent_at(Stage stage)
{
    Server server;
    server.fails_at = stage;
    server.silent = true;
    return server;
}

dbup::Rows single(std::string column, dbup::Rows::Cell cell)
{
    dbup::Rows rows{{std::move(column)}};
    rows.add({std::move(cell)});
    return rows;
}

dbup::Rows record(const std::map<std::string, dbup::Rows::Cell>& cells,
                  std::span<const std::string_view> names)
{
    std::string text;
    for (const auto name : names) {
        text += (text.empty() ? '(' : ',') + cells.at(std::string{name}).value_or("");
    }
    return single("row", text + ')');
}

std::vector<dbup::Candidate> FakeConnector::resolve(const dbup::Endpoint& endpoint)
{
    ++resolved;
    clock_.advance(resolving);
    if (resolve_failure) {
        throw dbup::Failure{*resolve_failure};
    }
    const auto found = addresses.find(endpoint.host);
    if (found == addresses.end()) {
        return {{endpoint, {}}};
    }
    std::vector<dbup::Candidate> candidates;
    for (const auto& address : found->second) {
        candidates.push_back({endpoint, address});
    }
    return candidates;
}

std::unique_ptr<dbup::Session> FakeConnector::open(const dbup::Config& /*config*/,
                                                   const dbup::Candidate& candidate,
                                                   const dbup::Patience& patience,
                                                   dbup::Trace& trace)
{
    opened.push_back({candidate.endpoint.text(), candidate.address, patience.of_stage().left()});
    if (on_open) {
        on_open();
    }
    const Server server = servers.front();
    if (servers.size() > 1) {
        servers.pop_front();
    }
    auto session = std::make_unique<FakeSession>(server, clock_, trace, on_stage);
    session->pass(Stage::tcp, server.tcp, patience.of_stage());
    if (server.encryption) {
        session->pass(Stage::tls, server.tls, patience.of_stage());
    }
    session->pass(Stage::auth, server.auth, patience.of_stage());
    return session;
}

std::vector<dbup::Secret> FakeConnector::secrets() const
{
    std::vector<dbup::Secret> all;
    if (!secret.empty()) {
        all.emplace_back(secret);
    }
    return all;
}

dbup::Run::Parts Scene::parts()
{
    return {clock,
            random,
            connector,
            [this](dbup::LogLevel level, std::string_view step) {
                steps.push_back(std::string{dbup::row_of(level).word}.append(": ").append(step));
            },
            {.host = [] { return std::string{"monitor1"}; }, .pid = [] { return 4711L; }},
            start_thread};
}

dbup::Outcome Scene::execute(dbup::Run& program, std::vector<std::string> command_line)
{
    arguments = std::move(command_line);
    const auto argv = pointers(arguments);
    return program.execute({.arguments = argv,
                            .environment = &environment,
                            .reader = &reader,
                            .terminal = terminal,
                            .writer = writer});
}

dbup::Outcome Scene::run(std::vector<std::string> command_line)
{
    dbup::Run program{parts()};
    return execute(program, std::move(command_line));
}

dbup::Config Scene::load(std::vector<std::string> command_line)
{
    arguments = std::move(command_line);
    const auto argv = pointers(arguments);
    dbup::Config config;
    dbup::load(config, {.arguments = argv, .environment = &environment, .reader = &reader});
    return config;
}

std::vector<std::string> command_line(std::vector<std::string> more)
{
    more.insert(more.begin(), {"-H", "db1", "-d", "mydb"});
    return more;
}

std::vector<std::string> users_of(const dbup::OptionRow& row)
{
    if (row.name == "create-table") {
        return {"--check=write", "--write-table=t"};
    }
    if (row.name == "ssl-key") {
        return {"--ssl-cert=/some/ssl-cert"};
    }
    const auto checks = dbup::words_of(row.checks);
    if (!checks.empty()) {
        return {"--check=" + std::string{checks.front()}};
    }
    if (row.name == "execute" || row.name == "cleanup-kinds") {
        return {"--cleanup"};
    }
    return row.name == "confirm" ? std::vector<std::string>{"--emergency-shutdown"}
                                 : std::vector<std::string>{};
}

std::string first_line(const std::string& text)
{
    return text.substr(0, text.find('\n'));
}

std::string headline(const std::string& text)
{
    return first_line(text).substr(0, first_line(text).find(" | "));
}

std::string perfdata_of(const std::string& text)
{
    const auto line = first_line(text);
    const auto bar = line.find(" | ");
    return bar == std::string::npos ? std::string{} : line.substr(bar + 3);
}

std::string config_line(const std::string& message)
{
    return "DB-UP UNKNOWN - " + message + " [CONFIG_ERROR]\n";
}

const dbup::ShownSetting& setting(const dbup::Config& config, std::string_view name)
{
    const auto found =
        std::find_if(config.settings.begin(),
                     config.settings.end(),
                     [name](const dbup::ShownSetting& one) { return one.name == name; });
    if (found == config.settings.end()) {
        throw std::logic_error{"no setting " + std::string{name}};
    }
    return *found;
}

std::string refusal(Scene& scene, std::vector<std::string> command_line)
{
    try {
        static_cast<void>(scene.load(std::move(command_line)));
        return {};
    } catch (const dbup::Failure& failure) {
        return failure.error() == ErrorClass::config ? failure.message() : "not a config error";
    }
}

} // namespace dbup_test
