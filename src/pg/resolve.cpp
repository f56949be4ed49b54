// SPDX-License-Identifier: MIT
#include "pg/resolve.hpp"

#include "core/failure.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

namespace dbup {

namespace {

struct FreeAddresses {
    void operator()(addrinfo* list) const noexcept { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

Failure resolver_failure(int code, int system_error)
{
    const std::string text = gai_strerror(code);
    const bool shortage =
        system_error == EMFILE || system_error == ENFILE || system_error == ENOMEM;
    const bool ours = code == EAI_MEMORY || (code == EAI_SYSTEM && shortage);
    return Failure{ours ? ErrorClass::local : ErrorClass::dns, text};
}

Addresses look_up(const Endpoint& endpoint)
{
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    const std::string& name = endpoint.hostaddr.empty() ? endpoint.host : endpoint.hostaddr;
    if (!endpoint.hostaddr.empty()) {
        hints.ai_flags |= AI_NUMERICHOST;
    }
    addrinfo* list = nullptr;
    const int code = getaddrinfo(name.c_str(), endpoint.port.c_str(), &hints, &list);
    const int system_error = errno;
    Addresses owner{list};
    if (code != 0) {
        throw resolver_failure(code, system_error);
    }
    return owner;
}

std::string numeric(const addrinfo& address)
{
    std::array<char, NI_MAXHOST> text{};
    const int code = getnameinfo(
        address.ai_addr, address.ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST);
    return code == 0 ? std::string{text.data()} : std::string{};
}

} // namespace

std::string Candidate::text() const
{
    const bool known = address.empty() || address == endpoint.host || !endpoint.hostaddr.empty();
    return known ? endpoint.text() : endpoint.text() + " (" + address + ')';
}

std::vector<Candidate> resolve_endpoint(const Endpoint& endpoint)
{
    if (endpoint.is_socket()) {
        return {{endpoint, {}}};
    }
    const auto addresses = look_up(endpoint);
    std::vector<Candidate> candidates;
    for (const addrinfo* entry = addresses.get(); entry != nullptr; entry = entry->ai_next) {
        auto address = numeric(*entry);
        const bool known =
            std::any_of(candidates.begin(), candidates.end(), [&](const Candidate& candidate) {
                return candidate.address == address;
            });
        if (!address.empty() && !known) {
            candidates.push_back({endpoint, std::move(address)});
        }
    }
    if (candidates.empty()) {
        throw Failure{ErrorClass::dns, "the name has no address"};
    }
    return candidates;
}

} // namespace dbup
