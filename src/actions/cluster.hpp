// SPDX-License-Identifier: MIT
#pragma once

#include "actions/attempts.hpp"

#include <vector>

namespace dbup {

/// What the servers of the list said together.
struct ClusterAnswer {
    Evidence evidence = {};
    std::vector<Answer> answers = {}; ///< of those that did, in the order of the list
    int retries = 0;                  ///< most that one of them needed
};

/// Puts `check.ask` to every server of the list, at the same time and each with its retries, and
/// compares what they say. Once one has answered, the others have --connect-timeout left: a server
/// that hangs must not hold up what the others say. One that is stuck is left behind.
/// \throws Failure where none answered, that of the server where it came furthest; a fault of this
///         host, because of which a server could not be judged
ClusterAnswer cluster_answer_of(const Config& config,
                                const Check& check,
                                const Surroundings& around,
                                const Deadline& deadline);

} // namespace dbup
