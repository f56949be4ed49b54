// SPDX-License-Identifier: MIT
// The metrics that a run can have.
#include "actions/reporting.hpp"

#include <array>

namespace dbup {

namespace {

constexpr std::array every_run{
    Limit{"time", Unit::seconds, "6", "9", "until the answer; of a failed run the whole run"},
    Limit{"up", Unit::none, "", "", "1 if the database can be used, else 0"},
    Limit{"resolve", Unit::seconds, "", "", "name resolution"},
    Limit{"connect", Unit::seconds, "", "", "TCP connection"},
    Limit{"tls", Unit::seconds, "", "", "TLS handshake"},
    Limit{"auth", Unit::seconds, "", "", "authentication and start of the session"},
    Limit{"query", Unit::seconds, "", "", "the hardened transaction with the check's query"},
    Limit{"skew", Unit::seconds, "", "", "by how much the server's clock is ahead of this host's"},
    Limit{"retries", Unit::none, "", "", "attempts after the first"},
    Limit{"cert_days", Unit::days, "14:", "7:", "days until the server's certificate expires"},
};

} // namespace

std::span<const Limit> run_limits()
{
    return every_run;
}

LimitTable limits_of(const Check& check)
{
    LimitTable table{{every_run.begin(), every_run.end()}, check.main_label, check.open};
    table.limits.insert(table.limits.end(), check.limits.begin(), check.limits.end());
    return table;
}

void prepare(const Check& check, const Config& config)
{
    if (check.prepare != nullptr) {
        check.prepare(config);
    }
}

} // namespace dbup
