// SPDX-License-Identifier: MIT
#pragma once

#include "config/config.hpp"
#include "core/trace.hpp"
#include "pg/session.hpp"

#include <memory>
#include <string>
#include <vector>

namespace dbup {

/// One address of one endpoint.
struct Candidate {
    Endpoint endpoint = {};
    std::string address = {}; ///< numeric; empty for a socket folder

    /// "db1:5432", with the address where that says more
    [[nodiscard]] std::string text() const;
};

/// Opens sessions: the seam between the run and the outside world, handed in so that tests own it.
class Connector {
public:
    Connector() = default;
    Connector(const Connector&) = delete;
    Connector& operator=(const Connector&) = delete;
    virtual ~Connector() = default;

    /// The addresses of an endpoint, in the system's order, without doubles; at least one. May
    /// block in the resolver. \throws Failure{dns}, Failure{local}
    virtual std::vector<Candidate> resolve(const Endpoint& endpoint) = 0;

    /// Connects, secures and logs in; tells `trace` each stage.
    /// \throws Failure{timeout} when `deadline` has come, or a failure of any other class
    virtual std::unique_ptr<Session> open(const Config& config,
                                          const Candidate& candidate,
                                          const Deadline& deadline,
                                          Trace& trace) = 0;

    /// Secrets that only the driver knows (from libpq's password file), to be kept out of every
    /// text. May be called while another thread is in open().
    [[nodiscard]] virtual std::vector<Secret> secrets() const { return {}; }
};

/// The connector that uses libpq.
/// \param stop_fd becomes readable when the process is asked to end; -1: never
std::unique_ptr<Connector> libpq_connector(const Clock& clock, int stop_fd);

/// Version of the libpq that is loaded, as libpq counts: 150018.
int libpq_version();

/// Version text of the OpenSSL that is loaded.
std::string openssl_version();

} // namespace dbup
