// SPDX-License-Identifier: MIT
// Runs programs and measures them; it is small, so that it is no part of what it measures.
//
// usage: runner pairs ROUNDS            each command in turn, ROUNDS times; one line for each run:
//                                       NAME <tab> wall µs <tab> CPU µs <tab> peak KiB <tab> code
//        runner rate SECONDS PARALLEL   each command for SECONDS, PARALLEL of them at a time; one
//        line
//                                       for each: NAME <tab> runs a second <tab> failed runs
//        runner trail ROUNDS            the first command alone, ROUNDS times, without a line
//
// Commands are the lines of stdin: NAME <tab> [VARIABLE=VALUE <tab>]... PROGRAM [<tab> ARGUMENT]...
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h> // NOLINT(modernize-deprecated-headers): clock_gettime()
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr int most_commands = 32;
constexpr int most_words = 64;

struct Command {
    char line[4096];
    char* name;
    char* words[most_words]; // variables, then the program and its arguments, then a null
    int variables;
};

Command commands[most_commands];
int command_count = 0;

double now() // microseconds
{
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

double microseconds(const timeval& time)
{
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
}

void read_commands()
{
    while (command_count < most_commands) {
        Command& command = commands[command_count];
        if (std::fgets(command.line, sizeof command.line, stdin) == nullptr) {
            return;
        }
        command.line[std::strcspn(command.line, "\n")] = '\0';
        char* place = nullptr;
        command.name = strtok_r(command.line, "\t", &place);
        int count = 0;
        for (char* word = strtok_r(nullptr, "\t", &place);
             word != nullptr && count < most_words - 1;
             word = strtok_r(nullptr, "\t", &place)) {
            command.words[count++] = word;
        }
        command.words[count] = nullptr;
        while (command.variables < count &&
               std::strchr(command.words[command.variables], '=') != nullptr) {
            ++command.variables;
        }
        command_count += count > command.variables ? 1 : 0;
    }
}

/// vfork: the memory of this program is not copied, so its size costs nothing.
pid_t start(const Command& command, int nothing)
{
    const pid_t child = vfork(); // NOLINT: only what is allowed there is called
    if (child == 0) {
        dup2(nothing, STDOUT_FILENO);
        char* environment[most_words];
        int count = 0;
        for (; count < command.variables; ++count) {
            environment[count] = command.words[count];
        }
        static char path[] = "PATH=/usr/bin:/bin";
        static char home[] = "HOME=/nonexistent";
        environment[count++] = path;
        environment[count++] = home;
        environment[count] = nullptr;
        char* const* const words = command.words + command.variables;
        execve(words[0], words, environment);
        _exit(127);
    }
    return child;
}

int code_of(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void pairs(int rounds, int nothing)
{
    for (int round = 0; round < rounds; ++round) {
        for (int turn = 0; turn < command_count; ++turn) {
            const Command& command =
                commands[(round + turn) % command_count]; // nobody is always first
            int status = 0;
            rusage usage{};
            const double begin = now();
            const pid_t child = start(command, nothing);
            wait4(child, &status, 0, &usage);
            const double end = now();
            std::printf("%s\t%.0f\t%.0f\t%ld\t%d\n",
                        command.name,
                        end - begin,
                        microseconds(usage.ru_utime) + microseconds(usage.ru_stime),
                        usage.ru_maxrss,
                        code_of(status));
        }
    }
}

void rate(double seconds, int parallel, int nothing)
{
    for (int i = 0; i < command_count; ++i) {
        const double begin = now();
        int running = 0;
        int runs = 0;
        int failed = 0;
        while (running > 0 || now() - begin < seconds * 1e6) {
            while (running < parallel && now() - begin < seconds * 1e6) {
                start(commands[i], nothing);
                ++running;
            }
            int status = 0;
            wait(&status);
            --running;
            ++runs;
            failed += code_of(status) == 0 ? 0 : 1;
        }
        std::printf("%s\t%.1f\t%d\n", commands[i].name, runs / ((now() - begin) / 1e6), failed);
    }
}

void trail(int rounds, int nothing)
{
    for (int round = 0; round < rounds; ++round) {
        start(commands[0], nothing);
        wait(nullptr);
    }
}

} // namespace

int main(int argc, char** argv)
{
    const int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
    read_commands();
    if (argc == 3 && std::strcmp(argv[1], "pairs") == 0) {
        pairs(std::atoi(argv[2]), nothing);
    } else if (argc == 4 && std::strcmp(argv[1], "rate") == 0) {
        rate(std::atof(argv[2]), std::atoi(argv[3]), nothing);
    } else if (argc == 3 && std::strcmp(argv[1], "trail") == 0) {
        trail(std::atoi(argv[2]), nothing);
    } else {
        std::fputs("usage: runner pairs ROUNDS | rate SECONDS PARALLEL | trail ROUNDS <COMMANDS\n",
                   stderr);
        return 2;
    }
    return 0;
}
