#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Writes cmake/order.txt: the functions of the program that a check goes through. Run it when much has changed; a name
# that is gone does no harm, one that is missing costs a page of memory. Needs valgrind.
# shellcheck disable=SC2153  # PORT, DATABASE and others come from the server's env file
# shellcheck source=tests/support/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/lib.sh"

program=${1:-$root/build/release/db-up}
if [ ! -x "$program" ]; then
    printf 'usage: tests/bench/order.sh [PROGRAM]\n'
    exit 2
fi

# functions_of ARGUMENT...: those of the program itself, as the linker knows them.
functions_of() {
    env -i PATH=/usr/bin:/bin valgrind --quiet --tool=callgrind --demangle=no --compress-strings=no \
        --callgrind-out-file="$scratch/calls" "$program" "$@" >/dev/null 2>&1 || true
    awk -v program="$(readlink -f -- "$program")" '
        /^ob=/ { ours = (substr($0, 4) == program) }
        /^fn=/ && ours { name = substr($0, 4); sub(/\047[0-9]+$/, "", name); print name }' "$scratch/calls"
}

start_server >/dev/null
target=(-H 127.0.0.1 -p "$PORT" -d "$DATABASE" -U "$USER" --password-file "$PASSWORD_FILE" -t 60 --connect-timeout 50s)
{
    functions_of "${target[@]}" --ssl-mode require
    functions_of "${target[@]}" --ssl-mode verify-ca --ssl-root-cert "$CA_FILE" --check activity
    functions_of "${target[@]}" --ssl-mode require -d none --max-retries 0
} | grep -E '^[A-Za-z_][A-Za-z0-9_.$]*$' | LC_ALL=C sort -u >"$scratch/names"
if [ "$(wc -l <"$scratch/names")" -lt 200 ]; then
    printf 'valgrind sees few functions in %s\n' "$program"
    exit 1
fi
cp -- "$scratch/names" "$root/cmake/order.txt"
