// SPDX-License-Identifier: MIT
#pragma once

#include "core/duration.hpp"

#include <string>

namespace dbup {

/// The five time fields of crontab(5) for a check every `interval`: the longest one of whole
/// minutes that is not longer and divides an hour, at least one minute.
std::string cron_times(Millis interval);

} // namespace dbup
