// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace dbup {

/// What the shells complete behind `db-up` and `check_db_up`, made of the option table: names of
/// options with their help, the words that an option takes, and files.
std::string bash_completion();
std::string zsh_completion();
std::string fish_completion();

} // namespace dbup
