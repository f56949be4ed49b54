// SPDX-License-Identifier: MIT
#include "process/private_files.hpp"

#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <system_error>
#include <vector>

#include "process/draft.hpp"

namespace dbup {

bool SystemFileWriter::exists(const std::string& path) const
{
    struct stat facts {};
    return lstat(path.c_str(), &facts) == 0;
}

std::string SystemFileWriter::absolute(const std::string& path) const
{
    std::error_code error;
    const auto whole = std::filesystem::absolute(path, error);
    return error ? path : whole.lexically_normal().string();
}

void SystemFileWriter::write(std::span<const PrivateFile> files)
{
    const std::lock_guard lock{busy_};
    std::vector<std::unique_ptr<Draft>> drafts;
    drafts.reserve(files.size());
    for (const auto& file : files) {
        drafts.push_back(std::make_unique<Draft>(
            FileToBe{.path = file.path, .text = file.text.reveal(), .replace = file.replace}));
    }
    for (const auto& draft : drafts) {
        draft->publish();
    }
}

void SystemFileWriter::settle()
{
    constexpr std::chrono::seconds patience{2};
    // Kept when it was got: nothing may begin to write any more.
    static_cast<void>(busy_.try_lock_for(patience));
}

} // namespace dbup
