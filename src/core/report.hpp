// SPDX-License-Identifier: MIT
#pragma once

#include "core/failure.hpp"
#include "core/metric.hpp"
#include "core/trace.hpp"
#include "core/words.hpp"

#include <cstddef>
#include <cstdint>
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

/// What a reader may want to know of the server.
struct ServerSeen {
    std::string target = {};  ///< "db1:5432"
    std::string version = {}; ///< "15.18"
    bool standby = false;
    bool console = false;         ///< of a pooler: it has no role
    double skew = 0;              ///< seconds by which its clock is ahead of ours
    std::string own_address = {}; ///< as it has it itself: "192.0.2.7:5432"; empty: not asked for
};

/// Something that stands behind a metric, as one line.
struct Particular {
    Words told = {};          ///< what the line is made of
    bool pressing = false;    ///< the metric is not OK
    std::size_t unlisted = 0; ///< it is about so many that have no line of their own
    std::string text = {};    ///< the line, once it went through the Scrubber
};

/// The sentences of a report as they were put together: who scrubs them knows what of them is ours.
struct Told {
    Words headline = {};
    Words reason = {};
    Words fix = {};
    Words summary = {};
};

/// What a run found out: all that a format needs, nothing left to decide. Every text in it went
/// through the Scrubber.
struct Report {
    State state = State::unknown;
    std::string headline = {};       ///< one sentence, without state and code
    const ErrorRow* error = nullptr; ///< the class of the failure; null where the database answered
    std::string reason = {};         ///< what the server, libpq or the system said
    std::string fix = {};            ///< what to do
    Told told = {};                  ///< what headline, reason, fix and summary are made of
    std::vector<Verdict> verdicts = {};
    std::string_view check = {}; ///< its name
    std::string main_label = {}; ///< of its main metric
    std::string asked = {};      ///< the servers as they were named: "db1:5432,db2:5432"
    std::string summary = {};    ///< what the check found, in a few words; may be empty
    std::string database = {};
    std::optional<ServerSeen> server = {}; ///< where one answered
    std::vector<Particular> particulars = {};
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
    bool hints = true;                              ///< the lines with reason and fix
    bool colour = false;                            ///< the reader is a person at a terminal
    double unix_time = 0;                           ///< the end of the run
    std::optional<std::uint64_t> check_number = {}; ///< the scheduler's own count
    bool health_words = false;     ///< JSON: healthy, warning, critical for the status
    std::string_view label = {};   ///< of the one value that is wanted; empty: the main metric
    std::string_view version = {}; ///< of db-up
};

} // namespace dbup
