// SPDX-License-Identifier: MIT
#pragma once

#include "config/terminal.hpp"

#include <termios.h>

#include <mutex>
#include <optional>

namespace dbup {

/// The terminal on standard input and output.
class SystemTerminal final : public Terminal {
public:
    /// \param stop_fd becomes readable when the process is asked to end
    explicit SystemTerminal(int stop_fd) : stop_fd_{stop_fd} {}
    SystemTerminal(const SystemTerminal&) = delete;
    SystemTerminal& operator=(const SystemTerminal&) = delete;
    ~SystemTerminal() override;

    [[nodiscard]] bool is_there() const override;
    void say(std::string_view text) override;
    std::string ask(std::string_view prompt) override;
    Secret ask_hidden(std::string_view prompt) override;

    /// Puts the terminal back as it was found, and leaves it so: for the thread that ends the
    /// process while another one may still wait for an answer. Harmless where nothing was changed.
    void restore_for_good();

private:
    void hide();
    void show();
    void put_back();
    [[nodiscard]] bool wait_for(int fd, short event) const;
    [[nodiscard]] std::string line();

    int stop_fd_;
    std::mutex mutex_ = {};
    std::optional<termios> before_ = {}; ///< the settings to go back to; none: nothing is changed
    bool over_ = false;
};

} // namespace dbup
