// SPDX-License-Identifier: MIT
#include "pg/results.hpp"

#include "core/sqlstate.hpp"

#include <cstring>

namespace dbup {

namespace {

std::string field(const PGresult* result, int code)
{
    constexpr std::size_t longest = 8'192; // far more than is ever shown
    const char* const value = PQresultErrorField(result, code);
    return value == nullptr ? std::string{} : std::string(value, strnlen(value, longest));
}

} // namespace

Rows columns_of(const PGresult* result)
{
    std::vector<std::string> names;
    std::vector<unsigned> types;
    for (int column = 0; column < PQnfields(result); ++column) {
        names.emplace_back(PQfname(result, column));
        types.push_back(PQftype(result, column));
    }
    return Rows{std::move(names), std::move(types)};
}

std::size_t append_rows(Rows& rows, const PGresult* result)
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

std::optional<Failure> told_failure(const PGresult* result)
{
    auto sqlstate = field(result, PG_DIAG_SQLSTATE);
    auto message = field(result, PG_DIAG_MESSAGE_PRIMARY);
    if (sqlstate.empty() && message.empty()) {
        return std::nullopt;
    }
    const bool goes_on = field(result, PG_DIAG_SEVERITY_NONLOCALIZED) == "ERROR";
    const auto error = classify(sqlstate, message, goes_on ? Moment::statement : Moment::end);
    return Failure{error, std::move(message)}.with_sqlstate(std::move(sqlstate));
}

} // namespace dbup
