// SPDX-License-Identifier: MIT
#pragma once

#include "config/terminal.hpp"
#include "core/duration.hpp"

#include <cstdint>
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

/// What is known of a file without reading it.
struct FileFacts {
    bool plain = false;     ///< no folder, no device, no FIFO
    unsigned mode = 0;      ///< its permissions: 0644
    std::string owner = {}; ///< name, or number where it has none
    bool own = false;       ///< it belongs to the user who runs this
    bool of_root = false;
    std::uintmax_t size = 0; ///< bytes
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

    /// The content of a configuration file; nothing if there is no such file.
    /// \throws Failure{config} if it cannot be read, is no plain file, is too large, or if somebody
    /// else than its owner (who must be the user that runs this, or root) could have written it.
    [[nodiscard]] virtual std::optional<std::string> config_file(const std::string& path) const = 0;

    /// The content of a small file; "-" is standard input.
    /// \throws Failure{config} saying why it cannot be read.
    [[nodiscard]] virtual std::string small_file(const std::string& path) const = 0;

    /// Whether there is a file of that name.
    [[nodiscard]] virtual bool exists(const std::string& path) const = 0;

    /// Why `path` cannot be read; empty if it can.
    [[nodiscard]] virtual std::string file_objection(const std::string& path) const = 0;

    /// Why libpq could take no certificates from `path`; empty if there is one at least.
    [[nodiscard]] virtual std::string certificates_objection(const std::string& path) const = 0;

    /// Why libpq would not use `path` as the key of a certificate, by the file's owner and mode;
    /// empty if it would.
    [[nodiscard]] virtual std::string key_objection(const std::string& path) const = 0;

    /// Whether the libpq that is loaded knows sslrootcert=system.
    [[nodiscard]] virtual bool knows_system_roots() const = 0;

    /// Why libpq would not use `path` as its password file; empty if it would.
    [[nodiscard]] virtual std::string passfile_objection(const std::string& path) const = 0;

    /// What is known of the file; nothing if there is none of that name, or no way to it.
    [[nodiscard]] virtual std::optional<FileFacts> facts_of(const std::string& path) const = 0;

    /// The user who runs this: "nagios (uid 110)".
    [[nodiscard]] virtual std::string user() const = 0;

    /// The home folder by the user database; empty if there is none.
    [[nodiscard]] virtual std::string home() const = 0;
};

/// All that a Config is made of.
struct Inputs {
    std::span<char* const> arguments =
        {}; ///< argv without the program's name; secrets in it are overwritten
    const Environment* environment = nullptr;
    const Reader* reader = nullptr;
    /// Told the total time limit if it ends before what was known, the default at first: before
    /// files are read, which may block; and again, if the configuration file says another.
    std::function<void(Millis)> on_timeout = {};
    /// Told which file is read next, for who has to speak while that blocks; empty: none any more.
    std::function<void(std::string)> on_file = {};
    /// Called when everything was read, before anything else happens: the place to wipe it.
    std::function<void()> on_loaded = {};
    /// How this program can be started again, for definitions.
    std::function<std::string()> program = [] { return std::string{"db-up"}; };
    std::string_view commit = "unknown"; ///< of the sources of this program
    std::string_view build = "default";  ///< what is inside this program: default, lean, static
    Terminal* terminal = nullptr;        ///< for --setup
    FileWriter* writer = nullptr;        ///< for --setup
};

} // namespace dbup
