// SPDX-License-Identifier: MIT
#pragma once

#include "checks/check.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace dbup {

/// What a server of a cluster says of itself.
struct View {
    const Member* member = nullptr;
    bool standby = false;
    std::optional<double> position = {}; ///< written, or replayed
    std::optional<double> timeline = {}; ///< that it writes or is to receive, where it may be seen
    bool streaming = false;              ///< it receives, as far as one can see
    bool drained = false;                ///< it has all that its sender has
    bool caught_up = false;              ///< with what it has received
    double lag = 0;                      ///< where it is not
    std::string started = {};
    std::string system_id = {}; ///< empty: the role may not read it
    std::string same_as = {};   ///< another name of a server that is listed already
};

/// A standby beside the primary it should follow.
struct Lag {
    const View* view = nullptr;
    double time = 0;
    std::optional<double> bytes = {};
};

/// A standby that has followed another primary than the one there is.
struct Stray {
    const View* view = nullptr;
    std::string reason = {}; ///< "ahead of the primary by 4 KB"
};

/// What the servers say, each server once. Two names may lead to one server: that is no second
/// primary.
class Roster {
public:
    explicit Roster(std::span<const Member> members);
    // What it tells are places in itself.
    Roster(const Roster&) = delete;
    Roster(Roster&&) = delete;
    Roster& operator=(const Roster&) = delete;
    Roster& operator=(Roster&&) = delete;
    ~Roster() = default;

    [[nodiscard]] const std::vector<View>& views() const { return views_; }
    [[nodiscard]] const std::vector<const View*>& primaries() const { return primaries_; }
    /// Those that follow, as far as one can see.
    [[nodiscard]] const std::vector<const View*>& standbys() const { return standbys_; }
    [[nodiscard]] const std::vector<Stray>& strays() const { return strays_; }
    [[nodiscard]] const std::vector<const Member*>& unreachable() const { return unreachable_; }

    /// The one that all others are measured by; null: there is none, or there are several.
    [[nodiscard]] const View* primary() const;

    /// A standby seems to be ahead of the primary. It may have been asked a moment later.
    [[nodiscard]] bool in_doubt() const { return in_doubt_; }

    /// The standbys, the one farthest behind first.
    [[nodiscard]] std::vector<Lag> lags() const;

private:
    void sort_standby(const View& standby);
    [[nodiscard]] bool seems_ahead(const View& standby) const;
    [[nodiscard]] Lag lag_of(const View& standby) const;

    std::vector<View> views_ = {};
    std::vector<const View*> primaries_ = {};
    std::vector<const View*> standbys_ = {};
    std::vector<Stray> strays_ = {};
    std::vector<const Member*> unreachable_ = {};
    bool in_doubt_ = false;
};

} // namespace dbup
