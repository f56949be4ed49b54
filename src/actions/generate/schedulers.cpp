// SPDX-License-Identifier: MIT
// Definitions for what runs a command again and again on the same machine.
#include "actions/generate/generators.hpp"
#include "actions/generate/quoting.hpp"
#include "actions/generate/schedule.hpp"
#include "actions/generate/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dbup {

namespace {

// The sandbox of contrib/systemd-timer/db-up.service; a test compares the two.
constexpr std::string_view sandbox = R"(DynamicUser=yes
UMask=0077
CapabilityBoundingSet=
AmbientCapabilities=
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
PrivateUsers=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProcSubset=pid
KeyringMode=private
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
LimitCORE=0
MemoryMax=64M
TasksMax=8
)";

/// When a timer elapses. A delay that is drawn anew, or added to the time since the last run, would
/// make the interval longer than it is said to be.
std::string timer_times(long interval)
{
    constexpr long minute = 60;
    constexpr long hour = 3'600;
    constexpr long longest_delay = 20;
    const bool of_minute = minute % interval == 0;
    const bool of_hour = interval % minute == 0 && hour % interval == 0;
    if (!of_minute && !of_hour) {
        return fmt::format("# The first run, 10 s after the start of the machine, gives each its "
                           "own second.\n"
                           "OnBootSec=10\n"
                           "OnUnitActiveSec={}\n",
                           interval);
    }
    std::string when;
    if (interval == hour) {
        when = "hourly";
    } else if (interval == minute) {
        when = "minutely";
    } else {
        when = of_minute ? fmt::format("*:*:0/{}", interval)
                         : fmt::format("*:0/{}", interval / minute);
    }
    return fmt::format("OnCalendar={}\n"
                       "# Many machines shall not ask one database in the same second; each keeps "
                       "its own second.\n"
                       "RandomizedDelaySec={}\n"
                       "FixedRandomDelay=yes\n",
                       when,
                       std::min(longest_delay, interval / 3));
}

std::string systemd_command(const Subject& subject)
{
    std::string line;
    for (const auto& word : command_of(subject.config, Scope::unit, subject.program, {})) {
        line += line.empty() ? "" : " ";
        line += systemd_word(word);
    }
    return line;
}

/// The line that hands the password over; a path with what LoadCredential= takes apart is refused.
std::string load_credential(const Subject& subject)
{
    const auto path = password_path(subject, "/etc/db-up/password");
    if (path.empty()) {
        return {};
    }
    if (path.find(':') != std::string::npos || path.ends_with('\\') || path.ends_with(' ')) {
        throw config_error(fmt::format("--generate systemd: LoadCredential= cannot carry '{}', for "
                                       "its ':' or its last character",
                                       path));
    }
    const auto* const first =
        subject.config.password_file == path
            ? ""
            : "# First put the password there: install -m 0600 /dev/stdin FILE, "
              "type it, Ctrl-D.\n";
    return fmt::format("# Read by systemd as root, given to this process only.\n"
                       "{}LoadCredential=db-password:{}\n",
                       first,
                       systemd_text(path));
}

} // namespace

std::string cron_times(Millis interval)
{
    constexpr std::array divisors{60L, 30L, 20L, 15L, 12L, 10L, 6L, 5L, 4L, 3L, 2L, 1L};
    const long minutes = std::max(1L, std::chrono::floor<std::chrono::minutes>(interval).count());
    const auto* const fitting = std::find_if(
        divisors.begin(), divisors.end(), [minutes](long one) { return one <= minutes; });
    const long step = fitting == divisors.end() ? 1 : *fitting;
    constexpr long hour = 60;
    if (step == hour) {
        return "0 * * * *";
    }
    return step == 1 ? "* * * * *" : fmt::format("*/{} * * * *", step);
}

std::string generate_systemd(const Subject& subject)
{
    const Config& config = subject.config;
    const auto interval = std::chrono::ceil<std::chrono::seconds>(interval_of(config)).count();
    return fmt::format(
        R"(# /etc/systemd/system/db-up.service
[Unit]
Description=Check of {title} by db-up
Documentation=man:db-up(8)
Wants=network-online.target
After=network-online.target
# A failed check (exit code 1, 2 or 3) is a failed unit. Name here what shall happen then:
#OnFailure=your-alert@%n.service

[Service]
Type=oneshot
ExecStart={command}
{credential}TimeoutStartSec={patience}

{sandbox}
# /etc/systemd/system/db-up.timer
[Unit]
Description=Check of {title} every {interval} s
Documentation=man:db-up(8)

[Timer]
{times}AccuracySec=1s

[Install]
WantedBy=timers.target
)",
        fmt::arg("title", systemd_text(title_of(config))),
        fmt::arg("command", systemd_command(subject)),
        fmt::arg("credential", load_credential(subject)),
        fmt::arg("patience", patience_seconds(config)),
        fmt::arg("sandbox", sandbox),
        fmt::arg("interval", interval),
        fmt::arg("times", timer_times(interval)));
}

std::string generate_cron(const Subject& subject)
{
    const Config& config = subject.config;
    constexpr std::size_t longest = 990; // MAX_COMMAND of cron is 1000
    const auto words = command_of(
        config, Scope::scheduler, subject.program, password_path(subject, "/etc/db-up/password"));
    const auto command =
        fmt::format("out=$({}) || echo \"$out\"", cron_command(shell_command(words)));
    if (command.size() > longest) {
        throw config_error(fmt::format(
            "--generate cron: the command has {} bytes, cron takes {}", command.size(), longest));
    }
    return fmt::format(
        R"(# db-up: lives in /etc/cron.d/db-up, owner root, mode 0644. Cron mails what a command prints, so
# the line is kept back unless the exit code is not 0. The user must exist, and the password file be
# his, mode 0600. Never write a password here: cron puts every variable into the headers of its mails.
MAILTO=root

# m h dom mon dow user command
{} db-up {}
)",
        cron_times(interval_of(config)),
        command);
}

} // namespace dbup
