// SPDX-License-Identifier: MIT
#include "support/sandbox.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "support/process.hpp"

namespace dbup_test {

namespace {

// Reads until the test program is gone, then ends what is left: immediate shutdown for PostgreSQL
// (SIGQUIT to the postmaster), SIGKILL for PgBouncer. It waits for them, as they write to the
// folder.
constexpr const char* guardian_script = R"(
trap '' INT TERM HUP
while read -r _; do :; done
pids=()
for file in "$1"/*/server/data/postmaster.pid "$1"/*/data/postmaster.pid; do
    if [ -e "$file" ]; then read -r pid <"$file"; pids+=("$pid"); kill -QUIT "$pid"; fi
done
for file in "$1"/*/pgbouncer.pid; do
    if [ -e "$file" ]; then read -r pid <"$file"; pids+=("$pid"); kill -KILL "$pid"; fi
done
for _ in {1..200}; do
    left=0
    for pid in "${pids[@]}"; do
        state=
        if [ -r "/proc/$pid/stat" ]; then read -r _ _ state _ <"/proc/$pid/stat"; fi
        case $state in ''|Z) ;; *) left=1 ;; esac
    done
    if [ $left = 0 ]; then break; fi
    sleep 0.02
done
rm -rf -- "$1"
)";

std::filesystem::path make_temporary_folder()
{
    std::string name = "/tmp/dbup-test.XXXXXX"; // short: socket paths end at 107 bytes
    if (::mkdtemp(name.data()) == nullptr) {
        checked(-1, "mkdtemp " + name);
    }
    // Servers run as another user when the tests run as root.
    std::filesystem::permissions(name, std::filesystem::perms{0711});
    return name;
}

[[noreturn]] void become_guardian(int alive, int done, char* const* argv)
{
    ::setsid();
    if (::fork() != 0) {
        ::_exit(0); // the guardian is nobody's child: not killed with the tests' process tree
    }
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    ::dup2(alive, STDIN_FILENO);
    ::dup2(nowhere, STDOUT_FILENO);
    ::dup2(nowhere, STDERR_FILENO);
    ::fcntl(done, F_SETFD, 0);
    ::execv(argv[0], argv);
    ::_exit(127);
}

} // namespace

Sandbox& Sandbox::shared()
{
    static Sandbox sandbox;
    return sandbox;
}

Sandbox::Sandbox() : folder_{make_temporary_folder()}
{
    Strings words{"/bin/bash", "-c", guardian_script, "guardian", folder_.string()};
    const std::array<char*, 6> argv{words[0].data(),
                                    words[1].data(),
                                    words[2].data(),
                                    words[3].data(),
                                    words[4].data(),
                                    nullptr};
    Pipe alive = make_pipe();
    Pipe done = make_pipe();
    const pid_t child = checked(::fork(), "fork");
    if (child == 0) {
        become_guardian(alive.read.number(), done.write.number(), argv.data());
    }
    ::waitpid(child, nullptr, 0);
    alive_ = std::move(alive.write);
    done_ = std::move(done.read);
}

Sandbox::~Sandbox()
{
    alive_.close();
    char byte = '\0';
    static_cast<void>(!::read(done_.number(), &byte, 1)); // end of file: all is gone
}

std::filesystem::path Sandbox::make_folder(const std::string& name)
{
    std::filesystem::path path = folder_ / name;
    std::filesystem::create_directory(path);
    return path;
}

std::filesystem::path
Sandbox::make_file(const std::string& name, std::string_view text, unsigned mode)
{
    std::filesystem::path path = folder_ / name;
    std::filesystem::remove(path); // one of before may not be writable
    write_file(path, text);
    std::filesystem::permissions(path, std::filesystem::perms{mode});
    return path;
}

std::string read_file(const std::filesystem::path& path)
{
    std::ifstream file{path, std::ios::binary};
    if (!file) {
        throw std::runtime_error{"cannot read " + path.string()};
    }
    std::ostringstream text;
    text << file.rdbuf();
    return std::move(text).str();
}

void write_file(const std::filesystem::path& path, std::string_view text)
{
    std::ofstream file{path, std::ios::binary | std::ios::trunc};
    file << text << std::flush;
    if (!file) {
        throw std::runtime_error{"cannot write " + path.string()};
    }
}

} // namespace dbup_test
