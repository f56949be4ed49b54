// SPDX-License-Identifier: MIT
#include "config/options.hpp"

#include "core/text.hpp"

#include <algorithm>
#include <array>

namespace dbup {

namespace {

using enum Group;

constexpr std::array table{
    OptionRow{.name = "host",
              .letters = "H",
              .aliases = "hostname",
              .slot = &Config::host_list,
              .arg = "HOST",
              .fallback = "localhost",
              .environment = "DB_HOST POSTGRES_HOST PGHOST",
              .conninfo = "host",
              .group = target,
              .help =
                  "server name, address or folder of its socket; a comma list is tried in order"},
    OptionRow{
        .name = "hostaddr",
        .slot = &Config::hostaddr_list,
        .arg = "ADDRESS",
        .environment = "PGHOSTADDR",
        .conninfo = "hostaddr",
        .group = target,
        .help =
            "address to connect to, in place of looking up the host's; the certificate is still "
            "compared with the host"},
    OptionRow{
        .name = "port",
        .letters = "p",
        .slot = &Config::port_list,
        .arg = "PORT",
        .fallback = "5432",
        .environment = "DB_PORT POSTGRES_PORT PGPORT",
        .conninfo = "port",
        .group = target,
        .help =
            "TCP port (1 to 65535), also the suffix of a socket; a comma list has one per host"},
    OptionRow{.name = "database",
              .letters = "d",
              .aliases = "dbname",
              .slot = &Config::database,
              .arg = "NAME",
              .environment = "DB_NAME POSTGRES_DB PGDATABASE",
              .conninfo = "dbname",
              .group = target,
              .help = "database to check; required"},
    OptionRow{.name = "user",
              .letters = "Uul",
              .aliases = "username logname",
              .slot = &Config::user,
              .arg = "ROLE",
              .fallback = "postgres",
              .environment = "DB_USER POSTGRES_USER PGUSER",
              .conninfo = "user",
              .group = target,
              .help = "role to connect as"},
    OptionRow{
        .name = "uri",
        .slot = &Config::uri,
        .arg = "URI",
        .environment = "DATABASE_URL",
        .group = target,
        .help =
            "connection URI, postgresql://user@host:port/database?sslmode=…; overrides the single "
            "settings of its own source"},
    OptionRow{.name = "service",
              .slot = &Config::service,
              .arg = "NAME",
              .environment = "PGSERVICE",
              .group = target,
              .help = "section of libpq's service file to take settings from"},
    OptionRow{.name = "service-file",
              .slot = &Config::service_file,
              .arg = "FILE",
              .environment = "PGSERVICEFILE",
              .group = target,
              .help = "service file, in place of ~/.pg_service.conf"},
    OptionRow{.name = "password-file",
              .slot = &Config::password_file,
              .arg = "FILE",
              .environment = "DB_PASSWORD_FILE",
              .group = target,
              .help = "file that holds the password and nothing else; - is standard input"},
    OptionRow{.name = "passfile",
              .slot = &Config::passfile,
              .arg = "FILE",
              .environment = "PGPASSFILE",
              .conninfo = "passfile",
              .group = target,
              .help = "password file of libpq, in place of ~/.pgpass"},
    OptionRow{
        .name = "password",
        .slot = &Config::password,
        .environment = "DB_PASSWORD POSTGRES_PASSWORD PGPASSWORD",
        .conninfo = "password",
        .group = target,
        .help =
            "the password; from the environment, a connection URI or a file only, never from the "
            "command line"},

    OptionRow{
        .name = "ssl-mode",
        .aliases = "sslmode",
        .slot = &Config::ssl_mode,
        .arg = "MODE",
        .fallback = "require",
        .environment = "DB_SSL_MODE DB_SSLMODE PGSSLMODE",
        .conninfo = "sslmode",
        .group = tls,
        .help = "one of disable, allow, prefer, require, verify-ca and verify-full; verify-full is "
                "the one that "
                "proves who answers"},
    OptionRow{.name = "ssl-root-cert",
              .aliases = "sslrootcert",
              .slot = &Config::ssl_root_cert,
              .arg = "FILE",
              .environment = "DB_SSLROOTCERT PGSSLROOTCERT",
              .conninfo = "sslrootcert",
              .group = tls,
              .help = "certificates of the authorities to trust; 'system' with libpq 16 and newer"},
    OptionRow{.name = "ssl-cert",
              .aliases = "sslcert",
              .slot = &Config::ssl_cert,
              .arg = "FILE",
              .environment = "DB_SSLCERT PGSSLCERT",
              .conninfo = "sslcert",
              .group = tls,
              .help = "client certificate"},
    OptionRow{.name = "ssl-key",
              .aliases = "sslkey",
              .slot = &Config::ssl_key,
              .arg = "FILE",
              .environment = "DB_SSLKEY PGSSLKEY",
              .conninfo = "sslkey",
              .group = tls,
              .help = "key of the client certificate"},
    OptionRow{.name = "channel-binding",
              .slot = &Config::channel_binding,
              .arg = "MODE",
              .fallback = "prefer",
              .environment = "DB_CHANNEL_BINDING PGCHANNELBINDING",
              .conninfo = "channel_binding",
              .group = tls,
              .help = "one of disable, prefer and require; require accepts SCRAM over TLS only"},
    OptionRow{.name = "allow-cleartext-password",
              .slot = &Config::allow_cleartext_password,
              .fallback = "false",
              .environment = "DB_ALLOW_CLEARTEXT_PASSWORD",
              .group = tls,
              .help =
                  "give the password to a server that asks for it unencrypted inside the session"},
    OptionRow{.name = "application-name",
              .slot = &Config::application_name,
              .arg = "NAME",
              .fallback = "db-up",
              .environment = "DB_APPLICATION_NAME PGAPPNAME",
              .conninfo = "application_name",
              .group = tls,
              .help = "name of the session in pg_stat_activity"},

    OptionRow{.name = "timeout",
              .letters = "t",
              .slot = &Config::timeout,
              .arg = "TIME",
              .fallback = "10s",
              .least = "100ms",
              .most = "1h",
              .environment = "DB_TOTAL_TIMEOUT",
              .group = time,
              .help = "the whole run is over by then, whatever happens"},
    OptionRow{.name = "connect-timeout",
              .slot = &Config::connect_timeout,
              .arg = "TIME",
              .fallback = "5s",
              .least = "10ms",
              .most = "1h",
              .environment = "DB_TIMEOUT DB_CONNECT_TIMEOUT PGCONNECT_TIMEOUT",
              .conninfo = "connect_timeout",
              .group = time,
              .help = "most time of one attempt to connect"},
    OptionRow{
        .name = "statement-timeout",
        .slot = &Config::statement_timeout,
        .arg = "TIME",
        .fallback = "5s",
        .least = "1ms",
        .most = "1h",
        .environment = "DB_STATEMENT_TIMEOUT DB_MONITOR_TIMEOUT",
        .group = time,
        .help =
            "the server ends a statement after that; never more than what is left of --timeout"},
    OptionRow{.name = "lock-timeout",
              .slot = &Config::lock_timeout,
              .arg = "TIME",
              .fallback = "2s",
              .least = "1ms",
              .most = "1h",
              .environment = "DB_LOCK_TIMEOUT",
              .group = time,
              .help = "the server ends a wait for a lock after that"},
    OptionRow{.name = "max-retries",
              .slot = &Config::max_retries,
              .arg = "N",
              .fallback = "3",
              .least = "0",
              .most = "100",
              .environment = "DB_MAX_RETRIES",
              .group = time,
              .help = "further attempts after one that a retry may mend"},
    OptionRow{.name = "retry-delay",
              .slot = &Config::retry_delay,
              .arg = "TIME",
              .fallback = "500ms",
              .least = "0",
              .most = "10m",
              .environment = "DB_RETRY_DELAY",
              .group = time,
              .help = "pause before the first retry"},
    OptionRow{.name = "retry-backoff",
              .slot = &Config::retry_backoff,
              .arg = "GROWTH",
              .fallback = "exponential",
              .environment = "DB_RETRY_BACKOFF",
              .group = time,
              .help = "how the pauses grow: fixed, linear or exponential"},
    OptionRow{.name = "retry-jitter",
              .slot = &Config::retry_jitter,
              .fallback = "true",
              .environment = "DB_RETRY_JITTER",
              .group = time,
              .help = "vary each pause by up to 20 %, so that many checks do not retry in step"},

    OptionRow{.name = "warning",
              .letters = "w",
              .slot = &Config::thresholds,
              .arg = "[LABEL=]RANGE",
              .group = judging,
              .help =
                  "WARNING if the metric is outside; without a label the response time; repeatable",
              .fixed = "warning"},
    OptionRow{.name = "critical",
              .letters = "c",
              .slot = &Config::thresholds,
              .arg = "[LABEL=]RANGE",
              .group = judging,
              .help = "CRITICAL if the metric is outside; repeatable",
              .fixed = "critical"},
    OptionRow{.name = "role",
              .slot = &Config::role,
              .arg = "ROLE",
              .fallback = "any",
              .environment = "DB_ROLE",
              .conninfo = "target_session_attrs",
              .group = judging,
              .help = "what the server must be: any, primary or standby"},
    OptionRow{.name = "timeout-state",
              .slot = &Config::timeout_state,
              .arg = "STATE",
              .fallback = "critical",
              .environment = "DB_TIMEOUT_STATE",
              .group = judging,
              .help = "state when time runs out: ok, warning, critical or unknown"},
    OptionRow{.name = "state",
              .slot = &Config::states,
              .arg = "CLASS=STATE",
              .group = judging,
              .help = "state of a class of errors, for example starting=warning; repeatable"},

    OptionRow{.name = "exit-style",
              .slot = &Config::exit_style,
              .arg = "STYLE",
              .fallback = "nagios",
              .environment = "DB_EXIT_STYLE",
              .group = output,
              .help = "exit codes: nagios (0 to 3), simple (0 OK or WARNING, else 1), isready "
                      "(those of pg_isready)"},
    OptionRow{.name = "redact-hosts",
              .slot = &Config::redact_hosts,
              .fallback = "false",
              .environment = "DB_REDACT_HOSTS",
              .group = output,
              .help = "show *** for host names and addresses"},
    OptionRow{.name = "verbose",
              .letters = "v",
              .slot = &Config::verbosity,
              .fallback = "0",
              .least = "0",
              .most = "3",
              .group = output,
              .fate = Fate::counted,
              .help = "more lines: attempts and settings; twice: everything; three times: also "
                      "each step on stderr"},
    OptionRow{.name = "quiet",
              .letters = "q",
              .slot = &Config::quiet,
              .fallback = "false",
              .group = output,
              .help = "print nothing; the exit code says it"},

    OptionRow{.name = "help",
              .letters = "h",
              .slot = &Config::action,
              .group = other,
              .help = "show this text; exits 3, as the plugin interface asks",
              .fixed = "help"},
    OptionRow{.name = "version",
              .letters = "V",
              .slot = &Config::action,
              .group = other,
              .help = "show the versions of db-up and of its libraries; exits 3",
              .fixed = "version"},
    OptionRow{.name = "once",
              .slot = &Config::once,
              .fallback = "false",
              .group = other,
              .fate = Fate::ignored,
              .help = "accepted: db-up always checks once"},
    OptionRow{.name = "interval",
              .letters = "i",
              .slot = &Config::interval,
              .arg = "SECONDS",
              .environment = "DB_CHECK_INTERVAL DB_MONITOR_INTERVAL",
              .group = other,
              .fate = Fate::ignored,
              .help = "accepted (5 to 3600) and without effect: the monitoring host schedules"},
    OptionRow{.name = "monitor",
              .group = other,
              .fate = Fate::refused,
              .help = "db-up checks once and ends; let cron, a systemd timer or the monitoring "
                      "host repeat it"},
};

} // namespace

std::span<const OptionRow> option_table()
{
    return table;
}

const OptionRow* find_option(std::string_view name)
{
    const auto* const row =
        std::find_if(table.begin(), table.end(), [name](const OptionRow& candidate) {
            const auto aliases = words_of(candidate.aliases);
            return candidate.name == name ||
                   std::find(aliases.begin(), aliases.end(), name) != aliases.end();
        });
    return row == table.end() ? nullptr : row;
}

std::string_view heading(Group group)
{
    switch (group) {
    case target: return "What is checked, and as whom";
    case tls: return "Connection security";
    case time: return "Time and retries";
    case judging: return "Judging";
    case output: return "Output";
    case other: break;
    }
    return "Other";
}

bool negatable(const OptionRow& row)
{
    return std::holds_alternative<bool Config::*>(row.slot) && row.fate == Fate::used;
}

} // namespace dbup
