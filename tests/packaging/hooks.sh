#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: hooks.sh PROGRAM. Libraries find the program's functions in front of others' (src/pg/*_hook.cpp): without
# them it would do the same, and only slower, which no other test would see.
# shellcheck disable=SC2153  # PORT, DATABASE and others come from the server's env file
# shellcheck source=tests/support/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/lib.sh"

program=$1
libraries=$(ldd "$program")

loads() { grep -qF -- "$1" <<<"$libraries"; }
names() { nm "$program" | grep -E " T $1\$"; }

# How often a log-in takes up a key that is there, where OpenSSL is not inside. The server is one of this shell's, which
# stops it at its end.
keys_taken_up() {
    COUNTED_KEYS=$scratch/keys LD_PRELOAD=$scratch/counted_keys.so "$program" -H 127.0.0.1 -p "$PORT" -d "$DATABASE" \
        -U "$USER" --ssl-mode require --password-file "$PASSWORD_FILE" >"$scratch/answer"
    wc -c <"$scratch/keys"
}

gnutls_asks_program() {
    local bindings
    bindings=$(LD_BIND_NOW=1 LD_DEBUG=bindings "$program" --version 2>&1 >/dev/null) || true # it exits with 3
    grep -F -- " to $program [0]: normal symbol \`_gnutls_global_init_skip'" <<<"$bindings"
}

if loads libcrypto.so; then
    c++ -std=c++20 -O2 -Wall -Wextra -shared -fPIC "$root/tests/support/counted_keys.cpp" -o "$scratch/counted_keys.so"
    start_server >/dev/null
    expect "of the 4096 HMACs of a log-in one makes the key ready" same 4095 "$(keys_taken_up)"
else # the linker leaves out what nobody calls
    expect "libpq calls the program's HMAC_Init_ex" names __wrap_HMAC_Init_ex
fi
if loads libgnutls.so; then
    expect "GnuTLS finds that it need not make itself ready" gnutls_asks_program
fi
finish
