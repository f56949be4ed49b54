// SPDX-License-Identifier: MIT
#include "core/shell_word.hpp"

#include "core/ascii.hpp"
#include "core/text.hpp"

#include <algorithm>

namespace dbup {

bool is_plain_word(std::string_view text)
{
    constexpr std::string_view harmless = "-_./:,@+=";
    return !text.empty() && std::all_of(text.begin(), text.end(), [harmless](char c) {
        return is_alphanumeric(c) || harmless.find(c) != std::string_view::npos;
    });
}

std::string shell_word(std::string_view text)
{
    return is_plain_word(text) ? std::string{text} : '\'' + replaced(text, "'", "'\\''") + '\'';
}

} // namespace dbup
