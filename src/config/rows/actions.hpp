// SPDX-License-Identifier: MIT
// The options that ask for something else than a check, and the rest.
#pragma once

#include "config/options.hpp"
#include "config/topics.hpp"

#include <array>

namespace dbup {

/// The help of --help, with the topics as the table has them.
class HelpOnHelp {
public:
    constexpr HelpOnHelp()
    {
        add("show this text, or the one on a topic: ");
        for (std::size_t i = 0; i < help_topics.size(); ++i) {
            add(i == 0 ? "" : i + 1 == help_topics.size() ? " or " : ", ");
            add(help_topics.at(i).name);
        }
        add("; exits 3, as the plugin interface asks");
    }

    [[nodiscard]] constexpr std::string_view text() const { return {buffer_.data(), size_}; }

private:
    constexpr void add(std::string_view more)
    {
        for (const char c : more) {
            buffer_.at(size_++) = c; // too long: does not compile
        }
    }

    std::array<char, 200> buffer_ = {};
    std::size_t size_ = 0;
};

inline constexpr HelpOnHelp help_on_help;

inline constexpr std::array action_rows{
    OptionRow{.name = "dry-run",
              .slot = &Config::action,
              .group = Group::action,
              .help = "show the settings in effect, each with its source, and connect to nothing",
              .fixed = "dry-run"},
    OptionRow{.name = "validate",
              .slot = &Config::action,
              .group = Group::action,
              .help = "check the settings, connect, and tell what is weak, with the line that "
                      "mends it; exits 0 (nothing to mend), 1 (weak), 2 (no connection or no "
                      "privilege) or 3 (wrong settings)",
              .fixed = "validate"},
    OptionRow{.name = "offline",
              .slot = &Config::offline,
              .fallback = "false",
              .group = Group::action,
              .help = "with --validate: look at the settings only"},
    OptionRow{.name = "info",
              .slot = &Config::action,
              .group = Group::action,
              .help = "show versions, the files that are looked for, and the settings in effect, "
                      "also where they are wrong",
              .fixed = "info"},
    OptionRow{.name = "setup",
              .slot = &Config::action,
              .group = Group::action,
              .help = "ask for the settings on a terminal, try them, and write a configuration "
                      "file, an environment file and a password file",
              .fixed = "setup"},
    OptionRow{.name = "generate",
              .slot = &Config::definition,
              .arg = "KIND",
              .action = ActionKind::generate,
              .group = Group::action,
              .help = "print the effective settings as a definition for another program, never "
                      "with a secret; connects to nothing"},
    OptionRow{.name = "cleanup",
              .slot = &Config::action,
              .group = Group::action,
              .help = "list the sessions of this database that are stuck, with what would be done "
                      "about each; with --execute, do it; exits 0 (done, or nothing to do), 1 "
                      "(partly), 2 (failed) or 3 (not permitted or wrong usage)",
              .fixed = "cleanup"},
    OptionRow{.name = "cleanup-kinds",
              .slot = &Config::cleanup_kinds,
              .arg = "LIST",
              .fallback = "idle-in-transaction",
              .environment = "DB_CLEANUP_KINDS",
              .yaml = "checks.cleanup_kinds",
              .group = Group::action,
              .help = "what --cleanup ends: idle-in-transaction (10m), blocker (5m), long-query "
                      "(1h), idle (8h); KIND=AGE sets another least age"},
    OptionRow{.name = "emergency-shutdown",
              .slot = &Config::action,
              .group = Group::action,
              .help = "list all sessions of this database but those of superusers and this one; "
                      "with --execute and --confirm NAME, end them; exits as --cleanup",
              .fixed = "emergency-shutdown"},
    OptionRow{.name = "execute",
              .slot = &Config::execute,
              .fallback = "false",
              .group = Group::action,
              .help = "with --cleanup or --emergency-shutdown: act, in place of showing"},
    OptionRow{.name = "confirm",
              .slot = &Config::confirm,
              .arg = "NAME",
              .group = Group::action,
              .help = "with --emergency-shutdown --execute: the name of the database, as a "
                      "promise that it is meant"},

    OptionRow{.name = "help",
              .letters = "h",
              .slot = &Config::topic,
              .arg = "TOPIC",
              .optional_arg = true,
              .action = ActionKind::help,
              .group = Group::other,
              .help = help_on_help.text(),
              .fixed = "options"},
    OptionRow{.name = "list-codes",
              .slot = &Config::action,
              .group = Group::other,
              .help = "show the error codes, one a line; exits 3",
              .fixed = "list-codes"},
    OptionRow{.name = "version",
              .letters = "V",
              .slot = &Config::action,
              .group = Group::other,
              .help = "show the versions of db-up and of its libraries; exits 3",
              .fixed = "version"},
    OptionRow{.name = "config",
              .slot = &Config::config_file,
              .arg = "FILE",
              .environment = "DB_UP_CONFIG",
              .group = Group::other,
              .help = "configuration file, in place of /etc/db-up/config.yaml, which is read if it "
                      "is there"},
    OptionRow{.name = "once",
              .slot = &Config::once,
              .fallback = "false",
              .group = Group::other,
              .fate = Fate::ignored,
              .help = "accepted: db-up always checks once"},
    OptionRow{
        .name = "interval",
        .letters = "i",
        .slot = &Config::interval,
        .arg = "SECONDS",
        .environment = "DB_CHECK_INTERVAL DB_MONITOR_INTERVAL",
        .yaml = "monitor.check_interval",
        .group = Group::other,
        .fate = Fate::ignored,
        .help =
            "accepted (5 to 3600): time between two checks, usually 60, for what --generate and "
            "--setup write; no effect on a check"},
    OptionRow{.name = "monitor-log-file",
              .slot = &Config::without_effect,
              .arg = "FILE",
              .environment = "DB_MONITOR_LOG_FILE",
              .group = Group::other,
              .fate = Fate::ignored,
              .help = "accepted and without effect: --log-file names the log"},
    OptionRow{.name = "pid-file",
              .slot = &Config::without_effect,
              .arg = "FILE",
              .environment = "DB_MONITOR_PID_FILE",
              .group = Group::other,
              .fate = Fate::ignored,
              .help = "accepted and without effect: no process stays that it could name"},
    OptionRow{.name = "monitor",
              .group = Group::other,
              .fate = Fate::refused,
              .help = "db-up checks once and ends; let cron, a systemd timer or the monitoring "
                      "host repeat it"},
};

} // namespace dbup
