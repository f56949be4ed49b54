// SPDX-License-Identifier: MIT
#pragma once

#include "pg/connector.hpp"

namespace dbup {

/// The candidates of an endpoint by the system's resolver. A socket folder, an address and a given
/// hostaddr need none. \throws Failure{dns}, Failure{local}
std::vector<Candidate> resolve_endpoint(const Endpoint& endpoint);

} // namespace dbup
