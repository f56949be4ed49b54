// SPDX-License-Identifier: MIT
#pragma once

#include "config/collector.hpp"

namespace dbup {

/// The servers that the lists of hosts, ports and addresses name, into `config.endpoints`.
/// \throws Failure{config}
void make_endpoints(Config& config, const Collector& collector);

} // namespace dbup
