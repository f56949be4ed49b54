// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "support/certificates.hpp"

struct ssl_st;
struct ssl_ctx_st;

namespace dbup_test {

/// The server's side of one TLS session, in memory: what comes from the wire is handed in, what is
/// for the wire is handed out. So a script can hold back, cut or replace any part of a handshake.
class TlsServer {
public:
    enum class Version {
        tls_1_3,
        tls_1_2, ///< the server's Finished is a flight of its own, which the client waits for
    };

    explicit TlsServer(const KeyPair& identity, Version version = Version::tls_1_3);

    /// Bytes of the wire. Throws std::runtime_error when the client ends the handshake.
    void take(std::string_view wire);

    /// Bytes for the wire that have come up since the last call.
    [[nodiscard]] std::string to_send();

    [[nodiscard]] bool established() const;

    /// What the client said; what to say to it. Valid once it is established.
    [[nodiscard]] std::string read();
    void write(std::string_view plain);

private:
    struct Free {
        void operator()(ssl_ctx_st* context) const noexcept;
        void operator()(ssl_st* session) const noexcept;
    };

    std::unique_ptr<ssl_ctx_st, Free> context_ = {};
    std::unique_ptr<ssl_st, Free> session_ = {};
};

} // namespace dbup_test
