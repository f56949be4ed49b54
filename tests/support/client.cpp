// SPDX-License-Identifier: MIT
#include "support/client.hpp"

#include <libpq-fe.h>

#include <poll.h>

#include <chrono>
#include <stdexcept>

namespace dbup_test {

namespace {

struct Clear {
    void operator()(PGresult* result) const noexcept { PQclear(result); }
};

/// Keyword and value lists as libpq wants them; views into `parameters`.
struct Lists {
    explicit Lists(const Parameters& parameters)
    {
        for (const auto& [keyword, value] : parameters) {
            keywords.push_back(keyword.c_str());
            values.push_back(value.c_str());
        }
        keywords.push_back(nullptr);
        values.push_back(nullptr);
    }

    std::vector<const char*> keywords = {};
    std::vector<const char*> values = {};
};

} // namespace

void Client::Finish::operator()(pg_conn* connection) const noexcept
{
    PQfinish(connection);
}

Client::Client(const Parameters& parameters)
{
    const Lists lists{parameters};
    connection_.reset(PQconnectdbParams(lists.keywords.data(), lists.values.data(), 0));
    if (PQstatus(connection_.get()) != CONNECTION_OK) {
        throw std::runtime_error{PQerrorMessage(connection_.get())};
    }
    PQsetNoticeProcessor(
        connection_.get(), [](void*, const char*) {}, nullptr);
}

std::vector<Row> Client::sql(const std::string& statements)
{
    const std::unique_ptr<PGresult, Clear> result{PQexec(connection_.get(), statements.c_str())};
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_EMPTY_QUERY) {
        throw std::runtime_error{statements + ": " + PQerrorMessage(connection_.get())};
    }
    std::vector<Row> rows(static_cast<std::size_t>(PQntuples(result.get())));
    for (int row = 0; row < PQntuples(result.get()); ++row) {
        for (int column = 0; column < PQnfields(result.get()); ++column) {
            rows[static_cast<std::size_t>(row)].emplace_back(PQgetvalue(result.get(), row, column));
        }
    }
    return rows;
}

std::string Client::value(const std::string& statement)
{
    const std::vector<Row> rows = sql(statement);
    if (rows.size() != 1 || rows[0].empty()) {
        throw std::runtime_error{statement + ": not exactly one row"};
    }
    return rows[0][0];
}

Ping ping(const Parameters& parameters)
{
    const Lists lists{parameters};
    switch (PQpingParams(lists.keywords.data(), lists.values.data(), 0)) {
    case PQPING_OK: return Ping::accepts;
    case PQPING_REJECT: return Ping::rejects;
    case PQPING_NO_RESPONSE:
    case PQPING_NO_ATTEMPT: break;
    }
    return Ping::silent;
}

void wait_until(const std::string& what, const std::function<bool()>& condition, double seconds)
{
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) {
            throw std::runtime_error{"waited in vain: " + what};
        }
        ::poll(nullptr, 0, 10);
    }
}

} // namespace dbup_test
