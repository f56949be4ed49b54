// SPDX-License-Identifier: MIT
#include "process/last_words.hpp"

#include "core/failure.hpp"
#include "core/state.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <array>
#include <chrono>
#include <string_view>

#include "process/delivery.hpp"
#include "process/hygiene.hpp"

namespace dbup {

void last_words()
{
    constexpr std::chrono::milliseconds patience{50};
    const auto& error = row_of(ErrorClass::internal);
    const auto& state = row_of(error.state);
    std::array<char, 512> text{};
    const auto end = fmt::format_to_n(text.data(),
                                      text.size(),
                                      "DB-UP {} - {} [{}]\nFix: {}\n",
                                      state.word,
                                      error.sentence,
                                      error.code,
                                      error.fix)
                         .out;
    deliver(STDOUT_FILENO, std::string_view{text.data(), end}, patience);
    leave(state.exit_code);
}

} // namespace dbup
