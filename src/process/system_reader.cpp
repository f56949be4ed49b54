// SPDX-License-Identifier: MIT
#include "process/system_reader.hpp"

#include "core/failure.hpp"
#include "pg/connector.hpp"
#include "pg/conninfo.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
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

/// Why a file of settings or keys is not taken; empty if it may be. Without a limit a reader that
/// keeps lines in memory could be led through all of it.
std::string objection_to(const struct stat& facts)
{
    constexpr off_t most_bytes =
        off_t{8} * 1'048'576; // forty times the certificates of all authorities
    if (!S_ISREG(facts.st_mode)) {
        return "not a plain file";
    }
    return facts.st_size > most_bytes ? "larger than 8 MB" : "";
}

[[noreturn]] void cannot_read(const std::string& path, std::string_view why)
{
    throw Failure{ErrorClass::config, fmt::format("cannot read '{}': {}", path, why)};
}

/// Gives `take` all that can be read, piece by piece, until it wants no more.
/// \returns the error number of a read that failed; 0 otherwise
template <class Take>
int read_to_end(int fd, const Take& take)
{
    std::array<char, 4'096> buffer{};
    int error = 0;
    for (bool more = true; more;) {
        const auto got = read(fd, buffer.data(), buffer.size());
        if (got > 0) {
            more = take(std::string_view{buffer.data(), static_cast<std::size_t>(got)});
        } else if (got == 0 || errno != EINTR) {
            error = got == 0 ? 0 : errno;
            more = false;
        }
    }
    explicit_bzero(buffer.data(), buffer.size()); // a password may have come through it
    return error;
}

/// All that can be read, which must not be more than `most` bytes.
std::string content_of(int fd, const std::string& path, std::size_t most)
{
    std::string content;
    const int error = read_to_end(fd, [&](std::string_view piece) {
        content += piece;
        return content.size() <= most;
    });
    if (content.size() > most) {
        explicit_bzero(content.data(), content.size());
        cannot_read(path, fmt::format("it is larger than {} bytes", most));
    }
    if (error != 0) {
        explicit_bzero(content.data(), content.size());
        cannot_read(path, std::generic_category().message(error));
    }
    return content;
}

/// Whether there is a certificate of one of the kinds that OpenSSL takes.
bool holds_certificate(int fd)
{
    constexpr std::array<std::string_view, 3> heads{"-----BEGIN CERTIFICATE-----",
                                                    "-----BEGIN TRUSTED CERTIFICATE-----",
                                                    "-----BEGIN X509 CERTIFICATE-----"};
    constexpr std::size_t longest = heads[1].size();
    std::string text;
    bool found = false;
    static_cast<void>(read_to_end(fd, [&](std::string_view piece) {
        text += piece;
        found = std::any_of(heads.begin(), heads.end(), [&text](std::string_view head) {
            return text.find(head) != std::string::npos;
        });
        text.erase(0, text.size() - std::min(text.size(), longest)); // a head may be cut in two
        return !found;
    }));
    return found;
}

/// Why settings from this file are not believed; empty if they are. The rule is PostgreSQL's for
/// private keys: who can write the file could send the password elsewhere.
std::string trust_objection(const struct stat& facts, const std::string& path)
{
    const auto mode = facts.st_mode & 07777U;
    const auto user = geteuid();
    if (facts.st_uid != user && facts.st_uid != 0) {
        return fmt::format("'{0}' belongs to user {1}; it must belong to the user that runs db-up "
                           "or to root: chown {2} '{0}' && chmod 0600 '{0}'",
                           path,
                           facts.st_uid,
                           user);
    }
    const bool own = facts.st_uid == user && (mode & (S_IRWXG | S_IRWXO)) == 0;
    const bool of_root = facts.st_uid == 0 && (mode & (S_IWGRP | S_IXGRP | S_IRWXO)) == 0;
    return own || of_root ? std::string{}
                          : fmt::format("'{0}' is open to others (mode {1:04o}): chmod {2} '{0}'",
                                        path,
                                        mode,
                                        facts.st_uid == 0 ? "0640" : "0600");
}

struct Account {
    std::string name = {}; ///< the number where there is none
    std::string home = {};
};

/// The user database's entry.
Account account_of(uid_t uid)
{
    std::array<char, 4'096> buffer{};
    passwd entry{};
    passwd* found = nullptr;
    const int error = getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
    if (error != 0 || found == nullptr) {
        return {.name = std::to_string(uid)};
    }
    return {.name = found->pw_name, .home = found->pw_dir == nullptr ? "" : found->pw_dir};
}

} // namespace

std::vector<ConninfoPart> SystemReader::uri(const std::string& uri) const
{
    return parse_uri(uri);
}

std::vector<ConninfoPart> SystemReader::service(const std::string& name,
                                                const std::string& file) const
{
    struct stat facts {};
    if (!file.empty() && stat(file.c_str(), &facts) == 0) {
        if (const auto objection = objection_to(facts); !objection.empty()) {
            throw config_error(
                fmt::format("service '{}': cannot read '{}': {}", name, file, objection));
        }
    }
    return parse_service(name, file);
}

std::optional<std::string> SystemReader::config_file(const std::string& path) const
{
    constexpr std::size_t most = 65'536;
    // A FIFO would block the opening, and a device do what it likes: looked at before it is read.
    const Fd file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)};
    if (file.get() < 0 && (errno == ENOENT || errno == ENOTDIR)) {
        return std::nullopt;
    }
    struct stat facts {};
    if (file.get() < 0 || fstat(file.get(), &facts) != 0) {
        cannot_read(path, system_error());
    }
    if (!S_ISREG(facts.st_mode)) {
        cannot_read(path, S_ISDIR(facts.st_mode) ? "it is a folder" : "it is not a plain file");
    }
    const auto objection = trust_objection(facts, path);
    if (!objection.empty()) {
        throw Failure{ErrorClass::config, objection};
    }
    return content_of(file.get(), path, most);
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
    return content_of(file.get(), path, most);
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
    return objection_to(facts);
}

std::string SystemReader::certificates_objection(const std::string& path) const
{
    const Fd file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)};
    struct stat facts {};
    if (file.get() < 0 || fstat(file.get(), &facts) != 0) {
        return system_error();
    }
    auto objection = objection_to(facts);
    if (objection.empty() && !holds_certificate(file.get())) {
        objection = "there is no certificate in it (-----BEGIN CERTIFICATE-----)";
    }
    return objection;
}

std::string SystemReader::key_objection(const std::string& path) const
{
    auto objection = file_objection(path);
    struct stat facts {};
    if (!objection.empty() || stat(path.c_str(), &facts) != 0) {
        return objection;
    }
    const bool of_root = facts.st_uid == 0; // and readable for a group of those who may use it
    const auto forbidden = of_root ? S_IWGRP | S_IXGRP | S_IRWXO : S_IRWXG | S_IRWXO;
    if ((facts.st_mode & static_cast<mode_t>(forbidden)) != 0) {
        return fmt::format("it is open to others (mode {:04o}), so libpq refuses it: chmod {} '{}'",
                           facts.st_mode & 07777U,
                           of_root && geteuid() != 0 ? "0640" : "0600",
                           path);
    }
    return {};
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
    if (auto objection = objection_to(facts); !objection.empty()) {
        return objection;
    }
    if ((facts.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return fmt::format("open to others (mode {:04o}), so it is ignored: chmod 0600 {}",
                           facts.st_mode & 07777U,
                           path);
    }
    return access(path.c_str(), R_OK) == 0 ? std::string{} : system_error();
}

std::optional<FileFacts> SystemReader::facts_of(const std::string& path) const
{
    struct stat facts {};
    if (stat(path.c_str(), &facts) != 0) {
        return std::nullopt;
    }
    constexpr unsigned permissions = 07777;
    return FileFacts{.plain = S_ISREG(facts.st_mode),
                     .mode = facts.st_mode & permissions,
                     .owner = account_of(facts.st_uid).name,
                     .own = facts.st_uid == geteuid(),
                     .of_root = facts.st_uid == 0,
                     .size = static_cast<std::uintmax_t>(facts.st_size)};
}

std::string SystemReader::user() const
{
    return fmt::format("{} (uid {})", account_of(geteuid()).name, geteuid());
}

std::string SystemReader::home() const
{
    auto home = account_of(geteuid()).home;
    // libpq would ask the user database once more. It runs in this thread, after this.
    setenv("HOME", home.c_str(), 1); // NOLINT(concurrency-mt-unsafe): nobody else reads it
    return home;
}

} // namespace dbup
