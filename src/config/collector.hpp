// SPDX-License-Identifier: MIT
#pragma once

#include "config/arguments.hpp"
#include "config/config.hpp"
#include "config/inputs.hpp"

#include <map>
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

    /// The options of a command line.
    void take(std::vector<Given> options);

    void defaults();

    /// The variables whose names begin with `prefix`.
    void environment(std::string_view prefix);

    /// The DB_* variables that say how the answer is to be given.
    void output_environment();

    /// The parts of a connection string or service. A part that no row knows is refused by name.
    void conninfo(const std::vector<ConninfoPart>& parts, const std::string& origin);

    /// The parts of a connection URI.
    void uri(const std::string& text, const std::string& origin);

    /// Where the value of `row` was written; "default" where nobody did.
    [[nodiscard]] std::string origin_of(const OptionRow& row) const;

private:
    Config& config_;
    const Inputs& inputs_;
    std::map<const OptionRow*, std::string> origins_;
};

} // namespace dbup
