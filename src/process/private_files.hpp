// SPDX-License-Identifier: MIT
#pragma once

#include "config/terminal.hpp"

#include <mutex>

namespace dbup {

/// Files of the file system: made under another name in the same folder, complete on the disk, then
/// given their name.
class SystemFileWriter final : public FileWriter {
public:
    [[nodiscard]] bool exists(const std::string& path) const override;
    [[nodiscard]] std::string absolute(const std::string& path) const override;
    void write(std::span<const PrivateFile> files) override;

    /// Waits for a write that another thread is about to finish, so that the end of the process
    /// leaves nothing half done; not for ever.
    void settle();

private:
    std::timed_mutex busy_ = {};
};

} // namespace dbup
