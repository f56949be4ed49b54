#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# How the cost of a check grows with what happens on the server. As run.sh, not a test.
# shellcheck disable=SC2153  # PORT, DATABASE and others come from the server's env file
# shellcheck source=tests/support/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/lib.sh"

rounds=${ROUNDS:-40}
program=${1:-$root/build/release/db-up}
if [ ! -x "$program" ]; then
    printf 'usage: tests/bench/growth.sh [PROGRAM] >TABLES\n'
    exit 2
fi
children=()
end() {
    local child
    for child in "${children[@]}"; do kill "$child" 2>/dev/null || true; done
    clean_up
}
trap end EXIT

compile() {
    local name
    for name in floor holder runner proxy; do
        c++ -std=c++20 -O2 -I"$(pg_config --includedir)" "$root/tests/bench/$name.cpp" -o "$scratch/$name" \
            -Wl,--as-needed -lpq
    done
}

as_superuser() { psql -X -q -At -h "$SOCKET_DIR" -p "$PORT" -U "$SUPERUSER" -d "$DATABASE" -c "$1"; }

# hold COUNT SQL: sessions that are there until "release".
hold() {
    mkfifo "$scratch/held"
    exec {leash}> >(exec "$scratch/holder" "$1" "host=$SOCKET_DIR port=$PORT dbname=$DATABASE user=$SUPERUSER" "$2" >"$scratch/held")
    read -r opened <"$scratch/held"
    rm -f -- "$scratch/held"
}

release() {
    exec {leash}>&-
    local left=1
    until [ "$left" = 0 ]; do left=$(as_superuser "SELECT count(*) FROM pg_stat_activity WHERE usename = '$SUPERUSER' AND backend_type = 'client backend' AND pid <> pg_backend_pid()"); done
}

# What is OK whatever there is on the server, and what names who is behind it.
options_of() { # CHECK
    case $1 in
        activity) printf '\t--check\tactivity\t-w\t~:\t-c\t~:\t-w\tconnections_used=~:\t-c\tconnections_used=~:\t--blocked-age\t1h' ;;
        activity-names) printf '\t--check\tactivity\t-w\t0\t-c\t0\t--blocked-age\t0' ;;
        *) printf '\t--check\t%s' "$1" ;;
    esac
}

# A check, the same by another build ("lean:activity"), or a view of the server's that the floor reads.
line() { # COLUMN PORT
    local build_program=$program
    case $1 in
        pg_*) floor_line "$1" "$2" "SELECT * FROM $1" && return ;;
        *:*) build_program=$root/build/${1%%:*}/db-up ;;
    esac
    printf '%s\t%s\t-H\t127.0.0.1\t-p\t%s\t-d\t%s\t-U\t%s\t--ssl-mode\trequire\t--password-file\t%s%s\n' "$1" \
        "$build_program" "$2" "$DATABASE" "$USER" "$PASSWORD_FILE" "$(options_of "${1#*:}")"
}

floor_line() { # NAME PORT [SQL]
    printf '%s\tPGPASSWORD=%s\t%s\thost=127.0.0.1 port=%s dbname=%s user=%s sslmode=require%s\n' "$1" "$(cat "$PASSWORD_FILE")" \
        "$scratch/floor" "$2" "$DATABASE" "$USER" "${3:+$'\t'$3}"
}

# measure WHAT COLUMN...: a row of milliseconds above the floor, and of bytes sent and received.
measure() {
    local what=$1 check bytes
    shift
    { floor_line floor "$PORT"; for check in "$@"; do line "$check" "$PORT"; done; } | "$scratch/runner" pairs "$rounds" >"$scratch/runs"
    printf '| %s |' "$what"
    for check in "$@"; do
        bytes=$(bytes_of "$check")
        perl -e '
            my ($check, $bytes, %runs) = (shift, shift);
            while (<>) { my ($name, $wall) = split /\t/; push @{$runs{$name}}, $wall }
            my @more = sort { $a <=> $b } map { $runs{$check}[$_] - $runs{floor}[$_] } 0 .. $#{$runs{floor}};
            printf " %+.1f ms, %s bytes |", $more[@more / 2] / 1000, $bytes' "$check" "$bytes" "$scratch/runs"
    done
    printf '\n'
}

bytes_of() { # COLUMN: "SENT + RECEIVED"
    mkfifo "$scratch/link"
    "$scratch/proxy" "$PORT" 20 >"$scratch/link" &
    children=($!)
    local counted proxy_port sent received
    exec {counted}<"$scratch/link"
    rm -f -- "$scratch/link"
    read -r proxy_port <&"$counted"
    line "$1" "$proxy_port" | "$scratch/runner" trail 1
    IFS=$'\t' read -r -t 5 _ sent received <&"$counted"
    kill "${children[0]}"
    wait "${children[0]}" 2>/dev/null || true
    exec {counted}<&-
    printf '%d + %d' "$sent" "$received"
}

# new_server [OPTION...]: a new one, in place of the one before.
new_server() {
    if [ -n "$server" ]; then
        "$root/scripts/throwaway-postgres.sh" stop "$server"
        rm -rf -- "$server"
    fi
    start_server --setting shared_buffers=128MB "$@" >/dev/null
    PATH=$BIN_DIR:$PATH
    as_superuser "GRANT pg_monitor TO \"$USER\""
}

compile
new_server --setting max_connections=1100 --setting max_replication_slots=200

# head TITLE UNIT COLUMN...
head() {
    printf '\n### %s: milliseconds above the floor, bytes sent + received\n\n| %s |' "$1" "$2"
    shift 2
    printf ' %s |' "$@"
    printf '\n|--|'
    printf -- '--|%.0s' "$@"
    printf '\n'
}

checks=(connection activity)
for build in lean static; do
    [ ! -x "$root/build/$build/db-up" ] || checks+=("$build:activity")
done
checks+=(activity-names replication settings pg_stat_activity)
head 'Sessions on the server' sessions "${checks[@]}"
measure 0 "${checks[@]}"
for count in 100 500 1000; do
    hold "$count" 'SELECT 1'
    measure "$opened" "${checks[@]}"
    release
done

checks=(activity replication pg_replication_slots)
head 'Replication slots' slots "${checks[@]}"
there=0
for count in 1 50 200; do
    as_superuser "SELECT count(pg_create_physical_replication_slot('slot_' || n, true)) FROM generate_series($there + 1, $count) n" >/dev/null
    there=$count
    measure "$count" "${checks[@]}"
done

# Room for that many locks is a table that each look goes through, so these are on a server of their own.
new_server --setting max_connections=550 --setting max_locks_per_transaction=200
checks=(activity activity-names pg_locks)
head 'Locks on the server' locks "${checks[@]}"
for count in 100 10000 100000; do
    hold 1 "BEGIN; SELECT count(pg_advisory_xact_lock(n)) FROM generate_series(1, $count) n"
    measure "$count" "${checks[@]}"
    release
done
