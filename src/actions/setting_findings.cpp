// SPDX-License-Identifier: MIT
#include "actions/findings.hpp"
#include "config/password_strength.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dbup {

namespace {

struct ModeRow {
    SslMode mode = SslMode::require;
    std::string_view word = {};
    Grade grade = Grade::weak;
    std::string_view protects = {};
};

constexpr std::array modes{
    ModeRow{SslMode::disable,
            "disable",
            Grade::weak,
            "nothing is encrypted; who stands in between can read and change everything"},
    ModeRow{SslMode::allow,
            "allow",
            Grade::weak,
            "encrypts only where the server insists; who stands in between can switch it off"},
    ModeRow{SslMode::prefer,
            "prefer",
            Grade::weak,
            "encrypts only where the server offers it; who stands in between can switch it off"},
    ModeRow{SslMode::require,
            "require",
            Grade::weak,
            "encrypts, but proves nothing; who stands in between can play the server"},
    ModeRow{SslMode::verify_ca,
            "verify-ca",
            Grade::weak,
            "encrypts and proves that a trusted authority knows the server, but not that it is "
            "the host that was asked for"},
    ModeRow{SslMode::verify_full,
            "verify-full",
            Grade::fine,
            "encrypts and proves that it is the host that was asked for; who stands in between "
            "can neither read nor change nor play the server"},
};

const ModeRow& row_of(SslMode mode)
{
    return modes.at(static_cast<std::size_t>(mode));
}

bool all_sockets(const Config& config)
{
    return std::all_of(config.endpoints.begin(), config.endpoints.end(), [](const auto& endpoint) {
        return endpoint.is_socket();
    });
}

Finding tls_mode(const Config& config)
{
    if (all_sockets(config)) {
        return {Grade::fine, "TLS: not on a Unix socket, which does not leave this host"};
    }
    const bool bound = config.ssl_mode >= SslMode::require &&
                       config.ssl_mode < SslMode::verify_full &&
                       config.channel_binding == ChannelBinding::require;
    if (bound) {
        return {Grade::fine,
                phrase("TLS mode {} with channel-binding require: encrypts, and the server must "
                       "prove that it knows the password's hash",
                       {Words::own(row_of(config.ssl_mode).word)})};
    }
    // libpq verifies with the authorities it is given, whatever the mode.
    const bool has_authorities = !config.ssl_root_cert.empty();
    const bool as_verify_ca = config.ssl_mode == SslMode::require && has_authorities;
    const auto& row = row_of(as_verify_ca ? SslMode::verify_ca : config.ssl_mode);
    Finding finding{
        row.grade,
        Words::own(fmt::format("TLS mode {}{}: {}",
                               row_of(config.ssl_mode).word,
                               as_verify_ca ? " (with ssl-root-cert as good as verify-ca)" : "",
                               row.protects))};
    if (row.grade == Grade::weak) {
        finding.mend = "--ssl-mode verify-full";
        finding.mend += has_authorities
                            ? Words{}
                            : Words{" --ssl-root-cert FILE, with the certificate of the authority "
                                    "that signed the server's"};
    }
    return finding;
}

std::vector<Finding> authorities(const Config& config, const LocalFacts& facts)
{
    constexpr std::uintmax_t large = 65'536; // bytes; a bundle of the system has two to three times
    const bool is_bundle =
        config.ssl_root_cert == "system" || (facts.root_cert && facts.root_cert->size >= large);
    if (!is_bundle || config.ssl_mode == SslMode::disable || all_sockets(config)) {
        return {};
    }
    return {
        {Grade::weak,
         phrase("ssl-root-cert {} is a bundle of many authorities: each of them can vouch for a "
                "server, and reading them takes more time than all the rest",
                {config.ssl_root_cert}),
         "--ssl-root-cert FILE, with nothing in it but the certificate of your own authority"}};
}

/// Where the password comes from.
Finding password_source(const Config& config)
{
    constexpr std::string_view place = "put it into a file of mode 0600 and name that with "
                                       "--password-file or DB_PASSWORD_FILE";
    const auto& origin = config.password_origin;
    if (origin.starts_with("--uri")) {
        return {Grade::weak,
                "password: on the command line (--uri), where every user can see it until it is "
                "overwritten",
                Words::own(place)};
    }
    if (origin.starts_with("environment ")) {
        return {Grade::weak,
                phrase("password: in the {}, which other programs inherit, and which cron and "
                       "service managers show",
                       {Words::own(origin)}), // the variable's name
                Words::own(place)};
    }
    if (!origin.empty()) {
        return {Grade::fine, phrase("password: from {}", {origin})};
    }
    if (!config.passfile.empty()) {
        return {Grade::told,
                phrase("password: if the server wants one, from {}, if that has a line for it",
                       {config.passfile})};
    }
    Words text{"password: none was found"};
    for (const auto& looked_at : config.password_search) {
        text += phrase("; {}", {looked_at});
    }
    return {Grade::told, text};
}

/// The rule that PostgreSQL has for private keys: the user's and closed to all others, or root's
/// and at most readable for a group.
std::vector<Finding> password_file(const Config& config, const LocalFacts& facts)
{
    if (!facts.password_file || !facts.password_file->plain) {
        return {};
    }
    const auto& file = *facts.password_file;
    constexpr unsigned for_others = 077;
    constexpr unsigned beyond_group_reading = 037;
    const bool open = (file.mode & (file.of_root ? beyond_group_reading : for_others)) != 0;
    const bool strange = !file.own && !file.of_root;
    if (!open && !strange) {
        return {};
    }
    return {
        {Grade::weak,
         phrase("password file {} (mode {}, of {}): others can read or replace it",
                {config.password_file, Words::own(fmt::format("{:04o}", file.mode)), file.owner}),
         phrase(strange ? "chown to the user who runs this ('{}'), chmod 0600 '{}'"
                        : "{}chmod 0600 '{}'",
                {strange ? Words{config.password_file} : Words{}, config.password_file})}};
}

} // namespace

std::vector<Finding> setting_findings(const Config& config, const LocalFacts& facts)
{
    std::vector<Finding> findings{tls_mode(config)};
    append(findings, authorities(config, facts));
    if (config.allow_cleartext_password) {
        findings.push_back({Grade::weak,
                            "allow-cleartext-password: a server that asks gets the password as it "
                            "is, also one that only plays the server",
                            "let pg_hba.conf ask for scram-sha-256, and leave the option out"});
    }
    findings.push_back(password_source(config));
    append(findings, password_file(config, facts));
    for (const auto& note : config.notes) {
        if (!note.starts_with("--uri:")) { // said above
            findings.push_back({Grade::told, note});
        }
    }
    return findings;
}

std::vector<Finding> password_findings(const Config& config, const Secret& password)
{
    if (password.empty()) {
        return {};
    }
    const Words mend{"take a random one (openssl rand -base64 24) and set it with \\password in "
                     "psql, which sends its hash only"};
    switch (password_fault(config, password)) {
    case PasswordFault::well_known:
        return {{Grade::weak,
                 "password: one of those that are tried first, such as common words and the names "
                 "of user, database and host",
                 mend}};
    case PasswordFault::too_short:
        return {{Grade::weak,
                 phrase("password: shorter than {} characters, so that it can be guessed",
                        {Words::own(std::to_string(enough_characters))}),
                 mend}};
    case PasswordFault::none: break;
    }
    return {{Grade::fine, "password: neither short nor one of those that are tried first"}};
}

} // namespace dbup
