// SPDX-License-Identifier: MIT
// A whole run with the real connector against a server that sends the fuzzer's bytes. Input: the
// way to connect (u: Unix-domain socket, d, p, r: TCP with sslmode disable, prefer, require;
// capital letters: with a query of the user's), a line end, and what the server sends; at "<wait>"
// it waits until the client has said something.
#include "pg/connector.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <ctime>
#include <mutex>
#include <thread>

#include "fuzz/fuzz.hpp"
#include "process/system.hpp"
#include "process/system_reader.hpp"
#include "unit/fakes.hpp"

namespace dbup_fuzz {

namespace {

constexpr std::string_view secret = "correct-horse-battery";
constexpr std::string_view pause_mark = "<wait>";

/// Listens at two addresses and serves every connection what it was told last.
class Server {
public:
    Server()
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        listen_at(tcp_, address, size);
        // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the socket interface
        getsockname(tcp_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = std::to_string(ntohs(address.sin_port));

        // libpq's name for a socket in the abstract namespace, which leaves no file behind
        folder_ = "@db-up-fuzz-" + std::to_string(getpid());
        const std::string name = folder_ + "/.s.PGSQL." + port_;
        sockaddr_un local{};
        local.sun_family = AF_UNIX;
        memcpy(&local.sun_path[1], name.data() + 1, name.size() - 1);
        listen_at(local_, local, offsetof(sockaddr_un, sun_path) + name.size());
        std::thread{[this] { serve_forever(); }}.detach(); // ends with the process
    }

    [[nodiscard]] const std::string& port() const { return port_; }
    [[nodiscard]] const std::string& folder() const { return folder_; }

    void tell(std::string_view bytes)
    {
        const std::lock_guard lock{mutex_};
        bytes_ = bytes;
    }

private:
    template <class Address>
    static void listen_at(int fd, const Address& address, std::size_t size)
    {
        // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the socket interface
        const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
        demand(bind(fd, generic, static_cast<socklen_t>(size)) == 0 && listen(fd, 16) == 0,
               "the server listens");
    }

    [[noreturn]] void serve_forever()
    {
        for (;;) {
            std::array<pollfd, 2> listeners{{{tcp_, POLLIN, 0}, {local_, POLLIN, 0}}};
            poll(listeners.data(), listeners.size(), -1);
            for (const auto& listener : listeners) {
                if (listener.revents != 0) {
                    const int client = accept4(listener.fd, nullptr, nullptr, SOCK_CLOEXEC);
                    serve(client);
                    close(client);
                }
            }
        }
    }

    void serve(int client)
    {
        // Resets at the end: no port is left waiting for packets that come late.
        const linger at_once{.l_onoff = 1, .l_linger = 0};
        setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        std::string bytes;
        {
            const std::lock_guard lock{mutex_};
            bytes = bytes_;
        }
        std::string heard;
        std::string_view rest = bytes;
        while (!rest.empty()) {
            const auto end = std::min(rest.find(pause_mark), rest.size());
            if (end > 0) {
                static_cast<void>(send(client, rest.data(), end, MSG_NOSIGNAL));
            }
            rest.remove_prefix(end);
            if (!rest.empty()) {
                constexpr int a_moment = 10; // milliseconds: the client may be waiting for us
                listen_to(client, heard, a_moment);
                rest.remove_prefix(pause_mark.size());
            }
        }
        shutdown(client, SHUT_WR);
        while (listen_to(client, heard, -1)) {
        }
        demand(count(heard, secret) == 0, "the password is not sent in clear text", heard);
    }

    /// Whether the client said something within `millis`.
    static bool listen_to(int client, std::string& heard, int millis)
    {
        std::array<char, 4'096> buffer{};
        pollfd socket{client, POLLIN, 0};
        if (poll(&socket, 1, millis) <= 0) {
            return false;
        }
        const auto size = recv(client, buffer.data(), buffer.size(), 0);
        heard.append(buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
        return size > 0;
    }

    int tcp_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int local_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    std::string port_;
    std::string folder_;
    std::mutex mutex_;
    std::string bytes_;
};

/// Seconds of computing that this process has used.
double computed()
{
    timespec used{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

/// Whether the run has a query of the user's.
bool asks_of_user(char way)
{
    return way >= 'A' && way <= 'Z';
}

dbup::Outcome run_against(const Server& server, char letter)
{
    const bool of_user = asks_of_user(letter);
    const char way = of_user ? static_cast<char>(letter - 'A' + 'a') : letter;
    std::vector<std::string> words{"--host",
                                   way == 'u' ? server.folder() : "127.0.0.1",
                                   "--port",
                                   server.port(),
                                   "--database",
                                   "mydb",
                                   "--user",
                                   "monitor",
                                   "--ssl-mode",
                                   way == 'r'   ? "require"
                                   : way == 'p' ? "prefer"
                                                : "disable",
                                   "--timeout",
                                   "100ms",
                                   "--max-retries",
                                   "0",
                                   "--statement-timeout",
                                   "1ms"};
    if (of_user) {
        words.insert(words.end(), {"--query", "SELECT 1 AS health_check", "--expect", "1"});
    }
    std::vector<char*> arguments;
    arguments.reserve(words.size());
    for (auto& word : words) {
        arguments.push_back(word.data());
    }
    dbup_test::FakeEnvironment environment;
    environment.variables = {{"DB_PASSWORD", std::string{secret}}, {"HOME", "/nonexistent"}};
    const dbup::SystemReader reader;
    dbup::SystemClock clock{-1};
    dbup_test::FakeRandom random;
    const auto connector = dbup::libpq_connector(clock, -1);
    dbup::Run run{{clock, random, *connector}};
    return run.execute({.arguments = arguments, .environment = &environment, .reader = &reader});
}

} // namespace

void one_input(std::string_view input)
{
    static Server server;
    const auto [way, bytes] = cut(input);
    if (way.size() != 1 || bytes.size() > 8'000) { // what the guard sees at once
        return;
    }
    server.tell(bytes);
    const auto begin = std::chrono::steady_clock::now();
    const double used = computed();
    const auto outcome = run_against(server, way.front());
    // The limit is 0.1 s; a machine that is busy may take longer to give us our turn.
    demand(computed() - used < 0.6, "ends in time, by its own computing", outcome.text);
    demand(std::chrono::steady_clock::now() - begin < std::chrono::seconds{5}, "ends in time");

    demand_readable(outcome);
    demand(count(outcome.text, secret) == 0, "no secret", outcome.text);
    // The columns of a user's query have any name.
    const bool named = asks_of_user(way.front()) || count(bytes, "health_check") > 0;
    const bool answered = named && count(bytes, "pg_catalog, pg_temp") > 0;
    demand(answered || outcome.exit_code > 1, "no OK without an answer", outcome.text);
    demand(outcome.exit_code != 3 || outcome.text.find('[') != std::string::npos,
           "a reason",
           outcome.text);
}

} // namespace dbup_fuzz
