// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>

namespace dbup_test {

/// A file descriptor that is closed by its owner's end. Made close-on-exec by all makers here.
class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int number) : number_{number} {}
    Descriptor(Descriptor&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
    Descriptor& operator=(Descriptor&& other) noexcept;
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor();

    [[nodiscard]] int number() const { return number_; }
    [[nodiscard]] bool open() const { return number_ >= 0; }
    void close();

private:
    int number_ = -1;
};

struct Pipe {
    Descriptor read = {};
    Descriptor write = {};
};

Pipe make_pipe();
void set_nonblocking(int descriptor, bool nonblocking);

/// Throws std::system_error with errno when `result` is negative; returns it otherwise.
int checked(int result, const std::string& what);

} // namespace dbup_test
