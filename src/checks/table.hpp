// SPDX-License-Identifier: MIT
// The rows of the check table, each defined in the file of its check.
#pragma once

#include "checks/check.hpp"

namespace dbup {

extern const Check connection_check;
extern const Check query_check;
extern const Check activity_check;
extern const Check replication_check;
extern const Check archive_check;
extern const Check write_check;
extern const Check settings_check;
extern const Check pool_check;
extern const Check size_check;
extern const Check wraparound_check;
extern const Check sequences_check;
extern const Check statistics_check;
extern const Check cluster_check;

} // namespace dbup
