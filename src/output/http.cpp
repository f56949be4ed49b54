// SPDX-License-Identifier: MIT
#include "output/format.hpp"

#include <fmt/format.h>

namespace dbup {

std::string render_http(const Report& report, const RenderOptions& options)
{
    const bool works = report.state == State::ok || report.state == State::warning;
    const auto body = render_json(report, options);
    return fmt::format("HTTP/1.0 {}\r\n"
                       "Content-Type: application/json\r\n"
                       "Content-Length: {}\r\n"
                       "Cache-Control: no-store\r\n"
                       "Connection: close\r\n"
                       "\r\n"
                       "{}",
                       works ? "200 OK" : "503 Service Unavailable",
                       body.size(),
                       body);
}

} // namespace dbup
