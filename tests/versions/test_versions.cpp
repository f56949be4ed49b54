// SPDX-License-Identifier: MIT
// Every check of the table on real servers of every major version that is supported, on a primary
// and on its standby, with pg_monitor and without. What a check says there is compared with what it
// says on the reference; the differences that are meant stand in `differences`.
//
// scripts/test.sh fetches the servers. A new check is looked at by itself; it gets a row in
// `questions` if it needs arguments, and rows in `differences` for metrics that not every version
// has.
#include "checks/check.hpp"

#include <unistd.h>

#include <algorithm>
#include <future>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <stdexcept>

#include "support/catch.hpp"
#include "support/cluster.hpp"
#include "support/plugin.hpp"
#include "support/sandbox.hpp"

namespace dbup_test {

namespace {

// ---- what is expected
// ------------------------------------------------------------------------------

/// The version that the others are compared with: the one of the system, on which the integration
/// tests have shown every number to be right.
constexpr int reference = 15;
constexpr std::array versions{12, 13, 14, reference, 16, 17, 18};

/// Arguments that a check needs to have something to say.
const std::map<std::string_view, Strings> questions{
    {"query", {"--query", "SELECT 1 AS one, pg_catalog.pg_backend_pid() AS pid"}},
};

/// The only errors that a check may end with here, by its name. PRIVILEGE_MISSING is allowed to all
/// for a role without rights.
const std::map<std::string_view, std::string> wrong_places{
    {"pool", "CONFIG_ERROR"}, // this is no PgBouncer
};

/// A metric that is there only from one version to another.
struct Difference {
    std::string_view check = {};
    std::string_view label = {};
    int from = versions.front();
    int to = versions.back();
};

const std::vector<Difference> differences{
    {.check = "replication", .label = "lost_slots", .from = 13},
    {.check = "replication", .label = "unreserved_slots", .from = 13},
    {.check = "replication", .label = "inactive_age", .from = 17},
    {.check = "statistics", .label = "sessions_abandoned", .from = 14},
    {.check = "statistics", .label = "sessions_fatal", .from = 14},
    {.check = "statistics", .label = "sessions_killed", .from = 14},
    {.check = "statistics", .label = "checksum_failures", .from = 18}, // initdb's default is on
};

// ---- servers
// ---------------------------------------------------------------------------------------

/// A primary of one version with a standby, a role without rights (db_monitor), and one with all
/// that a check may want: pg_monitor and the sequences (db_watch).
class Pair {
public:
    explicit Pair(int version) : version_{version}, bin_{programs_of(version)}
    {
        const auto name = std::to_string(version);
        folder_ = Sandbox::shared().make_folder("v" + name);
        run_or_throw({.argv = {DBUP_THROWAWAY,
                               "start",
                               folder_,
                               "--bin",
                               bin_,
                               "--setting",
                               "archive_mode=on",
                               "--setting",
                               "archive_command=/bin/true"},
                      .environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
                      .kill_after = Millis{120'000}});
        std::istringstream lines{read_file(folder_ / "env")};
        for (std::string line; std::getline(lines, line);) {
            values_[line.substr(0, line.find('='))] = line.substr(line.find('=') + 1);
        }
        fill();
        follow();
    }

    [[nodiscard]] int version() const { return version_; }
    [[nodiscard]] const std::string& port() const { return values_.at("PORT"); }
    [[nodiscard]] const std::string& folder() const { return values_.at("SOCKET_DIR"); }
    [[nodiscard]] const std::string& standby_port() const { return standby_port_; }

    /// Of all roles.
    [[nodiscard]] std::string password() const
    {
        auto password = read_file(values_.at("PASSWORD_FILE"));
        password.pop_back();
        return password;
    }

    [[nodiscard]] Strings arguments(const std::string& role, bool standby) const
    {
        return {"--host",
                "localhost",
                "--port",
                standby ? standby_port_ : port(),
                "--database",
                "mydb",
                "--user",
                role,
                "--ssl-mode",
                "verify-full",
                "--ssl-root-cert",
                values_.at("CA_FILE"),
                "--password-file",
                values_.at("PASSWORD_FILE")};
    }

    [[nodiscard]] Strings both_hosts() const
    {
        return {"--host", "localhost,localhost", "--port", port() + "," + standby_port_};
    }

    /// For a Client: the superuser on the primary.
    [[nodiscard]] Parameters superuser() const
    {
        return superuser(values_.at("SOCKET_DIR"), port());
    }

private:
    [[nodiscard]] Parameters superuser(const std::string& folder, const std::string& port) const
    {
        return {{"host", folder}, {"port", port}, {"user", "postgres"}, {"dbname", "mydb"}};
    }

    [[nodiscard]] static std::string programs_of(int version);

    /// What there is to see: a sequence, an archived segment, a slot, the second role.
    void fill()
    {
        Client client{superuser(values_.at("SOCKET_DIR"), port())};
        client.sql("CREATE ROLE db_watch LOGIN PASSWORD '" + password() +
                   "'; "
                   "GRANT CONNECT ON DATABASE mydb TO db_watch; GRANT pg_monitor TO db_watch; "
                   "CREATE SEQUENCE numbers; SELECT nextval('numbers'); "
                   "CREATE TABLE things (id serial PRIMARY KEY); "
                   "GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO db_watch; "
                   "SELECT pg_create_physical_replication_slot('follower', true)");
        client.sql("SELECT pg_switch_wal()");
        wait_until("a segment is archived", [&] {
            return client.value("SELECT archived_count > 0 FROM pg_stat_archiver") == "t";
        });
    }

    /// A standby from a copy: the packages of the servers have no pg_basebackup.
    void follow()
    {
        control("stop", values_.at("DATA_DIR"), {"-m", "fast"});
        const auto folder = Sandbox::shared().make_folder("s" + std::to_string(version_));
        const auto user = server_user();
        if (user && ::chown(folder.c_str(), user->uid, user->gid) != 0) {
            throw std::runtime_error{"chown " + folder.string()};
        }
        as_server({"/bin/cp", "-a", values_.at("DATA_DIR"), folder / "data"});
        for (const std::string file : {"server.crt", "server.key", "ca.crt"}) {
            as_server({"/bin/cp", "-a", values_.at("SOCKET_DIR") + "/" + file, folder / file});
        }
        as_server({"/bin/touch", folder / "data" / "standby.signal"});
        std::string conf = read_file(folder / "data" / "postgresql.conf");
        conf += "unix_socket_directories = '" + folder.string() + "'\n";
        conf +=
            "primary_slot_name = 'follower'\nprimary_conninfo = 'host=" + values_.at("SOCKET_DIR") +
            " port=" + port() + " user=postgres'\n";
        write_file(folder / "data" / "postgresql.conf", conf);
        standby_port_ = free_port();
        control("start",
                values_.at("DATA_DIR"),
                {"-o", "-p " + port(), "-l", folder_ / "server" / "log"});
        control("start", folder / "data", {"-o", "-p " + standby_port_, "-l", folder / "log"});
        Client primary{superuser(values_.at("SOCKET_DIR"), port())};
        Client standby{superuser(folder, standby_port_)};
        wait_until("the standby streams all there is", [&] {
            return primary.value("SELECT count(*) FROM pg_stat_replication "
                                 "WHERE replay_lsn = pg_current_wal_lsn()") == "1" &&
                   standby.value("SELECT count(*) FROM pg_stat_wal_receiver "
                                 "WHERE status = 'streaming'") == "1";
        });
    }

    [[nodiscard]] std::optional<User> server_user() const
    {
        return is_root() ? find_user(values_.at("SERVER_USER")) : std::nullopt;
    }

    void as_server(Strings argv) const
    {
        run_or_throw({.argv = std::move(argv),
                      .environment = {"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"},
                      .user = server_user(),
                      .kill_after = Millis{90'000}});
    }

    void control(const std::string& verb, const std::string& data, const Strings& more) const
    {
        as_server(Strings{bin_ + "/pg_ctl", verb, "-w", "-s", "-D", data} + more);
    }

    int version_ = 0;
    std::string bin_ = {};
    std::filesystem::path folder_ = {};
    std::map<std::string, std::string> values_ = {};
    std::string standby_port_ = {};
};

/// The folder of a version's programs, at a place that the servers' user can reach: the tree may be
/// in a closed home.
std::string Pair::programs_of(int version)
{
    if (version == reference) {
        return "/usr/lib/postgresql/" + std::to_string(version) + "/bin";
    }
    const auto name = std::to_string(version);
    const std::filesystem::path servers = own_variable("DBUP_SERVERS").value_or(DBUP_SERVERS);
    const auto there = servers / name / "native";
    if (!std::filesystem::exists(there / "bin" / "postgres")) {
        throw std::runtime_error{"no server of version " + name + " in " + servers.string() +
                                 "; scripts/test.sh versions fetches it"};
    }
    const auto nobody = is_root() ? find_user("nobody") : std::nullopt;
    const auto tried =
        run({.argv = {"/usr/bin/test", "-x", there / "bin" / "postgres"}, .user = nobody});
    if (tried.exit_code == 0) {
        return there / "bin";
    }
    const auto copy = Sandbox::shared().folder() / ("programs" + name);
    std::filesystem::copy(there,
                          copy,
                          std::filesystem::copy_options::recursive |
                              std::filesystem::copy_options::copy_symlinks);
    return copy / "bin";
}

/// One pair for each version, started at the same time.
const std::vector<std::unique_ptr<Pair>>& pairs()
{
    static const auto all = [] {
        static_cast<void>(Sandbox::shared());
        std::vector<std::future<std::unique_ptr<Pair>>> starting;
        starting.reserve(versions.size());
        for (const int version : versions) {
            starting.push_back(std::async(std::launch::async,
                                          [version] { return std::make_unique<Pair>(version); }));
        }
        std::vector<std::unique_ptr<Pair>> started;
        for (auto& one : starting) {
            started.push_back(one.get());
        }
        return started;
    }();
    return all;
}

const Pair& pair_of(int version)
{
    return *pairs().at(static_cast<std::size_t>(
        std::find(versions.begin(), versions.end(), version) - versions.begin()));
}

// ---- runs
// ------------------------------------------------------------------------------------------

struct Place {
    int version = 0;
    bool standby = false;
    bool monitor = false; ///< the role has pg_monitor

    [[nodiscard]] std::string text() const
    {
        return "PostgreSQL " + std::to_string(version) + (standby ? ", standby" : ", primary") +
               (monitor ? ", with pg_monitor" : ", without rights");
    }
};

Strings arguments_for(std::string_view check, const Place& place)
{
    const auto own = questions.find(check);
    return pair_of(place.version)
               .arguments(place.monitor ? "db_watch" : "db_monitor", place.standby) +
           Strings{"--check", std::string{check}} +
           (own == questions.end() ? Strings{} : own->second);
}

/// What a check says everywhere: version by version, all at the same time.
std::vector<std::pair<Place, Finished>> everywhere(std::string_view check)
{
    std::vector<std::pair<Place, Finished>> all;
    for (const int version : versions) {
        std::vector<Place> places;
        std::vector<Command> commands;
        for (const bool standby : {false, true}) {
            for (const bool monitor : {false, true}) {
                places.push_back({version, standby, monitor});
                commands.push_back(plugin(arguments_for(check, places.back())));
            }
        }
        auto finished = run_all(std::move(commands));
        for (std::size_t i = 0; i < places.size(); ++i) {
            all.emplace_back(places[i], std::move(finished[i]));
        }
    }
    return all;
}

std::set<std::string> labels_of(const StatusLine& line)
{
    std::set<std::string> all;
    for (const auto& [label, value] : line.perf) {
        all.insert(label);
    }
    return all;
}

/// The labels of a version without those that not every version has.
std::set<std::string> common_labels(std::string_view check, std::set<std::string> labels)
{
    for (const auto& difference : differences) {
        if (difference.check == check) {
            labels.erase(std::string{difference.label});
        }
    }
    return labels;
}

bool is_allowed(std::string_view check, const StatusLine& line, const Place& place)
{
    const auto own = wrong_places.find(check);
    const bool lacks_right = line.code == "PRIVILEGE_MISSING" && !place.monitor;
    // A check that writes says so on a standby.
    const bool cannot_write = check == "write" && place.standby;
    return line.code.empty() || lacks_right || cannot_write ||
           (own != wrong_places.end() && own->second == line.code);
}

/// Of the metrics that only some versions have, those that this one should have.
std::set<std::string> own_labels(std::string_view check, int version)
{
    std::set<std::string> all;
    for (const auto& difference : differences) {
        const bool has_it = difference.from <= version && version <= difference.to;
        if (difference.check == check && has_it) {
            all.insert(std::string{difference.label});
        }
    }
    return all;
}

void expect_differences(std::string_view check, const StatusLine& line, const Place& place)
{
    auto own = labels_of(line);
    for (const auto& label : common_labels(check, labels_of(line))) {
        own.erase(label);
    }
    const bool sees_all = place.monitor && !place.standby && line.code.empty();
    CHECK((!sees_all || own == own_labels(check, place.version)));
}

Strings names()
{
    Strings all;
    for (const auto* const check : dbup::check_table()) {
        all.emplace_back(check->name());
    }
    return all;
}

TEST_CASE("every check says on every version what it says on the reference", "[versions]")
{
    const auto check = GENERATE(from_range(names()));
    CAPTURE(check);
    const auto all = everywhere(check);
    std::map<std::pair<bool, bool>, StatusLine> expected;
    for (const auto& [place, finished] : all) {
        if (place.version == reference) {
            expected[{place.standby, place.monitor}] = read_status(finished);
        }
    }
    for (const auto& [place, finished] : all) {
        INFO(place.text() + "\n" + finished.out);
        const StatusLine line = read_status(finished);
        const auto& wanted = expected.at({place.standby, place.monitor});
        CHECK(is_allowed(check, line, place));
        CHECK(line.state == wanted.state);
        CHECK(line.code == wanted.code);
        CHECK(common_labels(check, labels_of(line)) == common_labels(check, labels_of(wanted)));
        expect_differences(check, line, place);
        const auto major = "PostgreSQL " + std::to_string(place.version) + ".";
        if (line.code.empty() && check != "cluster") { // which has several servers to name
            CHECK_THAT(line.text, has(major));
        }
        if (line.code == "PRIVILEGE_MISSING") {
            CHECK(line.state == "UNKNOWN");
            CHECK_THAT(line.all_text(), has("GRANT "));
        }
    }
}

TEST_CASE("primary and standby are a cluster on every version", "[versions]")
{
    for (const auto& pair : pairs()) {
        CAPTURE(pair->version());
        for (const auto* const role : {"db_monitor", "db_watch"}) { // who sees less, and more
            CAPTURE(role);
            const StatusLine line = check(pair->arguments(role, false) + pair->both_hosts() +
                                          Strings{"--check", "cluster", "--min-standbys", "1"});
            CHECK(line.state == "OK");
            CHECK(line.perf.at("primaries").value == "1");
            CHECK(line.perf.at("standbys").value == "1");
            CHECK(line.perf.at("diverged").value == "0");
            CHECK(line.perf.at("system_ids").value == "1");
            CHECK(line.perf.at("lag").value == "0");
            CHECK(line.measured("lag_bytes"));
        }
    }
}

TEST_CASE("standbys, slots and the sender are named on every version", "[versions]")
{
    for (const auto& pair : pairs()) {
        CAPTURE(pair->version());
        Client{pair->superuser()}.sql("SELECT pg_create_physical_replication_slot('unused')");
        const Strings more{"--check", "replication", "-v"};
        // With all settings behind it the answer is longer than a host takes: it is read as it is.
        const auto from = run(plugin(pair->arguments("db_watch", false) + more)).out;
        CHECK_THAT(from, has("DB-UP OK - ") && has("- walreceiver (socket, pid "));
        CHECK_THAT(from, has(": streaming, async, 0 ms and 0 B behind\n"));
        CHECK_THAT(from, has("- slot follower (physical): active, retains 0 B\n"));
        CHECK_THAT(from, has("- slot unused (physical): inactive"));
        const auto at = run(plugin(pair->arguments("db_watch", true) + more)).out;
        CHECK_THAT(at, has("DB-UP OK - ") && has("- this standby: 0 B not replayed"));
        CHECK_THAT(at, has(", receives from " + pair->folder() + ":" + pair->port()));
        Client{pair->superuser()}.sql("SELECT pg_drop_replication_slot('unused')");
    }
}

// From 18 on a slot is also lost that nobody has used for too long, with its place kept.
TEST_CASE("a slot that is lost retains nothing", "[versions]")
{
    constexpr int knows_idle_slots = 18;
    for (const auto& pair : pairs()) {
        CAPTURE(pair->version());
        if (pair->version() < knows_idle_slots) {
            continue;
        }
        Client client{pair->superuser()};
        client.sql("SELECT pg_create_physical_replication_slot('idle', true)");
        client.sql("SELECT pg_logical_emit_message(true, 'test', repeat('x', 100000))");
        client.sql("ALTER SYSTEM SET idle_replication_slot_timeout = '1s'");
        client.sql("SELECT pg_reload_conf()");
        wait_until("the slot is lost", [&] {
            client.sql("CHECKPOINT");
            return client.value("SELECT wal_status = 'lost' AND restart_lsn IS NOT NULL FROM "
                                "pg_replication_slots WHERE slot_name = 'idle'") == "t";
        });
        const Strings more{"--check", "replication", "-v", "-c", "retained=50000"};
        const auto text = run(plugin(pair->arguments("db_watch", false) + more)).out;
        CHECK_THAT(text, has("DB-UP CRITICAL - lost_slots is 1 ") && !has("retained is "));
        CHECK_THAT(text, has("- slot idle (physical): inactive for ") && has(" s, lost\n"));
        client.sql("SELECT pg_drop_replication_slot('idle')");
        client.sql("ALTER SYSTEM RESET idle_replication_slot_timeout");
        client.sql("SELECT pg_reload_conf()");
    }
}

TEST_CASE("the value that a sequence gives next is known from 18 on", "[versions]")
{
    constexpr int knows_next = 18;
    for (const auto& pair : pairs()) {
        CAPTURE(pair->version());
        Client{pair->superuser()}.sql(
            "CREATE TABLE orders (id integer GENERATED ALWAYS AS IDENTITY); "
            "ALTER TABLE orders ALTER id RESTART WITH 2147483647; "
            "GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO db_watch");
        const auto out =
            run(plugin(pair->arguments("db_watch", false) + Strings{"--check", "sequences", "-v"}))
                .out;
        Client{pair->superuser()}.sql("DROP TABLE orders");
        CHECK_THAT(out,
                   has(pair->version() < knows_next
                           ? "- public.orders_id_seq: next value not known before it is used; 0% "
                             "used if it is START, 1\n"
                           : "- public.orders_id_seq: 100% used, 1 value left\n"));
    }
}

/// Has the server write the rows of `query` into a file of its data folder.
void write_lines(Client& client, const std::string& query, const std::string& file)
{
    client.sql("DO $do$ BEGIN EXECUTE pg_catalog.format($$COPY (" + query +
               ") TO %L$$, pg_catalog.current_setting('data_directory') || '/" + file +
               "'); END $do$");
}

TEST_CASE("an entry of an included pg_hba.conf is named with its file", "[versions]")
{
    constexpr int knows_include = 16;
    const auto lines_of = [](const std::string& file) {
        return "SELECT line FROM pg_catalog.string_to_table(pg_catalog.pg_read_file('" + file +
               "'), pg_catalog.chr(10)) AS line WHERE line <> ''";
    };
    for (const auto& pair : pairs()) {
        if (pair->version() < knows_include) {
            continue;
        }
        CAPTURE(pair->version());
        Client client{pair->superuser()};
        client.sql("GRANT SELECT ON pg_hba_file_rules TO db_watch; "
                   "GRANT EXECUTE ON FUNCTION pg_hba_file_rules() TO db_watch");
        write_lines(client, "SELECT 'host nothing nobody all md5'", "more");
        // COPY empties its file before it looks at the query.
        write_lines(client, lines_of("pg_hba.conf"), "hba_before");
        write_lines(
            client, lines_of("hba_before") + " UNION ALL SELECT 'include more'", "pg_hba.conf");
        const auto out =
            run(plugin(pair->arguments("db_watch", false) +
                       Strings{"--check", "settings", "--only", "hba_trust,hba_open", "-v"}))
                .out;
        write_lines(client, lines_of("hba_before"), "pg_hba.conf");
        CHECK_THAT(out,
                   has("- hba_open: ") && has(" (1 entry, first line 1 of /") && has("/more)"));
        CHECK_THAT(out, has("without a password (") && !has("pg_hba.conf)"));
    }
}

TEST_CASE("who waits for whom is told on every version", "[versions]")
{
    for (const auto& pair : pairs()) {
        CAPTURE(pair->version());
        Client blocker{pair->superuser()};
        blocker.sql("BEGIN; LOCK TABLE things");
        const auto victim = std::async(std::launch::async, [&pair] {
            Client{pair->superuser()}.sql("SET lock_timeout = '60s'; TABLE things");
        });
        const Strings at_once{"--check",
                              "activity",
                              "-v",
                              "--show-queries",
                              "--blocked-age",
                              "0",
                              "--idle-transaction-age",
                              "0",
                              "--long-query-age",
                              "0",
                              "--long-transaction-age",
                              "0"};
        const auto look = [&](const Strings& more) {
            return run(plugin(pair->arguments("db_watch", false) + at_once + more)).out;
        };
        const auto one_waits = has(" blocked_locks=1;");
        wait_until("one waits", [&] { return one_waits.match(look({})); });
        const auto all = look({});
        const auto chosen = look({"--include-database",
                                  "my*",
                                  "--include-user",
                                  "postgres",
                                  "--exclude-application",
                                  "nobody",
                                  "--include-type",
                                  "client*"});
        blocker.sql("ROLLBACK");
        victim.wait();
        for (const auto& text : {all, chosen}) {
            CHECK_THAT(text,
                       has(" total_locks=1;") && has(" idle_transactions=1;") &&
                           has(" long_queries=1;") && has(" long_transactions=2 ") &&
                           has(", idle in transaction): SET lock_timeout") &&
                           has(": idle in transaction for ") && has(": query runs for ") &&
                           has(": transaction open for ") && has(" holds 1 lock\n") &&
                           has("- connections from local: 2") &&
                           has("- sessions of postgres@mydb (no name): 2"));
        }
    }
}

/// The SQL of the line `Fix`.
std::string fix_of(const StatusLine& line)
{
    const std::string begin = "Fix: ";
    for (const auto& text : line.more) {
        if (text.starts_with(begin)) {
            return text.substr(begin.size());
        }
    }
    throw std::runtime_error{"no fix in " + line.all_text()};
}

/// A role of this `kind` is told what it lacks, and after that has been done the check works.
void check_fix_for(const Pair& pair, const std::string& check_name, const std::string& kind)
{
    CAPTURE(pair.version(), check_name, kind);
    Client server{pair.superuser()};
    const bool member = kind.find("no member") == std::string::npos;
    server.sql("CREATE ROLE db_deaf LOGIN PASSWORD '" + pair.password() + "' " +
               kind.substr(0, kind.find(' ')));
    server.sql("GRANT CONNECT ON DATABASE mydb TO db_deaf");
    if (member) {
        server.sql(std::string{"GRANT pg_monitor TO db_deaf"} +
                   (pair.version() >= 16 ? " WITH INHERIT FALSE" : ""));
    }
    const auto look = [&] {
        return check(pair.arguments("db_deaf", false) + Strings{"--check", check_name});
    };
    const StatusLine line = look();
    // Before 15 the views of replication were open to members without INHERIT as well.
    const bool open = member && check_name == "replication" && pair.version() < 15;
    CHECK(line.code == (open ? "" : "PRIVILEGE_MISSING"));
    if (!open) {
        server.sql(fix_of(line));
    }
    CHECK(look().code.empty());
    server.sql("DROP OWNED BY db_deaf; DROP ROLE db_deaf");
}

TEST_CASE("who does not inherit what pg_monitor may gets a fix that helps", "[versions]")
{
    const auto check_name = GENERATE(values<std::string>({"activity", "archive", "replication"}));
    for (const auto& pair : pairs()) {
        const bool by_grant = pair->version() >= 16;
        const Strings roles = by_grant ? Strings{"NOINHERIT", "INHERIT", "NOINHERIT and no member"}
                                       : Strings{"NOINHERIT", "NOINHERIT and no member"};
        for (const auto& kind : roles) {
            check_fix_for(*pair, check_name, kind);
        }
    }
}

TEST_CASE("validation finds the privileges of both roles on every version", "[versions]")
{
    for (const auto& pair : pairs()) {
        CAPTURE(pair->version());
        const auto with = run(plugin(pair->arguments("db_watch", false) + Strings{"--validate"}));
        CAPTURE(with.out);
        CHECK(with.exit_code <= 1); // 1: weaknesses, such as a version that is out of support
        CHECK_THAT(with.out, !has("FAIL") && !has(" lacks "));
        CHECK_THAT(with.out, has("PostgreSQL " + std::to_string(pair->version()) + "."));
        const auto without =
            run(plugin(pair->arguments("db_monitor", true) + Strings{"--validate"}));
        CAPTURE(without.out);
        CHECK(without.exit_code <= 1); // only what the chosen check lacks is a failure
        CHECK_THAT(without.out, has(" lacks ") && has("GRANT pg_monitor TO \"db_monitor\""));
    }
}

TEST_CASE("a dry run of the cleanup is possible on every version", "[versions]")
{
    const auto action = GENERATE(values<std::string>({"--cleanup", "--emergency-shutdown"}));
    CAPTURE(action);
    for (const auto& pair : pairs()) {
        CAPTURE(pair->version());
        const auto finished = run(plugin(pair->arguments("db_watch", false) + Strings{action}));
        CAPTURE(finished.out);
        CHECK(finished.exit_code == 0);
    }
}

} // namespace

} // namespace dbup_test
