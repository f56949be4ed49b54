// SPDX-License-Identifier: MIT
#pragma once

#include "actions/action.hpp"
#include "checks/check.hpp"

#include <functional>

namespace dbup {

/// What an attempt that succeeded brought home.
struct Answer {
    Evidence evidence = {};
    ServerFacts server = {};
    std::optional<TlsFacts> tls = {};
    Endpoint endpoint = {};
};

/// What is done with each session that opens.
using Look = std::function<Evidence(Session& session, const Deadline& deadline)>;

/// What to say of a run that was cut off: by the deadline (timeout) or by a signal (interrupted).
std::string cut_off_words(ErrorClass error,
                          std::string_view target,
                          Elapsed spent,
                          Stage stage,
                          std::string_view waiting_for = {});

/// What to do about it where the class's remedy would lead astray; empty: it will do.
/// \param limit the option whose time is over
std::string cut_off_fix(ErrorClass error, Stage stage, std::string_view limit);

/// Tries the endpoints in order until one satisfies `look`, again after a pause where a retry
/// may mend it, and never past the deadline. Each address gets its share of the attempt's time, so
/// that a dead one does not eat it all. \throws Failure the one to tell: of the last attempt, that
/// of the server where it came furthest; of the attempt
///         before, if the deadline did not leave the last one the time that an attempt has
Answer answer_of(const Config& config,
                 const Look& look,
                 const Surroundings& around,
                 const Deadline& deadline);

} // namespace dbup
