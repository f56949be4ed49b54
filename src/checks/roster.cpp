// SPDX-License-Identifier: MIT
#include "checks/roster.hpp"

#include "checks/cells.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace dbup {

namespace {

/// The answer with that column; null: it was not given.
const Rows* answer_with(const Member& member, std::string_view column)
{
    const auto found = std::find_if(member.answers.begin(),
                                    member.answers.end(),
                                    [column](const Rows& rows) { return rows.has(column); });
    return found == member.answers.end() ? nullptr : &*found;
}

View view_of(const Member& member)
{
    const Rows& rows = member.answers.front();
    const auto unreplayed = number_if(rows, "unreplayed");
    const bool streaming = rows.is_true(0, "streaming");
    const auto* const second_look = answer_with(member, "lag");
    const auto* const identity = answer_with(member, "system_identifier");
    return {.member = &member,
            .standby = rows.is_true(0, "standby"),
            .position = number_if(rows, "position"),
            .timeline = number_if(rows, "timeline"),
            .streaming = streaming,
            .drained = rows.is_true(0, "drained"),
            // What has replayed more than its receiver got had it from elsewhere: the receiver has
            // just begun, or gets nothing.
            .caught_up = streaming && unreplayed == 0.0,
            .lag = second_look != nullptr ? second_look->number(0, "lag")
                                          : std::max(0.0, rows.number(0, "replay_age")),
            .started = rows.text(0, "started"),
            .system_id = identity != nullptr ? identity->text(0, "system_identifier") : ""};
}

} // namespace

Roster::Roster(std::span<const Member> members)
{
    for (const auto& member : members) {
        if (member.answers.empty()) {
            unreachable_.push_back(&member);
            continue;
        }
        auto view = view_of(member);
        const auto twin = std::find_if(views_.begin(), views_.end(), [&](const View& other) {
            return other.started == view.started && other.system_id == view.system_id;
        });
        view.same_as = twin == views_.end() ? "" : twin->member->target;
        views_.push_back(std::move(view));
    }
    for (const auto& view : views_) {
        if (view.same_as.empty() && !view.standby) {
            primaries_.push_back(&view);
        }
    }
    for (const auto& view : views_) {
        if (view.same_as.empty() && view.standby) {
            sort_standby(view);
        }
    }
}

const View* Roster::primary() const
{
    return primaries_.size() == 1 ? primaries_.front() : nullptr;
}

/// A standby that still has to get something of an older timeline may be on its way to that of the
/// primary. Once it has all of it, it would have gone on, if its sender knew of a newer one that
/// begins there.
void Roster::sort_standby(const View& standby)
{
    const auto* const leader = primary();
    const bool other_timeline = leader != nullptr && leader->timeline && standby.timeline &&
                                (*standby.timeline > *leader->timeline ||
                                 (*standby.timeline < *leader->timeline && standby.drained));
    if (other_timeline) {
        strays_.push_back({&standby,
                           fmt::format("on timeline {}, where the primary writes {}: it follows "
                                       "another one, or none",
                                       number_text(*standby.timeline),
                                       number_text(*leader->timeline))});
        return;
    }
    if (!seems_ahead(standby)) {
        standbys_.push_back(&standby);
        return;
    }
    // The positions were read at different moments: a standby that was asked later may well have
    // what the primary has written since. But when the primary was asked again all standbys had
    // answered, its log only grows, and a standby gets nothing that is not in it: what is ahead of
    // that did not come from this primary.
    const auto& later = leader->member->later;
    const auto since = later.empty() ? std::nullopt : number_if(later.front(), "position");
    in_doubt_ = in_doubt_ || !since;
    const double ahead = *standby.position - since.value_or(*standby.position);
    if (ahead > 0) {
        strays_.push_back({&standby,
                           fmt::format("ahead of the primary by {}: it has followed another one",
                                       quantity_text(ahead, Unit::bytes))});
    } else {
        standbys_.push_back(&standby);
    }
}

/// One that receives the timeline that the primary writes is no stray: only one server writes it,
/// and that refuses to send to who is ahead. So a busy cluster needs no second question, where the
/// role may see the timeline.
bool Roster::seems_ahead(const View& standby) const
{
    const auto* const leader = primary();
    return leader != nullptr && leader->position && standby.position &&
           *standby.position > *leader->position &&
           !(standby.streaming && standby.timeline && standby.timeline == leader->timeline);
}

/// A standby that receives nothing has replayed all it has: only the primary knows better.
Lag Roster::lag_of(const View& standby) const
{
    Lag lag{.view = &standby};
    const auto* const leader = primary();
    if (leader != nullptr && leader->position && standby.position) {
        lag.bytes = std::max(0.0, *leader->position - *standby.position);
    }
    // Without a second answer nobody knows whether one that seems to be ahead has what it should.
    const bool known = !seems_ahead(standby) || !leader->member->later.empty();
    const bool nothing_missing = standby.caught_up || (lag.bytes == 0.0 && known);
    lag.time = nothing_missing ? 0 : standby.lag;
    return lag;
}

std::vector<Lag> Roster::lags() const
{
    std::vector<Lag> all;
    all.reserve(standbys_.size());
    for (const auto* const standby : standbys_) {
        all.push_back(lag_of(*standby));
    }
    std::stable_sort(all.begin(), all.end(), [](const Lag& left, const Lag& right) {
        return left.time > right.time;
    });
    return all;
}

} // namespace dbup
