// SPDX-License-Identifier: MIT
#include "process/system.hpp"

#include "config/options.hpp"
#include "core/failure.hpp"
#include "core/text.hpp"
#include "pg/connector.hpp"
#include "pg/conninfo.hpp"
#include "pg/wait.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <pwd.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>

namespace dbup {

namespace {

/// A descriptor that closes itself.
class Fd {
public:
    explicit Fd(int fd) : fd_{fd} {}
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd()
    {
        if (fd_ > STDERR_FILENO) {
            close(fd_);
        }
    }
    [[nodiscard]] int get() const { return fd_; }

private:
    int fd_;
};

std::string system_error()
{
    return std::generic_category().message(errno);
}

[[noreturn]] void cannot_read(const std::string& path, std::string_view why)
{
    throw Failure{ErrorClass::config, fmt::format("cannot read '{}': {}", path, why)};
}

/// Whether the value of a variable with this name is a secret, or may hold one.
bool is_secret(std::string_view name)
{
    for (const auto& row : option_table()) {
        const bool holds = std::holds_alternative<Secret Config::*>(row.slot) || row.name == "uri";
        const auto names = words_of(row.environment);
        if (holds && std::find(names.begin(), names.end(), name) != names.end()) {
            return true;
        }
    }
    return false;
}

} // namespace

Instant SystemClock::now() const
{
    return std::chrono::steady_clock::now();
}

double SystemClock::unix_time() const
{
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

void SystemClock::sleep(Millis duration)
{
    pause_for(duration, stop_fd_);
}

double SystemRandom::next()
{
    constexpr double range = 4'294'967'296.0;
    std::uint32_t bits = 0;
    if (getrandom(&bits, sizeof bits, GRND_NONBLOCK) != static_cast<ssize_t>(sizeof bits)) {
        bits = static_cast<std::uint32_t>(getpid()) *
               2'654'435'761U; // early boot: still differs between processes
    }
    return bits / range;
}

std::optional<std::string> SystemEnvironment::find(std::string_view name) const
{
    const char* const value =
        getenv(std::string{name}.c_str()); // NOLINT(concurrency-mt-unsafe): one reader
    return value == nullptr ? std::nullopt : std::optional<std::string>{value};
}

void forget_environment()
{
    std::vector<std::string> names;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view whole{*entry};
        const auto name = whole.substr(0, whole.find('='));
        if (is_secret(name) && name.size() < whole.size()) {
            explicit_bzero(*entry + name.size() + 1, whole.size() - name.size() - 1);
        }
        if (is_secret(name) || name.starts_with("PG")) {
            names.emplace_back(name);
        }
    }
    for (const auto& name : names) {
        // NOLINTNEXTLINE(concurrency-mt-unsafe): libpq runs in this thread, after this
        unsetenv(name.c_str());
    }
}

std::vector<ConninfoPart> SystemReader::uri(const std::string& uri) const
{
    return parse_uri(uri);
}

std::vector<ConninfoPart> SystemReader::service(const std::string& name,
                                                const std::string& file) const
{
    return parse_service(name, file);
}

std::string SystemReader::small_file(const std::string& path) const
{
    constexpr std::size_t most = 4'096;
    const Fd file{path == "-" ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)};
    struct stat facts {};
    if (file.get() < 0 || fstat(file.get(), &facts) != 0) {
        cannot_read(path, system_error());
    }
    if (S_ISDIR(facts.st_mode)) {
        cannot_read(path, "it is a folder");
    }
    std::string content;
    std::array<char, most + 1> buffer{};
    while (content.size() <= most) {
        const auto got = read(file.get(), buffer.data(), buffer.size() - content.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            cannot_read(path, system_error());
        }
        if (got == 0) {
            break;
        }
        content.append(buffer.data(), static_cast<std::size_t>(got));
    }
    explicit_bzero(buffer.data(), buffer.size());
    if (content.size() > most) {
        explicit_bzero(content.data(), content.size());
        cannot_read(path, fmt::format("it is larger than {} bytes", most));
    }
    return content;
}

bool SystemReader::exists(const std::string& path) const
{
    return access(path.c_str(), F_OK) == 0;
}

std::string SystemReader::file_objection(const std::string& path) const
{
    const Fd file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)};
    struct stat facts {};
    if (file.get() < 0 || fstat(file.get(), &facts) != 0) {
        return system_error();
    }
    return S_ISREG(facts.st_mode) ? std::string{} : "not a plain file";
}

bool SystemReader::knows_system_roots() const
{
    constexpr int libpq_16 = 160'000;
    return libpq_version() >= libpq_16;
}

std::string SystemReader::passfile_objection(const std::string& path) const
{
    struct stat facts {};
    if (stat(path.c_str(), &facts) != 0) {
        return system_error();
    }
    if (!S_ISREG(facts.st_mode)) {
        return "not a plain file";
    }
    if ((facts.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return fmt::format("group or others may read it, so it is ignored; chmod 0600 {}", path);
    }
    return access(path.c_str(), R_OK) == 0 ? std::string{} : system_error();
}

std::string SystemReader::home() const
{
    std::array<char, 4'096> buffer{};
    passwd entry{};
    passwd* found = nullptr;
    getpwuid_r(geteuid(), &entry, buffer.data(), buffer.size(), &found);
    return found == nullptr || found->pw_dir == nullptr ? std::string{}
                                                        : std::string{found->pw_dir};
}

} // namespace dbup
