// SPDX-License-Identifier: MIT
#pragma once

#include "core/deadline.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dbup {

/// One statement of a check. The name is what fakes and messages know it by.
struct Query {
    std::string_view name = {};
    std::string_view sql = {};
    /// The values of $1, $2 …; they must live until the answer is there.
    std::span<const std::string> parameters = {};
    /// The text is our own, without parameters: it may share a message with others.
    bool fixed = false;
};

/// What a statement returned, copied out of the driver. "No value" cannot be mistaken for 0 here:
/// everything that is not exactly there throws Failure{unexpected_result}.
class Rows {
public:
    using Cell = std::optional<std::string>; ///< empty: NULL

    Rows() = default;
    explicit Rows(std::vector<std::string> columns, std::vector<unsigned> types = {})
        : columns_{std::move(columns)}, types_{std::move(types)}
    {
    }

    void add(std::vector<Cell> cells) { cells_.push_back(std::move(cells)); }

    [[nodiscard]] std::size_t size() const { return cells_.size(); }
    [[nodiscard]] std::size_t columns() const { return columns_.size(); }
    [[nodiscard]] const std::vector<std::string>& column_names() const { return columns_; }
    /// The type of a column as pg_type.oid; 0 where it is not known.
    [[nodiscard]] unsigned type(std::size_t column) const;
    [[nodiscard]] bool has(std::string_view column) const;
    /// By position, for columns whose names are not ours. \throws Failure{unexpected_result}
    [[nodiscard]] const Cell& cell(std::size_t row, std::size_t column) const;
    /// The value, or nothing for NULL. \throws Failure{unexpected_result} where there is no such
    /// cell
    [[nodiscard]] const Cell& cell(std::size_t row, std::string_view column) const;
    [[nodiscard]] const std::string& text(std::size_t row, std::string_view column) const;
    [[nodiscard]] double number(std::size_t row, std::string_view column) const;
    [[nodiscard]] bool is_true(std::size_t row, std::string_view column) const;

private:
    std::vector<std::string> columns_;
    std::vector<unsigned> types_;
    std::vector<std::vector<Cell>> cells_;
};

/// How the server let us in, as far as a client can know.
enum class Exchange {
    none,   ///< it asked for no password
    unseen, ///< it got the password, in a way that was not looked at
    cleartext,
    md5,
    scram,
};

/// A setting of the transaction as it was read back from the server.
struct HeldSetting {
    std::string name = {};
    std::string value = {}; ///< as current_setting() shows it
};

/// What is known of the server after the first transaction; the version from the beginning.
struct ServerFacts {
    std::string version = {}; ///< "15.18"
    int version_number = 0;   ///< as PostgreSQL counts: 150018; 0 if that is not known
    bool console = false;     ///< it is the admin console of PgBouncer, of that version
    bool standby = false;
    double skew = 0; ///< seconds by which its clock is ahead of ours
    int backend_pid = 0;
    /// Where the session came in, as the server has it: "192.0.2.7:5432"; empty: a unix socket.
    /// Asked for with -vv only.
    std::optional<std::string> own_address = {};
    Exchange exchange = Exchange::unseen;
    std::vector<HeldSetting> held = {}; ///< the hardening, proven
};

/// What protects the connection.
struct TlsFacts {
    std::string protocol = {}; ///< "TLSv1.3"
    std::string cipher = {};
    std::optional<double> cert_days =
        {}; ///< whole days until the server's certificate expires; negative: expired
    std::string subject = {};
    std::string issuer = {};
    std::vector<std::string> names = {}; ///< host names and addresses that it was issued for
    std::optional<bool> names_host = {}; ///< whether the host that was asked for is among them
    bool client_certificate = false;     ///< we had one to show
    std::string valid_from = {}; ///< "2026-11-21 10:30:45Z" where that is still to come; else empty
};

/// What a check sees of a server.
class Session {
public:
    Session() = default;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    virtual ~Session() = default;

    /// Runs the queries in one transaction and one round trip: read-only, time-limited, search_path
    /// pinned, all of it verified; rolled back at the end. Rows come in the order of the queries.
    /// \throws Failure of every class
    virtual std::vector<Rows> run(std::span<const Query> queries, const Deadline& deadline) = 0;

    /// As run(), but READ WRITE, and committed.
    virtual std::vector<Rows> commit(std::span<const Query> queries, const Deadline& deadline) = 0;

    /// SHOW commands of PgBouncer's admin console, which knows neither transactions nor settings.
    /// \throws Failure{config} where the session is with a database
    virtual std::vector<Rows> show(std::span<const Query> commands, const Deadline& deadline) = 0;

    /// The version is valid at once, the rest after run().
    [[nodiscard]] virtual const ServerFacts& server() const = 0;

    /// Empty where the connection is not encrypted.
    [[nodiscard]] virtual const std::optional<TlsFacts>& tls() const = 0;

    /// Says good-bye to the server and releases the connection.
    virtual void close() = 0;
};

} // namespace dbup
