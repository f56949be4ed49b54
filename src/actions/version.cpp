// SPDX-License-Identifier: MIT
#include "actions/action.hpp"

#include <fmt/format.h>

namespace dbup {

Product perform_version(const Config& /*config*/, const Surroundings& /*around*/)
{
    const int libpq = libpq_version();
    return fmt::format("db-up {}\nlibpq {}.{}\n{}\ncompiler {}\n",
                       DBUP_VERSION,
                       libpq / 10'000,
                       libpq % 10'000,
                       openssl_version(),
                       DBUP_COMPILER);
}

} // namespace dbup
