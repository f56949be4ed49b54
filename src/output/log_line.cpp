// SPDX-License-Identifier: MIT
#include "output/log_line.hpp"

#include "core/level.hpp"
#include "core/text.hpp"
#include "core/timestamp.hpp"
#include "core/unit.hpp"
#include "output/sentence.hpp"

#include <fmt/format.h>

#include <cmath>

namespace dbup {

std::string log_message(const Report& report)
{
    constexpr std::size_t most_bytes = 1'000; // JSON may need twice as many
    std::string text = result_sentence(report);
    if (report.error == nullptr) {
        text += "; " + report.headline;
    } else if (!report.reason.empty()) {
        text += " (" + report.reason + ')';
    }
    return shortened(std::move(text), most_bytes);
}

std::string text_log_line(const Report& report, const LogStamp& stamp)
{
    std::string line = fmt::format("{} [{}] {} - host={} pid={} version={} state={}",
                                   iso_timestamp(stamp.unix_time),
                                   row_of(level_of(report.state)).word,
                                   log_message(report),
                                   stamp.host,
                                   stamp.pid,
                                   stamp.version,
                                   row_of(report.state).word);
    if (report.error != nullptr) {
        line += fmt::format(" code={}", report.error->code);
    }
    if (const auto time = value_of(report, "time")) {
        line += fmt::format(" response_time_ms={}", number_text(std::round(*time * 1e6) / 1e3));
    }
    return line + '\n';
}

std::string log_line(const Report& report, const LogStamp& stamp, LogFormat format)
{
    constexpr std::size_t longest_name = 255;
    LogStamp clean = stamp;
    clean.host = replaced(shortened(one_line(stamp.host), longest_name), " ", "_");
    return format == LogFormat::json ? json_log_line(report, clean) : text_log_line(report, clean);
}

} // namespace dbup
