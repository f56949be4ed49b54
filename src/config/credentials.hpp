// SPDX-License-Identifier: MIT
#pragma once

#include "config/config.hpp"
#include "config/inputs.hpp"

#include <string>

namespace dbup {

/// The file that systemd's LoadCredential= offers; empty where there is none.
std::string credential_file(const Inputs& inputs);

/// The home folder, by HOME or the user database; empty if there is none.
std::string home_of(const Inputs& inputs);

/// Settles where the password comes from: `config.password` if a source gave it, else the content
/// of `config.password_file`, else libpq's password file, if libpq would use it. Fills
/// `password_origin`, `password_search` and `passfile`. \param origin of `config.password` or
/// `config.password_file` \throws Failure{config} if the password file that was asked for cannot be
/// used
void find_password(Config& config, const std::string& origin, const Inputs& inputs);

/// Every password that the environment names, used or not. To be known before anything else is
/// read: the complaint about a wrong option may quote it.
std::vector<Secret> secrets_in(const Environment& environment);

} // namespace dbup
