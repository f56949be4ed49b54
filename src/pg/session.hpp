// SPDX-License-Identifier: MIT
#pragma once

#include "core/deadline.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dbup {

/// One read-only statement of a check. The name is what fakes and messages know it by.
struct Query {
    std::string_view name = {};
    std::string_view sql = {};
};

/// What a statement returned, copied out of the driver. "No value" cannot be mistaken for 0 here:
/// everything that is not exactly there throws Failure{unexpected_result}.
class Rows {
public:
    using Cell = std::optional<std::string>; ///< empty: NULL

    Rows() = default;
    explicit Rows(std::vector<std::string> columns) : columns_{std::move(columns)} {}

    void add(std::vector<Cell> cells) { cells_.push_back(std::move(cells)); }

    [[nodiscard]] std::size_t size() const { return cells_.size(); }
    [[nodiscard]] std::size_t columns() const { return columns_.size(); }
    [[nodiscard]] const std::string& text(std::size_t row, std::string_view column) const;
    [[nodiscard]] double number(std::size_t row, std::string_view column) const;

private:
    std::vector<std::string> columns_;
    std::vector<std::vector<Cell>> cells_;
};

/// What is known of the server after the first transaction.
struct ServerFacts {
    std::string version = {}; ///< "15.18"
    bool standby = false;
    double skew = 0; ///< seconds by which its clock is ahead of ours
    int backend_pid = 0;
};

/// What protects the connection.
struct TlsFacts {
    std::string protocol = {}; ///< "TLSv1.3"
    std::string cipher = {};
    std::optional<double> cert_days =
        {}; ///< whole days until the server's certificate expires; negative: expired
    std::string subject = {};
    std::string issuer = {};
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

    /// Valid after run().
    [[nodiscard]] virtual const ServerFacts& server() const = 0;

    /// Empty where the connection is not encrypted.
    [[nodiscard]] virtual const std::optional<TlsFacts>& tls() const = 0;

    /// Says good-bye to the server and releases the connection.
    virtual void close() = 0;
};

} // namespace dbup
