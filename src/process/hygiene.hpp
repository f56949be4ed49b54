// SPDX-License-Identifier: MIT
#pragma once

namespace dbup {

/// Puts the process into a known state, whatever its parent left: descriptors 0 to 2 are open (a
/// connection must not become "stdout"), SIGPIPE and SIGXFSZ are ignored (a reader that is gone, or
/// a limit on the size of files, is a failed write, not a death), no core is ever dumped and no
/// other process of the user may read the memory, where the password is.
/// \returns how many descriptors are free at least; 0 where that is not known
unsigned clean_process();

/// Limits the memory that a server can make us take. What the process lacks for a run, as the whole
/// text to print in place of one; null if nothing. Allocates nothing: where there is no memory, not
/// even an exception can be thrown. \param free_descriptors as clean_process() found it
const char* shortage(unsigned free_descriptors);

/// Ends the process without destructors and exit handlers: a worker may still be stuck, and there
/// is nothing left to do.
[[noreturn]] void leave(int exit_code);

} // namespace dbup
