// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <string_view>

namespace dbup {

/// Where a run stands. The order is that of the run: a failure at a later stage came further.
enum class Stage { setup, resolve, tcp, tls, auth, harden, query, close };

struct StageRow {
    Stage stage = Stage::setup;
    std::string_view name = {};
    std::string_view waiting_for = {}; ///< completes "waiting for …"
};

inline constexpr std::array stage_table{
    StageRow{Stage::setup, "setup", "a local file"},
    StageRow{Stage::resolve, "resolve", "name resolution"},
    StageRow{Stage::tcp, "tcp", "the TCP connection"},
    StageRow{Stage::tls, "tls", "the TLS handshake"},
    StageRow{Stage::auth, "auth", "authentication and session start"},
    StageRow{Stage::harden, "harden", "the start of the read-only transaction"},
    StageRow{Stage::query, "query", "the answer to the check's query"},
    StageRow{Stage::close, "close", "the end of the session"},
};

constexpr const StageRow& row_of(Stage stage)
{
    return stage_table.at(static_cast<std::size_t>(stage));
}

} // namespace dbup
