// SPDX-License-Identifier: MIT
#pragma once

#include "config/arguments.hpp"
#include "config/config.hpp"
#include "config/inputs.hpp"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace dbup {

/// The row of that name, which must exist.
const OptionRow& row_named(std::string_view name);

/// Collects the settings, one source after the other; a later one replaces an earlier one of the
/// same row.
class Collector {
public:
    /// Both must outlive it; `config` is filled.
    Collector(Config& config, const Inputs& inputs) : config_{config}, inputs_{inputs} {}

    void take(const OptionRow& row, std::string_view text, const std::string& origin);

    /// Does one step of loading. What is wrong ends it all, but for --info, which is asked when
    /// something is wrong: it is told of as an objection, and the next step follows.
    /// \throws Failure{config}
    void attempt(const std::function<void()>& step);

    /// The options of a command line.
    void take(std::vector<Given> options);

    void defaults();

    /// The variables whose names begin with `prefix`.
    void environment(std::string_view prefix);

    /// Those of `options` that say how the answer is to be given, as far as no call before has
    /// decided it: what comes later is checked, and changes nothing. To be called with the
    /// strongest source first, so that every error from then on is told as it was asked for.
    void how_to_answer(const std::vector<Given>& options);

    /// The variable that sets `row`, as an option.
    [[nodiscard]] std::optional<Given> variable(const OptionRow& row) const;

    /// The parts of a connection string or service. A part that no row knows is refused by name.
    /// The values are wiped once they were taken.
    void conninfo(std::vector<ConninfoPart>&& parts, const std::string& origin);

    /// The parts of a connection URI. \param origin may be followed by the keyword in messages
    void uri(const std::string& text, const std::string& origin);

    /// Where the value of `row` was written; "default" where nobody did.
    [[nodiscard]] std::string origin_of(const OptionRow& row) const;

private:
    void keep(const OptionRow& row, std::string_view text, const std::string& origin);

    Config& config_;
    const Inputs& inputs_;
    std::map<const OptionRow*, std::string> origins_;
    std::set<const OptionRow*> decided_;
};

} // namespace dbup
