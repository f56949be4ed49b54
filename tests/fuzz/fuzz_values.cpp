// SPDX-License-Identifier: MIT
// The value of an option, by the parser of its row. Input: the option's name, a line end, the
// value.
#include "config/values.hpp"
#include "core/failure.hpp"

#include "fuzz/fuzz.hpp"

namespace dbup_fuzz {

namespace {

bool is_list(const dbup::OptionRow& row)
{
    return std::holds_alternative<std::vector<dbup::ThresholdSetting> dbup::Config::*>(row.slot) ||
           std::holds_alternative<std::vector<dbup::StateSetting> dbup::Config::*>(row.slot);
}

/// What is shown of a value is a value with the same meaning.
void demand_round_trip(const dbup::OptionRow& row, const dbup::Config& config)
{
    const auto text = dbup::shown(config, row);
    dbup::Config again;
    try {
        dbup::store(again, row, text, "again");
    } catch (const dbup::Failure& failure) {
        demand(false, "what is shown can be written: " + failure.message(), text);
    }
    demand(dbup::shown(again, row) == text, "and means the same", text);
}

void try_row(const dbup::OptionRow& row, std::string_view value)
{
    dbup::Config config;
    const bool secret = std::holds_alternative<dbup::Secret dbup::Config::*>(row.slot);
    try {
        dbup::store(config, row, value, "--here");
    } catch (const dbup::Failure& failure) {
        demand(failure.error() == dbup::ErrorClass::config, "a wrong setting", value);
        demand(failure.message().starts_with("--here: "), "names its origin", failure.message());
        demand(!secret || value.size() < 8 || count(failure.message(), value) == 0,
               "a secret is not told",
               failure.message());
        return;
    }
    if (secret) {
        demand(dbup::shown(config, row) == (value.empty() ? "" : "***"), "is not shown", value);
    } else if (!std::holds_alternative<std::monostate>(row.slot) && !is_list(row)) {
        demand_round_trip(row, config);
    } else {
        static_cast<void>(dbup::shown(config, row));
    }
}

} // namespace

void one_input(std::string_view input)
{
    const auto [name, value] = cut(input);
    const auto* const row = dbup::find_option(name);
    if (row != nullptr) {
        try_row(*row, value);
        return;
    }
    for (const auto& any : dbup::option_table()) {
        try_row(any, input);
    }
}

} // namespace dbup_fuzz
