// SPDX-License-Identifier: MIT
// A person at a terminal, for programs that ask.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "support/descriptor.hpp"
#include "support/process.hpp"

namespace dbup_test {

/// A program with a terminal of its own: its input, output and control. Killed and reaped at the
/// end of its owner if nobody waited for it.
class TerminalSession {
public:
    /// argv, environment and folder of the command are used.
    explicit TerminalSession(Command command);
    TerminalSession(const TerminalSession&) = delete;
    TerminalSession(TerminalSession&&) = delete;
    TerminalSession& operator=(const TerminalSession&) = delete;
    TerminalSession& operator=(TerminalSession&&) = delete;
    ~TerminalSession();

    /// Reads until `text` was shown, after what the last call has found; throws after `seconds`
    /// with all that was shown.
    void expect(std::string_view text, double seconds = 10);

    /// Types text; "\n" is Enter, "\x03" Ctrl-C, "\x04" Ctrl-D.
    void type(std::string_view text) const;

    /// expect() and type() with Enter.
    void answer(std::string_view question, std::string_view text);

    /// Whether the terminal shows what is typed, now.
    [[nodiscard]] bool echoes() const;

    void send(int signal) const;

    /// Closes the terminal from outside, as a lost connection does.
    void hang_up() { master_.close(); }

    /// The exit code, after all that was shown is read; -1 when a signal ended it.
    int wait();

    /// Everything that was on the screen.
    [[nodiscard]] const std::string& shown() const { return shown_; }

private:
    /// Reads what is there; whether anything came before `end`.
    bool read_some(Instant end);

    Descriptor master_ = {};
    Descriptor slave_ = {}; ///< kept open: the settings stay to be looked at
    Descriptor process_ = {};
    pid_t pid_ = -1;
    std::string shown_ = {};
    std::size_t seen_ = 0;
};

} // namespace dbup_test
