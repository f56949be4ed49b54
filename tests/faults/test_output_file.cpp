// SPDX-License-Identifier: MIT
// --output-file: whole or not at all, whoever reads, and never a lost result.
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <vector>

#include "support/catch.hpp"
#include "support/cluster.hpp"
#include "support/network.hpp"
#include "support/plugin.hpp"
#include "support/sandbox.hpp"

namespace dbup_test {

namespace {

/// A run that ends at once: nobody listens there.
Finished down_to(const std::string& path, const Strings& more = {})
{
    return run(plugin(Strings{"-H", "127.0.0.1", "-p", "1", "-d", "mydb", "--max-retries", "0"} +
                      more + Strings{"--output-file", path}));
}

std::size_t files_in(const std::filesystem::path& folder)
{
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator{folder}, {}));
}

TEST_CASE("the result is in the file, for everybody, and nowhere else", "[output-file]")
{
    const auto folder = Sandbox::shared().make_folder("output");
    const auto path = (folder / "db.prom").string();
    const Finished up =
        run(plugin(cluster_arguments({"--output", "prometheus", "--output-file", path})));
    CHECK(up.exit_code == 0);
    CHECK((up.out + up.err).empty());
    CHECK_THAT(read_file(path), has("\ndb_up{check=\"connection\"") && has("} 1\n"));
    struct stat facts {};
    REQUIRE(::stat(path.c_str(), &facts) == 0);
    CHECK((facts.st_mode & 0777U) == 0644);

    const Finished down = down_to(path, {"--output", "prometheus"});
    CHECK(down.exit_code == 2);
    CHECK((down.out + down.err).empty());
    CHECK_THAT(read_file(path), has("\ndb_check_state{") && has("CONNECTION_REFUSED"));
    CHECK(files_in(folder) == 1);
}

TEST_CASE("a reader sees the old result or the new one, never a part", "[output-file]")
{
    const auto folder = Sandbox::shared().make_folder("output-race");
    const auto path = (folder / "result").string();
    CHECK(down_to(path, {"--output", "json"}).exit_code == 2);
    std::vector<Process> writers;
    for (int i = 0; i < 20; ++i) {
        writers.emplace_back(plugin({"-H",
                                     "127.0.0.1",
                                     "-p",
                                     "1",
                                     "-d",
                                     "mydb",
                                     "--max-retries",
                                     "0",
                                     "--output",
                                     "json",
                                     "--output-file",
                                     path}));
    }
    std::size_t looks = 0;
    const auto any_runs = [&writers] {
        return std::any_of(
            writers.begin(), writers.end(), [](const Process& writer) { return writer.running(); });
    };
    while (looks == 0 || any_runs()) {
        const auto text = read_file(path);
        REQUIRE_THAT(
            text, Catch::Matchers::StartsWith("{\"schema\":") && Catch::Matchers::EndsWith("}\n"));
        ++looks;
    }
    for (auto& writer : writers) {
        CHECK(writer.wait().exit_code == 2);
    }
    CHECK(files_in(folder) == 1);
}

TEST_CASE("what cannot be written is told, and is never OK", "[output-file]")
{
    struct Case {
        const char* name = "";
        const char* why = "";
    };
    const auto c = GENERATE(values<Case>({
        {"a folder", "it is no file"},
        {"a FIFO", "it is no file"},
        {"a device", "it is no file"},
        {"a missing folder", "No such file or directory"},
        {"a file in place of a folder", "Not a directory"},
    }));
    CAPTURE(c.name);
    const std::string name{c.name};
    const auto folder = Sandbox::shared().make_folder("obstacle " + name);
    std::string path = (folder / "file").string();
    if (name == "a folder") {
        std::filesystem::create_directory(path);
    } else if (name == "a FIFO") {
        checked(::mkfifo(path.c_str(), 0600), "mkfifo");
    } else if (name == "a device") {
        path = "/dev/null";
    } else if (name == "a missing folder") {
        path += "/missing";
    } else {
        write_file(path, "x");
        path += "/file";
    }
    const auto before = files_in(folder);
    const Finished finished =
        run(plugin(cluster_arguments({"--output", "json", "--output-file", path})));
    CAPTURE(finished.out);
    CHECK(finished.exit_code == 3);
    CHECK_THAT(finished.out,
               Catch::Matchers::StartsWith("DB-UP UNKNOWN - cannot write --output-file") &&
                   has(c.why) && has("ended with exit code 0 [LOCAL_ERROR]\n"));
    CHECK(files_in(folder) == before);
    struct stat facts {};
    CHECK((::stat("/dev/null", &facts) == 0 && S_ISCHR(facts.st_mode)));
}

TEST_CASE("a link is replaced, what it points to is not", "[output-file]")
{
    const auto folder = Sandbox::shared().make_folder("output-link");
    const auto path = folder / "link";
    write_file(folder / "precious", "mine");
    std::filesystem::create_symlink(folder / "precious", path);
    CHECK(down_to(path.string()).exit_code == 2);
    CHECK(read_file(folder / "precious") == "mine");
    CHECK_THAT(read_file(path), has("DB-UP CRITICAL - "));
    CHECK_FALSE(std::filesystem::is_symlink(path));
}

TEST_CASE("a link to stdout is no place for a file", "[output-file]")
{
    // In a folder of our own: what root could do to the system's link must not be tried there.
    const auto folder = Sandbox::shared().make_folder("output-stdout");
    const auto path = folder / "link";
    std::filesystem::create_symlink("/dev/stdout", path);
    const Finished finished = down_to(path.string());
    CHECK(finished.exit_code == 3);
    CHECK_THAT(finished.out,
               Catch::Matchers::StartsWith("DB-UP UNKNOWN - cannot write --output-file") &&
                   has("leave --output-file out for stdout") && has("[LOCAL_ERROR]\n"));
    CHECK(std::filesystem::read_symlink(path) == "/dev/stdout");
    CHECK(files_in(folder) == 1);
}

TEST_CASE("a full disk leaves the old result alone", "[output-file]")
{
    const auto folder = Sandbox::shared().make_folder("output-full");
    const auto path = (folder / "result").string();
    write_file(path, "old");
    Command command = plugin(
        {"-H", "127.0.0.1", "-p", "1", "-d", "mydb", "--max-retries", "0", "--output-file", path});
    command.limits = {{RLIMIT_FSIZE, 10}}; // the kernel's word for it is "File too large"
    command.ignored_signals = {SIGXFSZ};
    const Finished finished = run(std::move(command));
    CHECK(finished.exit_code == 3);
    CHECK_THAT(finished.out, has("File too large"));
    CHECK(read_file(path) == "old");
    CHECK(files_in(folder) == 1);
}

TEST_CASE("the file is there after a deadline, and in time", "[output-file]")
{
    const auto folder = Sandbox::shared().make_folder("output-late");
    const auto path = (folder / "result").string();
    const ScriptedServer server{{stay_silent()}};
    const Finished finished = run(plugin(peer_arguments(
        server.port(),
        {"--ssl-mode", "require", "-t", "1", "--connect-timeout", "9s", "--output-file", path})));
    CHECK(finished.exit_code == 2);
    CHECK(finished.seconds < in_time(1.6));
    CHECK_THAT(read_file(path), has("[TIMEOUT]"));
}

} // namespace

} // namespace dbup_test
