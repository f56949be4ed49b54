// SPDX-License-Identifier: MIT
#pragma once

#include "core/report.hpp"

#include <string>

namespace dbup {

/// The lines under the first one: reason and fix where they are wanted, then what `verbosity` asks
/// for.
std::string detail_lines(const Report& report, const RenderOptions& options);

} // namespace dbup
