// SPDX-License-Identifier: MIT
#pragma once

#include "core/failure.hpp"
#include "core/metric.hpp"
#include "core/trace.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dbup {

/// A setting as it took effect, fit to be shown.
struct ShownSetting {
    std::string name = {};
    std::string value = {};  ///< *** for a secret
    std::string origin = {}; ///< "--host", "environment DB_HOST", "default"
    bool is_default = false;
};

/// What a run found out: all that a format needs, nothing left to decide. Every text in it went
/// through the Scrubber.
struct Report {
    State state = State::unknown;
    std::string headline = {};       ///< one sentence, without state and code
    const ErrorRow* error = nullptr; ///< the class of the failure; null where the database answered
    std::string reason = {};         ///< what the server, libpq or the system said
    std::string fix = {};            ///< what to do
    std::vector<Verdict> verdicts = {};
    std::vector<std::string> notes =
        {}; ///< for -v: what the reader should know of the run and its settings
    std::vector<std::string> facts = {}; ///< for -vv: what is known of server and TLS
    std::vector<Try> tries = {};
    std::vector<ShownSetting> settings = {};
};

/// How much of a report is shown.
struct RenderOptions {
    int verbosity =
        0; ///< 0: the line, reason and fix; 1: attempts, changed settings, notes; 2: everything
};

} // namespace dbup
