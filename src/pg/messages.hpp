// SPDX-License-Identifier: MIT
#pragma once

#include "core/failure.hpp"
#include "core/stage.hpp"

#include <string>
#include <string_view>

namespace dbup {

/// What an error text of libpq says.
struct LibpqMessage {
    std::string sqlstate = {}; ///< empty: the error is libpq's or the system's, not the server's
    std::string text = {};     ///< the one sentence, without prefix, code and LOCATION
};

/// Takes a connection error of libpq apart. With sslmode=prefer it tells of two attempts, and the
/// last one ended it; but a server that turns away the one without TLS (28000) has said in the one
/// before what is wrong. With PQERRORS_VERBOSE the server's part reads
/// `FATAL:  28P01: password authentication failed …`; that form, not its (translated) words, gives
/// the SQLSTATE.
LibpqMessage take_apart(std::string_view raw);

/// The failure of a login that libpq gave up at `stage`.
/// \param needs_password PQconnectionNeedsPassword()
Failure login_failure(std::string_view raw, Stage stage, bool needs_password);

/// `failure` in words of its own where there was no socket of that port in the folder, or this user
/// may not use it. A folder
/// that does not exist, either, is no matter of seconds.
Failure socket_failure(Failure failure,
                       const std::string& folder,
                       std::string_view port,
                       bool folder_is_there);

/// The failure of a session whose connection libpq cannot use any more, or whose answers do not fit
/// what was asked.
Failure session_failure(std::string_view raw);

} // namespace dbup
