// SPDX-License-Identifier: MIT
#include "config/config.hpp"

namespace dbup {

std::string Endpoint::text() const
{
    const bool bare_ipv6 = !is_socket() && host.find(':') != std::string::npos;
    const bool elsewhere = !hostaddr.empty() && hostaddr != host;
    return (bare_ipv6 ? '[' + host + ']' : host) + ':' + port +
           (elsewhere ? " (" + hostaddr + ')' : "");
}

State Config::state_of(ErrorClass error) const
{
    State state = error == ErrorClass::timeout ? timeout_state : row_of(error).state;
    for (const auto& setting : states) {
        if (setting.error == error) {
            state = setting.state; // the last one given wins
        }
    }
    return state;
}

} // namespace dbup
