// SPDX-License-Identifier: MIT
// Many small runs that may go on at the same time, judged by one rule.
#pragma once

#include <string>
#include <vector>

#include "support/process.hpp"
#include "support/status_line.hpp"

namespace dbup_test {

/// One run and what it may answer.
struct SmallRun {
    std::string says = {};
    Command command = {};
    Strings allowed = {};   // codes; "OK": the database answered
    std::string names = {}; // stands in the text of every answer that is not OK
    double seconds = 10.5;  // gone by then
};

struct EndedRun {
    Finished finished = {};
    StatusLine line = {};
    std::string outcome = {}; // "OK" or the code; empty where the line was not clean
};

/// Runs them, a few at a time, and checks each: it ended by itself and in time, with one clean line
/// without the password of the cluster, an answer that is allowed, and UNKNOWN where that is a
/// fault of this host. To be called by the thread of the test case.
std::vector<EndedRun> judge_runs(const std::vector<SmallRun>& runs);

} // namespace dbup_test
