// SPDX-License-Identifier: MIT
#include "config/collector.hpp"

#include "config/values.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dbup {

namespace {

/// libpq's way to write an unlimited connect_timeout: as good as not set, because --timeout limits
/// it anyway.
bool means_no_limit(std::string_view connect_timeout)
{
    return connect_timeout == "0" || connect_timeout.starts_with('-');
}

/// Keywords of libpq that change nothing which db-up does not set itself.
constexpr std::array harmless{
    std::string_view{"gssencmode"},
    std::string_view{"sslcompression"},
    std::string_view{"keepalives"},
    std::string_view{"keepalives_idle"},
    std::string_view{"keepalives_count"},
    std::string_view{"keepalives_interval"},
    std::string_view{"tcp_user_timeout"},
    std::string_view{"fallback_application_name"},
    std::string_view{"client_encoding"},
    std::string_view{"sslsni"},
    std::string_view{"load_balance_hosts"},
};

} // namespace

const OptionRow& row_named(std::string_view name)
{
    const auto* const row = find_option(name);
    if (row == nullptr) {
        throw Failure{ErrorClass::internal, "no option row " + std::string{name}};
    }
    return *row;
}

void Collector::attempt(const std::function<void()>& step)
{
    try {
        step();
    } catch (const Failure& failure) {
        if (config_.action != ActionKind::info) {
            throw;
        }
        const auto& known = config_.objections;
        if (std::find(known.begin(), known.end(), failure.message()) == known.end()) {
            config_.objections.push_back(failure.message());
        }
    }
}

void Collector::take(const OptionRow& row, std::string_view text, const std::string& origin)
{
    attempt([&] { keep(row, text, origin); });
}

void Collector::keep(const OptionRow& row, std::string_view text, const std::string& origin)
{
    if (decided_.contains(&row)) {
        Config unused;
        store(unused, row, text, origin);
        return;
    }
    store(config_, row, text, origin);
    origins_[&row] = origin;
    if (row.name == "host") {
        // An address belongs to the host that was named with it, not to one from a stronger source.
        config_.hostaddr_list.clear();
        origins_.erase(find_option("hostaddr"));
    } else if (row.name == "password") {
        // Two ways to give it: the later one replaces the other, and a file that lost is not read.
        config_.password_file.clear();
    } else if (row.name == "password-file") {
        config_.password = {};
    }
}

void Collector::take(std::vector<Given> options)
{
    std::stable_partition(options.begin(), options.end(), [](const Given& option) {
        return option.row->name == "host"; // before the address that belongs to it
    });
    bool counted = false;
    for (const auto& option : options) {
        if (option.row->fate == Fate::counted && option.text == "true") {
            config_.verbosity = std::min(counted ? config_.verbosity + 1 : 1, 3);
            counted = true;
            origins_[option.row] = option.origin;
        } else {
            take(*option.row, option.text, option.origin);
        }
    }
}

void Collector::defaults()
{
    for (const auto& row : option_table()) {
        if (!row.fallback.empty()) {
            store(config_, row, row.fallback, "default");
        }
    }
}

void Collector::uri(const std::string& text, const std::string& origin)
{
    std::vector<ConninfoPart> parts;
    try {
        parts = inputs_.reader->uri(text);
    } catch (const Failure& failure) {
        throw config_error(fmt::format("{}: {}", origin, failure.message()));
    }
    conninfo(std::move(parts), origin);
}

std::string Collector::origin_of(const OptionRow& row) const
{
    const auto found = origins_.find(&row);
    return found == origins_.end() ? "default" : found->second;
}

void Collector::environment(std::string_view prefix)
{
    for (const auto& row : option_table()) {
        std::string first_name;
        std::string first_value;
        const WipedAtEnd guard{first_value};
        for (const auto name : words_of(row.environment)) {
            auto value = inputs_.environment->find(name);
            const bool no_limit = name == "PGCONNECT_TIMEOUT" && value && means_no_limit(*value);
            if (!name.starts_with(prefix) || !value || value->empty() || no_limit) {
                continue; // a variable that is set to nothing is as good as unset: compose files do
                          // that
            }
            if (first_name.empty()) {
                first_name = name;
                first_value = std::move(*value);
                take(row, first_value, fmt::format("environment {}", name));
            } else if (*value != first_value) {
                throw config_error(
                    fmt::format("environment {} and {} name different values for --{}; unset one",
                                first_name,
                                name,
                                row.name));
            }
        }
    }
}

void Collector::how_to_answer(const std::vector<Given>& options)
{
    std::set<const OptionRow*> decided;
    for (const auto& option : options) {
        const auto& row = *option.row;
        if (shapes_answer(row) && !decided_.contains(&row)) {
            take(row, option.text, option.origin);
            decided.insert(&row);
        }
    }
    decided_.merge(decided);
}

std::optional<Given> Collector::variable(const OptionRow& row) const
{
    for (const auto name : words_of(row.environment)) {
        auto value = inputs_.environment->find(name);
        if (value && !value->empty()) {
            return Given{&row, std::move(*value), fmt::format("environment {}", name)};
        }
    }
    return std::nullopt;
}

void Collector::conninfo(std::vector<ConninfoPart>&& parts, const std::string& origin)
{
    for (auto& [keyword, value] : parts) {
        const WipedAtEnd guard{value};
        const auto rows = option_table();
        const auto row = std::find_if(
            rows.begin(), rows.end(), [&keyword = keyword](const OptionRow& candidate) {
                return !candidate.conninfo.empty() && candidate.conninfo == keyword;
            });
        if (row != rows.end()) {
            const bool no_limit = keyword == "connect_timeout" && means_no_limit(value);
            if (!value.empty() && !no_limit) {
                take(*row, value, fmt::format("{} ({})", origin, keyword));
            }
        } else if (std::find(harmless.begin(), harmless.end(), keyword) != harmless.end()) {
            config_.notes.push_back(
                fmt::format("{}: {} is set by db-up itself and was ignored", origin, keyword));
        } else {
            throw config_error(
                fmt::format("{}: '{}' is not supported by db-up; leave it out", origin, keyword));
        }
    }
}

} // namespace dbup
