// SPDX-License-Identifier: MIT
#pragma once

#include "config/config.hpp"
#include "config/inputs.hpp"
#include "core/clock.hpp"
#include "core/threads.hpp"
#include "core/trace.hpp"
#include "pg/connector.hpp"

#include <memory>
#include <mutex>
#include <string>

namespace dbup {

/// What the process leaves behind.
struct Outcome {
    int exit_code = 3;
    std::string text = {};            ///< for stdout, or the file that takes its place
    std::string output_file = {};     ///< that file; empty: none
    bool answers_request = false;     ///< stdout is a connection whose client says something, too
    std::string sentence = {};        ///< the result, for stderr
    LogLevel level = LogLevel::off;   ///< of that sentence
    LogLevel console = LogLevel::off; ///< what may be written to stderr
    std::string log_file = {};        ///< empty: none
    std::string log_line = {};        ///< for that file
};

/// What a run has to know of its process in order to write about itself. Functions: each is a call
/// to the system, and few runs need it.
struct ProcessFacts {
    std::function<std::string()> host = [] { return std::string{}; }; ///< the machine's name
    std::function<long()> pid = [] { return 0L; };
    /// Whether stdout is a terminal whose reader wants colours.
    std::function<bool()> colour = [] { return false; };
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
        Trace::Listener listener = {}; ///< hears what --log-level and --verbose let through
        ProcessFacts process = {};
        StartThread start_thread = {}; ///< for work that can be done at the same time
    };

    explicit Run(const Parts& parts);

    /// Does everything. Never throws: a failure of any kind is an outcome.
    Outcome execute(const Inputs& inputs) noexcept;

    /// The outcome of a run whose worker does not answer.
    /// \param error timeout or interrupted; local if no worker could be started
    Outcome cut_short(ErrorClass error) noexcept;

    /// When the run must be over. Moves as soon as --timeout is known: before files are read, and
    /// again if the configuration file says it.
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
