// SPDX-License-Identifier: MIT
// What a parent leaves behind for its children: variables, a language, signals. The answer stays
// right and true, or names the variable.
#include <csignal>

#include "support/catch.hpp"
#include "support/cluster.hpp"
#include "support/plugin.hpp"
#include "support/sandbox.hpp"
#include "support/small_runs.hpp"

namespace dbup_test {

namespace {

/// The answer with this variable set, which must be the one without it.
SmallRun unmoved_by(const std::string& variable, const Strings& more = {})
{
    return {variable, plugin(cluster_arguments(), Strings{variable} + more), {"OK"}};
}

void check_same_server(const std::vector<EndedRun>& answers)
{
    const std::string target = "mydb at localhost:" + Cluster::shared().port() + " answers in ";
    for (const EndedRun& answer : answers) {
        CHECK_THAT(answer.line.text, has(target) && has(", primary, TLSv1.3)"));
    }
}

TEST_CASE("variables that only libpq knows change nothing", "[environment]")
{
    std::vector<SmallRun> runs;
    for (const std::string variable : {
             "PGOPTIONS=-c statement_timeout=garbage",
             "PGOPTIONS=-c default_transaction_read_only=off -c search_path=evil",
             "PGOPTIONS=--nonsense",
             "PGTARGETSESSIONATTRS=standby",
             "PGTARGETSESSIONATTRS=nonsense",
             "PGREQUIRESSL=0",
             "PGREQUIRESSL=1",
             "PGREQUIREPEER=nobody",
             "PGREQUIREAUTH=none",
             "PGREQUIREAUTH=nonsense",
             "PGGSSENCMODE=require",
             "PGGSSENCMODE=nonsense",
             "PGGSSLIB=nonsense",
             "PGKRBSRVNAME=nonsense",
             "PGKRBREALM=nonsense",
             "PGLOCALEDIR=/nonexistent",
             "PGSYSCONFDIR=/nonexistent",
             "PGTZ=nonsense",
             "PGTZ=\xff\n|",
             "PGDATESTYLE=nonsense",
             "PGGEQO=nonsense",
             "PGCLIENTENCODING=nonsense",
             "PGCLIENTENCODING=SQL_ASCII",
             "PGSSLCRL=/nonexistent",
             "PGSSLCRLDIR=/nonexistent",
             "PGSSLCOMPRESSION=1",
             "PGSSLSNI=nonsense",
             "PGSSLMINPROTOCOLVERSION=nonsense",
             "PGSSLMAXPROTOCOLVERSION=TLSv1",
             "PGSSLNEGOTIATION=direct",
             "PGLOADBALANCEHOSTS=random",
             "PGMINPROTOCOLVERSION=nonsense",
             "PGSSLKEYLOGFILE=/nonexistent",
             "PG_COLOR=always",
             "PGCONNECT_TIMEOUT=0",
             "PGCONNECT_TIMEOUT=-1",
         }) {
        runs.push_back(unmoved_by(variable));
    }
    check_same_server(judge_runs(runs));
}

TEST_CASE("variables that an option overrides are not even looked at", "[environment]")
{
    const auto folder = Sandbox::shared().make_folder("services");
    write_file(folder / "pg_service.conf",
               "[stale]\nhost=evil.example.org\nhostaddr=192.0.2.1\nport=1\ndbname=evil\n"
               "user=evil\nsslmode=disable\n");
    std::vector<SmallRun> runs;
    for (const std::string variable : {
             "PGHOST=/nonexistent",
             "PGHOST=evil.example.org",
             "PGHOSTADDR=192.0.2.1",
             "PGPORT=0",
             "PGPORT=99999999999",
             "PGUSER=evil",
             "PGDATABASE=evil",
             "PGPASSWORD=wrong",
             "PGPASSFILE=/dev/zero",
             "PGSSLMODE=disable",
             "PGSSLROOTCERT=/nonexistent",
             "PGAPPNAME=a\nb|c",
             "PGCHANNELBINDING=disable",
         }) {
        runs.push_back(unmoved_by(variable));
    }
    runs.push_back(unmoved_by("PGSERVICE=stale", {"PGSYSCONFDIR=" + folder.string()}));
    runs.push_back(
        unmoved_by("PGSERVICE=stale", {"PGSERVICEFILE=" + (folder / "pg_service.conf").string()}));
    runs.push_back(unmoved_by("DATABASE_URL=", {"DB_HOST=", "PGPORT=", "HOME="}));
    check_same_server(judge_runs(runs));
}

TEST_CASE("nonsense in a variable that db-up reads is named", "[environment]")
{
    std::vector<SmallRun> runs;
    for (const std::string variable : {
             "PGSSLMODE=nonsense",
             "PGCHANNELBINDING=nonsense",
             "PGDATABASE=host=evil.example.org sslmode=disable",
             "PGCONNECT_TIMEOUT=nonsense",
             "PGSSLCERT=/nonexistent",
             "PGSSLKEY=/nonexistent",
             "DB_MAX_RETRIES=-1",
             "DB_TOTAL_TIMEOUT=1e9",
             "DB_STATEMENT_TIMEOUT=\n|\x1b[31m",
             "DB_RETRY_JITTER=perhaps",
             "DATABASE_URL=mysql://localhost/mydb",
         }) {
        runs.push_back({variable,
                        plugin(cluster_arguments(), {variable}),
                        {"CONFIG_ERROR"},
                        variable.substr(0, variable.find('='))});
    }
    runs.push_back({"PGSERVICE",
                    plugin(cluster_arguments(), {"PGSERVICE=nonsense"}),
                    {"CONFIG_ERROR"},
                    "service 'nonsense'"});
    judge_runs(runs);
}

/// The folder of a language whose numbers have a comma; the rest of it is nobody's.
std::string german()
{
    const auto folder = Sandbox::shared().make_folder("locale");
    std::string source = "LC_NUMERIC\ndecimal_point \",\"\nthousands_sep \".\"\ngrouping 3;3\n"
                         "END LC_NUMERIC\n";
    for (const std::string part : {"CTYPE", "COLLATE", "MONETARY", "TIME", "MESSAGES"}) {
        source.append("LC_").append(part).append("\ncopy \"POSIX\"\nEND LC_").append(part) += '\n';
    }
    write_file(folder / "source", source);
    const Finished finished = run({.argv = {"/usr/bin/localedef",
                                            "--no-archive",
                                            "--force", // it has warnings, and then ends with 1
                                            "-i",
                                            folder / "source",
                                            "-f",
                                            "ANSI_X3.4-1968",
                                            folder / "de_DE"}});
    CAPTURE(finished.out, finished.err);
    REQUIRE((finished.exit_code == 0 || finished.exit_code == 1));
    return folder;
}

TEST_CASE("numbers have a point in every language", "[environment]")
{
    const Strings language{"LOCPATH=" + german(), "LC_ALL=de_DE", "LANG=de_DE"};
    const Finished proof =
        run({.argv = {"/usr/bin/printf", "%.1f", "1,5"}, .environment = language});
    CHECK(proof.out == "1,5"); // the language is there
    const auto answers = judge_runs({
        {"a healthy server",
         plugin(cluster_arguments({"-w", "0.5", "-c", "2.5"}), language),
         {"OK"}},
        {"a comma is no point",
         plugin(cluster_arguments({"-w", "0,5"}), language),
         {"CONFIG_ERROR"},
         "0,5"},
        {"the fallbacks of a language that is not there",
         plugin(cluster_arguments(), {"LC_ALL=xx_YY.garbage", "LANGUAGE=|\n", "NLSPATH=/dev/zero"}),
         {"OK"}},
    });
    CHECK(answers.at(0).line.perf.at("time").warn == "0.5");
    CHECK(answers.at(0).line.perf.at("time").crit == "2.5");
}

TEST_CASE("signals that the parent blocks or ignores change nothing", "[environment]")
{
    std::vector<SmallRun> runs;
    for (const int signal : {SIGALRM, SIGCHLD, SIGPIPE, SIGTERM, SIGINT, SIGHUP, SIGUSR1}) {
        Command blocked = plugin(cluster_arguments());
        blocked.blocked_signals = {signal};
        Command ignored = plugin(cluster_arguments());
        ignored.ignored_signals = {signal};
        const auto number = std::to_string(signal);
        runs.push_back({"blocked: " + number, std::move(blocked), {"OK"}});
        runs.push_back({"ignored: " + number, std::move(ignored), {"OK"}});
    }
    judge_runs(runs);
}

TEST_CASE("a reader that is gone kills nothing, however SIGPIPE was inherited", "[environment]")
{
    for (const bool ignored : {false, true}) {
        for (const bool blocked : {false, true}) {
            CAPTURE(ignored, blocked);
            Command command = plugin(cluster_arguments());
            command.ignored_signals = ignored ? std::vector<int>{SIGPIPE} : std::vector<int>{};
            command.blocked_signals = blocked ? std::vector<int>{SIGPIPE} : std::vector<int>{};
            command.output = Stdout::no_reader;
            const Finished finished = run(std::move(command));
            CHECK(finished.signal == 0);
            CHECK(finished.exit_code == 0);
            CHECK(finished.err.empty());
        }
    }
}

} // namespace

} // namespace dbup_test
