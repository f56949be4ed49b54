// SPDX-License-Identifier: MIT
// The guard of the password: however the bytes of a server arrive, the request for the password in
// clear text is seen before libpq gets it. Input: arrivals (a digit each: how much is there when it
// is looked), a line end, the stream.
#include "pg/cleartext_guard.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include "fuzz/fuzz.hpp"

namespace dbup_fuzz {

namespace {

using Bytes = std::span<const std::uint8_t>;

std::uint32_t number_at(Bytes stream, std::size_t at)
{
    std::uint32_t value = 0;
    for (std::size_t i = at; i < at + 4; ++i) {
        value = value * 256 + stream[i];
    }
    return value;
}

/// Where the message begins that asks for the password, read from the front; nothing where
/// authentication ends before, or the stream stops making sense to libpq (lengths).
/// \param any_length also where libpq would not believe its length: the guard may, if it sees it
/// whole
std::optional<std::size_t> request_in(Bytes stream, bool any_length)
{
    for (std::size_t at = 0; at + 9 <= stream.size();) {
        const std::uint32_t length = number_at(stream, at + 1);
        const bool request = stream[at] == 'R';
        const std::uint32_t kind = number_at(stream, at + 5);
        const bool impossible = length < (request ? 8U : 4U) || length > 30'000;
        if (request && kind == 3 && (any_length || !impossible)) {
            return at;
        }
        if (impossible || (request && kind == 0)) {
            return std::nullopt;
        }
        at += std::size_t{length} + 1;
    }
    return std::nullopt;
}

} // namespace

void one_input(std::string_view input)
{
    const auto [arrivals, text] = cut(input);
    const std::vector<std::uint8_t> stream{text.begin(), text.end()};
    const auto request = request_in(stream, false);
    const auto possible_request = request_in(stream, true);

    constexpr std::size_t window = 8'192;
    dbup::AuthFrames frames;
    std::size_t consumed = 0;
    std::size_t there = 0;
    std::size_t step = 0;
    while (there < stream.size()) {
        const std::size_t more = step < arrivals.size()
                                     ? static_cast<unsigned char>(arrivals[step]) % 16
                                     : stream.size();
        ++step;
        there = std::min(stream.size(), there + std::max<std::size_t>(1, more));
        const auto seen = Bytes{stream}.subspan(consumed, std::min(window, there - consumed));
        const auto finding = frames.look(seen);
        if (finding == dbup::AuthFrames::Finding::cleartext) {
            demand(
                possible_request && consumed <= *possible_request + 8, "there is a request", text);
            return;
        }
        if (finding == dbup::AuthFrames::Finding::oversized) {
            return;
        }
        if (finding == dbup::AuthFrames::Finding::harmless) {
            consumed += seen.size();
            demand(!request || consumed <= *request, "the request is not let through", text);
        }
    }
}

} // namespace dbup_fuzz
