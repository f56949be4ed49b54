// SPDX-License-Identifier: MIT
// The configuration of the TLS library, with one addition. PostgreSQL up to 17 knows the group
// P-256 only (ssl_ecdh_curve), OpenSSL up to 3.4 begins with a key for X25519: the server has to
// ask again, which costs every log-in a round trip. So P-256 goes first here; the others remain,
// and where the administrator has named groups nothing is changed.
#include "core/failure.hpp"
#include "pg/certificate.hpp"
#include "pg/tls.hpp"

#include <fmt/format.h>

#include <openssl/bio.h>
#include <openssl/conf.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <strings.h>

#include <array>
#include <cstdio>
#include <cstring>

namespace dbup {

namespace {

using Configuration = std::unique_ptr<CONF, FreeWith<&NCONF_free>>;
using Memory = std::unique_ptr<BIO, FreeWith<&BIO_free_all>>;

constexpr unsigned long knows_better =
    0x30500000; // 3.5 sends keys of two groups, one of them newer
constexpr unsigned long as_openssl_does =
    CONF_MFLAGS_DEFAULT_SECTION | CONF_MFLAGS_IGNORE_MISSING_FILE | CONF_MFLAGS_IGNORE_RETURN_CODES;

Configuration read_file()
{
    constexpr std::size_t whole = 16'384; // of Debian's file 12 KB are comments and examples
    const std::unique_ptr<char, decltype([](char* name) { OPENSSL_free(name); })> name{
        CONF_get1_default_config_file()};
    std::FILE* const file = name && *name != '\0' ? std::fopen(name.get(), "rbe") : nullptr;
    if (file == nullptr) {
        return nullptr;
    }
    const auto buffer = std::make_unique<std::array<char, whole>>(); // outlives the file
    static_cast<void>(std::setvbuf(file, buffer->data(), _IOFBF, buffer->size()));
    const Memory source{BIO_new_fp(file, BIO_CLOSE)};
    Configuration read{NCONF_new(nullptr)};
    const bool fine = source && read && NCONF_load_bio(read.get(), source.get(), nullptr) > 0;
    return fine ? std::move(read) : nullptr;
}

using Settings = const STACK_OF(CONF_VALUE);

/// The entries of the section that `name` in `settings` points to. Not NCONF_get_string(): it would
/// also look among the lines before the first section.
Settings* section_of(CONF* all, Settings* settings, const char* name)
{
    const int count = settings == nullptr ? 0 : sk_CONF_VALUE_num(settings);
    for (int i = 0; i < count; ++i) {
        const CONF_VALUE* const setting = sk_CONF_VALUE_value(settings, i);
        if (std::strcmp(setting->name, name) == 0) {
            return NCONF_get_section(all, setting->value);
        }
    }
    return nullptr;
}

/// The settings of every TLS session; none where there are none.
Settings* settings_of_all(CONF* all)
{
    if (all == nullptr) {
        return nullptr;
    }
    Settings* const modules = section_of(all, NCONF_get_section(all, "default"), "openssl_conf");
    return section_of(all, section_of(all, modules, "ssl_conf"), "system_default");
}

std::string quoted(const char* value)
{
    std::string text = "\"";
    for (; *value != '\0'; ++value) {
        if (*value == '"' || *value == '\\') {
            text += '\\';
        }
        text += *value;
    }
    return text + '"';
}

/// The configuration that puts P-256 first and says again what the administrator's says; empty
/// where that names groups.
std::string addition_to(CONF* all)
{
    std::string text = "openssl_conf = m\n[m]\nssl_conf = t\n[t]\nsystem_default = s\n[s]\n";
    Settings* const settings = settings_of_all(all);
    const int count = settings == nullptr ? 0 : sk_CONF_VALUE_num(settings);
    for (int i = 0; i < count; ++i) {
        const CONF_VALUE* const setting = sk_CONF_VALUE_value(settings, i);
        const char* const point = std::strchr(setting->name, '.'); // "1.Options": a way to repeat
        const char* const name = point == nullptr ? setting->name : point + 1;
        if (strcasecmp(name, "Groups") == 0 || strcasecmp(name, "Curves") == 0) {
            return {};
        }
        text += fmt::format("{} = {}\n", setting->name, quoted(setting->value));
    }
    return text + "Groups = P-256:X25519:X448:P-521:P-384:"
                  "ffdhe2048:ffdhe3072:ffdhe4096:ffdhe6144:ffdhe8192\n";
}

bool complains(CONF* all)
{
    long number = 0;
    return NCONF_get_number_e(all, nullptr, "config_diagnostics", &number) == 1 && number != 0;
}

void load(const std::string& text)
{
    const Memory source{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
    const Configuration added{NCONF_new(nullptr)};
    if (source && added && NCONF_load_bio(added.get(), source.get(), nullptr) > 0) {
        CONF_modules_load(added.get(), nullptr, 0);
    }
}

} // namespace

void load_tls_library()
{
    Overheard::begin();
    if (OpenSSL_version_num() >= knows_better) {
        OPENSSL_init_ssl(OPENSSL_INIT_LOAD_CONFIG, nullptr);
        return;
    }
    OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr); // we do, as it would
    const Configuration file = read_file();
    if (file && CONF_modules_load(file.get(), nullptr, as_openssl_does) <= 0 &&
        complains(file.get())) {
        throw Failure{ErrorClass::local, "OpenSSL refuses its configuration (openssl.cnf)"};
    }
    const auto addition = addition_to(file.get());
    if (!addition.empty()) {
        load(addition);
    }
    ERR_clear_error();
}

} // namespace dbup
