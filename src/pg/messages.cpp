// SPDX-License-Identifier: MIT
#include "pg/messages.hpp"

#include "core/ascii.hpp"
#include "core/sqlstate.hpp"
#include "pg/bounds.hpp"

#include <fmt/format.h>

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

/// libpq's words before those of the system once a server is heard.
constexpr std::array system_prefixes{
    "could not receive data from server: ", "could not send ", "SSL SYSCALL error: "};

/// libpq's own sentences that decide the class; the stage decides where none fits.
struct WordsRow {
    std::string_view words = {};
    ErrorClass error = protocol;
};

constexpr std::array words_table{
    WordsRow{"out of memory", local},
    WordsRow{"cannot allocate memory", local},
    WordsRow{"private key file", config}, // what was not seen when the settings were read
    WordsRow{"certificate file", config}, // also "root certificate file"
    WordsRow{"could not create SSL context", local},
    WordsRow{"no ciphers available", local}, // a configuration of OpenSSL that allows nothing
    WordsRow{"no protocols available", local},
    WordsRow{"could not resolve", dns},
    WordsRow{"requires authentication method", authentication}, // require_auth, libpq 16 and newer
    WordsRow{"authentication method requirement", cleartext},
    WordsRow{"channel binding", authentication},
    WordsRow{"incorrect server signature", impostor},
    WordsRow{"error received from server in SCRAM exchange", authentication},
    WordsRow{"SASL authentication mechanisms are supported", authentication},
    WordsRow{"authentication not supported", authentication}, // GSSAPI and others left out of libpq
    WordsRow{"GSSAPI continuation error", authentication},    // no ticket
    WordsRow{"GSSAPI name import error", authentication},     // the builds without Kerberos
    WordsRow{"could not fork new process", server},           // all that a postmaster can say then
    WordsRow{"received invalid response to SSL negotiation", protocol},
    WordsRow{"received invalid response to GSSAPI negotiation", protocol},
    WordsRow{"expected authentication request", protocol},
    WordsRow{"server sent an error response during SSL exchange", server}, // it could not even fork
    WordsRow{"server closed the connection", network},
    WordsRow{"SSL connection has been closed", network},
    WordsRow{"SSL SYSCALL error", network},
    WordsRow{"SSL error",
             tls}, // also after the handshake: TLS 1.3 refuses a client certificate then
};

constexpr bool none_shadowed()
{
    for (auto row = words_table.begin(); row != words_table.end(); ++row) {
        for (auto before = words_table.begin(); before != row; ++before) {
            if (row->words.find(before->words) != std::string_view::npos) {
                return false;
            }
        }
    }
    return true;
}
static_assert(none_shadowed(), "every row of words_table can be reached");

bool is_sqlstate(std::string_view text)
{
    return text.size() == 5 &&
           std::all_of(text.begin(), text.end(), [](char c) { return is_digit(c) || is_upper(c); });
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
    constexpr std::size_t longest = 8'192; // far more than is ever shown
    return std::string{text.substr(0, std::min(text.find('\n'), longest))};
}

constexpr const char* too_much = "the server sends a message that is larger than any answer";
constexpr const char* no_words = "the server sends an error without a text";
// To libpq both are an error of the time before protocol 3.0, and the first byte of a length of
// less than 16 MB ends its text.
constexpr const char* no_words_or_too_many =
    "the server sends an error without a text, or with one of more than 30 KB";

/// From here on libpq's text may be the server's own words: an error of the time before protocol
/// 3.0, which libpq still understands, has no SQLSTATE. Such words must not pass for this host's.
bool may_be_the_servers(Stage stage)
{
    return stage >= Stage::auth;
}

bool is_about_memory(std::string_view text)
{
    return text.starts_with("out of memory") || text.starts_with("cannot allocate memory");
}

/// An error of which nothing but the severity came, as libpq prints it, or not even that.
bool is_wordless(std::string_view text)
{
    return text.ends_with(":  ") || text == "no error message available";
}

/// What to say for words of a log-in that may be the server's.
std::string told_at_login(std::string text)
{
    if (text.empty()) {
        return no_words_or_too_many;
    }
    if (is_wordless(text)) {
        return no_words;
    }
    return is_about_memory(text) ? std::string{too_much} : std::move(text);
}

constexpr std::string_view begin_of_prefix = "connection to server ";
constexpr std::string_view end_of_prefix = " failed: ";

/// Where the last line with libpq's prefix begins; npos if nowhere.
std::size_t find_last_attempt(std::string_view raw)
{
    auto line = raw.rfind(begin_of_prefix);
    while (line != std::string_view::npos && line > 0 && raw[line - 1] != '\n') {
        line = raw.rfind(begin_of_prefix, line - 1);
    }
    return line;
}

/// The text behind libpq's `connection to server … failed: `, if it is the only one.
std::string_view without_prefix(std::string_view attempt)
{
    const auto end =
        attempt.starts_with(begin_of_prefix) ? attempt.find(end_of_prefix) : std::string_view::npos;
    return end == std::string_view::npos ? attempt : attempt.substr(end + end_of_prefix.size());
}

LibpqMessage message_in(std::string_view attempt)
{
    const auto text = without_prefix(attempt);
    const auto code = find_sqlstate(text);
    if (code != std::string_view::npos) {
        return {std::string{text.substr(code, 5)}, first_line(text.substr(code + 7))};
    }
    return {{}, first_line(text)};
}

std::optional<ErrorClass> class_of_system_error(std::string_view text, Stage stage)
{
    const bool foreign = may_be_the_servers(stage);
    const bool known = std::any_of(system_prefixes.begin(),
                                   system_prefixes.end(),
                                   [&](const char* prefix) { return text.starts_with(prefix); });
    if (foreign && !known) {
        return std::nullopt;
    }
    for (const auto& row : errno_table) {
        if (text.find(std::generic_category().message(row.number)) != std::string_view::npos) {
            return foreign && row.error == local ? network : row.error;
        }
    }
    return std::nullopt;
}

std::optional<ErrorClass> class_of_words(std::string_view text, Stage stage)
{
    const bool foreign = may_be_the_servers(stage);
    if (foreign && is_about_memory(text)) {
        return short_of_memory() ? local : protocol;
    }
    for (const auto& row : words_table) {
        const bool ours = row.error == local || row.error == config; // files are read before
        if ((!foreign || !ours) && text.find(row.words) != std::string_view::npos) {
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
    constexpr std::string_view turned_away = "28000";
    const auto last = find_last_attempt(raw);
    if (last == std::string_view::npos) {
        return message_in(raw);
    }
    auto message = message_in(raw.substr(last));
    if (message.sqlstate != turned_away || last == 0) {
        return message;
    }
    const auto earlier = raw.substr(0, last);
    const auto previous = find_last_attempt(earlier);
    auto before =
        message_in(previous == std::string_view::npos ? earlier : earlier.substr(previous));
    const bool for_want_of_tls = message.text.find("no encryption") != std::string::npos;
    const bool says_more =
        !before.sqlstate.empty() && (before.sqlstate != turned_away || for_want_of_tls);
    return says_more ? before : message;
}

Failure login_failure(std::string_view raw, Stage stage, bool needs_password)
{
    auto [sqlstate, text] = take_apart(raw);
    if (!sqlstate.empty()) {
        const auto error = classify(sqlstate, text, Moment::login);
        return Failure{error, std::move(text)}.with_sqlstate(std::move(sqlstate));
    }
    if (needs_password) {
        return Failure{password_missing, std::move(text)};
    }
    auto error = class_of_words(text, stage);
    if (!error || *error == network) {
        const auto by_system = class_of_system_error(text, stage);
        error = by_system ? by_system : error;
    }
    if (may_be_the_servers(stage) && error != local) {
        text = told_at_login(std::move(text));
    }
    return Failure{error.value_or(class_of_stage(stage)), std::move(text)};
}

Failure socket_failure(Failure failure,
                       const std::string& folder,
                       std::string_view port,
                       bool folder_is_there)
{
    const bool forbidden = failure.error() == local && failure.sqlstate().empty() &&
                           failure.detail() == std::generic_category().message(EACCES);
    if (forbidden) {
        return std::move(failure)
            .with_message(
                fmt::format("this user may not use the socket {}/.s.PGSQL.{}", folder, port))
            .with_fix(fmt::format("Allow this user to enter the folder {} and to use the socket in "
                                  "it (unix_socket_directories, unix_socket_permissions), or give "
                                  "--host the name of a host; the server was not judged",
                                  folder));
    }
    const bool missing = failure.error() == refused && failure.sqlstate().empty() &&
                         failure.detail() == std::generic_category().message(ENOENT);
    if (!missing) {
        return failure;
    }
    if (folder_is_there) {
        return std::move(failure)
            .with_message(fmt::format("there is no socket {}/.s.PGSQL.{}", folder, port))
            .with_fix("Check that PostgreSQL runs (systemctl status postgresql), its port, and its "
                      "unix_socket_directories");
    }
    return std::move(failure)
        .with_message(fmt::format("there is no folder {} for the server's socket", folder))
        .with_fix("Check --host against unix_socket_directories of the server, and that it has "
                  "been started")
        .without_retry();
}

Failure session_failure(std::string_view raw)
{
    if (raw.empty()) {
        return Failure{protocol, "the answers do not fit the statements"};
    }
    auto text = take_apart(raw).text;
    if (text.empty() || is_wordless(text)) {
        return Failure{protocol, no_words};
    }
    const auto by_system = class_of_system_error(text, Stage::query);
    const auto error = by_system ? by_system : class_of_words(text, Stage::query);
    if (is_about_memory(text) && error != local) {
        return Failure{error.value_or(protocol), too_much}.with_excess();
    }
    return Failure{error.value_or(protocol), std::move(text)};
}

} // namespace dbup
