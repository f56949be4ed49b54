// SPDX-License-Identifier: MIT
// libldap brings GnuTLS into every process that has the system's libpq, and GnuTLS makes itself
// ready as it is loaded: a fiftieth of a whole check. A program may say that it need not (the macro
// GNUTLS_SKIP_GLOBAL_INIT of <gnutls/gnutls.h>, whose package is not needed for this one line).
// libldap calls gnutls_global_init() itself before it uses it; so must whatever else may come into
// the process (a module of the name service), as it had to before GnuTLS 3.3.
extern "C" {

// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming): GnuTLS's name
[[gnu::visibility("default")]] int _gnutls_global_init_skip();

// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming)
int _gnutls_global_init_skip()
{
    return 1;
}
}
