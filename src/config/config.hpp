// SPDX-License-Identifier: MIT
#pragma once

#include "config/check_kind.hpp"
#include "config/definition.hpp"
#include "config/secret.hpp"
#include "config/topics.hpp"
#include "core/backoff.hpp"
#include "core/duration.hpp"
#include "core/failure.hpp"
#include "core/formats.hpp"
#include "core/level.hpp"
#include "core/metric.hpp"
#include "core/report.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dbup {

/// What the program is asked to do.
enum class ActionKind {
    check,
    help,
    version,
    list_codes,
    dry_run,
    validate,
    info,
    generate,
    setup,
    cleanup,
    emergency_shutdown
};

enum class SslMode { disable, allow, prefer, require, verify_ca, verify_full };
enum class ChannelBinding { disable, prefer, require };
enum class ExpectedRole { any, primary, standby };
enum class ExitStyle { nagios, simple, isready };

/// Where the log goes. `automatic`: to stderr if a level is given, to a file if one is named.
enum class LogOutput { automatic, console, file, both };

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
    HelpTopic topic = HelpTopic::options;
    bool offline = false;
    Definition definition = Definition::config; ///< of --generate

    std::string host_list = {};
    std::string port_list = {};
    std::string hostaddr_list = {};
    std::vector<Endpoint> endpoints = {}; ///< made of the three above
    std::string database = {};
    std::string user = {};
    Secret password = {};
    std::string password_origin = {}; ///< where it was found; empty: nowhere
    std::vector<Secret> secrets_seen =
        {}; ///< passwords of the environment, used or not: none may be printed
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
    std::string client_cert = {}; ///< that libpq will show: --ssl-cert, else what lies in
                                  ///< ~/.postgresql; empty: none
    std::string client_key = {};  ///< of that
    ChannelBinding channel_binding = ChannelBinding::prefer;
    bool allow_cleartext_password = false;
    std::string application_name = {};

    Millis timeout = {};
    State timeout_state = State::critical;
    Millis connect_timeout = {};
    Millis read_timeout = {};  ///< zero: none but the deadline
    Millis write_timeout = {}; ///< zero: none but the deadline
    Millis statement_timeout = {};
    Millis idle_timeout = {};
    Millis lock_timeout = {};
    int max_retries = 0;
    Backoff backoff = {};
    Millis retry_delay = {};
    Growth retry_backoff = Growth::exponential;
    bool retry_jitter = true;

    ExpectedRole role = ExpectedRole::any;
    std::vector<ThresholdSetting> thresholds = {};
    std::vector<StateSetting> states = {};

    CheckKind check = CheckKind::connection;
    bool health_check = false; ///< --check activity with JSON
    std::string query = {};
    std::string expect = {};       ///< of the first column; empty: anything
    std::string expect_regex = {}; ///< POSIX extended; empty: anything
    // Filters: comma lists of patterns in which '*' stands for any characters. Empty: no filter.
    std::string include_database = {};
    std::string exclude_database = {};
    std::string include_user = {};
    std::string exclude_user = {};
    std::string include_application = {};
    std::string exclude_application = {};
    std::string include_type = {};
    std::string exclude_type = {};
    Millis blocked_age = {};
    Millis idle_transaction_age = {};
    Millis long_query_age = {};
    Millis long_transaction_age = {};
    std::string max_connections = {}; ///< a critical threshold of `connections`
    std::string max_locks = {};       ///< a critical threshold of `locks`
    bool show_queries = false;
    std::string expect_standby = {}; ///< comma list
    std::string write_table = {};
    bool create_table = false;
    int pool_budget = 0;
    std::string ignored_rules = {}; ///< comma list
    std::string only_rules = {};    ///< comma list
    int min_standbys = 0;

    bool execute = false;           ///< cleanup does what it would only show
    std::string cleanup_kinds = {}; ///< comma list of KIND[=AGE]
    std::string confirm = {};       ///< the database that an emergency shutdown is for
    ExitStyle exit_style = ExitStyle::nagios;
    OutputChoice output = {};
    std::string output_file = {}; ///< instead of stdout; empty: none
    bool hints = true;
    bool redact_hosts = false;
    int verbosity = 0;
    std::optional<std::uint64_t> check_number = {}; ///< the scheduler's own count of this check
    bool quiet = false;

    LogLevel log_level = LogLevel::off;
    LogOutput log_output = LogOutput::automatic;
    std::string log_file = {}; ///< empty: none
    LogFormat log_format = LogFormat::text;

    std::string without_effect = {}; ///< of options that are accepted and do nothing
    bool once = false;
    std::string interval = {};
    std::string config_file = {}; ///< the one that was read; empty: none

    std::vector<ShownSetting> settings =
        {}; ///< every option with its value and origin, in the order of the table
    std::vector<std::string> notes = {};      ///< what the user should know about his settings
    std::vector<std::string> objections = {}; ///< what is wrong with them; for --info only

    /// The state of a failure of class `error`: what --state says, else the table.
    [[nodiscard]] State state_of(ErrorClass error) const;
    /// What a run checks: --health-check and --query choose a check, too.
    [[nodiscard]] CheckKind check_kind() const;
    /// Where the value of an option came from, for messages: "--query", "environment DB_QUERY".
    [[nodiscard]] std::string origin_of(std::string_view option) const;
    /// How the result is written.
    [[nodiscard]] OutputFormat format() const;
    /// What may be written to stderr.
    [[nodiscard]] LogLevel console_level() const;
    /// Whether the run is to be written to `log_file`.
    [[nodiscard]] bool logs_to_file() const;
};

} // namespace dbup
