// SPDX-License-Identifier: MIT
#pragma once

#include "core/metric.hpp"
#include "pg/session.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dbup {

/// What a check found: numbers and sentences, no opinion.
struct Evidence {
    std::vector<Metric> metrics = {};
    std::vector<std::string> findings = {}; ///< further lines for the reader; foreign text allowed
};

/// One kind of check. A new one is a file with this row and a line in check_table.
struct Check {
    std::string_view name = {};
    std::string_view summary = {};
    std::span<const Limit> limits = {}; ///< of its own metrics
    std::string_view main_label =
        {}; ///< what -w and -c without a label mean; of `limits` or run_limits()
    Evidence (*look)(Session& session, const Deadline& deadline) = nullptr;
};

extern const Check connection_check;

/// All kinds, the default first.
std::span<const Check* const> check_table();

} // namespace dbup
