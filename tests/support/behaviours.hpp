// SPDX-License-Identifier: MIT
// What a scripted server may do instead of what an honest one would, and the messages for it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/peer.hpp"

namespace dbup_test {

/// What a server does at a place, where an honest one says `honest`. True: the conversation goes on
/// as if nothing had happened. At a place before the TLS session stands, and at those of its
/// handshake, the peer speaks plain bytes.
using Behaviour = std::function<bool(Peer& peer, const std::string& honest)>;

// Most of them end in silence, until the client is gone.
Behaviour silent();
Behaviour instead(std::string bytes);
Behaviour dripped(Millis between, std::string bytes = {}); ///< these or the honest ones, one by one
Behaviour in_plain(std::string bytes);                     ///< not through TLS any more
Behaviour endless(const std::string& bytes);               ///< again and again, never silent

// These close the connection.
Behaviour closed();
Behaviour reset();

// After these the conversation goes on.
Behaviour instead_and_on(std::string bytes);
Behaviour before(std::string bytes); ///< and then the honest ones
Behaviour behind(std::string bytes); ///< the honest ones, with these behind them
Behaviour changed(std::function<std::string(std::string honest)> edit);

// Messages, to say instead of others.
std::string ready_for_query(char status);
std::string row_description(const std::vector<std::string>& columns);
std::string data_row(const std::vector<std::optional<std::string>>& values);
/// An error, a notice ('N'): severity, SQLSTATE (may be empty) and text.
std::string error_message(std::string_view sqlstate, std::string_view text, char type = 'E');
std::string authentication(unsigned kind, std::string_view body = {});
/// A message type with a length of one's own, without a body.
std::string header(char type, unsigned length);
std::string parameter_status(const std::string& name, const std::string& value);

} // namespace dbup_test
