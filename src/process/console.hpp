// SPDX-License-Identifier: MIT
#pragma once

#include "core/clock.hpp"
#include "core/level.hpp"

#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace dbup {

/// stderr, for lines with time and level. Some hosts read stdout and stderr as one stream and take
/// its first line for the status: where both lead to the same place, which is no terminal, the
/// lines are kept until the result is out.
class Console {
public:
    explicit Console(const Clock& clock) : clock_{clock} {}

    /// One line for a person who follows the run. Any thread may call it.
    void tell(LogLevel level, std::string_view sentence);

    /// The result is out: lines that were kept are written, later ones at once.
    void release();

    /// Whether a line disturbs nobody who reads the result.
    [[nodiscard]] bool is_apart();

private:
    bool looks_apart(); // with the lock held

    const Clock& clock_;
    std::mutex mutex_;
    std::optional<bool> apart_; ///< looked at when there is a line: in most runs there is none
    bool released_ = false;
    std::string kept_;
};

} // namespace dbup
