// SPDX-License-Identifier: MIT
#pragma once

#include "core/stage.hpp"
#include "core/state.hpp"

#include <exception>
#include <span>
#include <string>
#include <string_view>

namespace dbup {

/// What can go wrong. The consequences of each stand in error_table, nowhere else.
enum class ErrorClass {
    config,
    dns,
    refused,
    network,
    timeout,
    tls,
    protocol,
    authentication,
    impostor,
    cleartext,
    password_missing,
    permission,
    database_missing,
    no_slots,
    starting_up,
    shutting_down,
    server,
    query_timeout,
    conflict,
    query,
    unexpected_result,
    hardening,
    role_mismatch,
    privilege_missing,
    local,
    interrupted,
    internal,
};

/// What a retry of the same thing, or the next host of a list, can do about an error.
enum class Remedy { none, next_host, retry };

struct ErrorRow {
    ErrorClass error = ErrorClass::internal;
    std::string_view code = {};   ///< stable, printed in brackets
    std::string_view option = {}; ///< CLASS of --state CLASS=STATE; empty: not selectable
    State state = State::unknown; ///< unless --state says otherwise
    Remedy remedy = Remedy::none; ///< `retry` implies `next_host`
    int isready = 2; ///< exit code of --exit-style isready: 1 rejects, 2 no answer, 3 no attempt
    std::string_view sentence =
        {}; ///< what happened; {target} {user} {database} {detail} are filled in
    std::string_view fix =
        {}; ///< what to do; {target} {user} {database} {role_ident} {database_ident}
};

/// One row per class, in the order of the enumeration.
std::span<const ErrorRow> error_table();

/// The row of `error`.
const ErrorRow& row_of(ErrorClass error);

/// A sentence or remedy of a row as a reader of a list wants it: HOST, USER, DATABASE in place of
/// what is filled in.
std::string general_text(std::string_view row_text);

/// The row whose --state name or code is `word` (any case); null where there is none.
const ErrorRow* find_error(std::string_view word);

/// Everything that ends an attempt or the run, on its way to the one catch in app/run.cpp. It may
/// carry text from a server: nothing of it is printed before it went through the Scrubber.
class Failure : public std::exception {
public:
    explicit Failure(ErrorClass error, std::string detail = {})
        : error_{error}, detail_{std::move(detail)}
    {
    }

    [[nodiscard]] ErrorClass error() const { return error_; }

    /// The sentence of this case where the row's general one will not do; may be empty.
    [[nodiscard]] const std::string& message() const { return message_; }
    /// What the server, libpq or the system said; may be empty.
    [[nodiscard]] const std::string& detail() const { return detail_; }
    /// What to do in this case, word by word; empty: remedy_of() has it (core/remedies).
    [[nodiscard]] const std::string& fix() const { return fix_; }
    [[nodiscard]] const std::string& sqlstate() const { return sqlstate_; }
    /// The row's, unless this case is one that no other attempt can mend.
    [[nodiscard]] Remedy remedy() const;
    /// "db1:5432", once it is known which server it was; and that server's host alone.
    [[nodiscard]] const std::string& target() const { return target_; }
    [[nodiscard]] const std::string& host() const { return host_; }
    /// The server works and has answered: what is wrong is what was asked of it.
    [[nodiscard]] bool answered() const { return answered_; }
    /// More came than is taken: the server's fault, unless it was asked for so much.
    [[nodiscard]] bool excessive() const { return excessive_; }
    [[nodiscard]] const char* what() const noexcept override { return detail_.c_str(); }

    Failure&& with_message(std::string message) &&;
    Failure&& with_fix(std::string fix) &&;
    Failure&& with_sqlstate(std::string sqlstate) &&;
    Failure&& without_retry() &&;
    Failure&& with_target(std::string target, std::string host) &&;
    Failure&& with_answer() &&;
    Failure&& with_excess() &&;
    /// Of another class, all else as it was.
    Failure&& with_error(ErrorClass error) &&;

private:
    ErrorClass error_;
    std::string message_;
    std::string detail_;
    std::string fix_;
    std::string sqlstate_;
    std::string target_;
    std::string host_;
    bool retried_ = true;
    bool answered_ = false;
    bool excessive_ = false;
};

/// A wrong setting: found before any packet is sent, always UNKNOWN.
Failure config_error(std::string message);

} // namespace dbup
