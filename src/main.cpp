// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <span>

#include "app/run.hpp"
#include "process/delivery.hpp"
#include "process/hygiene.hpp"
#include "process/supervisor.hpp"
#include "process/system.hpp"

/// arguments + environment + files → one supervised run → bytes on stdout + exit code
int main(int argc, char** argv)
{
    dbup::clean_process();
    dbup::Supervisor supervisor;
    dbup::SystemClock clock{supervisor.stop_fd()};
    dbup::SystemRandom random;
    const auto connector = dbup::libpq_connector(clock, supervisor.stop_fd());
    const dbup::SystemEnvironment environment;
    const dbup::SystemReader reader;
    dbup::Run run{{clock, random, *connector, [&clock](std::string_view step) {
                       dbup::tell_step(STDERR_FILENO, clock.unix_time(), step);
                   }}};

    const std::span<char* const> arguments{argv, static_cast<std::size_t>(argc)};
    const auto outcome = supervisor.supervise(run, [&] {
        return run.execute({.arguments = arguments.subspan(arguments.empty() ? 0 : 1),
                            .environment = &environment,
                            .reader = &reader,
                            .on_timeout = [&supervisor](dbup::Millis) { supervisor.wake(); },
                            .on_loaded = &dbup::forget_environment});
    });

    constexpr dbup::Millis patience{50};
    dbup::deliver(STDOUT_FILENO, outcome.text, patience);
    // No destructors and exit handlers: a worker may still be stuck, and there is nothing left to
    // do.
    _exit(outcome.exit_code);
}
