// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace dbup {

/// The one sanitizer: makes text from outside the program fit to be printed. Knows the secrets of
/// this run, and the host names where they are to be hidden.
class Scrubber {
public:
    Scrubber() = default;

    /// `text` never appears in what operator() returns, however the server wraps it: as it is,
    /// quoted or as in a URL. Empty: no effect.
    void add_secret(std::string_view text);

    /// Hide addresses, the names in certificates and, where `name` occurs, host names
    /// (--redact-hosts).
    void add_host(std::string_view name);

    /// One line of valid UTF-8 without control, bidirectional or `|` characters, without secrets,
    /// of at most `most_bytes` bytes.
    [[nodiscard]] std::string operator()(std::string_view foreign,
                                         std::size_t most_bytes = 300) const;

    /// The first half of operator(), for the foreign parts of a sentence: secrets and connection
    /// strings, and names in certificates where hosts are hidden, replaced; cut where it is far
    /// longer than any line.
    [[nodiscard]] std::string without_secrets_in(std::string_view foreign) const;

    /// The second half, for the whole sentence: one clean line, hosts hidden, cut to its length.
    [[nodiscard]] std::string clean(std::string_view text, std::size_t most_bytes) const;

    Scrubber(const Scrubber&) = default;
    Scrubber& operator=(const Scrubber&) = default;
    Scrubber(Scrubber&&) = default;
    Scrubber& operator=(Scrubber&&) = default;
    ~Scrubber(); ///< wipes the copies of the secrets

private:
    [[nodiscard]] std::string without_secrets(std::string_view text) const;

    std::vector<std::string> secrets_;
    std::vector<std::string> hosts_;
    bool hide_hosts_ = false;
};

} // namespace dbup
