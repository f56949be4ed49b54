// SPDX-License-Identifier: MIT
// A plain client of the server: what the tests themselves ask and hold open.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

struct pg_conn;

namespace dbup_test {

using Row = std::vector<std::string>; // a NULL is an empty string
using Parameters = std::map<std::string, std::string>;

class Client {
public:
    /// Throws std::runtime_error with the server's words when the connection fails.
    explicit Client(const Parameters& parameters);

    std::vector<Row> sql(const std::string& statements);

    /// The first column of the only row.
    std::string value(const std::string& statement);

private:
    struct Finish {
        void operator()(pg_conn* connection) const noexcept;
    };

    std::unique_ptr<pg_conn, Finish> connection_ = {};
};

/// How a server answers a knock: PQping's words.
enum class Ping { accepts, rejects, silent };
Ping ping(const Parameters& parameters);

/// Looks again, every few milliseconds, until the condition holds; throws after `seconds`.
void wait_until(const std::string& what,
                const std::function<bool()>& condition,
                double seconds = 10);

} // namespace dbup_test
