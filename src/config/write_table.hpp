// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace dbup {

/// The table of --write-table.
struct WriteTable {
    std::string schema = {}; ///< as SQL wants it, in quotes
    std::string name = {};   ///< with its schema, as SQL wants it

    /// What makes it: one row at most, which is written again and again.
    [[nodiscard]] std::string create() const;

    /// What lets `role`, an SQL identifier, write and read it; one statement a line.
    [[nodiscard]] std::string grants(std::string_view role) const;
};

/// `[schema.]name`, taken literally; the schema is public where none is named.
/// \param origin where it was given, for messages
/// \throws Failure{config} for anything else
WriteTable write_table_of(std::string_view text, std::string_view origin = "write-table");

} // namespace dbup
