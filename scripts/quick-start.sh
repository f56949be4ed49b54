#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# From a fresh Debian 12 to a first answer: installs what is missing, builds db-up, checks a database.
set -euo pipefail

root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd -P)
# shellcheck source=scripts/lib/common.sh
. "$root/scripts/lib/common.sh"

usage() {
    cat <<'TEXT'
usage: scripts/quick-start.sh

Installs what is missing (apt, as root or through sudo), builds db-up in build/quick-start and runs it
once: against a throw-away PostgreSQL server of its own, or, with DATABASE_URL or DB_NAME set, against
your database. The exit code is 0 when the demonstration worked, or db-up's own for your database
(0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN); 3 also when a preparation fails.
TEXT
}

build=$root/build/quick-start
program=$build/db-up
scratch_dir=
server_started=

# shellcheck disable=SC2317  # called by the trap
clean_up() {
    local code=$?
    trap '' INT TERM HUP
    if [ -n "$server_started" ]; then
        if ! "$root/scripts/throwaway-postgres.sh" stop "$scratch_dir/server"; then
            problem "the throw-away server in $scratch_dir did not stop" "see the lines above"
            exit 3
        fi
        say "cleanup:  the server is stopped, its files are removed"
    fi
    [ -z "$scratch_dir" ] || rm -rf -- "$scratch_dir"
    exit "$code"
}

# step NAME TEXT WHAT-TO-DO COMMAND...: one line, the command's output only when it fails.
step() {
    local name=$1 text=$2 remedy=$3
    shift 3
    printf '%-9s %s\n' "$name:" "$text"
    if ! "$@" >"$scratch_dir/log" 2>&1 </dev/null; then
        show_end "$scratch_dir/log"
        problem "$name: $text" "$remedy"
        return 1
    fi
}

build_program() {
    local jobs
    jobs=$(nproc)
    step build "configure, release, in build/quick-start" \
        "read the lines above; if the folder belongs to somebody else or is damaged, remove it: rm -r '$build'" \
        cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DBUILD_TESTING=OFF || return 1
    step build "compile with $jobs jobs (a minute or two the first time)" \
        "read the lines above; with little memory try: cmake --build '$build' -j1" \
        cmake --build "$build" -j "$jobs"
}

# Prints how the program was called (with what the shell needs quoted), its output and its exit code.
run_program() {
    local code=0
    say "check:    $(printf %q "$program")$([ $# -eq 0 ] || printf ' %q' "$@")"
    say
    "${environment[@]}" "$program" "$@" </dev/null || code=$?
    say
    say "check:    exit code $code ($(state_name "$code"))"
    return "$code"
}

state_name() {
    case $1 in
        0) echo OK ;;
        1) echo WARNING ;;
        2) echo CRITICAL ;;
        3) echo UNKNOWN ;;
        *) echo "not a code of db-up" ;;
    esac
}

own_database() {
    if [ -n "${DATABASE_URL:-}" ]; then
        say "database: the one in DATABASE_URL"
    else
        say "database: $DB_NAME, from DB_NAME and the other DB_* variables"
    fi
    environment=(env)
    run_program
}

demonstration() {
    [ "$(id -u)" -ne 0 ] || chmod 0711 -- "$scratch_dir" # the server's user passes through
    mkdir -m 0700 -- "$scratch_dir/server"
    server_started=yes
    step database "start a throw-away PostgreSQL server (TLS, SCRAM, role db_monitor)" "see the lines above" \
        "$root/scripts/throwaway-postgres.sh" start "$scratch_dir/server" || return 3
    local PORT CA_FILE DATABASE USER PASSWORD_FILE
    # shellcheck source=/dev/null
    . "$scratch_dir/server/env"
    environment=(env -i)
    if ! run_program --host localhost --port "$PORT" --database "$DATABASE" --user "$USER" \
        --password-file "$PASSWORD_FILE" --ssl-mode verify-full --ssl-root-cert "$CA_FILE"; then
        problem "db-up did not report OK for the throw-away server" "read its lines above"
        return 1
    fi
}

if [ $# -gt 0 ]; then
    usage
    [ $# -eq 1 ] && { [ "$1" = -h ] || [ "$1" = --help ]; } && exit 0
    exit 3
fi

trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

packages=("${build_packages[@]}")
if [ -z "${DATABASE_URL:-}${DB_NAME:-}" ]; then
    mapfile -t -O "${#packages[@]}" packages < <(server_packages)
fi
need_packages "${packages[@]}" || exit 3
new_scratch_dir || exit 3
build_program || exit 3

result=0
if [ -n "${DATABASE_URL:-}${DB_NAME:-}" ]; then
    own_database || result=$?
else
    demonstration || result=$?
    [ "$result" -ne 0 ] || say "Your own database: DB_NAME=… DB_HOST=… DB_USER=… DB_PASSWORD_FILE=… scripts/quick-start.sh"
fi
exit "$result"
