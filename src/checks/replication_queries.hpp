// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace dbup {

/// What the check `replication` asks a server, of PostgreSQL 12 to 18: all numbers in one
/// statement, and the names behind them in one for each kind, for when they are told.
class ReplicationQueries {
public:
    explicit ReplicationQueries(int server_version);

    /// Whether a slot says what has become of its log, and since when it is not used.
    [[nodiscard]] bool has_status() const;
    [[nodiscard]] bool has_age() const;

    /// A record of replication_numbers.
    [[nodiscard]] const std::string& numbers() const { return numbers_; }
    /// The worst ten clients: pid, name, client_addr, state, sync_state, logical, receives
    /// (but replays nothing), lag, bytes.
    [[nodiscard]] const std::string& clients() const { return clients_; }
    /// The worst ten slots: slot_name, slot_type, active, status, age, retained.
    [[nodiscard]] const std::string& slots() const { return slots_; }
    /// From where a standby receives: sender, sender_port. No value, where it does not.
    [[nodiscard]] static std::string_view sender();
    /// Those of the comma list $1 that are not connected: missing, names.
    [[nodiscard]] static std::string_view missing();
    /// Whether the log up to $1 is replayed by now: caught_up.
    [[nodiscard]] static std::string_view caught_up();

private:
    [[nodiscard]] std::string filled(std::string_view sql) const;

    int server_version_;
    std::string numbers_;
    std::string clients_;
    std::string slots_;
};

/// What ReplicationQueries::numbers() answers, in this order. Of nothing there is no greatest
/// value.
inline constexpr std::array<std::string_view, 28> replication_numbers{
    // what this server replays itself, if it is a standby
    "standby",
    "may_see",
    "received", ///< up to where; nothing, where it never received anything
    "bytes",    ///< received, but not replayed
    "age",      ///< of the last transaction that was replayed, in seconds
    "paused",
    "streams", ///< it is to receive from another server; nothing, where that may not be seen
    "status",  ///< of the receiver; nothing, where none is at work or it may not be seen
    "message_age",
    // who is fed by it
    "clients",
    "hidden", ///< of these, those of which the role may see nothing
    "standbys",
    "not_streaming",
    "sync_standbys", ///< nothing, where none is wanted
    "sync_wanted",   ///< how many a commit waits for; nothing: one
    "write_bytes",
    "flush_bytes",
    "replay_bytes",
    "write_lag",
    "flush_lag",
    "replay_lag",
    // its slots
    "slots",
    "inactive_slots",
    "retained",
    "inactive_retained",
    "inactive_age",
    "lost_slots",
    "unreserved_slots"};

} // namespace dbup
