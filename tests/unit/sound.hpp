// SPDX-License-Identifier: MIT
// A world in which --validate finds nothing to mend: each test makes one thing worse.
#pragma once

#include <string>
#include <vector>

#include "unit/fakes.hpp"

namespace dbup_test {

/// The answer of a server to the question about our role.
/// \param powers the attributes that it has, as words
dbup::Rows role_answer(const std::string& powers = {},
                       const std::string& member_of = {},
                       const std::string& backend_pid = "4711");

struct Sound : Scene {
    Sound();

    Server& server() { return connector.servers.front(); }

    /// --validate with these options.
    dbup::Outcome validate(const std::vector<std::string>& more = {});

    /// The same with verified TLS and a password file.
    dbup::Outcome validate_soundly(const std::vector<std::string>& more = {});
};

/// What is said of sound settings, of a sound password, and in the end.
extern const char* const sound_settings;
extern const char* const sound_password;
extern const char* const sound_result;

} // namespace dbup_test
