#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: hooks.sh PROGRAM. Libraries find the program's functions in front of others' (src/pg/*_hook.cpp): without
# them it would do the same, and only slower, which no other test would see.
# shellcheck source=tests/support/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/lib.sh"

program=$1
libraries=$(ldd "$program")
symbols=$(nm "$program")
bindings=$(LD_BIND_NOW=1 LD_DEBUG=bindings "$program" --version 2>&1 >/dev/null) || true # it exits with 3

loads() { grep -qF -- "$1" <<<"$libraries"; }
defines() { grep -qE -- " T $1\$" <<<"$symbols"; }
# LIBRARY finds FUNCTION in the program.
finds() { grep -qE -- "file [^ ]*/$1[^ ]* \[0\] to [^ ]*/db-up \[0\]: [^ ]* symbol .$2'" <<<"$bindings"; }

if loads libpq.so; then
    expect "libpq finds the program's HMAC_Init_ex" finds 'libpq[.]so' HMAC_Init_ex
else
    expect "the libpq inside is linked with the program's HMAC_Init_ex" defines '(__wrap_)?HMAC_Init_ex'
fi
if loads libgnutls.so; then
    expect "GnuTLS finds that it need not make itself ready" finds 'libgnutls[.]so' _gnutls_global_init_skip
fi
finish
