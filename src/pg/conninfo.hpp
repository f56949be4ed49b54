// SPDX-License-Identifier: MIT
#pragma once

#include "config/inputs.hpp"

#include <string>
#include <vector>

namespace dbup {

/// The parts that a connection URI names, by libpq's own parser (PostgreSQL
/// documentation, 34.1.1.2). \throws Failure{config} for another scheme, or with libpq's reason
/// less every part of the URI
std::vector<ConninfoPart> parse_uri(const std::string& uri);

/// The parts that section `name` of the service file gives, by libpq's own parser (34.17).
/// \param file the service file; empty: libpq's places
/// \throws Failure{config}
std::vector<ConninfoPart> parse_service(const std::string& name, const std::string& file);

} // namespace dbup
