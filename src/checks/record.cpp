// SPDX-License-Identifier: MIT
#include "checks/record.hpp"

#include "core/failure.hpp"
#include "core/text.hpp"

#include <utility>
#include <vector>

namespace dbup {

namespace {

std::vector<Rows::Cell> cells_of(std::string_view record)
{
    if (record.size() < 2 || record.front() != '(' || record.back() != ')') {
        return {};
    }
    std::vector<Rows::Cell> cells;
    for (const auto cell : parts_of(record.substr(1, record.size() - 2), ',')) {
        cells.push_back(cell.empty() ? Rows::Cell{} : Rows::Cell{cell});
    }
    return cells;
}

} // namespace

Rows record_of(const Rows& answer, std::span<const std::string_view> names)
{
    auto cells = answer.columns() == 1 ? cells_of(answer.text(0, answer.column_names().front()))
                                       : std::vector<Rows::Cell>{};
    if (cells.size() != names.size()) {
        throw Failure{ErrorClass::unexpected_result, "the numbers do not come as asked for"};
    }
    Rows row{{names.begin(), names.end()}};
    row.add(std::move(cells));
    return row;
}

} // namespace dbup
