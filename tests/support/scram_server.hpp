// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace dbup_test {

/// The server's side of one SCRAM-SHA-256 exchange (RFC 5802, 7677), without channel binding. It is
/// honest: it knows the password, and its signature proves that.
class ScramServer {
public:
    explicit ScramServer(std::string password, int iterations = 4096);

    /// The answer to the client's first message ("n,,n=,r=…").
    [[nodiscard]] std::string challenge(std::string_view client_first);

    /// The answer to its last one ("c=…,r=…,p=…"): the server's signature; empty when the client
    /// has not proved that it knows the password.
    [[nodiscard]] std::string verdict(std::string_view client_final) const;

private:
    std::string password_;
    int iterations_;
    std::string salt_ = {};
    std::string nonce_ = {};
    std::string conversation_ = {}; // client-first-bare "," server-first
};

} // namespace dbup_test
