// SPDX-License-Identifier: MIT
#pragma once

#include "config/collector.hpp"

namespace dbup {

/// What only the whole can tell: endpoints, the files of TLS, the password, and how every setting
/// is shown. \throws Failure{config}
void complete(Config& config, Collector& collector, const Inputs& inputs);

} // namespace dbup
