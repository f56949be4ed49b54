// SPDX-License-Identifier: MIT
// What is said of a failure.
#pragma once

#include "actions/reporting.hpp"

#include <string>
#include <string_view>

namespace dbup {

/// The attempts after the first.
double retries_of(const RunFacts& facts);

/// Fills the placeholders of a row of the error table.
Words filled(std::string_view text, const Failure& failure, const Config& config);

/// What has failed, in one sentence, and after how many attempts.
Words failure_headline(const Failure& failure, const RunFacts& facts);

/// What was said, and what the other servers of the last attempt said.
Words reason_of(const Failure& failure, const RunFacts& facts);

} // namespace dbup
