// SPDX-License-Identifier: MIT
#include "checks/settings/rules.hpp"

#include "config/password_strength.hpp"
#include "core/failure.hpp"
#include "core/text.hpp"
#include "core/unit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dbup {

namespace {

using Is = RuleAnswer::Is;

RuleAnswer broken_if(bool broken, Words more = {})
{
    return broken ? RuleAnswer{Is::wrong, std::move(more)} : RuleAnswer{};
}

/// \param kind of line, as the columns begin
RuleAnswer lines_of_hba(const SettingsSeen& seen, const std::string& kind)
{
    if (seen.hba == nullptr) {
        return {Is::unseen};
    }
    const double lines = seen.hba->number(0, kind);
    if (lines == 0) {
        return {};
    }
    const auto& file = seen.hba->text(0, kind + "_file");
    return {Is::wrong,
            phrase("{} {}, first line {}{}",
                   {Words::own(number_text(lines)),
                    lines == 1 ? Words{"entry"} : Words{"entries"},
                    Words::own(number_text(seen.hba->number(0, kind + "_line"))),
                    file.empty() ? Words{} : phrase(" of {}", {file})})};
}

RuleAnswer trusts(const SettingsSeen& seen)
{
    return lines_of_hba(seen, "trusting");
}

RuleAnswer open_to_the_world(const SettingsSeen& seen)
{
    return lines_of_hba(seen, "open");
}

RuleAnswer own_password(const SettingsSeen& seen)
{
    if (seen.server.exchange == Exchange::none) {
        return {Is::not_asked};
    }
    if (seen.config.password.empty()) { // it came from libpq's password file
        return {Is::unseen};
    }
    switch (password_fault(seen.config, seen.config.password)) {
    case PasswordFault::well_known: return {Is::wrong, "one of those that are tried first"};
    case PasswordFault::too_short:
        return {Is::wrong,
                Words::own(fmt::format("shorter than {} characters", enough_characters))};
    case PasswordFault::none: break;
    }
    return {};
}

RuleAnswer superuser(const SettingsSeen& seen)
{
    return broken_if(seen.facts.text(0, "superuser") == "t");
}

RuleAnswer own_connection(const SettingsSeen& seen)
{
    return broken_if(!seen.encrypted && seen.facts.text(0, "over_socket") != "t");
}

RuleAnswer listens_everywhere(const SettingsSeen& seen)
{
    constexpr std::array everywhere{
        std::string_view{"*"}, std::string_view{"0.0.0.0"}, std::string_view{"::"}};
    const auto value = seen.setting("listen_addresses").value_or("");
    const auto items = parts_of(value, ',');
    const bool broken = std::any_of(items.begin(), items.end(), [&](std::string_view item) {
        const auto words = words_of(item);
        return !words.empty() &&
               std::find(everywhere.begin(), everywhere.end(), words[0]) != everywhere.end();
    });
    return broken_if(broken, phrase("'{}'", {std::string{value}}));
}

/// A server that listens on no address needs no TLS.
RuleAnswer no_tls(const SettingsSeen& seen)
{
    const bool listens = !seen.setting("listen_addresses").value_or("").empty();
    return broken_if(listens && seen.setting("ssl") == "off");
}

RuleAnswer weak_hashes(const SettingsSeen& seen)
{
    return broken_if(seen.setting("password_encryption") != "scram-sha-256");
}

RuleAnswer budget(const SettingsSeen& seen)
{
    const double wanted = seen.config.pool_budget;
    if (wanted == 0) {
        return {Is::not_asked};
    }
    const double reserved =
        seen.number("superuser_reserved_connections") +
        (seen.setting("reserved_connections") ? seen.number("reserved_connections") : 0);
    const double there = seen.number("max_connections") - reserved;
    return broken_if(wanted > there,
                     Words::own(fmt::format("{} of {}", number_text(wanted), number_text(there))));
}

RuleAnswer archives_nothing(const SettingsSeen& seen)
{
    const auto mode = seen.setting("archive_mode");
    if (mode == "off" || (seen.server.standby && mode != "always")) { // a standby leaves it alone
        return {Is::not_asked};
    }
    return broken_if(seen.setting("archive_command").value_or("").empty() &&
                     seen.setting("archive_library").value_or("").empty());
}

/// A time limit that every role may have for itself.
RuleAnswer no_limit(const SettingsSeen& seen, std::string_view name, std::string_view prefix)
{
    const auto fact = [&](std::string_view what) {
        return seen.facts.number(0, fmt::format("{}_{}", prefix, what));
    };
    if (fact("others") > 0) {
        return {};
    }
    if (fact("own") > 0) { // which hides what the other roles have
        return {Is::unseen};
    }
    return broken_if(seen.setting(name) == "0");
}

RuleAnswer idle_for_ever(const SettingsSeen& seen)
{
    return no_limit(seen, "idle_in_transaction_session_timeout", "idle");
}

RuleAnswer runs_for_ever(const SettingsSeen& seen)
{
    return no_limit(seen, "statement_timeout", "statement");
}

/// The settings of a library are there for everybody where it is loaded; the list of libraries is
/// not.
RuleAnswer nothing_recorded(const SettingsSeen& seen)
{
    const auto logs = [&](std::string_view name) {
        return seen.setting(name).value_or("-1") != "-1";
    };
    const bool counts =
        seen.setting("pg_stat_statements.max") || seen.setting("pg_stat_monitor.pgsm_max");
    return broken_if(!counts && !logs("log_min_duration_statement") &&
                     !logs("log_min_duration_sample") && !logs("auto_explain.log_min_duration"));
}

constexpr std::string_view reads_hba =
    "SELECT on pg_hba_file_rules and EXECUTE on pg_hba_file_rules()";

constexpr std::array rules{
    Rule{.id = "hba_trust",
         .wrong = "pg_hba.conf lets in without a password",
         .why = "whoever gets to such a line's address or socket is any role that it names",
         .mend = "scram-sha-256 or peer there",
         .right = reads_hba,
         .judge = &trusts},
    Rule{.id = "hba_open",
         .wrong = "pg_hba.conf lets every address try weak passwords",
         .why = "trust, password and md5 for 0.0.0.0/0, ::/0 or all are an invitation",
         .mend = "real networks, hostssl, scram-sha-256",
         .right = reads_hba,
         .judge = &open_to_the_world},
    Rule{.id = "fsync",
         .wrong = "is off",
         .why = "a crash of the system can destroy the whole cluster",
         .mend = "fsync = on",
         .bad = "off"},
    Rule{.id = "full_page_writes",
         .wrong = "is off",
         .why = "a crash in the middle of a write can leave torn pages that nothing repairs",
         .mend = "full_page_writes = on",
         .bad = "off"},
    Rule{.id = "own_password",
         .wrong = "this role's password is weak",
         .why = "a default or short password is guessed, and monitoring roles see much",
         .mend = "\\password in psql, 32 random characters",
         .right = "a password from a source other than libpq's password file",
         .judge = &own_password},
    Rule{.id = "monitor_superuser",
         .wrong = "this check logs in as a superuser",
         .why = "who reads the monitoring host's files then owns the server",
         .mend = "a role with pg_monitor only",
         .judge = &superuser},
    Rule{.id = "own_tls",
         .wrong = "this connection is not encrypted",
         .why = "everybody on the way can read and change it",
         .mend = "--ssl-mode require or stronger",
         .judge = &own_connection},
    Rule{.id = "listen_addresses",
         .wrong = "every address is listened on",
         .why = "the server answers networks that nobody thought of",
         .mend = "listen_addresses = 'localhost, ADDRESS'",
         .judge = &listens_everywhere},
    Rule{.id = "ssl",
         .wrong = "is off",
         .why = "passwords and data cross the network in clear text",
         .mend = "ssl = on, with a certificate",
         .judge = &no_tls},
    Rule{.id = "password_encryption",
         .wrong = "new passwords become MD5 hashes",
         .why = "who knows such a hash can log in with it",
         .mend = "password_encryption = 'scram-sha-256'",
         .judge = &weak_hashes},
    Rule{.id = "autovacuum",
         .wrong = "is off",
         .why = "tables grow and transaction identifiers run out, until the server stops",
         .mend = "autovacuum = on",
         .bad = "off"},
    Rule{.id = "track_counts",
         .wrong = "is off",
         .why = "autovacuum does not know where it is needed",
         .mend = "track_counts = on",
         .bad = "off"},
    Rule{.id = "track_activities",
         .wrong = "is off",
         .why = "nobody can see what sessions do, this program neither",
         .mend = "track_activities = on",
         .bad = "off"},
    Rule{.id = "pool_budget",
         .wrong = "pools may open more connections than there are",
         .why = "under load the applications get 'too many connections'",
         .mend = "smaller pools, or more max_connections",
         .judge = &budget},
    Rule{.id = "archive_mode",
         .wrong = "is off",
         .why = "without archived WAL there is no recovery to a point in time",
         .mend = "archive_mode = on, archive_command",
         .bad = "off"},
    Rule{.id = "archive_command",
         .wrong = "archive_mode is on and nothing archives",
         .why = "WAL heaps up until the disk is full, and none of it is saved",
         .mend = "archive_command or archive_library",
         .judge = &archives_nothing},
    Rule{.id = "data_checksums",
         .wrong = "is off",
         .why = "blocks that the storage has broken are served as good ones",
         .mend = "pg_checksums --enable, server stopped",
         .bad = "off"},
    Rule{.id = "synchronous_commit",
         .wrong = "is off",
         .why = "a crash loses transactions that were confirmed",
         .mend = "synchronous_commit = on",
         .bad = "off"},
    Rule{.id = "idle_timeout",
         .wrong = "transactions may stay idle for ever",
         .why = "one forgotten session holds locks and keeps VACUUM from cleaning up",
         .mend = "idle_in_transaction_session_timeout = '10min'",
         .right = "a role without a limit of its own",
         .judge = &idle_for_ever},
    Rule{.id = "statement_timeout",
         .wrong = "queries may run for ever",
         .why = "one runaway query is enough to slow everything down",
         .mend = "statement_timeout, best per role",
         .right = "a role without a limit of its own",
         .judge = &runs_for_ever},
    Rule{.id = "slow_queries",
         .wrong = "nothing records slow queries",
         .why = "what makes the server slow cannot be found afterwards",
         .mend = "log_min_duration_statement = '1s'",
         .judge = &nothing_recorded},
    Rule{.id = "track_io_timing",
         .wrong = "is off",
         .why = "how long queries and vacuum wait for the disk is not known; advice only, as it "
                "costs time where the clock is slow (pg_test_timing)",
         .mend = "track_io_timing = on",
         .bad = "off",
         .advice = true},
};

} // namespace

std::optional<std::string_view> SettingsSeen::setting(std::string_view name) const
{
    for (std::size_t row = 0; row < settings.size(); ++row) {
        if (settings.text(row, "name") == name) {
            return settings.text(row, "value");
        }
    }
    return std::nullopt;
}

double SettingsSeen::number(std::string_view name) const
{
    for (std::size_t row = 0; row < settings.size(); ++row) {
        if (settings.text(row, "name") == name) {
            return settings.number(row, "value");
        }
    }
    throw Failure{ErrorClass::unexpected_result, "the server shows no " + std::string{name}};
}

std::span<const Rule> settings_rules()
{
    return rules;
}

RuleAnswer answer_of(const Rule& rule, const SettingsSeen& seen)
{
    if (rule.judge != nullptr) {
        return rule.judge(seen);
    }
    const auto value = seen.setting(rule.id);
    return value ? broken_if(*value == rule.bad) : RuleAnswer{Is::unseen};
}

} // namespace dbup
