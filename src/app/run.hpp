// SPDX-License-Identifier: MIT
#pragma once

#include "config/config.hpp"
#include "config/inputs.hpp"
#include "core/clock.hpp"
#include "core/trace.hpp"
#include "pg/connector.hpp"

#include <memory>
#include <mutex>
#include <string>

namespace dbup {

/// What the process leaves behind: the bytes for stdout, and the exit code.
struct Outcome {
    int exit_code = 3;
    std::string text = {};
};

/// One run of the program, from its inputs to its outcome. It neither prints nor exits. Two threads
/// may use it: the worker calls execute(); the supervisor calls cut_short() when the worker is
/// stuck.
class Run {
public:
    struct Parts {
        Clock& clock;
        Random& random;
        Connector& connector;
        Trace::Listener listener = {}; ///< hears each step, if --verbose was given three times
    };

    explicit Run(const Parts& parts);

    /// Does everything. Never throws: a failure of any kind is an outcome.
    Outcome execute(const Inputs& inputs) noexcept;

    /// The outcome of a run whose worker does not answer.
    /// \param error timeout or interrupted; local if no worker could be started
    Outcome cut_short(ErrorClass error) noexcept;

    /// When the run must be over. Moves once, as soon as --timeout is known.
    [[nodiscard]] Instant deadline() const;

private:
    Outcome execute_or_throw(const Inputs& inputs);
    [[nodiscard]] Outcome finished(Report report, const Config& config) const;
    [[nodiscard]] Outcome outcome_of(const Failure& failure, const Config& config) const;

    Parts parts_;
    Trace trace_;
    mutable std::mutex mutex_;
    Instant deadline_;
    std::shared_ptr<const Config> early_;   ///< once it says how the answer is to be given
    std::shared_ptr<const Config> settled_; ///< once it is complete
};

/// The exit code that `style` has for a state.
/// \param error the class of the failure, null where the database answered
int exit_code(ExitStyle style, State state, const ErrorRow* error);

} // namespace dbup
