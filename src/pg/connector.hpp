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

/// How long a login may take.
struct Patience {
    Deadline whole;
    Millis step; ///< most time of each of its stages: a server far away needs all of them, a dead
                 ///< or hanging one is given up at the first

    [[nodiscard]] Deadline of_stage() const { return whole.within(step); }
};

/// Opens sessions: the seam between the run and the outside world, handed in so that tests own it.
/// Several threads may use it at the same time, each with its own Trace.
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
    /// \throws Failure{timeout} when `patience` is at its end, or a failure of any other class
    virtual std::unique_ptr<Session> open(const Config& config,
                                          const Candidate& candidate,
                                          const Patience& patience,
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
