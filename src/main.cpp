// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <exception>
#include <span>

#include "app/run.hpp"
#include "process/delivery.hpp"
#include "process/hygiene.hpp"
#include "process/last_words.hpp"
#include "process/private_files.hpp"
#include "process/supervisor.hpp"
#include "process/system.hpp"
#include "process/system_reader.hpp"
#include "process/terminal.hpp"
#include "process/thread.hpp"
#include <dbup_commit.hpp>

/// arguments + environment + files → one supervised run → bytes on stdout + exit code
int main(int argc, char** argv)
{
    std::set_terminate(&dbup::last_words);
    const unsigned free_descriptors = dbup::clean_process();
    if (const char* const words = dbup::shortage(free_descriptors)) {
        constexpr dbup::Millis patience{50};
        dbup::deliver(STDOUT_FILENO, words, patience);
        dbup::leave(dbup::row_of(dbup::State::unknown).exit_code);
    }
    dbup::Supervisor supervisor;
    dbup::SystemClock clock{supervisor.stop_fd()};
    dbup::SystemRandom random;
    dbup::Console console{clock};
    const auto connector = dbup::libpq_connector(clock, supervisor.stop_fd());
    const dbup::SystemEnvironment environment;
    const dbup::SystemReader reader;
    dbup::SystemTerminal terminal{supervisor.stop_fd()};
    dbup::SystemFileWriter writer;
    dbup::Run run{
        {clock,
         random,
         *connector,
         [&console](dbup::LogLevel level, std::string_view step) { console.tell(level, step); },
         dbup::process_facts(environment),
         &dbup::start_detached}};

    const std::span<char* const> arguments{argv, static_cast<std::size_t>(argc)};
    const auto outcome = supervisor.supervise(run, [&] {
        return run.execute({.arguments = arguments.subspan(arguments.empty() ? 0 : 1),
                            .environment = &environment,
                            .reader = &reader,
                            .on_timeout = [&supervisor](dbup::Millis) { supervisor.wake(); },
                            .on_loaded = &dbup::forget_environment,
                            .program = &dbup::own_path,
                            .commit = DBUP_COMMIT,
                            .build = DBUP_BUILD,
                            .terminal = &terminal,
                            .writer = &writer});
    });

    // The worker may still be at its question or its files.
    terminal.restore_for_good();
    writer.settle();
    dbup::leave(dbup::leave_behind(outcome, clock, run.deadline(), console));
}
