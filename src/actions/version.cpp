// SPDX-License-Identifier: MIT
#include "actions/action.hpp"
#include "config/yaml.hpp"

#include <fmt/format.h>

namespace dbup {

namespace {

/// What a build has inside, and what it cannot do for that.
constexpr std::string_view words_of_build(std::string_view build)
{
    if (build == "lean") {
        return "lean: libpq is inside; no Kerberos (GSSAPI), no services from LDAP";
    }
    if (build == "static") {
        return "static: libpq and OpenSSL are inside; no Kerberos (GSSAPI), no services from LDAP, "
               "OpenSSL is renewed with db-up only";
    }
    return "default: libpq and OpenSSL are the system's";
}

} // namespace

std::string_view program_version()
{
    return DBUP_VERSION;
}

std::string version_lines(const Inputs& inputs)
{
    const int libpq = libpq_version();
    return fmt::format("db-up {}\ncommit {}\nlibpq {}.{}\n{}\n{}\ncompiler {}\nbuild {}\n",
                       program_version(),
                       inputs.commit,
                       libpq / 10'000,
                       libpq % 10'000,
                       openssl_version(),
                       yaml_version(),
                       DBUP_COMPILER,
                       words_of_build(inputs.build));
}

Product perform_version(const Config& /*config*/, const Surroundings& around)
{
    return Printed{version_lines(around.inputs)};
}

} // namespace dbup
