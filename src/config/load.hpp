// SPDX-License-Identifier: MIT
#pragma once

#include "config/config.hpp"
#include "config/inputs.hpp"

namespace dbup {

/// Makes the Config of a run. Sources from the weakest to the strongest: defaults; the
/// configuration file (its service, its keys, its connection_uri); PG* variables; POSTGRES_*; the
/// service of PGSERVICE; DB_*; DATABASE_URL; the service of --service; options;
/// --uri. Every value remembers its origin. `config` is filled as far as it came, also when this
/// throws, so that the error can be told in its style. For --help and --version nothing but the
/// command line is read. \throws Failure{config}
void load(Config& config, const Inputs& inputs);

} // namespace dbup
