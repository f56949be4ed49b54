// SPDX-License-Identifier: MIT
// The words of a report about an answer.
#pragma once

#include "actions/reporting.hpp"

#include <string>
#include <vector>

namespace dbup {

/// The sentence of the status line: what is not OK, what was found, of which server.
Words answer_headline(const Answer& answer,
                      const RunFacts& facts,
                      const std::vector<Verdict>& verdicts);

/// The same of servers that were asked together.
Words cluster_headline(const ClusterAnswer& answer,
                       const RunFacts& facts,
                       const std::vector<Verdict>& verdicts);

/// What is known of a server and its connection, for who wants everything.
std::vector<std::string> fact_lines(const Answer& answer);

} // namespace dbup
