// SPDX-License-Identifier: MIT
#include "process/console.hpp"

#include "core/text.hpp"
#include "core/timestamp.hpp"

#include <fmt/format.h>

#include <sys/stat.h>
#include <unistd.h>

#include "process/delivery.hpp"

namespace dbup {

namespace {

constexpr Millis patience{10};

bool stderr_is_apart()
{
    struct stat out {};
    struct stat err {};
    const bool known = fstat(STDOUT_FILENO, &out) == 0 && fstat(STDERR_FILENO, &err) == 0;
    const bool same = known && out.st_dev == err.st_dev && out.st_ino == err.st_ino;
    return isatty(STDERR_FILENO) == 1 || (known && !same);
}

} // namespace

bool Console::looks_apart()
{
    if (!apart_) {
        apart_ = stderr_is_apart();
    }
    return *apart_;
}

bool Console::is_apart()
{
    const std::lock_guard lock{mutex_};
    return looks_apart();
}

void Console::tell(LogLevel level, std::string_view sentence)
{
    const auto line = fmt::format(
        "{} [{}] {}\n", timestamp_text(clock_.unix_time()), row_of(level).word, one_line(sentence));
    const std::lock_guard lock{mutex_};
    if (released_ || looks_apart()) {
        deliver(STDERR_FILENO, line, patience);
    } else {
        kept_ += line;
    }
}

void Console::release()
{
    const std::lock_guard lock{mutex_};
    released_ = true;
    deliver(STDERR_FILENO, kept_, patience);
    kept_.clear();
}

} // namespace dbup
