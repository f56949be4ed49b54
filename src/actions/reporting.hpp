// SPDX-License-Identifier: MIT
#pragma once

#include "actions/attempts.hpp"
#include "actions/cluster.hpp"
#include "core/scrub.hpp"

namespace dbup {

/// The metrics that every run has, whatever it checks.
std::span<const Limit> run_limits();

/// The limits of a check: those of every run and its own.
LimitTable limits_of(const Check& check);

/// Lets the check look at its settings. \throws Failure{config}
void prepare(const Check& check, const Config& config);

/// What a report is made of beside the answer or the failure.
struct RunFacts {
    const Config& config;
    const Check& check;
    std::vector<Try> tries = {};
    Elapsed spent = {}; ///< of the whole run
};

/// What a failure is, in one sentence.
std::string sentence_of(const Failure& failure, const Config& config);

/// The report of a run that got its answer.
Report report_of(const Answer& answer, const RunFacts& facts);

/// The report of a run whose servers got their answers together.
Report report_of(const ClusterAnswer& answer, const RunFacts& facts);

/// The report of a run that failed.
Report report_of(const Failure& failure, const RunFacts& facts);

/// Every text of `report` made fit to be printed, in place. The one way from a Report to a Format.
void scrub(Report& report, const Scrubber& scrubber);

/// A Scrubber that knows the secrets of `config`, `secrets` and, if asked for, the hosts.
Scrubber scrubber_for(const Config& config, std::span<const Secret> secrets);

} // namespace dbup
