// SPDX-License-Identifier: MIT
#include "actions/cleanup.hpp"

#include "actions/action.hpp"
#include "actions/attempts.hpp"
#include "actions/reporting.hpp"
#include "checks/backend_types.hpp"
#include "core/shell_word.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dbup {

namespace {

/// What one of the two actions is called, and which option makes it act.
struct Purpose {
    std::string_view title = {};
    std::string_view option = {};
    Wanted wanted = {};
};

/// What a run found and did.
struct Deed {
    StuckSessions found = {};
    std::vector<Ending> endings = {};    ///< of each session; empty: not known
    std::optional<Failure> failure = {}; ///< that came while it acted
};

struct EndingRow {
    Ending ending = Ending::ended;
    bool done = false;
    std::string_view text = {};
};

constexpr std::array endings_table{
    EndingRow{Ending::ended, true, "ended"},
    EndingRow{Ending::gone, true, "gone meanwhile"},
    EndingRow{Ending::recovered, true, "left alone, it is no longer stuck"},
    EndingRow{Ending::forbidden, false, "not ended: permission denied"},
    EndingRow{Ending::refused, false, "not ended: the server could not signal it"},
    EndingRow{Ending::stays, false, "signalled, but still there"},
};

constexpr const EndingRow& row_of(Ending ending)
{
    return endings_table.at(static_cast<std::size_t>(ending));
}

/// "2 sessions, 1 session"
std::string counted(std::size_t count)
{
    return fmt::format("{} session{}", count, count == 1 ? "" : "s");
}

std::string grant_text(const Config& config)
{
    return fmt::format("GRANT pg_signal_backend TO {};", sql_identifier(config.user));
}

/// A list of hosts goes on to the next one where this one has not the role that was asked for:
/// nothing may be ended before.
bool has_wrong_role(const Config& config, const ServerFacts& server)
{
    return (config.role == ExpectedRole::primary && server.standby) ||
           (config.role == ExpectedRole::standby && !server.standby);
}

void expect_confirmed(const Config& config, const std::string& database)
{
    if (config.confirm != database) {
        throw config_error(fmt::format("--confirm: '{}' is not the name of this database, which is "
                                       "'{}'",
                                       config.confirm,
                                       database));
    }
}

void expect_permitted(const Config& config, const std::vector<StuckSession>& sessions)
{
    const bool permitted =
        std::any_of(sessions.begin(), sessions.end(), [](const StuckSession& session) {
            return session.permitted;
        });
    if (!permitted) {
        throw Failure{ErrorClass::privilege_missing}
            .with_message(fmt::format("user \"{}\" may not end process {}: permission denied",
                                      config.user,
                                      sessions.front().pid))
            .with_fix(grant_text(config));
    }
}

/// Looks, and acts if that was asked for. What goes wrong while it acts must not lead to a retry,
/// which would not know any more what was done.
Deed done_with(Session& session,
               const Config& config,
               const Purpose& purpose,
               const Surroundings& around,
               const Deadline& deadline)
{
    const Cleaner cleaner{config, purpose.wanted};
    Deed deed{.found = cleaner.find(session, deadline)};
    const auto& sessions = deed.found.sessions;
    if (!config.execute || has_wrong_role(config, session.server())) {
        return deed;
    }
    if (purpose.wanted.everybody) {
        expect_confirmed(config, deed.found.database);
    }
    if (sessions.empty()) {
        return deed;
    }
    expect_permitted(config, sessions);
    around.trace.tell(
        LogLevel::warning,
        fmt::format("Ending {} of {}", counted(sessions.size()), deed.found.database));
    try {
        deed.endings = cleaner.end(session, sessions, around.clock, deadline);
    } catch (const Failure& failure) {
        deed.failure = failure;
    }
    return deed;
}

std::string intent(const StuckSession& session, const Config& config)
{
    if (!session.permitted) {
        return fmt::format("may not be ended by {} ({})", config.user, grant_text(config));
    }
    if (config.execute) { // the list is of before: what became of them stands below it
        return session.cancels_query() ? "its query is to be cancelled" : "to be terminated";
    }
    return session.cancels_query() ? "with --execute: its query is cancelled"
                                   : "with --execute: terminated";
}

/// What would be ended, and how: one line for a session.
std::string session_line(const StuckSession& session, const Config& config)
{
    const auto application = session.application.empty() ? "no name" : session.application;
    return fmt::format("pid {}: {} for {}, user {}, application {}, client {}; {}{}{}",
                       session.pid,
                       session.kind,
                       age_text(session.seconds),
                       session.role,
                       application,
                       session.client,
                       intent(session, config),
                       session.words.empty() ? "" : ": ",
                       session.words);
}

std::string list_text(const Deed& deed, const Config& config, const Scrubber& scrubber)
{
    constexpr std::size_t line_bytes = 500;
    std::string text;
    for (const auto& session : deed.found.sessions) {
        text += fmt::format("- {}\n", scrubber(session_line(session, config), line_bytes));
    }
    return text;
}

std::string endings_text(const Deed& deed, const Config& config, const Scrubber& scrubber)
{
    std::string text;
    for (std::size_t i = 0; i < deed.endings.size(); ++i) {
        const auto& session = deed.found.sessions[i];
        const bool cancelled = deed.endings[i] == Ending::ended && session.cancels_query();
        text += fmt::format("pid {}: {}{}\n",
                            scrubber(session.pid),
                            cancelled ? "query cancelled" : row_of(deed.endings[i]).text,
                            deed.endings[i] == Ending::forbidden
                                ? fmt::format(" ({})", scrubber(grant_text(config)))
                                : std::string{});
    }
    if (deed.failure) {
        text += fmt::format("Failed while ending them: {} [{}]; what became of them is not known\n",
                            scrubber(sentence_of(*deed.failure, config)),
                            row_of(deed.failure->error()).code);
    }
    return text;
}

/// 0 done, or nothing to do; 1 partly; 2 failed.
int exit_code_of(const Deed& deed)
{
    constexpr int partly = 1;
    constexpr int failed = 2;
    if (deed.failure) {
        return failed;
    }
    const auto done = std::count_if(deed.endings.begin(), deed.endings.end(), [](Ending ending) {
        return row_of(ending).done;
    });
    const bool all = static_cast<std::size_t>(done) == deed.endings.size();
    return all ? 0 : done == 0 ? failed : partly;
}

std::string summary_text(const Deed& deed)
{
    std::string counts;
    for (const auto& row : endings_table) {
        const auto count = std::count(deed.endings.begin(), deed.endings.end(), row.ending);
        if (count > 0) {
            counts += fmt::format("{}{} {}", counts.empty() ? "" : "; ", count, row.text);
        }
    }
    return fmt::format(
        "Result: {} (exit code {})\n", deed.failure ? "failed" : counts, exit_code_of(deed));
}

std::string text_of(const Deed& deed,
                    const std::string& target,
                    const Config& config,
                    const Purpose& purpose,
                    const Scrubber& scrubber)
{
    const auto head =
        scrubber(fmt::format("{} of {} at {}: ", purpose.title, deed.found.database, target));
    const auto& sessions = deed.found.sessions;
    if (sessions.empty()) {
        return head + " nothing to do\n";
    }
    const auto list = list_text(deed, config, scrubber);
    const auto count = static_cast<std::size_t>(
        std::count_if(sessions.begin(), sessions.end(), [](const StuckSession& session) {
            return session.permitted;
        }));
    const auto others = sessions.size() - count;
    const auto rest = others == 0 ? std::string{} : fmt::format(", {} may not be", others);
    if (!config.execute) {
        return fmt::format("{} {} would be ended{}; this is a dry run, {} acts\n{}",
                           head,
                           counted(count),
                           rest,
                           scrubber(purpose.option),
                           list);
    }
    return fmt::format("{} {} to end{}\n{}{}{}",
                       head,
                       counted(count),
                       rest,
                       list,
                       endings_text(deed, config, scrubber),
                       summary_text(deed));
}

Product perform(const Config& config, const Purpose& purpose, const Surroundings& around)
{
    const auto& format = row_of(config.format());
    if (format.format != OutputFormat::nagios && format.format != OutputFormat::text) {
        throw config_error(
            fmt::format("--output {}: {} is told in text only", format.name, purpose.title));
    }
    if (!config.output_file.empty()) {
        throw config_error(fmt::format("--output-file: {} is told on stdout only", purpose.title));
    }
    const Deadline deadline{around.clock, around.trace.start() + config.timeout};
    Deed deed;
    const auto look = [&](Session& session, const Deadline& until) {
        deed = done_with(session, config, purpose, around, until);
        return Evidence{};
    };
    const Answer answer = answer_of(config, look, around, deadline);
    const auto scrubber = scrubber_for(config, around.connector.secrets());
    return printed(config,
                   text_of(deed, answer.endpoint.text(), config, purpose, scrubber),
                   exit_code_of(deed));
}

/// Where a setting came from, for messages.
std::string origin_of(const Config& config, std::string_view name)
{
    const auto found = std::find_if(config.settings.begin(),
                                    config.settings.end(),
                                    [name](const auto& setting) { return setting.name == name; });
    return found == config.settings.end() ? "--" + std::string{name} : found->origin;
}

} // namespace

Product perform_cleanup(const Config& config, const Surroundings& around)
{
    expect_backend_types(config);
    const auto ages = stuck_ages(config.cleanup_kinds, origin_of(config, "cleanup-kinds"));
    return perform(config, {"Cleanup", "--execute", {.ages = ages}}, around);
}

Product perform_emergency_shutdown(const Config& config, const Surroundings& around)
{
    if (config.execute && config.confirm.empty()) {
        throw config_error("--emergency-shutdown --execute ends every session of the database: add "
                           "--confirm with the name of the database");
    }
    const std::string option = fmt::format("--execute --confirm {}", shell_word(config.database));
    return perform(config, {"Emergency shutdown", option, {.everybody = true}}, around);
}

} // namespace dbup
