// SPDX-License-Identifier: MIT
#pragma once

#include "core/failure.hpp"

#include <span>
#include <string_view>

namespace dbup {

/// What to do where the remedy of the whole class would lead astray.
struct RemedyRow {
    ErrorClass error = ErrorClass::internal;
    std::string_view sqlstate = {}; ///< empty: any, and none
    std::string_view words = {};    ///< must occur in what was said; empty: anything
    std::string_view fix = {};      ///< as that of an ErrorRow
};

/// The first row that fits decides.
std::span<const RemedyRow> remedy_table();

/// What to do about a failure that does not say it itself, with the placeholders of an ErrorRow.
std::string_view remedy_of(const Failure& failure);

} // namespace dbup
