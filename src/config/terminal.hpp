// SPDX-License-Identifier: MIT
#pragma once

#include "config/secret.hpp"

#include <span>
#include <string>
#include <string_view>

namespace dbup {

/// The person in front of the program; tests hand in their own.
class Terminal {
public:
    Terminal() = default;
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;
    virtual ~Terminal() = default;

    /// Whether there is one to ask and to read the questions.
    [[nodiscard]] virtual bool is_there() const = 0;

    /// Shows `text` as it is: what is foreign in it must be fit to be printed.
    virtual void say(std::string_view text) = 0;

    /// The line that is typed after `prompt`, without its end.
    /// \throws Failure{interrupted} when the person leaves or the process is asked to end
    virtual std::string ask(std::string_view prompt) = 0;

    /// The same, not shown while it is typed.
    virtual Secret ask_hidden(std::string_view prompt) = 0;
};

/// A file that only its owner may read and write.
struct PrivateFile {
    std::string path = {};
    Secret text = {};
    bool replace = false; ///< another file of that name may be there
};

/// Writes files; tests hand in their own.
class FileWriter {
public:
    FileWriter() = default;
    FileWriter(const FileWriter&) = delete;
    FileWriter& operator=(const FileWriter&) = delete;
    virtual ~FileWriter() = default;

    /// Whether something of that name is there.
    [[nodiscard]] virtual bool exists(const std::string& path) const = 0;

    /// `path` from the root on.
    [[nodiscard]] virtual std::string absolute(const std::string& path) const = 0;

    /// Writes all of them with mode 0600, each of them whole or not at all; none, if one of them
    /// cannot be written to its folder.
    /// \throws Failure{local} that names the file and the reason
    virtual void write(std::span<const PrivateFile> files) = 0;
};

} // namespace dbup
