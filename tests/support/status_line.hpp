// SPDX-License-Identifier: MIT
// What a monitoring host sees in the output of a plugin.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "support/process.hpp"

namespace dbup_test {

/// One value of the perfdata, as it was printed.
struct Perfdata {
    std::string value = {};
    std::string uom = {};
    std::string warn = {};
    std::string crit = {};
    std::string min = {};
    std::string max = {};

    [[nodiscard]] double number() const;
};

struct StatusLine {
    std::string state = {}; // OK, WARNING, CRITICAL, UNKNOWN
    std::string text = {};  // between "STATE - " and the perfdata, without code
    std::string code = {};  // in brackets at the end of the text, or empty
    std::map<std::string, Perfdata> perf = {};
    Strings more = {}; // the lines after the first

    [[nodiscard]] bool measured(const std::string& label) const { return perf.contains(label); }
    [[nodiscard]] std::string all_text() const;
};

/// Reads the output of a finished run and throws std::runtime_error with the whole output in it
/// when the shape is not what every host needs: "DB-UP STATE - text | perfdata", exactly one "|"
/// (none where nothing was tried), one newline at the end, less than 1000 bytes, clean text,
/// nothing on stderr, and the exit code of the state (`exit_code_matches` false: other exit
/// styles).
StatusLine read_status(const Finished& finished, bool exit_code_matches = true);

/// The exit code that belongs to a state word; 3 for anything else.
int exit_code_of(std::string_view state);

} // namespace dbup_test
