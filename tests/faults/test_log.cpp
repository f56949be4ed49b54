// SPDX-License-Identifier: MIT
// The log: what it says, that many processes can share it, and that nothing in its way changes the
// result.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>

#include "support/catch.hpp"
#include "support/cluster.hpp"
#include "support/network.hpp"
#include "support/plugin.hpp"
#include "support/sandbox.hpp"

namespace dbup_test {

namespace {

Strings lines_of(const std::string& text)
{
    Strings lines;
    std::size_t from = 0;
    for (auto at = text.find('\n'); at != std::string::npos; at = text.find('\n', from)) {
        lines.push_back(text.substr(from, at - from));
        from = at + 1;
    }
    if (from < text.size()) {
        lines.push_back(text.substr(from) + "<no newline>");
    }
    return lines;
}

std::string path_of(const std::string& name)
{
    return (Sandbox::shared().folder() / name).string();
}

/// A run that ends at once, before any packet: the port is wrong.
Strings quick_run(const std::string& log, const Strings& more = {})
{
    return Strings{"-H", "127.0.0.1", "-p", "1", "-d", "mydb", "--max-retries", "0"} + more +
           Strings{"--log-file", log};
}

TEST_CASE("each run adds one line, with the mode of a log", "[log]")
{
    const std::string log = path_of("two-lines");
    CHECK(check_cluster({"--log-file", log}).state == "OK");
    CHECK(check(quick_run(log)).code == "CONNECTION_REFUSED");
    const Strings lines = lines_of(read_file(log));
    REQUIRE(lines.size() == 2);
    const std::string stamp = R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z )";
    CHECK(std::regex_match(
        lines[0],
        std::regex{stamp + R"(\[INFO\] Health check passed - Response time: [\d.]+ms; mydb at .* )"
                           R"(- host=\S+ pid=\d+ version=\S+ state=OK response_time_ms=[\d.]+)"}));
    CHECK(std::regex_match(
        lines[1],
        std::regex{stamp +
                   R"(\[ERROR\] Health check failed - CONNECTION_REFUSED: .* state=CRITICAL )"
                   R"(code=CONNECTION_REFUSED response_time_ms=[\d.]+)"}));
    struct stat facts {};
    REQUIRE(::stat(log.c_str(), &facts) == 0);
    CHECK((facts.st_mode & 0137U) == 0);
}

TEST_CASE("two hundred processes do not mix their lines", "[log]")
{
    constexpr std::size_t each = 100;
    std::vector<Process> processes;
    for (std::size_t i = 0; i < each; ++i) {
        for (const std::string format : {"text", "json"}) {
            processes.emplace_back(
                plugin(quick_run(path_of("shared-" + format), {"--log-format", format})));
        }
    }
    const auto failed = std::count_if(processes.begin(), processes.end(), [](Process& process) {
        return process.wait().exit_code == 2;
    });
    CHECK(failed == 2 * each);

    const std::map<std::string, std::regex> shapes{
        {"text", std::regex{R"(\S+Z \[ERROR\] .* pid=(\d+) version=.*_ms=[\d.]+)"}},
        {"json", std::regex{R"(\{"timestamp":"[^"]+Z","level":"ERROR",.*"pid":(\d+)\})"}},
    };
    for (const auto& [format, shape] : shapes) {
        CAPTURE(format);
        const Strings lines = lines_of(read_file(path_of("shared-" + format)));
        CHECK(lines.size() == each);
        std::set<std::string> pids;
        for (const auto& line : lines) {
            std::smatch found;
            const bool whole = std::regex_match(line, found, shape);
            CHECK(whole);
            pids.insert(whole ? found[1].str() : line);
        }
        CHECK(pids.size() == each);
    }
}

/// Things that cannot be written to, each in its own way.
std::string obstacle(const std::string& name)
{
    std::string path = path_of("obstacle-" + std::to_string(std::hash<std::string>{}(name)));
    std::filesystem::remove_all(path);
    if (name == "a FIFO without reader") {
        checked(::mkfifo(path.c_str(), 0600), "mkfifo");
    } else if (name == "a folder") {
        std::filesystem::create_directory(path);
    } else if (name == "a missing folder") {
        return path + "/log";
    } else if (name == "a full device") {
        return "/dev/full";
    } else if (name == "a file in place of a folder") {
        write_file(path, "");
        return path + "/log";
    } else if (name == "a loop of links") {
        std::filesystem::create_symlink(path, path);
    } else if (name == "a name that is too long") {
        return path + std::string(300, 'x');
    } else if (name == "a kernel file") {
        return "/proc/version";
    }
    return path;
}

TEST_CASE("a log that cannot be written changes nothing but stderr", "[log]")
{
    struct Case {
        const char* name = "";
        const char* why = "";
    };
    const auto c = GENERATE(values<Case>({
        {"a FIFO without reader", "No such device or address"},
        {"a folder", "Is a directory"},
        {"a missing folder", "No such file or directory"},
        {"a full device", "No space left on device"},
        {"a file in place of a folder", "Not a directory"},
        {"a loop of links", "Too many levels of symbolic links"},
        {"a name that is too long", "File name too long"},
        {"a kernel file", "error"},
        {"a limit on the size of files", "File too large"},
    }));
    INFO(c.name);
    Command command = plugin(quick_run(obstacle(c.name)));
    if (std::string_view{c.name} == "a limit on the size of files") {
        command.limits = {{RLIMIT_FSIZE, 0}};
    }
    Finished finished = run(std::move(command));
    CAPTURE(finished.err);
    CHECK(finished.exit_code == 2);
    CHECK(finished.seconds < in_time(2));
    const Strings lines = lines_of(finished.err);
    REQUIRE(lines.size() == 1);
    CHECK(std::regex_match(
        lines[0],
        std::regex{
            R"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z \[WARNING\] cannot write to log file '.*)"}));
    if (std::string_view{c.why} != "error") {
        CHECK_THAT(lines[0], has(c.why));
    }
    finished.err.clear();
    CHECK(read_status(finished).code == "CONNECTION_REFUSED");
}

TEST_CASE("a log that may not be written is told as such", "[log]")
{
    const std::string log = Sandbox::shared().make_file("read-only-log", "", 0400);
    Command command = plugin(quick_run(log));
    command.user = is_root() ? find_user("nobody") : std::nullopt;
    const Finished finished = run(std::move(command));
    CHECK(finished.exit_code == 2);
    CHECK_THAT(finished.err, has("Permission denied"));
    CHECK(read_file(log).empty());
}

TEST_CASE("a log file that nobody reads from is no wait", "[log]")
{
    const std::string log = path_of("full-fifo");
    checked(::mkfifo(log.c_str(), 0600), "mkfifo");
    const Descriptor reader{::open(log.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
    const Descriptor writer{::open(log.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC)};
    const std::string block(4096, 'x');
    while (::write(writer.number(), block.data(), block.size()) > 0) {
    }
    const Finished finished = run(plugin(quick_run(log)));
    CHECK(finished.exit_code == 2);
    CHECK(finished.seconds < in_time(2));
    CHECK_THAT(finished.err, has("Resource temporarily unavailable"));
}

TEST_CASE("a file system that does not answer is not waited for", "[log]")
{
    struct Case {
        const char* timeout = "";
        const char* delay = "";
    };
    const auto c = GENERATE(values<Case>({{"300ms", "700ms"}, {"10s", "1400ms"}}));
    CAPTURE(c.timeout);
    const std::string log = path_of("stuck");
    Command command = plugin(quick_run(log, {"-t", c.timeout}));
    // strace holds the thread that opens the file, and itself waits for it; what is told shows that
    // the program did not. It sees the file's name if it may read the memory: as root; for an
    // ordinary user the run is not held up.
    command.argv = Strings{"/usr/bin/strace",
                           "-f",
                           "-qq",
                           "-o",
                           "/dev/null",
                           "-P",
                           log,
                           "-e",
                           "trace=openat",
                           "-e",
                           std::string{"inject=openat:delay_enter="} + c.delay,
                           "--"} +
                   command.argv;
    command.environment.insert(command.environment.begin(), "ASAN_OPTIONS=detect_leaks=0");
    Finished finished = run(std::move(command));
    CHECK(finished.exit_code == 2);
    CHECK((finished.err.find("it takes too long") != std::string::npos) == is_root());
    finished.err.clear();
    CHECK(read_status(finished).code == "CONNECTION_REFUSED");
}

TEST_CASE("a run that its deadline ends is logged in time", "[log]")
{
    const ScriptedServer server{{stay_silent()}};
    const std::string log = path_of("deadline");
    const Finished finished = run(plugin(peer_arguments(
        server.port(), {"--ssl-mode", "require", "-t", "500ms", "--log-file", log})));
    CHECK(finished.exit_code == 2);
    CHECK(finished.seconds < in_time(1));
    CHECK_THAT(read_file(log), has("code=TIMEOUT") && has("[ERROR]"));
}

TEST_CASE("lines on stderr come only when asked for, and in their order", "[log]")
{
    struct Case {
        Strings more = {};
        Strings wanted = {}; ///< the beginnings of the lines, behind the time
    };
    const auto c = GENERATE(values<Case>({
        {{}, {}},
        {{"--log-level", "error"}, {"[ERROR] Health check failed - CONNECTION_REFUSED: "}},
        {{"--log-level", "warning"},
         {"[WARNING] Health check failed - CONNECTION_REFUSED: ",
          "[ERROR] Health check failed - CONNECTION_REFUSED: "}},
        {{"--log-level", "info"},
         {"[INFO] Starting health check - mydb at 127.0.0.1 - Timeout: 10s",
          "[WARNING] Health check failed - CONNECTION_REFUSED: ",
          "[ERROR] Health check failed - CONNECTION_REFUSED: "}},
    }));
    CAPTURE(c.more);
    Finished finished = run(plugin(Strings{"-H",
                                           "127.0.0.1",
                                           "-p",
                                           "1",
                                           "-d",
                                           "mydb",
                                           "--max-retries",
                                           "1",
                                           "--retry-delay",
                                           "1ms"} +
                                   c.more));
    const Strings lines = lines_of(finished.err);
    REQUIRE(lines.size() == c.wanted.size());
    constexpr std::size_t stamp = 25;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        CHECK_THAT(lines[i].substr(stamp), Catch::Matchers::StartsWith(c.wanted[i]));
    }
    finished.err.clear();
    CHECK(read_status(finished).code == "CONNECTION_REFUSED");
}

/// A run without a server, whose stdout and stderr are one stream.
Finished in_one_stream(const Strings& more)
{
    Command command = plugin({});
    Strings words{"/bin/sh", "-c", R"(exec "$@" 2>&1)", "sh", command.argv.front()};
    for (const Strings& part :
         {Strings{"-d", "mydb", "-H", "127.0.0.1", "-p", "1", "--max-retries", "0"}, more}) {
        words.insert(words.end(), part.begin(), part.end());
    }
    command.argv = words;
    return run(std::move(command));
}

TEST_CASE("where stdout and stderr are one stream, the status line is still the first", "[log]")
{
    const Finished finished =
        in_one_stream({"--log-level", "debug", "--log-file", "/nonexistent/log"});
    const Strings lines = lines_of(finished.out);
    REQUIRE(lines.size() > 4);
    CHECK_THAT(lines[0], Catch::Matchers::StartsWith("DB-UP CRITICAL - "));
    CHECK_THAT(finished.out, has("[INFO] Starting") && has("[DEBUG] tcp") && has("[ERROR] "));
    CHECK_THAT(lines.back(), has("cannot write to log file '/nonexistent/log'"));

    CHECK_THAT(in_one_stream({"--log-file", "/nonexistent/log"}).out, !has("cannot write"));
}

TEST_CASE("the lines for people are coloured at a terminal that wants it, and only there", "[log]")
{
    struct Case {
        Strings environment = {};
        bool terminal = false;
        bool colour = false;
    };
    const auto c = GENERATE(values<Case>({
        {{"TERM=xterm"}, true, true},
        {{"TERM=xterm", "NO_COLOR="}, true, true},
        {{"TERM=xterm", "NO_COLOR=1"}, true, false},
        {{"TERM=dumb"}, true, false},
        {{}, true, false},
        {{"TERM=xterm"}, false, false},
    }));
    CAPTURE(c.environment, c.terminal);
    Command command =
        plugin({"-H", "127.0.0.1", "-p", "1", "-d", "x", "--max-retries", "0", "--output", "text"},
               c.environment);
    if (c.terminal) { // script(1) gives its command a terminal
        std::string line;
        for (const auto& word : command.argv) {
            line.append(line.empty() ? "" : " ").append(word);
        }
        command.argv = {"/usr/bin/script", "-qefc", line, "/dev/null"};
        command.environment.emplace_back("SHELL=/bin/sh");
    }
    const Finished finished = run(std::move(command));
    CHECK(finished.exit_code == 2);
    CHECK_THAT(finished.out, has("Health check failed - CONNECTION_REFUSED"));
    CHECK((finished.out.find("[\x1b[31mERROR\x1b[0m]") != std::string::npos) == c.colour);
    CHECK((finished.out.find('\x1b') != std::string::npos) == c.colour);
}

} // namespace

} // namespace dbup_test
