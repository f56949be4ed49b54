// SPDX-License-Identifier: MIT
// Many runs against scripted servers at the same time, each of them judged from outside.
#pragma once

#include <string>
#include <vector>

#include "support/plugin.hpp"
#include "support/protocol_server.hpp"

namespace dbup_test {

/// One run of db-up with one attempt against one server. If it can only end with TIMEOUT it has
/// little time for that, otherwise plenty of time.
struct Trial {
    std::string says = {};
    Conversation talk = {};
    Strings codes = {};         // those it may end with; "" is an answer (OK), which must be named
    std::string waits_for = {}; // what it must say it waited for, if the code is TIMEOUT
    std::string mentions = {};  // must be somewhere in the text
    Strings arguments = {};     // more of them
    int connections = 1;
};

/// Holds all trials and judges each: the state that belongs to the code; gone within the deadline;
/// little memory; one clean line; no password in it, and none in clear text on the wire; the
/// connection closed, no child left.
void judge(const std::vector<Trial>& trials);

} // namespace dbup_test
