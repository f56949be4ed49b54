// SPDX-License-Identifier: MIT
#include "pg/pipeline.hpp"

#include "core/failure.hpp"
#include "core/sqlstate.hpp"
#include "pg/messages.hpp"
#include "pg/wait.hpp"

#include <poll.h>

namespace dbup {

namespace {

// No query of ours comes near; a server that sends more is not answering what was asked.
constexpr std::size_t most_rows = 10'000;
constexpr std::size_t most_bytes = 4'000'000;

std::string field(const PGresult* result, int code)
{
    const char* const value = PQresultErrorField(result, code);
    return value == nullptr ? std::string{} : std::string{value};
}

std::vector<std::string> column_names(const PGresult* result)
{
    std::vector<std::string> names;
    names.reserve(static_cast<std::size_t>(PQnfields(result)));
    for (int column = 0; column < PQnfields(result); ++column) {
        names.emplace_back(PQfname(result, column));
    }
    return names;
}

/// Copies the rows of `result` behind those of `rows`; returns the bytes copied.
std::size_t append(Rows& rows, const PGresult* result)
{
    std::size_t bytes = 0;
    for (int row = 0; row < PQntuples(result); ++row) {
        std::vector<Rows::Cell> cells;
        for (int column = 0; column < PQnfields(result); ++column) {
            const auto size = static_cast<std::size_t>(PQgetlength(result, row, column));
            const bool null = PQgetisnull(result, row, column) != 0;
            cells.push_back(null ? Rows::Cell{}
                                 : Rows::Cell{std::string(PQgetvalue(result, row, column), size)});
            bytes += size;
        }
        rows.add(std::move(cells));
    }
    return bytes;
}

} // namespace

Pipeline::Pipeline(PGconn* connection, const Deadline& deadline, int stop_fd)
    : connection_{connection}, deadline_{deadline}, stop_fd_{stop_fd}
{
    if (PQsetnonblocking(connection_, 1) != 0 || PQenterPipelineMode(connection_) != 1) {
        lost();
    }
}

void Pipeline::send(const std::string& sql)
{
    constexpr int text_format = 0;
    if (PQsendQueryParams(
            connection_, sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, text_format) != 1) {
        lost();
    }
}

void Pipeline::flush()
{
    if (PQpipelineSync(connection_) != 1) {
        lost();
    }
    for (;;) {
        const int rest = PQflush(connection_);
        if (rest < 0) {
            lost();
        }
        if (rest == 0) {
            return;
        }
        wait_for(PQsocket(connection_), POLLIN | POLLOUT, deadline_, stop_fd_);
        if (PQconsumeInput(connection_) != 1) {
            lost();
        }
    }
}

Result Pipeline::awaited_result()
{
    while (PQisBusy(connection_) != 0) {
        wait_for(PQsocket(connection_), POLLIN, deadline_, stop_fd_);
        if (PQconsumeInput(connection_) != 1) {
            lost();
        }
    }
    return Result{PQgetResult(connection_)};
}

Result Pipeline::next_result()
{
    Result result = awaited_result();
    if (!result) {
        lost();
    }
    return result;
}

Rows Pipeline::next()
{
    Rows rows;
    std::size_t count = 0;
    std::size_t bytes = 0;
    PQsetSingleRowMode(
        connection_); // so that no answer is larger than what is asked for, whatever is sent
    for (Result result = next_result();; result = next_result()) {
        const auto status = PQresultStatus(result.get());
        const bool last = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
        if (!last && status != PGRES_SINGLE_TUPLE) {
            fail(result);
        }
        if (count == 0 && PQnfields(result.get()) > 0) {
            rows = Rows{column_names(result.get())};
        }
        bytes += append(rows, result.get());
        if (last) {
            break;
        }
        if (++count > most_rows || bytes > most_bytes) {
            throw Failure{ErrorClass::unexpected_result,
                          "the server sends more rows than were asked for"};
        }
    }
    if (awaited_result()) { // a null result stands between the answers to two statements
        throw Failure{ErrorClass::protocol, "the server answers a statement twice"};
    }
    return rows;
}

void Pipeline::finish()
{
    for (int nothing = 0; nothing < 2;) {
        const Result result = awaited_result();
        const auto status = PQresultStatus(result.get());
        if (PQstatus(connection_) == CONNECTION_BAD) {
            lost();
        }
        if (status == PGRES_PIPELINE_SYNC) {
            PQexitPipelineMode(connection_);
            return;
        }
        if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
            throw Failure{ErrorClass::protocol, "the server wants to copy data"};
        }
        nothing = result ? 0 : nothing + 1;
    }
    lost();
}

void Pipeline::fail(const Result& result)
{
    const auto status = PQresultStatus(result.get());
    if (status == PGRES_FATAL_ERROR) {
        auto sqlstate = field(result.get(), PG_DIAG_SQLSTATE);
        if (sqlstate.empty()) {
            lost();
        }
        auto message = field(result.get(), PG_DIAG_MESSAGE_PRIMARY);
        const auto error = classify(sqlstate, message, false);
        throw Failure{error, std::move(message)}.with_sqlstate(std::move(sqlstate));
    }
    if (PQstatus(connection_) == CONNECTION_BAD) {
        lost();
    }
    throw Failure{ErrorClass::protocol,
                  std::string{"the server answers the query with "} + PQresStatus(status)};
}

void Pipeline::lost()
{
    auto [sqlstate, text] = take_apart(PQerrorMessage(connection_));
    if (text.find("protocol") != std::string::npos ||
        text.find("synchronization") != std::string::npos ||
        text.find("unexpected response") != std::string::npos) {
        throw Failure{ErrorClass::protocol, std::move(text)};
    }
    if (text.find("memory") != std::string::npos) {
        throw Failure{ErrorClass::local, std::move(text)};
    }
    throw Failure{ErrorClass::network, text.empty() ? "the connection was lost" : std::move(text)};
}

} // namespace dbup
