// SPDX-License-Identifier: MIT
#pragma once

#include "config/secret.hpp"
#include "core/backoff.hpp"
#include "core/duration.hpp"
#include "core/failure.hpp"
#include "core/metric.hpp"
#include "core/report.hpp"

#include <string>
#include <vector>

namespace dbup {

/// What the program is asked to do.
enum class ActionKind { check, help, version };

enum class SslMode { disable, allow, prefer, require, verify_ca, verify_full };
enum class ChannelBinding { disable, prefer, require };
enum class ExpectedRole { any, primary, standby };
enum class ExitStyle { nagios, simple, isready };

/// A `--state CLASS=STATE`.
struct StateSetting {
    ErrorClass error = ErrorClass::internal;
    State state = State::unknown;
};

/// One server to try.
struct Endpoint {
    std::string host = {}; ///< a name, an address, or a folder with a socket ('/' or '@' in front)
    std::string port = {}; ///< 1 to 65535, as libpq wants it
    std::string hostaddr = {}; ///< an address that replaces the look-up of `host`; usually empty

    [[nodiscard]] bool is_socket() const { return host.starts_with('/') || host.starts_with('@'); }
    /// "db1:5432", "[::1]:5432", "/run/postgresql:5432"
    [[nodiscard]] std::string text() const;
};

/// Everything that a run needs to know, checked and complete. The type of a member is its parser
/// (config/values.cpp).
struct Config {
    ActionKind action = ActionKind::check;

    std::string host_list = {};
    std::string port_list = {};
    std::string hostaddr_list = {};
    std::vector<Endpoint> endpoints = {}; ///< made of the three above
    std::string database = {};
    std::string user = {};
    Secret password = {};
    std::string password_origin = {}; ///< where it was found; empty: nowhere
    std::vector<std::string> password_search =
        {}; ///< where it was looked for, and why that gave nothing
    std::string password_file = {};
    std::string passfile = {}; ///< libpq's password file, if it may be used
    std::string uri = {};      ///< redacted once it was read
    std::string service = {};
    std::string service_file = {};

    SslMode ssl_mode = SslMode::require;
    std::string ssl_root_cert = {};
    std::string ssl_cert = {};
    std::string ssl_key = {};
    bool default_ssl_cert = false; ///< ~/.postgresql/postgresql.crt is there for libpq to use
    ChannelBinding channel_binding = ChannelBinding::prefer;
    bool allow_cleartext_password = false;
    std::string application_name = {};

    Millis timeout = {};
    State timeout_state = State::critical;
    Millis connect_timeout = {};
    Millis statement_timeout = {};
    Millis lock_timeout = {};
    int max_retries = 0;
    Backoff backoff = {};
    Millis retry_delay = {};
    Growth retry_backoff = Growth::exponential;
    bool retry_jitter = true;

    ExpectedRole role = ExpectedRole::any;
    std::vector<ThresholdSetting> thresholds = {};
    std::vector<StateSetting> states = {};
    ExitStyle exit_style = ExitStyle::nagios;
    bool redact_hosts = false;
    int verbosity = 0;
    bool quiet = false;

    bool once = false;
    std::string interval = {};

    std::vector<ShownSetting> settings =
        {}; ///< every option with its value and origin, in the order of the table
    std::vector<std::string> notes = {}; ///< what the user should know about his settings

    /// The state of a failure of class `error`: what --state says, else the table.
    [[nodiscard]] State state_of(ErrorClass error) const;
};

} // namespace dbup
