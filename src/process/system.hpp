// SPDX-License-Identifier: MIT
#pragma once

#include "config/inputs.hpp"
#include "core/clock.hpp"

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

/// Takes every PG* variable, and every one that holds a secret, out of the environment: what db-up
/// supports of them was read, nothing of them reaches libpq behind its back. Secrets are
/// overwritten where they stood.
void forget_environment();

/// Files and connection strings.
class SystemReader final : public Reader {
public:
    [[nodiscard]] std::vector<ConninfoPart> uri(const std::string& uri) const override;
    [[nodiscard]] std::vector<ConninfoPart> service(const std::string& name,
                                                    const std::string& file) const override;
    [[nodiscard]] std::string small_file(const std::string& path) const override;
    [[nodiscard]] bool exists(const std::string& path) const override;
    [[nodiscard]] std::string file_objection(const std::string& path) const override;
    [[nodiscard]] bool knows_system_roots() const override;
    [[nodiscard]] std::string passfile_objection(const std::string& path) const override;
    [[nodiscard]] std::string home() const override;
};

} // namespace dbup
