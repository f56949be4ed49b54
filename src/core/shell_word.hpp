// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace dbup {

/// Whether no shell, and no other program that definitions are made for, sees more than plain text
/// in `text`.
bool is_plain_word(std::string_view text);

/// One word of a POSIX shell: as it is where that is safe, else in single quotes.
std::string shell_word(std::string_view text);

} // namespace dbup
