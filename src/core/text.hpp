// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dbup {

/// Foreign text (server, libpq, environment, arguments) made fit for one line of plugin output:
/// valid UTF-8, no control, bidirectional or invisible characters, '/' for '|', '(' for a '<' that
/// would begin a tag in a web page, runs of white space folded to one blank, none at the ends.
std::string one_line(std::string_view foreign);

/// `text` cut to at most `most_bytes`, never inside a UTF-8 character; "..." at the end says that
/// it was cut.
std::string shortened(std::string text, std::size_t most_bytes);

/// Whether two words are equal but for ASCII case.
bool same_word(std::string_view left, std::string_view right);

/// The word of `allowed` that a person may have meant by `word`: at most two typing errors, fewer
/// for short words; empty where none is near.
std::string_view nearest(std::string_view word, std::span<const std::string_view> allowed);

/// `words` joined by `separator`.
std::string joined(std::span<const std::string_view> words, std::string_view separator = ", ");

/// `text` less the blanks, tabs and ends of lines at its ends.
std::string_view without_blanks(std::string_view text);

/// The parts of `text` between blanks, empty ones left out.
std::vector<std::string_view> words_of(std::string_view text);

/// The parts of `text` between single `separator`s, empty ones kept.
std::vector<std::string_view> parts_of(std::string_view text, char separator);

/// A count with its noun: "1 lock", "2 locks".
std::string counted(std::string_view count, std::string_view noun);

/// Every `from` in `text` replaced by `to`. An empty `from` changes nothing.
std::string replaced(std::string_view text, std::string_view from, std::string_view to);

/// Whether `text` is valid UTF-8 of one line, without control characters and noncharacters: fit to
/// be written into another program's file.
bool is_one_line(std::string_view text);

/// A name as a quoted SQL identifier (PostgreSQL documentation, 4.1.1), right for every name,
/// keywords too.
std::string sql_identifier(std::string_view name);

} // namespace dbup
