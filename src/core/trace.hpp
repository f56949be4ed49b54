// SPDX-License-Identifier: MIT
#pragma once

#include "core/clock.hpp"
#include "core/level.hpp"
#include "core/stage.hpp"

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dbup {

struct StageTime {
    Stage stage = Stage::setup;
    Elapsed spent = {};
};

/// One connection that was tried.
struct Try {
    int attempt = 1;         ///< 1 for the first, then the retries
    std::string target = {}; ///< "db1:5432", with the address once it is known
    std::vector<StageTime> stages = {};
    std::string code =
        {}; ///< of the error that ended it; empty while it lives or where it succeeded
    std::string message = {}; ///< foreign text: not yet scrubbed

    /// Time in `stage`, if that was reached.
    [[nodiscard]] std::optional<Elapsed> spent(Stage stage) const;
    /// Time from the first stage to the end of the query: how long an answer takes.
    [[nodiscard]] Elapsed total() const;
};

/// What the run did so far and where it stands. The worker writes it; the supervisor reads it when
/// it has to speak for a worker that is stuck. Every call is short and never blocks on anything but
/// the other's call.
class Trace {
public:
    /// `listener` hears every step as a sentence, with its weight; may be empty.
    using Listener = std::function<void(LogLevel, std::string_view)>;

    explicit Trace(const Clock& clock, Listener listener = {});

    void begin(int attempt, std::string target);
    void name_target(std::string target);
    void enter(Stage stage);
    /// Ends the stage that runs, and the try; `code` is empty for success.
    void end(std::string_view code, std::string message);
    /// The tries of other traces, in place of all that this one knows.
    void adopt(std::vector<Try> tries);
    /// What is waited for before there is any attempt: "--password-file '/srv/secret'".
    void await(std::string what);
    /// Says `sentence` to the listener.
    void tell(LogLevel level, std::string_view sentence) const;

    [[nodiscard]] Stage stage() const;
    [[nodiscard]] std::string awaited() const; ///< empty: not known
    [[nodiscard]] std::vector<Try>
    tries() const; ///< the running one included, its stage timed up to now
    [[nodiscard]] Instant start() const { return start_; }

private:
    void leave_stage();

    const Clock* clock_;
    Listener listener_;
    Instant start_;
    mutable std::mutex mutex_;
    std::vector<Try> tries_;
    std::string awaited_ = {};
    Stage stage_ = Stage::setup;
    Instant since_;
    bool running_ = false;
};

} // namespace dbup
