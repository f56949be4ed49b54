// SPDX-License-Identifier: MIT
// What the check `settings` knows of how a server should be set up.
#pragma once

#include "config/config.hpp"
#include "core/words.hpp"
#include "pg/session.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace dbup {

/// All that the rules look at.
struct SettingsSeen {
    const Rows& settings; ///< name and value, as a new session of this role gets it
    const Rows& facts;    ///< one row
    const Rows* hba;      ///< one row of counts; null: the role may not read them
    const Config& config;
    const ServerFacts& server;
    bool encrypted = false;

    /// The value of a setting; nothing where this version has none of that name.
    [[nodiscard]] std::optional<std::string_view> setting(std::string_view name) const;
    [[nodiscard]] double number(std::string_view name) const;
};

struct RuleAnswer {
    enum class Is {
        fine,
        wrong,
        unseen,   ///< the role may not look
        not_asked ///< there is nothing here that it could be about
    };

    Is is = Is::fine;
    Words more = {}; ///< behind `wrong` of the rule, for this server; may be empty
};

struct Rule {
    std::string_view id = {};
    std::string_view wrong = {}; ///< what is wrong where the rule is broken
    std::string_view why = {};   ///< why that matters
    std::string_view mend = {};  ///< the line that mends it, as postgresql.conf has it or in words
    std::string_view right = {}; ///< what a role needs to look; empty: nothing
    /// Broken where the setting of the name `id` has this value.
    std::string_view bad = {};
    RuleAnswer (*judge)(const SettingsSeen& seen) = nullptr; ///< instead of `bad`
    bool advice = false; ///< to follow it or not is a matter of the server: it is told, not counted
};

/// All rules, the worst first.
std::span<const Rule> settings_rules();

/// What the rule says of the server.
RuleAnswer answer_of(const Rule& rule, const SettingsSeen& seen);

} // namespace dbup
