// SPDX-License-Identifier: MIT
// The parts of --cleanup and --emergency-shutdown: which sessions are stuck, and how they end.
#pragma once

#include "config/config.hpp"
#include "pg/session.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dbup {

/// A way for a session to be stuck. The first that fits is what it is ended as.
struct StuckKind {
    std::string_view name = {};
    Millis age = {};            ///< from which on it counts, unless KIND=AGE says otherwise
    bool cancels_query = false; ///< the session itself stays
};

inline constexpr std::array stuck_kinds{
    StuckKind{"blocker", std::chrono::minutes{5}},
    StuckKind{"idle-in-transaction", std::chrono::minutes{10}},
    StuckKind{"long-query", std::chrono::hours{1}, true},
    StuckKind{"idle", std::chrono::hours{8}},
};

/// The least ages in the order of stuck_kinds; empty where a kind is not meant.
using StuckAges = std::array<std::optional<Millis>, stuck_kinds.size()>;

/// Reads a comma list of KIND[=AGE]. \throws Failure{config}, naming `origin`, for an unknown kind,
/// an age that is none, or an empty list
StuckAges stuck_ages(std::string_view list, std::string_view origin);

/// Which sessions are meant.
struct Wanted {
    bool everybody = false; ///< every session but those that are never touched
    StuckAges ages = {};    ///< else those that are stuck for so long
};

/// A session that is to be ended.
struct StuckSession {
    std::string identity = {}; ///< process and its start: a process number may be used again
    std::string pid = {};
    std::string kind = {}; ///< name of one of stuck_kinds; "session" where everybody is meant
    double seconds = 0;    ///< for how long
    std::string role = {};
    std::string application = {};
    std::string client = {};
    std::string words = {};   ///< of its query, with --show-queries
    std::string running = {}; ///< identity of its query; empty: it runs none
    bool permitted = false;   ///< we may signal it
    bool signalled = false;   ///< we did

    [[nodiscard]] bool cancels_query() const;
};

struct StuckSessions {
    std::string database = {}; ///< that the session is really with
    std::vector<StuckSession> sessions = {};
};

/// What became of a session.
enum class Ending { ended, gone, recovered, forbidden, refused, stays };

/// Finds and ends sessions, in hardened read-only transactions. Never touched: this session, those
/// of superusers, everything that is no client backend, other databases.
class Cleaner {
public:
    Cleaner(const Config& config, Wanted wanted) : config_{config}, wanted_{wanted} {}

    /// \throws Failure{privilege_missing} where the role cannot see what others do
    [[nodiscard]] StuckSessions find(Session& session, const Deadline& deadline) const;

    /// Signals those of `victims` that are the same processes and still stuck, both looked at by
    /// the statement that signals, and waits for them to end, for a moment. One ending for each.
    [[nodiscard]] std::vector<Ending> end(Session& session,
                                          const std::vector<StuckSession>& victims,
                                          Clock& clock,
                                          const Deadline& deadline) const;

private:
    [[nodiscard]] Rows
    ask(Session& session, const std::vector<StuckSession>* victims, const Deadline& deadline) const;

    const Config& config_;
    Wanted wanted_;
};

} // namespace dbup
