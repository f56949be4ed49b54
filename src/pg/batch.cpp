// SPDX-License-Identifier: MIT
#include "pg/batch.hpp"

#include "pg/bounds.hpp"
#include "pg/messages.hpp"
#include "pg/peek.hpp"
#include "pg/results.hpp"

#include <poll.h>

#include <vector>

namespace dbup {

namespace {

// No query of ours comes near; a server that sends more is not answering what was asked.
constexpr std::size_t most_rows = 100'000;
constexpr std::size_t most_bytes = 4'000'000;

} // namespace

Batch::Batch(PGconn* connection, const WaitBounds& bounds)
    : connection_{connection},
      bounds_{bounds},
      heard_before_{PQsetNoticeReceiver(connection, nullptr, nullptr)}
{
    if (PQsetnonblocking(connection_, 1) != 0) {
        lost();
    }
    PQsetNoticeReceiver(connection_, &hear, this);
}

Batch::~Batch()
{
    PQsetNoticeReceiver(connection_, heard_before_, nullptr);
}

/// A server that is shut down at once, or whose other process has crashed, says so in a notice
/// before it hangs up.
void Batch::hear(void* batch, const PGresult* notice)
{
    auto words = told_failure(notice);
    if (words && words->error() == ErrorClass::shutting_down) {
        static_cast<Batch*>(batch)->last_words_ = std::move(words);
    }
}

void Batch::flush()
{
    end_of_questions();
    Lull lull{Lull::Of::writing, bounds_};
    for (;;) {
        const int rest = PQflush(connection_);
        if (rest < 0) {
            lost();
        }
        if (rest == 0) {
            return;
        }
        const short ready = wait_for(connection_, POLLIN | POLLOUT, lull, bounds_.stop_fd);
        if ((ready & POLLOUT) != 0) {
            lull = Lull{Lull::Of::writing, bounds_};
        }
        if (PQconsumeInput(connection_) != 1) {
            lost();
        }
    }
}

Result Batch::awaited_result()
{
    while (PQisBusy(connection_) != 0) {
        wait_for(connection_, POLLIN, Lull{Lull::Of::reading, bounds_}, bounds_.stop_fd);
        flood_gate_.look(PQsocket(connection_));
        if (PQconsumeInput(connection_) != 1) {
            lost();
        }
    }
    return Result{PQgetResult(connection_)};
}

Result Batch::next_result()
{
    Result result = awaited_result();
    if (!result && PQstatus(connection_) == CONNECTION_OK &&
        PQpipelineStatus(connection_) == PQ_PIPELINE_OFF) {
        throw Failure{ErrorClass::protocol, "the server leaves a statement without an answer"};
    }
    if (!result) {
        lost();
    }
    return result;
}

Rows Batch::next()
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
            rows = columns_of(result.get());
        }
        bytes += append_rows(rows, result.get());
        if (last) {
            break;
        }
        if (++count > most_rows || bytes > most_bytes) {
            throw Failure{ErrorClass::unexpected_result,
                          "the server sends more rows than were asked for"}
                .with_excess();
        }
    }
    end_of_answer();
    return rows;
}

void Batch::fail(const Result& result)
{
    const auto status = PQresultStatus(result.get());
    if (status == PGRES_FATAL_ERROR) {
        if (auto failure = told_failure(result.get())) {
            throw Failure{std::move(*failure)};
        }
        lost(); // libpq's own
    }
    if (PQstatus(connection_) == CONNECTION_BAD) {
        lost();
    }
    throw Failure{ErrorClass::protocol,
                  std::string{"the server answers the query with "} + PQresStatus(status)};
}

void Batch::lost()
{
    if (last_words_) {
        throw Failure{*last_words_};
    }
    throw session_failure(PQerrorMessage(connection_));
}

Pipeline::Pipeline(PGconn* connection, const WaitBounds& bounds) : Batch{connection, bounds}
{
    if (PQenterPipelineMode(connection) != 1) {
        lost();
    }
}

void Pipeline::send(const Query& query)
{
    constexpr int text_format = 0;
    std::vector<const char*> values;
    for (const auto& parameter : query.parameters) {
        values.push_back(parameter.c_str());
    }
    if (PQsendQueryParams(connection(),
                          std::string{query.sql}.c_str(),
                          static_cast<int>(values.size()),
                          nullptr,
                          values.data(),
                          nullptr,
                          nullptr,
                          text_format) != 1) {
        lost();
    }
}

void Pipeline::end_of_questions()
{
    if (PQpipelineSync(connection()) != 1) {
        lost();
    }
}

void Pipeline::end_of_answer()
{
    if (awaited_result()) { // a null result stands between the answers to two statements
        throw Failure{ErrorClass::protocol, "the server answers a statement twice"};
    }
}

void Pipeline::finish()
{
    for (int nothing = 0; nothing < 2;) {
        const Result result = awaited_result();
        const auto status = PQresultStatus(result.get());
        if (PQstatus(connection()) == CONNECTION_BAD) {
            lost();
        }
        if (status == PGRES_PIPELINE_SYNC) {
            PQexitPipelineMode(connection());
            return;
        }
        if (result && status == PGRES_FATAL_ERROR) { // which is also the status of no result
            fail(result);
        }
        if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
            throw Failure{ErrorClass::protocol, "the server wants to copy data"};
        }
        nothing = result ? 0 : nothing + 1;
    }
    lost();
}

void Script::send(const Query& query)
{
    text_ += query.sql;
    text_ += ';';
}

void Script::end_of_questions()
{
    if (PQsendQuery(connection(), text_.c_str()) != 1) {
        lost();
    }
}

void Script::finish()
{
    if (const Result result = awaited_result()) {
        if (PQresultStatus(result.get()) == PGRES_FATAL_ERROR) {
            fail(result);
        }
        throw Failure{ErrorClass::protocol, "the server answers more than was asked"};
    }
    if (PQstatus(connection()) == CONNECTION_BAD) {
        lost();
    }
}

void Script::skip()
{
    constexpr int most = 100; // behind an error there is nothing but the end
    for (int count = 0; count < most; ++count) {
        if (!awaited_result()) {
            return;
        }
    }
    throw Failure{ErrorClass::protocol, "the server answers without end"};
}

} // namespace dbup
