// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "support/descriptor.hpp"

namespace dbup_test {

/// The temporary folder of this test program. A guardian process, which outlives a crash or a kill
/// of the test program, stops every server in it and removes it.
class Sandbox {
public:
    static Sandbox& shared();

    Sandbox(const Sandbox&) = delete;
    Sandbox(Sandbox&&) = delete;
    Sandbox& operator=(const Sandbox&) = delete;
    Sandbox& operator=(Sandbox&&) = delete;
    ~Sandbox();

    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

    /// A new folder below, owned by the caller.
    std::filesystem::path make_folder(const std::string& name);

    /// A new file below with this text and mode.
    std::filesystem::path
    make_file(const std::string& name, std::string_view text, unsigned mode = 0600);

private:
    Sandbox();

    std::filesystem::path folder_ = {};
    Descriptor alive_ = {}; // the guardian acts when this end of the pipe is closed
    Descriptor done_ = {};
};

std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, std::string_view text);

} // namespace dbup_test
