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

/// Takes a connection error of libpq apart. With PQERRORS_VERBOSE the server's part reads
/// `FATAL:  28P01: password authentication failed …`; that form, not its (translated) words, gives
/// the SQLSTATE.
LibpqMessage take_apart(std::string_view raw);

/// The failure of a login that libpq gave up at `stage`.
/// \param needs_password PQconnectionNeedsPassword()
Failure login_failure(std::string_view raw, Stage stage, bool needs_password);

} // namespace dbup
