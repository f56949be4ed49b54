// SPDX-License-Identifier: MIT
#include "process/draft.hpp"

#include "core/failure.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <system_error>

namespace dbup {

namespace {

[[noreturn]] void cannot_write(const std::string& path, int error)
{
    throw Failure{ErrorClass::local, std::generic_category().message(error)}.with_message(
        fmt::format("cannot write '{}'", path));
}

std::string temporary_name()
{
    std::uint64_t number = 0;
    if (getrandom(&number, sizeof number, GRND_NONBLOCK) < 0) {
        number = static_cast<std::uint64_t>(getpid()); // O_EXCL sees to the rest
    }
    return fmt::format(".db-up-{:016x}", number);
}

std::string folder_of(const std::string& path)
{
    const auto folder = std::filesystem::path{path}.parent_path();
    return folder.empty() ? "." : folder.string();
}

} // namespace

OpenFile::~OpenFile()
{
    if (number_ >= 0) {
        close(number_);
    }
}

Draft::Draft(const FileToBe& file)
    : path_{file.path},
      replace_{file.replace},
      name_{std::filesystem::path{file.path}.filename()},
      folder_{open(folder_of(file.path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)},
      temporary_{temporary_name()},
      lasting_{file.lasting}
{
    if (name_.empty() || name_ == "." || name_ == "..") {
        cannot_write(path_, EISDIR);
    }
    if (folder_.number() < 0) {
        cannot_write(path_, errno);
    }
    constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    const OpenFile target{openat(folder_.number(), temporary_.c_str(), flags, file.mode)};
    if (target.number() < 0) {
        cannot_write(path_, errno);
    }
    made_ = true;
    try {
        fill(target.number(), file);
    } catch (const Failure&) {
        remove();
        throw;
    }
}

Draft::~Draft()
{
    remove();
}

void Draft::publish()
{
    const int folder = folder_.number();
    const unsigned flags = replace_ ? 0 : RENAME_NOREPLACE;
    const bool done = renameat2(folder, temporary_.c_str(), folder, name_.c_str(), flags) == 0 ||
                      (!replace_ && errno == EINVAL && publish_by_link());
    if (!done) {
        cannot_write(path_, errno);
    }
    made_ = false;
    if (lasting_) {
        static_cast<void>(fsync(folder)); // not every file system can
    }
}

void Draft::fill(int target, const FileToBe& file) const
{
    // The mode that was asked for is cut by umask.
    if (fchmod(target, file.mode) != 0) {
        cannot_write(path_, errno);
    }
    for (auto text = file.text; !text.empty();) {
        const auto written = ::write(target, text.data(), text.size());
        if (written < 0 && errno != EINTR) {
            cannot_write(path_, errno);
        }
        text.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
    }
    if (lasting_ && fsync(target) != 0) {
        cannot_write(path_, errno);
    }
}

bool Draft::publish_by_link() const
{
    const int folder = folder_.number();
    return linkat(folder, temporary_.c_str(), folder, name_.c_str(), 0) == 0 &&
           unlinkat(folder, temporary_.c_str(), 0) == 0;
}

void Draft::remove()
{
    if (made_) {
        static_cast<void>(unlinkat(folder_.number(), temporary_.c_str(), 0));
        made_ = false;
    }
}

} // namespace dbup
