// SPDX-License-Identifier: MIT
#include "core/failure.hpp"
#include "pg/connector.hpp"
#include "pg/key_pair.hpp"
#include "pg/libpq_session.hpp"
#include "pg/login.hpp"
#include "pg/resolve.hpp"
#include "pg/tls.hpp"

#include <atomic>
#include <mutex>

namespace dbup {

namespace {

class LibpqConnector final : public Connector {
public:
    LibpqConnector(const Clock& clock, int stop_fd) : clock_{clock}, stop_fd_{stop_fd} {}

    std::vector<Candidate> resolve(const Endpoint& endpoint) override
    {
        return resolve_endpoint(endpoint);
    }

    std::unique_ptr<Session> open(const Config& config,
                                  const Candidate& candidate,
                                  const Patience& patience,
                                  Trace& trace) override
    {
        const bool prepares =
            !tls_ready_ && config.ssl_mode != SslMode::disable && !candidate.endpoint.is_socket();
        trace.enter(prepares ? Stage::setup : Stage::tcp);
        // Files of our own are looked at before a packet is sent; the TLS library is loaded while
        // the server makes a process for us.
        if (prepares && !config.client_cert.empty()) {
            prepare_tls(config);
        }
        Login login{config, candidate, trace, stop_fd_};
        login.start();
        keep(login.password());
        if (prepares) {
            prepare_tls(config);
        }
        auto connection = login.finish(patience);
        const bool must_encrypt =
            config.ssl_mode >= SslMode::require && !candidate.endpoint.is_socket();
        if (must_encrypt && PQsslInUse(connection.get()) == 0) {
            throw Failure{ErrorClass::tls, "the connection is not encrypted"};
        }
        return std::make_unique<LibpqSession>(
            std::move(connection),
            LibpqSession::Surroundings{config, clock_, trace, stop_fd_},
            login.exchange());
    }

    [[nodiscard]] std::vector<Secret> secrets() const override
    {
        const std::lock_guard lock{mutex_};
        return secrets_;
    }

private:
    /// Once; other threads wait for it. (Not std::call_once: glibc ends the program where an
    /// exception leaves that.)
    void prepare_tls(const Config& config)
    {
        const std::lock_guard lock{preparing_tls_};
        if (!tls_ready_) {
            load_tls_library();
            check_key_pair(config);
            tls_ready_ = true;
        }
    }

    void keep(Secret password)
    {
        const std::lock_guard lock{mutex_};
        secrets_.push_back(std::move(password));
    }

    const Clock& clock_;
    int stop_fd_;
    std::mutex preparing_tls_;
    std::atomic<bool> tls_ready_ = false;
    mutable std::mutex mutex_;
    std::vector<Secret> secrets_;
};

} // namespace

std::unique_ptr<Connector> libpq_connector(const Clock& clock, int stop_fd)
{
    return std::make_unique<LibpqConnector>(clock, stop_fd);
}

} // namespace dbup
