// SPDX-License-Identifier: MIT
#include "actions/cleanup.hpp"
#include "core/failure.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dbup {

namespace {

[[noreturn]] void refuse_kind(std::string_view name, std::string_view origin)
{
    std::vector<std::string_view> names;
    names.reserve(stuck_kinds.size());
    for (const auto& kind : stuck_kinds) {
        names.push_back(kind.name);
    }
    const auto near = nearest(name, names);
    throw config_error(
        fmt::format("{}: '{}' is no kind of stuck session ({}){}",
                    origin,
                    name,
                    joined(names),
                    near.empty() ? std::string{} : fmt::format("; did you mean '{}'?", near)));
}

Millis age_in(std::string_view text, std::string_view item, std::string_view origin)
{
    const auto age = parse_duration(text);
    if (!age) {
        throw config_error(fmt::format(
            "{}: '{}' has no age behind '='; write for example 30s, 10m or 8h", origin, item));
    }
    return *age;
}

} // namespace

bool StuckSession::cancels_query() const
{
    return std::any_of(stuck_kinds.begin(), stuck_kinds.end(), [this](const StuckKind& row) {
        return row.name == kind && row.cancels_query;
    });
}

StuckAges stuck_ages(std::string_view list, std::string_view origin)
{
    StuckAges ages;
    for (const auto part : parts_of(list, ',')) {
        const auto words = words_of(part); // without blanks around it
        const auto item = words.size() == 1 ? words.front() : part;
        const auto equals = item.find('=');
        const auto name = item.substr(0, equals);
        const auto* const row =
            std::find_if(stuck_kinds.begin(), stuck_kinds.end(), [name](const StuckKind& kind) {
                return kind.name == name;
            });
        if (row == stuck_kinds.end()) {
            refuse_kind(name, origin);
        }
        ages.at(static_cast<std::size_t>(row - stuck_kinds.begin())) =
            equals == std::string_view::npos ? row->age
                                             : age_in(item.substr(equals + 1), item, origin);
    }
    return ages;
}

} // namespace dbup
