// SPDX-License-Identifier: MIT
#pragma once

#include "config/config.hpp"
#include "core/metric.hpp"
#include "core/words.hpp"
#include "pg/session.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dbup {

/// Something that stands behind a metric: a session, a standby, a setting.
struct Detail {
    std::string label = {};   ///< of the metric that it belongs to, or of several, blank-separated;
                              ///< empty: of none
    Words text = {};          ///< one line for the reader; foreign text allowed
    std::size_t unlisted = 0; ///< the line is about so many that have no line of their own
};

/// Metrics that the role may not see. Where one of them has a limit the check has not looked at
/// what it is for: PRIVILEGE_MISSING, unless what it did see is WARNING or CRITICAL.
struct Hidden {
    std::string_view labels = {}; ///< blank-separated; empty: nothing is hidden
    std::string_view reason = {}; ///< what may not be seen, and by which right it could be
    std::string fix = {};         ///< the SQL that gives it; empty: the class's remedy
};

/// What a check found: numbers and sentences, no opinion. A state comes from a number only: what is
/// right or wrong in itself is a metric, too (missing_standbys, critical above 0).
struct Evidence {
    std::vector<Metric> metrics = {};
    /// The answer in a few words, without numbers of every run: "12 of 97 connections, 0 blocked".
    Words summary = {};
    std::vector<Detail> details = {}; ///< the worst first
    /// What -w and -c without a label are for, where only the answer says it; empty: the check's
    /// main_label.
    std::string main_label = {};
    Hidden hidden = {};
};

/// A right that a check needs and that --validate looks for.
struct Privilege {
    std::string_view name = {}; ///< completes "the role has …"
    Query test = {};            ///< one row, one boolean column `granted`
    std::string_view grant =
        {}; ///< the SQL that gives it; {role_ident} and {database_ident} are filled in
};

/// The same for one run, where it depends on the settings.
struct Need {
    std::string name = {};      ///< completes "the role has …"
    std::string_view test = {}; ///< the name of its query
    std::string_view sql = {};  ///< one row, one boolean column `granted`
    std::vector<std::string> parameters = {};
    std::string grant = {}; ///< what gives it
};

/// One server of the list, for a check that asks all of them at the same time.
struct Member {
    std::string target = {};        ///< "db1:5432"
    std::vector<Rows> answers = {}; ///< none: it did not answer
    std::vector<Rows> later = {};   ///< what it said after all had answered, where it was asked
    std::string version = {};       ///< "15.18", where it answered
    int version_number = 0;         ///< 150018
    std::string trouble = {};       ///< why it did not answer: code and sentence
    std::string_view code = {};     ///< of that
    std::string fix = {};           ///< what to do about it
    bool answers_calls = false;     ///< there is a server, but it cannot be used
};

/// One kind of check. A new one is a file with this row, and a line in check_kinds and check_table.
struct Check {
    CheckKind kind = CheckKind::connection;
    std::span<const Limit> limits = {}; ///< of its own metrics
    std::string_view main_label =
        {}; ///< what -w and -c without a label mean; of `limits` or run_limits()
    bool open =
        false; ///< it has metrics beside those of `limits`: plain numbers, named by the user
    std::span<const Privilege> privileges = {}; ///< without which it cannot look
    /// \throws Failure; {privilege_missing} where the role may not look, with the GRANT as its fix
    Evidence (*look)(Session& session, const Config& config, const Deadline& deadline) = nullptr;
    /// What a run with these settings needs, for --validate; null: `privileges`.
    std::vector<Need> (*needs)(const Config& config) = nullptr;
    /// Asks what shows whether `look` would be answered, without its cost; null: there is nothing.
    /// \throws Failure as `look` would
    void (*rehearse)(Session& session, const Config& config, const Deadline& deadline) = nullptr;
    /// Refuses settings of this check that cannot be right, before a packet is sent; null: there
    /// are none. \throws Failure{config}
    void (*prepare)(const Config& config) = nullptr;
    /// More to say in --help checks, one paragraph a line; null: nothing.
    std::string (*remarks)() = nullptr;
    bool console = false; ///< it asks PgBouncer's admin console, not a database

    // In place of `look`, for a check of all servers of the list together:
    /// What each of them is asked. \throws Failure
    std::vector<Rows> (*ask)(Session& session, const Deadline& deadline) = nullptr;
    /// The one that must be asked once more after all the others, before `compare` can judge; null:
    /// none.
    const Member* (*doubt)(std::span<const Member> members) = nullptr;
    /// What the answers of all of them say; at least one has answered.
    Evidence (*compare)(std::span<const Member> members, const Config& config) = nullptr;

    [[nodiscard]] std::string_view name() const { return row_of(kind).name; }
};

/// All kinds, the default first.
std::span<const Check* const> check_table();

/// The row of `kind`.
const Check& check_of(CheckKind kind);

} // namespace dbup
