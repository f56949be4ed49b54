// SPDX-License-Identifier: MIT
#include "pg/messages.hpp"

#include "core/sqlstate.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <system_error>

namespace dbup {

namespace {

using enum ErrorClass;

/// The system's word for an error number, as libpq prints it: neither it nor we call setlocale().
struct ErrnoRow {
    int number = 0;
    ErrorClass error = network;
};

constexpr std::array errno_table{
    ErrnoRow{ECONNREFUSED, refused},
    ErrnoRow{ENOENT, refused},
    ErrnoRow{ETIMEDOUT, timeout},
    ErrnoRow{EHOSTUNREACH, network},
    ErrnoRow{ENETUNREACH, network},
    ErrnoRow{ENETDOWN, network},
    ErrnoRow{ECONNRESET, network},
    ErrnoRow{EPIPE, network},
    ErrnoRow{EMFILE, local},
    ErrnoRow{ENFILE, local},
    ErrnoRow{ENOMEM, local},
    ErrnoRow{ENOBUFS, local},
    ErrnoRow{EADDRNOTAVAIL, network},
    ErrnoRow{EACCES, local},
    ErrnoRow{EPERM, local},
    ErrnoRow{EAFNOSUPPORT, network},
};

/// libpq's own sentences that decide the class; the stage decides where none fits.
struct WordsRow {
    std::string_view words = {};
    ErrorClass error = protocol;
};

constexpr std::array words_table{
    WordsRow{"out of memory", local},
    WordsRow{"cannot allocate memory", local},
    WordsRow{"private key file", local},
    WordsRow{"root certificate file", local},
    WordsRow{"could not open certificate file", local},
    WordsRow{"could not read certificate file", local},
    WordsRow{"could not read root certificate file", local},
    WordsRow{"could not load private key file", local},
    WordsRow{"certificate present, but not private key", local},
    WordsRow{"could not resolve", dns},
    WordsRow{"requires authentication method", authentication}, // require_auth, libpq 16 and newer
    WordsRow{"authentication method requirement", cleartext},
    WordsRow{"channel binding", authentication},
    WordsRow{"incorrect server signature", authentication},
    WordsRow{"received invalid response to SSL negotiation", protocol},
    WordsRow{"received invalid response to GSSAPI negotiation", protocol},
    WordsRow{"expected authentication request", protocol},
    WordsRow{"server sent an error response during SSL exchange", protocol},
    WordsRow{"server closed the connection", network},
    WordsRow{"SSL connection has been closed", network},
    WordsRow{"SSL SYSCALL error", network},
    WordsRow{"SSL error",
             tls}, // also after the handshake: TLS 1.3 refuses a client certificate then
};

bool is_sqlstate(std::string_view text)
{
    return text.size() == 5 && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
           });
}

/// Where `SEVERITY:  XXXXX: ` has its five characters; npos if nowhere.
std::size_t find_sqlstate(std::string_view raw)
{
    for (auto at = raw.find(":  "); at != std::string_view::npos; at = raw.find(":  ", at + 1)) {
        const std::size_t code = at + 3;
        if (raw.size() >= code + 7 && is_sqlstate(raw.substr(code, 5)) &&
            raw.substr(code + 5, 2) == ": ") {
            return code;
        }
    }
    return std::string_view::npos;
}

std::string first_line(std::string_view text)
{
    return std::string{text.substr(0, text.find('\n'))};
}

/// The text behind libpq's `connection to server … failed: `. With sslmode=prefer two such lines
/// stand one after the other; the last one ended it.
std::string_view without_prefix(std::string_view raw)
{
    constexpr std::string_view begin_of_prefix = "connection to server ";
    constexpr std::string_view end_of_prefix = " failed: ";
    auto line = raw.rfind(begin_of_prefix);
    while (line != std::string_view::npos && line > 0 && raw[line - 1] != '\n') {
        line = raw.rfind(begin_of_prefix, line - 1);
    }
    const auto end = line == std::string_view::npos ? line : raw.find(end_of_prefix, line);
    return end == std::string_view::npos ? raw : raw.substr(end + end_of_prefix.size());
}

std::optional<ErrorClass> class_of_system_error(std::string_view text)
{
    for (const auto& row : errno_table) {
        if (text.find(std::generic_category().message(row.number)) != std::string_view::npos) {
            return row.error;
        }
    }
    return std::nullopt;
}

std::optional<ErrorClass> class_of_words(std::string_view text)
{
    for (const auto& row : words_table) {
        if (text.find(row.words) != std::string_view::npos) {
            return row.error;
        }
    }
    return std::nullopt;
}

ErrorClass class_of_stage(Stage stage)
{
    switch (stage) {
    case Stage::tls: return tls;
    case Stage::auth: return protocol;
    case Stage::setup:
    case Stage::resolve:
    case Stage::tcp:
    case Stage::harden:
    case Stage::query:
    case Stage::close: break;
    }
    return network;
}

} // namespace

LibpqMessage take_apart(std::string_view raw)
{
    const auto text = without_prefix(raw);
    const auto code = find_sqlstate(text);
    if (code != std::string_view::npos) {
        return {std::string{text.substr(code, 5)}, first_line(text.substr(code + 7))};
    }
    return {{}, first_line(text)};
}

Failure login_failure(std::string_view raw, Stage stage, bool needs_password)
{
    auto [sqlstate, text] = take_apart(raw);
    if (!sqlstate.empty()) {
        const auto error = classify(sqlstate, text, true);
        const auto* const fix =
            sqlstate == "55000" ? "ALTER DATABASE … WITH ALLOW_CONNECTIONS true;" : "";
        return Failure{error, std::move(text)}.with_sqlstate(std::move(sqlstate)).with_fix(fix);
    }
    if (needs_password) {
        return Failure{password_missing, std::move(text)};
    }
    auto error = class_of_words(text);
    if (!error || *error == network) {
        const auto by_system = class_of_system_error(text);
        error = by_system ? by_system : error;
    }
    return Failure{error.value_or(class_of_stage(stage)), std::move(text)};
}

} // namespace dbup
