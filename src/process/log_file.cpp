// SPDX-License-Identifier: MIT
#include "process/log_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "process/thread.hpp"

namespace dbup {

namespace {

std::string system_error()
{
    return std::generic_category().message(errno);
}

/// Blocks for as long as the file system likes.
std::string appended(const std::string& path, const std::string& line)
{
    constexpr mode_t mode = 0640;
    // O_NONBLOCK: a FIFO without reader, or a full one, is an error and no wait.
    const int fd =
        open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, mode);
    if (fd < 0) {
        return system_error();
    }
    const auto written = write(fd, line.data(), line.size());
    std::string objection = written < 0 ? system_error() : std::string{};
    if (written >= 0 && static_cast<std::size_t>(written) < line.size()) {
        objection = "only a part of the line could be written";
    }
    if (close(fd) != 0 && objection.empty()) { // a network file system may tell it only now
        objection = system_error();
    }
    return objection;
}

} // namespace

std::string
append_line(const std::string& path, std::string line, std::chrono::milliseconds patience)
{
    return done_in_time([path, line = std::move(line)] { return appended(path, line); }, patience);
}

} // namespace dbup
