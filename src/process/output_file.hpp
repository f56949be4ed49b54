// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace dbup {

/// Puts a file with `text` in the place of `path`, with mode 0644: a reader sees the old one or the
/// new one, never a part. It takes `patience` at most, whatever the file system does. What is not a
/// file (a device, a FIFO, a folder) is left alone, and so are the system's links.
/// \returns why the file was not written; empty if it was
std::string
replace_file(const std::string& path, std::string text, std::chrono::milliseconds patience);

/// Why a link in `folder` (its real path) that says `target` is not replaced by a file; empty if it
/// may be. Root could do that to /dev/stdout, which all programs use.
std::string objection_to_link(std::string_view target, std::string_view folder);

} // namespace dbup
