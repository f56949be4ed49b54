// SPDX-License-Identifier: MIT
#pragma once

namespace dbup {

/// Puts the process into a known state, whatever its parent left: descriptors 0 to 2 are open (a
/// connection must not become "stdout"), SIGPIPE is ignored (a reader that is gone is a failed
/// write, not a death), no core is ever dumped and no other process of the user may read the
/// memory, where the password is.
void clean_process();

} // namespace dbup
