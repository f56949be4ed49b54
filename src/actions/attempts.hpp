// SPDX-License-Identifier: MIT
#pragma once

#include "actions/action.hpp"
#include "checks/check.hpp"

namespace dbup {

/// What an attempt that succeeded brought home.
struct Answer {
    Evidence evidence = {};
    ServerFacts server = {};
    std::optional<TlsFacts> tls = {};
    Endpoint endpoint = {};
};

/// What to say of a run that was cut off: by the deadline (timeout) or by a signal (interrupted).
std::string cut_off_words(ErrorClass error, std::string_view target, Elapsed spent, Stage stage);

/// Tries the endpoints in order until one satisfies the check, again after a pause where a retry
/// may mend it, and never past the deadline. Each address gets its share of the attempt's time, so
/// that a dead one does not eat it all. \throws Failure the one to tell: of the last attempt, that
/// of the server where it came furthest; of the attempt
///         before, if the deadline did not leave the last one the time that an attempt has
Answer answer_of(const Config& config,
                 const Check& check,
                 const Surroundings& around,
                 const Deadline& deadline);

} // namespace dbup
