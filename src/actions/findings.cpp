// SPDX-License-Identifier: MIT
#include "actions/findings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace dbup {

namespace {

struct GradeRow {
    Grade grade = Grade::fine;
    std::string_view marker = {};
    int exit_code = 0;
};

constexpr std::array grades{
    GradeRow{Grade::fine, "ok", 0},
    GradeRow{Grade::told, "info", 0},
    GradeRow{Grade::weak, "warn", 1},
    GradeRow{Grade::fails, "FAIL", 2},
    GradeRow{Grade::unclear, "FAIL", 3},
};

constexpr const GradeRow& row_of(Grade grade)
{
    return grades.at(static_cast<std::size_t>(grade));
}

constexpr std::size_t line_bytes = 500;

std::string counted(std::ptrdiff_t count, std::string_view one, std::string_view many)
{
    return fmt::format("{} {}", count, count == 1 ? one : many);
}

} // namespace

std::string finding_lines(std::span<const Finding> findings, const Scrubber& scrubber)
{
    constexpr std::string_view indent = "      ";
    std::string text;
    for (const auto& finding : findings) {
        text += fmt::format("{:<6}{}\n",
                            row_of(finding.grade).marker,
                            finding.sentence.scrubbed(scrubber, line_bytes));
        if (!finding.reason.empty()) {
            text += fmt::format(
                "{}Reason: {}\n", indent, finding.reason.scrubbed(scrubber, line_bytes));
        }
        if (!finding.mend.empty()) {
            text += fmt::format("{}Fix: {}\n", indent, finding.mend.scrubbed(scrubber, line_bytes));
        }
    }
    return text;
}

int exit_code_of(std::span<const Finding> findings)
{
    int code = 0;
    for (const auto& finding : findings) {
        code = std::max(code, row_of(finding.grade).exit_code);
    }
    return code;
}

std::string summary_line(std::span<const Finding> findings)
{
    const auto with_code = [&](int least, int most) {
        return std::count_if(findings.begin(), findings.end(), [=](const Finding& finding) {
            const int code = row_of(finding.grade).exit_code;
            return least <= code && code <= most;
        });
    };
    const auto failures = with_code(2, 3);
    const auto weaknesses = with_code(1, 1);
    std::string text = failures == 0 ? "valid" : counted(failures, "failure", "failures");
    text += weaknesses > 0  ? ", " + counted(weaknesses, "weakness", "weaknesses") + " to mend"
            : failures == 0 ? ", nothing to mend"
                            : "";
    return fmt::format("Result: {} (exit code {})\n", text, exit_code_of(findings));
}

LocalFacts local_facts(const Config& config, const Reader& reader)
{
    const auto known = [&reader](const std::string& path) {
        return path.empty() || path == "-" ? std::nullopt : reader.facts_of(path);
    };
    return {.password_file = known(config.password_file), .root_cert = known(config.ssl_root_cert)};
}

void append(std::vector<Finding>& findings, std::vector<Finding> more)
{
    std::move(more.begin(), more.end(), std::back_inserter(findings));
}

} // namespace dbup
