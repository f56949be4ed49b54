// SPDX-License-Identifier: MIT
// The check `settings`: its rules, without a server.
#include "checks/settings/rules.hpp"

#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "support/catch.hpp"
#include "unit/fakes.hpp"

namespace dbup_test {

namespace {

using Values = std::map<std::string, std::string>;

const Values sound_settings{
    {"archive_command", "cp %p /archive/%f"},
    {"archive_mode", "on"},
    {"autovacuum", "on"},
    {"data_checksums", "on"},
    {"fsync", "on"},
    {"full_page_writes", "on"},
    {"idle_in_transaction_session_timeout", "600000"},
    {"listen_addresses", "localhost, 10.1.2.3"},
    {"log_min_duration_sample", "-1"},
    {"log_min_duration_statement", "1000"},
    {"max_connections", "100"},
    {"password_encryption", "scram-sha-256"},
    {"ssl", "on"},
    {"statement_timeout", "300000"},
    {"superuser_reserved_connections", "3"},
    {"synchronous_commit", "on"},
    {"track_activities", "on"},
    {"track_counts", "on"},
    {"track_io_timing", "on"},
};

const Values sound_facts{{"superuser", "f"},
                         {"over_socket", "f"},
                         {"reads_hba", "t"},
                         {"statement_others", "0"},
                         {"statement_own", "0"},
                         {"idle_others", "0"},
                         {"idle_own", "0"}};

const Values sound_hba{{"trusting", "0"},
                       {"trusting_line", ""},
                       {"trusting_file", ""},
                       {"open", "0"},
                       {"open_line", ""},
                       {"open_file", ""}};

Values with(Values values, const Values& changes)
{
    for (const auto& [name, value] : changes) {
        values[name] = value;
    }
    return values;
}

dbup::Rows list_of(const Values& values)
{
    dbup::Rows rows{{"name", "value"}};
    for (const auto& [name, value] : values) {
        rows.add({name, value});
    }
    return rows;
}

dbup::Rows row_of(const Values& values)
{
    std::vector<std::string> names;
    std::vector<dbup::Rows::Cell> cells;
    for (const auto& [name, value] : values) {
        names.push_back(name);
        cells.emplace_back(value);
    }
    dbup::Rows rows{names};
    rows.add(cells);
    return rows;
}

struct World {
    Values settings = {}; ///< those that are not sound
    Values facts = {};
    Values hba = {};
    dbup::Exchange exchange = dbup::Exchange::scram;
    bool standby = false;
    bool encrypted = true;
    std::string password = "a-long-password-of-mine";
};

dbup::Outcome looked_at(const World& world, std::vector<std::string> options)
{
    Scene scene;
    auto& server = scene.connector.servers.front();
    server.named_answers["settings"] = list_of(with(sound_settings, world.settings));
    server.named_answers["facts"] = row_of(with(sound_facts, world.facts));
    server.named_answers["hba"] = row_of(with(sound_hba, world.hba));
    server.facts.exchange = world.exchange;
    server.facts.standby = world.standby;
    if (!world.encrypted) {
        server.encryption.reset();
    }
    if (!world.password.empty()) {
        scene.environment.variables["DB_PASSWORD"] = world.password;
    }
    options.insert(options.begin(), {"--check", "settings"});
    return scene.run(command_line(std::move(options)));
}

TEST_CASE("a sound server breaks no rule", "[settings]")
{
    const auto outcome = looked_at({}, {});
    CHECK(outcome.exit_code == 0);
    CHECK_THAT(headline(outcome.text), has("settings: 0 of 21 rules broken (mydb at db1:5432)"));
    CHECK_THAT(perfdata_of(outcome.text), has("findings=0;0;;0;21 rules=21 advice=0 unseen=0"));
}

TEST_CASE("each rule finds what it is for, and nothing else does", "[settings]")
{
    struct Case {
        std::string rule = {};
        World world = {};
        std::vector<std::string> options = {};
        std::string line = {};
    };
    // clang-format off
    const auto c = GENERATE(values<Case>({
        {"hba_trust", {.hba = {{"trusting", "2"}, {"trusting_line", "91"}}}, {},
         "pg_hba.conf lets in without a password (2 entries, first line 91); mend: scram-sha-256"},
        {"hba_open", {.hba = {{"open", "1"}, {"open_line", "7"}}}, {}, "(1 entry, first line 7)"},
        {"hba_open", {.hba = {{"open", "2"}, {"open_line", "3"}, {"open_file", "/etc/hba.d/net"}}}, {},
         "(2 entries, first line 3 of /etc/hba.d/net)"},
        {"fsync", {.settings = {{"fsync", "off"}}}, {}, "is off; mend: fsync = on"},
        {"full_page_writes", {.settings = {{"full_page_writes", "off"}}}, {}, "is off"},
        {"own_password", {.password = "tuxpass"}, {}, "(one of those that are tried first)"},
        {"own_password", {.password = "secret"}, {}, "(one of those that are tried first)"},
        {"own_password", {.password = "MYDB"}, {}, "(one of those that are tried first)"},
        {"own_password", {.password = "x7-Hq9_aa8b"}, {}, "(shorter than 12 characters)"},
        {"own_password", {.password = "shorter"}, {}, "weak (shorter than 12 characters); mend: "},
        {"monitor_superuser", {.facts = {{"superuser", "t"}}}, {}, "logs in as a superuser"},
        {"own_tls", {.encrypted = false}, {"--ssl-mode", "disable"}, "is not encrypted"},
        {"listen_addresses", {.settings = {{"listen_addresses", "*"}}}, {}, "('*')"},
        {"listen_addresses", {.settings = {{"listen_addresses", "::1, 0.0.0.0"}}}, {}, "('::1, 0.0.0.0')"},
        {"listen_addresses", {.settings = {{"listen_addresses", "::"}}}, {}, "('::')"},
        {"ssl", {.settings = {{"ssl", "off"}}}, {}, "is off; mend: ssl = on"},
        {"password_encryption", {.settings = {{"password_encryption", "md5"}}}, {}, "MD5"},
        {"autovacuum", {.settings = {{"autovacuum", "off"}}}, {}, "is off"},
        {"track_counts", {.settings = {{"track_counts", "off"}}}, {}, "is off"},
        {"track_activities", {.settings = {{"track_activities", "off"}}}, {}, "is off"},
        {"pool_budget", {}, {"--pool-budget", "98"}, "(98 of 97)"},
        {"pool_budget", {.settings = {{"reserved_connections", "7"}}}, {"--pool-budget", "91"}, "(91 of 90)"},
        {"archive_mode", {.settings = {{"archive_mode", "off"}}}, {}, "is off"},
        {"archive_command", {.settings = {{"archive_command", ""}, {"archive_library", ""}}}, {}, "nothing archives"},
        {"archive_command", {.settings = {{"archive_mode", "always"}, {"archive_command", ""}}, .standby = true}, {}, "nothing archives"},
        {"data_checksums", {.settings = {{"data_checksums", "off"}}}, {}, "is off"},
        {"synchronous_commit", {.settings = {{"synchronous_commit", "off"}}}, {}, "is off"},
        {"idle_timeout", {.settings = {{"idle_in_transaction_session_timeout", "0"}}}, {}, "idle for ever"},
        {"statement_timeout", {.settings = {{"statement_timeout", "0"}}}, {}, "run for ever"},
        {"slow_queries", {.settings = {{"log_min_duration_statement", "-1"}}}, {}, "slow queries"},
    }));
    // clang-format on
    CAPTURE(c.rule);
    const auto outcome = looked_at(c.world, c.options);
    CAPTURE(outcome.text);
    CHECK(outcome.exit_code == 1);
    CHECK_THAT(headline(outcome.text), has("findings is 1 (above 0)"));
    CHECK_THAT(outcome.text, has("\n- " + c.rule + ": ") && has(c.line));
    CHECK_THAT(outcome.text, !has("x7-Hq9_aa8b") && !has("tuxpass"));

    auto ignoring = c.options;
    ignoring.insert(ignoring.end(), {"--ignore", c.rule});
    CHECK(looked_at(c.world, ignoring).exit_code == 0);
    auto alone = c.options;
    alone.insert(alone.end(), {"--only", " " + c.rule + " ,"});
    CHECK_THAT(headline(looked_at(c.world, alone).text), has("1 of 1 rules broken"));
}

TEST_CASE("advice is told to who asks, and alerts nobody who does not want it", "[settings]")
{
    const World world{.settings = {{"track_io_timing", "off"}}};
    const auto quiet = looked_at(world, {});
    CHECK(quiet.exit_code == 0);
    CHECK_THAT(headline(quiet.text), has("settings: 0 of 21 rules broken (mydb"));
    CHECK_THAT(perfdata_of(quiet.text), has("rules=21 advice=1 unseen=0"));
    CHECK_THAT(quiet.text, !has("track_io_timing"));

    const std::string line = "\n- track_io_timing: is off; mend: track_io_timing = on\n";
    CHECK_THAT(looked_at(world, {"-v"}).text, has(line));
    const auto wanted = looked_at(world, {"-w", "advice=0"});
    CHECK(wanted.exit_code == 1);
    CHECK_THAT(wanted.text, has(line));
    CHECK_THAT(perfdata_of(looked_at(world, {"--ignore", "track_io_timing"}).text),
               has("rules=20 advice=0"));
    CHECK(looked_at(world, {"--only", "track_io_timing"}).exit_code == 0);
}

TEST_CASE("what is in order in another way is no finding", "[settings]")
{
    struct Case {
        std::string says = {};
        World world = {};
        std::vector<std::string> options = {};
    };
    // clang-format off
    const auto c = GENERATE(values<Case>({
        {"the budget fits", {}, {"--pool-budget", "97"}},
        {"a library archives", {.settings = {{"archive_command", ""}, {"archive_library", "basic_archive"}}}, {}},
        {"a standby leaves it to the primary", {.settings = {{"archive_command", ""}}, .standby = true}, {}},
        {"sockets only", {.settings = {{"listen_addresses", ""}, {"ssl", "off"}}}, {}},
        {"roles have limits", {.settings = {{"statement_timeout", "0"}}, .facts = {{"statement_others", "2"}}}, {}},
        {"roles have idle limits", {.settings = {{"idle_in_transaction_session_timeout", "0"}},
                                    .facts = {{"idle_others", "1"}}}, {}},
        {"statements are counted", {.settings = {{"log_min_duration_statement", "-1"},
                                                 {"pg_stat_statements.max", "5000"}}}, {}},
        {"slow ones are explained", {.settings = {{"log_min_duration_statement", "-1"},
                                                  {"auto_explain.log_min_duration", "3000"}}}, {}},
        {"some are logged", {.settings = {{"log_min_duration_statement", "-1"},
                                          {"log_min_duration_sample", "100"}}}, {}},
        {"over a socket", {.facts = {{"over_socket", "t"}}, .encrypted = false}, {"--ssl-mode", "disable"}},
        {"no password was asked for", {.exchange = dbup::Exchange::none, .password = "secret"}, {}},
    }));
    // clang-format on
    INFO(c.says);
    const auto outcome = looked_at(c.world, c.options);
    CAPTURE(outcome.text);
    CHECK(outcome.exit_code == 0);
}

TEST_CASE("rules that cannot be looked at are listed, and are never in order", "[settings]")
{
    World world{.facts = {{"reads_hba", "f"}, {"statement_own", "1"}}};
    world.password.clear();
    const auto outcome = looked_at(world, {"-v"});
    CHECK(outcome.exit_code == 0);
    CHECK_THAT(headline(outcome.text), has("0 of 17 rules broken, 4 not seen"));
    CHECK_THAT(perfdata_of(outcome.text), has("rules=17 advice=0 unseen=4"));
    CHECK_THAT(outcome.text,
               has("- hba_trust: could not be looked at; needs SELECT on pg_hba_file_rules and "
                   "EXECUTE on pg_hba_file_rules()\n") &&
                   has("- own_password: could not be looked at; needs") &&
                   has("- statement_timeout: could not be looked at; needs a role without"));
    CHECK(looked_at(world, {"-w", "unseen=0"}).exit_code == 1);

    const auto nothing = looked_at(world, {"--only", "hba_trust,hba_open"});
    CHECK(nothing.exit_code == 3);
    CHECK_THAT(nothing.text,
               has("none of the chosen rules could be looked at [PRIVILEGE_MISSING]"));
    const auto pointless = looked_at({}, {"--only", "pool_budget"});
    CHECK(pointless.exit_code == 3);
    CHECK_THAT(pointless.text, has("[CONFIG_ERROR]") && has("pool_budget needs --pool-budget"));
}

TEST_CASE("an unknown rule is refused before a packet is sent", "[settings]")
{
    struct Case {
        std::vector<std::string> options = {};
        std::string words = {};
    };
    const auto c = GENERATE(values<Case>({
        {{"--ignore", "fsync,fsink"}, "--ignore: there is no rule 'fsink' (did you mean 'fsync'?)"},
        {{"--only", "everything"}, "--only: there is no rule 'everything' (db-up --help checks"},
        {{"--only", "ssl", "--ignore", "ssl"}, "--ignore: no rule is left to look at"},
    }));
    Scene scene;
    auto options = c.options;
    options.insert(options.begin(), {"--check", "settings"});
    const auto outcome = scene.run(command_line(options));
    CHECK(outcome.exit_code == 3);
    CHECK_THAT(outcome.text, has(c.words) && has("[CONFIG_ERROR]"));
    CHECK(scene.connector.opened.empty());
}

TEST_CASE("every rule is complete, and has its place in the help and on its page", "[settings]")
{
    Scene scene;
    const auto help = scene.run({"--help", "checks"}).text;
    const std::ifstream file{std::string{DBUP_DOCS_FOLDER}.append("/checks/settings.md")};
    std::ostringstream text;
    text << file.rdbuf();
    const std::string page = text.str();
    std::set<std::string_view> seen;
    for (const auto& rule : dbup::settings_rules()) {
        CAPTURE(rule.id);
        CHECK(seen.insert(rule.id).second);
        CHECK_FALSE(rule.wrong.empty());
        CHECK_FALSE(rule.why.empty());
        CHECK_FALSE(rule.mend.empty());
        CHECK((rule.judge == nullptr) != rule.bad.empty());
        CHECK_THAT(help, has("- " + std::string{rule.id} + ": "));
        CHECK_THAT(page, has("`" + std::string{rule.id} + "`"));
        // What a finding takes of the lines that are shown by default.
        constexpr std::size_t most = 100;
        CHECK(rule.id.size() + rule.wrong.size() + rule.mend.size() <= most);
    }
}

} // namespace

} // namespace dbup_test
