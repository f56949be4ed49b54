// SPDX-License-Identifier: MIT
#pragma once

#include "core/duration.hpp"

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dbup {

/// What the process was given, seen by the config room; tests hand in their own.
class Environment {
public:
    Environment() = default;
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;
    virtual ~Environment() = default;

    /// The value of a variable, if it is set.
    [[nodiscard]] virtual std::optional<std::string> find(std::string_view name) const = 0;
};

/// Keyword and value of a connection string.
struct ConninfoPart {
    std::string keyword = {};
    std::string value = {};
};

/// Reads files and connection strings for the config room (libpq and the file system live
/// elsewhere).
class Reader {
public:
    Reader() = default;
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    virtual ~Reader() = default;

    /// The parts that a connection URI gives, in libpq's order; only those that it names.
    /// \throws Failure{config} with a reason that holds no part of the URI.
    [[nodiscard]] virtual std::vector<ConninfoPart> uri(const std::string& uri) const = 0;

    /// The parts that section `name` of a service file gives; `file` empty: libpq's places.
    /// \throws Failure{config}
    [[nodiscard]] virtual std::vector<ConninfoPart> service(const std::string& name,
                                                            const std::string& file) const = 0;

    /// The content of a small file; "-" is standard input.
    /// \throws Failure{config} saying why it cannot be read.
    [[nodiscard]] virtual std::string small_file(const std::string& path) const = 0;

    /// Whether there is a file of that name.
    [[nodiscard]] virtual bool exists(const std::string& path) const = 0;

    /// Why `path` cannot be read; empty if it can.
    [[nodiscard]] virtual std::string file_objection(const std::string& path) const = 0;

    /// Whether the libpq that is loaded knows sslrootcert=system.
    [[nodiscard]] virtual bool knows_system_roots() const = 0;

    /// Why libpq would not use `path` as its password file; empty if it would.
    [[nodiscard]] virtual std::string passfile_objection(const std::string& path) const = 0;

    /// The home folder by the user database; empty if there is none.
    [[nodiscard]] virtual std::string home() const = 0;
};

/// All that a Config is made of.
struct Inputs {
    std::span<char* const> arguments =
        {}; ///< argv without the program's name; secrets in it are overwritten
    const Environment* environment = nullptr;
    const Reader* reader = nullptr;
    /// Told the total time limit as soon as it is known: before files are read, which may block.
    std::function<void(Millis)> on_timeout = {};
    /// Called when everything was read, before anything else happens: the place to wipe it.
    std::function<void()> on_loaded = {};
};

} // namespace dbup
