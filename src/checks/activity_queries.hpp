// SPDX-License-Identifier: MIT
#pragma once

#include "config/config.hpp"
#include "pg/session.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dbup {

/// A kind of detail of the check `activity`.
struct CulpritKind {
    std::string_view label = {};  ///< of the metric that it explains; its rows have this label, too
    std::string_view others = {}; ///< blank-separated labels of others that it explains
    std::string_view text = {};   ///< how one is named
    std::string_view sql = {};    ///< who they are
};

/// In the order in which they are told.
std::span<const CulpritKind> culprit_kinds();

/// What the check `activity` asks a server: two statements, made of what is to be looked at.
class ActivityQueries {
public:
    ActivityQueries(const Config& config, int server_version);

    /// All numbers: a record of number_names (checks/activity_sql.hpp).
    [[nodiscard]] std::string numbers() const;
    /// Who is behind them; `kinds` must not be empty.
    [[nodiscard]] std::string culprits(std::span<const CulpritKind> kinds) const;
    /// The parameters of both.
    [[nodiscard]] const std::vector<std::string>& parameters() const { return parameters_; }

private:
    struct Place {
        std::string_view name = {}; ///< as it stands in the SQL
        std::string words = {};
    };

    [[nodiscard]] std::string filled(std::string_view sql) const;
    void choose(std::string_view name, std::string_view wanted, std::string_view unwanted);
    void add_condition(std::string_view no, std::string_view name, std::string_view list);

    std::vector<std::string> parameters_ = {};
    std::string chosen_ = {}; ///< the condition for the sessions that are to be looked at
    std::vector<Place> places_ = {};
};

} // namespace dbup
