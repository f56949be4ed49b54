// SPDX-License-Identifier: MIT
#pragma once

#include "config/inputs.hpp"
#include "core/clock.hpp"

#include "app/run.hpp"

namespace dbup {

/// The clocks of the host.
class SystemClock final : public Clock {
public:
    /// \param stop_fd becomes readable when the process is asked to end
    explicit SystemClock(int stop_fd) : stop_fd_{stop_fd} {}

    [[nodiscard]] Instant now() const override;
    [[nodiscard]] double unix_time() const override;
    void sleep(Millis duration) override;

private:
    int stop_fd_;
};

/// Random numbers of the kernel.
class SystemRandom final : public Random {
public:
    double next() override;
};

/// The variables of the process.
class SystemEnvironment final : public Environment {
public:
    [[nodiscard]] std::optional<std::string> find(std::string_view name) const override;
};

/// What a run writes of its process; colours only for a terminal whose user has not declined them
/// (https://no-color.org).
ProcessFacts process_facts(const Environment& environment);

/// Takes every PG* variable, and every one that holds a secret, out of the environment: what db-up
/// supports of them was read, nothing of them reaches libpq behind its back. Secrets are
/// overwritten where they stood.
void forget_environment();

/// The path of this program; its name where the system does not tell it.
std::string own_path();

} // namespace dbup
