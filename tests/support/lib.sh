# SPDX-License-Identifier: MIT
# What the tests written in shell share. Sourced, not run.
# shellcheck shell=bash disable=SC2034
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
base=${TMPDIR:-/tmp}
[ "$(id -u)" -ne 0 ] || base=/tmp # root's own may be closed to the server's user
scratch=$(mktemp -d -- "$base/db-up-test.XXXXXX")
server=
wrong=0

clean_up() {
    [ -z "$server" ] || "$root/scripts/throwaway-postgres.sh" stop "$server" || true
    rm -rf -- "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# expect SENTENCE COMMAND...: the command must succeed. Its output is shown when it does not.
expect() {
    local sentence=$1
    shift
    if "$@" >"$scratch/expect.log" 2>&1; then
        printf 'ok      %s\n' "$sentence"
    else
        printf 'WRONG   %s\n' "$sentence"
        sed 's/^/        | /' "$scratch/expect.log"
        wrong=$((wrong + 1))
    fi
}

refuses() { ! "$@"; }

# same WANTED FOUND
same() {
    [ "$1" = "$2" ] || { printf 'wanted: %s\nfound:  %s\n' "$1" "$2"; return 1; }
}

# matches PATTERN TEXT: an extended regular expression, for the whole text.
matches() {
    [[ $2 =~ ^$1$ ]] || { printf 'pattern: %s\nfound:   %s\n' "$1" "$2"; return 1; }
}

# wait_for SECONDS COMMAND...: until it succeeds; the one place where a test waits between two looks.
wait_for() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || return 1
        read -rt 0.05 <> <(:) || true
    done
}

# start_server [OPTION...]: a real server (scripts/throwaway-postgres.sh); sets PORT CA_FILE DATABASE USER PASSWORD_FILE and the others of its "env".
start_server() {
    server=$scratch/server
    mkdir -m 0700 -- "$server"
    [ "$(id -u)" -ne 0 ] || chmod 0711 -- "$scratch"
    "$root/scripts/throwaway-postgres.sh" start "$server" "$@"
    # shellcheck source=/dev/null
    . "$server/env"
}

# finish: the end of every test.
finish() {
    [ "$wrong" -eq 0 ] || { printf '%d wrong\n' "$wrong"; exit 1; }
}
