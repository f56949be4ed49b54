// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace dbup {

/// Text that roff must not take for a request or an escape.
std::string roff(std::string_view text);

/// `text` as a sentence, in lines that are short and end where a sentence ends (mdoc(7), "new
/// sentence, new line").
std::string roff_sentence(std::string_view text);

/// The lists of the manual page, in mdoc(7), made of the tables.
std::string options_mdoc();
std::string kinds_mdoc();
std::string environment_mdoc();
std::string errors_mdoc();

/// `page` with the lines @OPTIONS@, @KINDS@, @ENVIRONMENT@ and @ERRORS@ replaced by the lists.
std::string manual_page(std::string_view page);

} // namespace dbup
