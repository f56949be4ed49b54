// SPDX-License-Identifier: MIT
#pragma once

#include "actions/survey.hpp"
#include "config/inputs.hpp"
#include "core/scrub.hpp"
#include "core/words.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace dbup {

/// What a finding of --validate means.
enum class Grade {
    fine,
    told, ///< worth knowing, nothing to mend
    weak, ///< it works, and should be mended
    fails,
    unclear, ///< a fault of this host: the server was not judged
};

/// One thing that --validate has to say.
struct Finding {
    Grade grade = Grade::fine;
    Words sentence = {}; ///< foreign text allowed, as in the others
    Words mend = {};     ///< what to do; empty where there is nothing
    Words reason = {};   ///< what the server, libpq or the system said
};

/// The findings as lines, each with its marker (ok, info, warn, FAIL) in front.
std::string finding_lines(std::span<const Finding> findings, const Scrubber& scrubber);

/// The exit code of the worst one: 0, 1 (weak), 2 (fails), 3 (unclear).
int exit_code_of(std::span<const Finding> findings);

/// One line: what all of it comes to.
std::string summary_line(std::span<const Finding> findings);

/// What is known of the files that settings name.
struct LocalFacts {
    std::optional<FileFacts> password_file = {};
    std::optional<FileFacts> root_cert = {};
};

LocalFacts local_facts(const Config& config, const Reader& reader);

// What there is to say of settings without any server. All of these are pure.

/// TLS mode, authorities, where the password comes from, notes.
std::vector<Finding> setting_findings(const Config& config, const LocalFacts& facts);

/// Whether a password is easily guessed; nothing of it is in the text. None for an empty one.
std::vector<Finding> password_findings(const Config& config, const Secret& password);

/// Time limits that contradict each other, and thresholds of `check` that can never alert.
std::vector<Finding> limit_findings(const Config& config, const Check& check);

/// What there is to say of a session: encryption, certificate, authentication, hardening, server,
/// role and privileges.
/// \param unix_time now: servers go out of support
std::vector<Finding> session_findings(const Config& config, const Survey& survey, double unix_time);

/// Appends `more`.
void append(std::vector<Finding>& findings, std::vector<Finding> more);

} // namespace dbup
