// SPDX-License-Identifier: MIT
// Every action with a known password, under strace: it leaves the process in no system call but the
// one that read it.
#include "config/options.hpp"
#include "config/values.hpp"

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <thread>

#include "support/catch.hpp"
#include "support/cluster.hpp"
#include "support/plugin.hpp"
#include "support/sandbox.hpp"

namespace dbup_test {

namespace {

const std::string wrong_password = "Open-Sesame-4711-xyzzy";

/// One way to give the password.
struct Source {
    std::string name = {};
    std::string place = {}; ///< the file or pipe it is read from; empty: argv or environment
    Strings arguments = {};
    Strings environment = {};
    std::string input = {};
};

std::string uri(const std::string& password)
{
    const Cluster& cluster = Cluster::shared();
    return "postgresql://db_monitor:" + password + "@localhost:" + cluster.port() +
           "/mydb?sslmode=verify-full&sslrootcert=" + cluster.ca_file();
}

std::vector<Source> sources(const std::string& password, const std::string& name)
{
    const Cluster& cluster = Cluster::shared();
    Sandbox& sandbox = Sandbox::shared();
    const Strings target{"DB_HOST=localhost",
                         "DB_PORT=" + cluster.port(),
                         "DB_NAME=mydb",
                         "DB_USER=db_monitor",
                         "DB_SSL_MODE=verify-full",
                         "DB_SSLROOTCERT=" + cluster.ca_file()};
    const std::string plain = sandbox.make_file("leak-plain-" + name, password + "\n");
    const std::string passfile =
        sandbox.make_file("leak-pgpass-" + name, "*:*:*:db_monitor:" + password + "\n");
    const std::string folder = sandbox.make_folder("leak-credentials-" + name);
    const std::string credential =
        sandbox.make_file("leak-credentials-" + name + "/db-password", password + "\n", 0400);
    return {
        {"DB_PASSWORD", "", {}, target + Strings{"DB_PASSWORD=" + password}, ""},
        {"--uri", "", {"--uri", uri(password)}, {}, ""},
        {"DATABASE_URL", "", {}, {"DATABASE_URL=" + uri(password)}, ""},
        {"PGPASSWORD", "", {}, target + Strings{"PGPASSWORD=" + password}, ""},
        {"DB_PASSWORD_FILE", plain, {}, target + Strings{"DB_PASSWORD_FILE=" + plain}, ""},
        {"standard input", "pipe:", {"--password-file", "-"}, target, password + "\n"},
        {"PGPASSFILE", passfile, {}, target + Strings{"PGPASSFILE=" + passfile}, ""},
        {"CREDENTIALS_DIRECTORY",
         credential,
         {},
         target + Strings{"CREDENTIALS_DIRECTORY=" + folder},
         ""},
    };
}

/// A run under strace.
struct Traced {
    Finished finished = {};
    std::string calls = {};
};

std::string fresh_name(const std::string& stem)
{
    static std::atomic<int> number = 0;
    return (Sandbox::shared().folder() / (stem + std::to_string(++number))).string();
}

Traced traced(const Source& source, const Strings& arguments)
{
    const std::string trace = fresh_name("trace-");
    Command command = plugin(arguments + source.arguments, source.environment);
    // The program forbids others to read its memory, which would blind a strace of an ordinary
    // user, too. Leak checking does not work under a tracer.
    const Strings strace{"/usr/bin/strace",
                         "-f",
                         "-y",
                         "-s",
                         "65535",
                         "-e",
                         "trace=all",
                         "-e",
                         "inject=prctl:retval=0",
                         "-o",
                         trace,
                         "--"};
    command.argv = strace + command.argv;
    command.environment.insert(command.environment.begin(), "ASAN_OPTIONS=detect_leaks=0");
    command.input = source.input;
    Traced result{run(std::move(command)), read_file(trace)};
    std::filesystem::remove(trace);
    return result;
}

/// The system calls, each whole: those that another thread interrupted in the list are put
/// together.
Strings calls_of(const std::string& trace)
{
    constexpr std::string_view unfinished = " <unfinished ...>";
    constexpr std::string_view resumed = " resumed>";
    std::map<std::string, std::string> begun;
    Strings calls;
    std::size_t from = 0;
    for (auto at = trace.find('\n'); at != std::string::npos; at = trace.find('\n', from)) {
        std::string line = trace.substr(from, at - from);
        from = at + 1;
        const auto blank = line.find(' ');
        const std::string pid = line.substr(0, blank);
        line.erase(0, line.find_first_not_of(' ', blank));
        if (line.ends_with(unfinished)) {
            begun[pid] = line.substr(0, line.size() - unfinished.size());
            continue;
        }
        if (const auto end = line.find(resumed);
            line.starts_with("<... ") && end != std::string::npos) {
            line = begun[pid] + line.substr(end + resumed.size());
        }
        calls.push_back(std::move(line));
    }
    return calls;
}

bool is_read_of(const std::string& call, const std::string& place)
{
    const bool reads = call.starts_with("read(") || call.starts_with("pread64(");
    const auto is_of = [&call](const std::string& file) {
        return call.find("</proc/") < call.find('"') && call.find(file) < call.find('"');
    };
    if (sanitized && reads && (is_of("/environ>") || is_of("/cmdline>"))) {
        return true; // sanitizers look for their settings there
    }
    return reads && !place.empty() && call.find('<' + place) < call.find('"');
}

/// Everything in the trace that must not be there.
Strings complaints(const Traced& run, const Source& source, const std::string& password)
{
    Strings wrong;
    if ((run.finished.out + run.finished.err).find(password) != std::string::npos) {
        wrong.emplace_back("the output has it");
    }
    bool started = false;
    for (const auto& call : calls_of(run.calls)) {
        const bool has_it = call.find(password) != std::string::npos;
        const bool begins = call.starts_with("execve(") && !started;
        started = started || begins;
        const bool child =
            (call.starts_with("execve(") && !begins) || call.starts_with("fork(") ||
            call.starts_with("vfork(") ||
            (call.starts_with("clone") && call.find("CLONE_THREAD") == std::string::npos);
        if (child || (has_it && !begins && !is_read_of(call, source.place))) {
            wrong.push_back(call.substr(0, 300));
        }
    }
    if (!started || run.calls.find("exit_group(") == std::string::npos) {
        wrong.emplace_back("the trace is not whole");
    }
    if (run.finished.exit_code < 0) {
        wrong.emplace_back("it was ended by a signal");
    }
    return wrong;
}

struct Case {
    std::string name = {};
    Source source = {};
    Strings arguments = {};
    std::string password = {};
    int exit_code = -1; ///< -1: any
};

/// What is wrong with one job.
Strings complaints(const Case& one)
{
    const std::string log = fresh_name("leak-log-");
    const Traced run = traced(one.source, one.arguments + Strings{"--log-file", log});
    Strings wrong = complaints(run, one.source, one.password);
    const bool has_log = std::filesystem::exists(log);
    if (has_log && read_file(log).find(one.password) != std::string::npos) {
        wrong.emplace_back("the log has it");
    }
    if (one.exit_code >= 0) {
        if (run.finished.exit_code != one.exit_code) {
            wrong.push_back(run.finished.out);
        }
        if (run.calls.find("write(1<") == std::string::npos) {
            wrong.emplace_back("the trace shows no text");
        }
        if (!one.source.place.empty() && run.calls.find(one.password) == std::string::npos) {
            wrong.emplace_back("the trace shows nobody who reads the password");
        }
    }
    for (auto& complaint : wrong) {
        complaint.insert(0, one.name + ": ");
    }
    return wrong;
}

/// The jobs, three at a time: most of their time is strace's.
Strings run_all(const std::vector<Case>& cases)
{
    std::vector<Strings> wrong(cases.size());
    std::atomic<std::size_t> next = 0;
    std::vector<std::thread> threads;
    const auto work = [&] {
        for (std::size_t i = next++; i < cases.size(); i = next++) {
            wrong[i] = complaints(cases[i]);
        }
    };
    for (int i = 0; i < 3; ++i) {
        threads.emplace_back(work);
    }
    for (auto& thread : threads) {
        thread.join();
    }
    Strings all;
    for (const auto& some : wrong) {
        all = std::move(all) + some;
    }
    return all;
}

TEST_CASE("no check lets the password out, wherever it came from", "[leaks]")
{
    const std::string right = Cluster::shared().password();
    const Strings loud{"-vvv", "--log-level", "debug", "--max-retries", "0"};
    std::vector<Case> cases;
    for (const auto& source : sources(right, "right")) {
        cases.push_back({source.name + ", right", source, loud, right, 0});
    }
    for (const auto& source : sources(wrong_password, "wrong")) {
        cases.push_back({source.name + ", wrong",
                         source,
                         loud + Strings{"--output", "text"},
                         wrong_password,
                         2});
    }
    const Strings wrong = run_all(cases);
    CAPTURE(wrong);
    CHECK(wrong.empty());
}

/// The command lines of every action that the option table knows, with each word it takes.
std::vector<Strings> actions()
{
    std::vector<Strings> all;
    for (const auto& row : dbup::option_table()) {
        const std::string option = "--" + std::string{row.name};
        if (!dbup::asks_for_action(row)) {
            continue;
        }
        if (row.arg.empty() || row.optional_arg) {
            all.push_back({option});
        }
        for (const auto word : dbup::allowed_words(row)) {
            if (!row.arg.empty()) {
                all.push_back({option + '=' + std::string{word}});
            }
        }
    }
    return all;
}

TEST_CASE("no action lets the password out", "[leaks]")
{
    const std::string right = Cluster::shared().password();
    const auto all = sources(right, "actions");
    std::vector<Case> cases;
    for (const auto& action : actions()) {
        for (const auto& source : {all[0], all[1], all[4]}) {
            cases.push_back({action.front() + " with " + source.name,
                             source,
                             Strings{"-vv"} + action,
                             right,
                             -1});
        }
    }
    CHECK(cases.size() > 15);
    const Strings wrong = run_all(cases);
    CAPTURE(wrong);
    CHECK(wrong.empty());
}

TEST_CASE("the test sees a leak", "[leaks]")
{
    const Source source{.name = "none"};
    const std::string secret = "Open-Sesame-4711-plain";
    const Traced run = traced(source, {"-H", secret, "-d", "x", "-p", "1", "--max-retries", "0"});
    CHECK_FALSE(complaints(run, source, secret).empty());
}

} // namespace

} // namespace dbup_test
