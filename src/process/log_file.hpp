// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>

namespace dbup {

/// Appends `line` to the file `path`, which is made with mode 0640 where there is none, in one
/// write: lines of processes that run at the same time do not mix. It takes `patience` at most,
/// whatever the file system does.
/// \returns why the line was not written; empty if it was
std::string
append_line(const std::string& path, std::string line, std::chrono::milliseconds patience);

} // namespace dbup
