// SPDX-License-Identifier: MIT
#pragma once

namespace dbup {

/// Ends the program with a status line of INTERNAL_ERROR and exit code 3. For std::set_terminate():
/// an exception that nobody can catch, as of a library that calls back, would end it without a
/// word. Allocates nothing.
[[noreturn]] void last_words();

} // namespace dbup
