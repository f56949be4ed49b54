// SPDX-License-Identifier: MIT
#include "support/behaviours.hpp"

#include <memory>
#include <utility>

namespace dbup_test {

namespace {

using namespace std::string_literals;

/// A number in network order.
std::string number(unsigned value, unsigned bytes)
{
    std::string result;
    for (unsigned shift = bytes * 8; shift > 0; shift -= 8) {
        result += static_cast<char>(value >> (shift - 8) & 0xffU);
    }
    return result;
}

} // namespace

Behaviour silent()
{
    return [](Peer& peer, const std::string& /*honest*/) { return peer.until_gone(); };
}

Behaviour instead(std::string bytes)
{
    // shared by the copies: it may be long
    return [bytes = std::make_shared<const std::string>(std::move(bytes))](
               Peer& peer, const std::string& /*honest*/) {
        return peer.transmit(*bytes) && peer.until_gone();
    };
}

Behaviour changed(std::function<std::string(std::string honest)> edit)
{
    return [edit = std::move(edit)](Peer& peer, const std::string& honest) {
        return peer.transmit(edit(honest));
    };
}

Behaviour instead_and_on(std::string bytes)
{
    return changed([bytes = std::move(bytes)](const std::string& /*honest*/) { return bytes; });
}

Behaviour before(std::string bytes)
{
    return changed([bytes = std::move(bytes)](const std::string& honest) {
        return std::string{bytes}.append(honest);
    });
}

Behaviour behind(std::string bytes)
{
    return changed(
        [bytes = std::move(bytes)](std::string honest) { return std::move(honest.append(bytes)); });
}

Behaviour dripped(Millis between, std::string bytes)
{
    return [between, bytes = std::move(bytes)](Peer& peer, const std::string& honest) {
        for (const char byte : bytes.empty() ? honest : bytes) {
            if (!peer.transmit({&byte, 1}) || !peer.pause(between)) {
                return false;
            }
        }
        return peer.until_gone();
    };
}

Behaviour endless(const std::string& bytes)
{
    std::string many;
    while (many.size() < 16'384) { // a record of TLS, or half a dozen packets
        many += bytes;
    }
    return [many = std::move(many)](Peer& peer, const std::string& /*honest*/) {
        while (peer.transmit(many)) {
        }
        return false;
    };
}

Behaviour in_plain(std::string bytes)
{
    return [bytes = std::move(bytes)](Peer& peer, const std::string& /*honest*/) {
        peer.secure({});
        return peer.transmit(bytes) && peer.until_gone();
    };
}

Behaviour closed()
{
    return [](Peer& peer, const std::string& /*honest*/) {
        peer.close();
        return false;
    };
}

Behaviour reset()
{
    return [](Peer& peer, const std::string& /*honest*/) {
        peer.reset();
        return false;
    };
}

std::string ready_for_query(char status)
{
    return message('Z', {&status, 1});
}

std::string row_description(const std::vector<std::string>& columns)
{
    constexpr unsigned text_type = 25;
    std::string body = number(static_cast<unsigned>(columns.size()), 2);
    for (const auto& column : columns) {
        body.append(column).append(1, '\0');
        body += number(0, 4) + number(0, 2) + number(text_type, 4) + number(0xffff, 2);
        body += number(0xffff'ffff, 4) + number(0, 2);
    }
    return message('T', body);
}

std::string data_row(const std::vector<std::optional<std::string>>& values)
{
    std::string body = number(static_cast<unsigned>(values.size()), 2);
    for (const auto& value : values) {
        body += number(value ? static_cast<unsigned>(value->size()) : 0xffff'ffffU, 4);
        body += value.value_or("");
    }
    return message('D', body);
}

std::string error_message(std::string_view sqlstate, std::string_view text, char type)
{
    std::string body = type == 'N' ? "SNOTICE\0VNOTICE\0"s : "SFATAL\0VFATAL\0"s;
    if (!sqlstate.empty()) {
        body.append("C").append(sqlstate).append(1, '\0');
    }
    return message(type, body.append("M").append(text).append(2, '\0'));
}

std::string authentication(unsigned kind, std::string_view body)
{
    return message('R', number(kind, 4).append(body));
}

std::string header(char type, unsigned length)
{
    return std::string(1, type) + number(length, 4);
}

std::string parameter_status(const std::string& name, const std::string& value)
{
    return message('S', (name + '\0').append(value).append(1, '\0'));
}

} // namespace dbup_test
