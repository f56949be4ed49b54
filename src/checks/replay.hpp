// SPDX-License-Identifier: MIT
#pragma once

#include "pg/session.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace dbup {

/// What a standby knows of itself.
struct Replay {
    bool standby = false;
    bool paused = false;
    bool streams = false;             ///< it is to receive from another server
    std::string received = {};        ///< up to where; empty: nothing was received
    std::string status = {};          ///< of the receiver
    std::optional<double> bytes = {}; ///< received, but not replayed
    std::optional<double> age = {};   ///< of the last transaction that was replayed
    std::optional<double> lag = {};
    std::optional<double> message_age = {};
};

/// The part of the numbers of ReplicationQueries that is about this server.
/// \throws Failure{privilege_missing} where the role may not see it
Replay read_replay(const Rows& rows);

/// Of a primary that commits nothing for an hour, the last transaction is an hour old, and a record
/// that was received just now makes it look like an hour of lag. Whether it is one shows a second
/// look: if all that was received at the first is replayed now, the lag is not more than the time
/// between both.
void look_again(Replay& own, Session& session, const Deadline& deadline, Instant first_look);

/// "this standby: …", with a row of ReplicationQueries::sender().
std::string replay_text(const Replay& own, const Rows& from, std::size_t row);

/// "receiver streaming"
std::string receiver_text(const Replay& own);

/// \throws Failure{privilege_missing}: `view` shows this role no details
[[noreturn]] void refuse_blindness(std::string_view view);

} // namespace dbup
