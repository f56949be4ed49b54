#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What a check costs, beside the least that libpq can do ("floor") and beside other programs. docs/performance.md
# says how to read it. Not a test: nothing passes or fails.
# shellcheck disable=SC2153  # PORT, DATABASE and others come from the server's env file
# shellcheck source=tests/support/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/lib.sh"
# shellcheck source=scripts/lib/common.sh
. "$root/scripts/lib/common.sh"

proxy=
end() {
    [ -z "$proxy" ] || kill "$proxy" 2>/dev/null || true
    clean_up
}
trap end EXIT

usage() {
    cat <<'TEXT'
usage: tests/bench/run.sh [--rounds N] [--parts PART,...] [--server FOLDER] [NAME=PROGRAM]... >TABLES

Compares programs of db-up (without names: those of build/release, build/lean and build/static that are there).
--rounds   runs of each program, in turn (300)
--parts    of start, runs, counts, network, server, rate (all)
--server   the programs of another PostgreSQL server (initdb, pg_ctl, postgres)
Needs g++, libpq-dev, perl, strace and valgrind. The others' programs come from their Debian packages, which are
unpacked into build/tools. It takes about ten minutes; let nothing else run on the machine.
TEXT
}

rounds=300
parts=start,runs,counts,network,server,rate
server_options=(--setting max_connections=100 --setting shared_buffers=32MB)
programs=() # names of db-up's builds
declare -A files

add_program() { # NAME=FILE
    [ -x "${1#*=}" ] || { problem "${1#*=} is not there" "build it: cmake --preset release && cmake --build --preset release"; exit 2; }
    programs+=("${1%%=*}")
    files[${1%%=*}]=$(readlink -f -- "${1#*=}")
}

while [ $# -gt 0 ]; do
    case $1 in
        --rounds) rounds=${2:?} && shift 2 ;;
        --parts) parts=${2:?} && shift 2 ;;
        --server) server_options+=(--bin "${2:?}") && shift 2 ;;
        *=*) add_program "$1" && shift ;;
        *) usage && exit 2 ;;
    esac
done
if [ ${#programs[@]} -eq 0 ]; then
    for build in release lean static; do
        [ ! -x "$root/build/$build/db-up" ] || add_program "$build=$root/build/$build/db-up"
    done
fi
[ ${#programs[@]} -gt 0 ] || { usage; exit 2; }

wants() { [[ ,$parts, == *,$1,* ]]; }

compile() {
    local name
    for name in floor runner proxy; do
        c++ -std=c++20 -O2 -I"$(pg_config --includedir)" "$root/tests/bench/$name.cpp" -o "$scratch/$name" \
            -Wl,--as-needed -lpq
    done
}

# command_of NAME PORT: its words on lines of their own: variables, the program, arguments.
command_of() {
    local name=$1 port=$2 host=127.0.0.1 words
    case $name in
        floor)
            words=("PGPASSWORD=$password" "$scratch/floor" "host=$host port=$port dbname=$DATABASE user=$USER sslmode=require") ;;
        psql)
            words=("PGPASSWORD=$password" PGSSLMODE=require "$client/psql" -XAtq -h "$host" -p "$port" -d "$DATABASE"
                -U "$USER" -c 'SELECT 1') ;;
        pg_isready)
            words=("$client/pg_isready" -q -h "$host" -p "$port" -d "$DATABASE" -U "$USER") ;;
        check_pgsql)
            words=("$tools/monitoring-plugins-standard/usr/lib/nagios/plugins/check_pgsql" -H "$host" -P "$port"
                -d "$DATABASE" -l "$USER" -p "$password") ;;
        check_postgres)
            words=(PGSSLMODE=require "$tools/check-postgres/usr/bin/check_postgres" --action=connection "--host=$host"
                "--port=$port" "--dbname=$DATABASE" "--dbuser=$USER" "--dbpass=$password") ;;
        check_pgactivity)
            words=("PGPASSWORD=$password" PGSSLMODE=require
                "$tools/check-pgactivity/usr/lib/nagios/plugins/check_pgactivity" -s connection -h "$host" -p "$port"
                -d "$DATABASE" -U "$USER") ;;
        *)
            words=("${files[$name]}" -H "$host" -p "$port" -d "$DATABASE" -U "$USER" --ssl-mode require
                --password-file "$scratch/password" -t 60 --connect-timeout 50s) ;;
    esac
    printf '%s\n' "${words[@]}"
}

# line_of NAME [PORT]: the same as the runner reads it.
line_of() {
    local words
    mapfile -t words < <(command_of "$1" "${2:-$PORT}")
    printf '%s' "$1"
    printf '\t%s' "${words[@]}"
    printf '\n'
}

lines_of() { # PORT NAME...
    local port=$1 name
    shift
    for name in "$@"; do line_of "$name" "$port"; done
}

fetch_peers() {
    peers=(psql pg_isready)
    local peer
    for peer in "monitoring-plugins-standard usr/lib/nagios/plugins/check_pgsql" "check-postgres usr/bin/check_postgres" \
        "check-pgactivity usr/lib/nagios/plugins/check_pgactivity"; do
        if fetch_tool "${peer%% *}" "${peer#* }" >/dev/null 2>&1; then
            peers+=("${peer##*/}")
        else
            problem "cannot fetch ${peer%% *}: it is left out" "apt-get update"
        fi
    done
}

title() { printf '\n### %s\n\n' "$1"; }

describe() {
    title "The machine"
    printf -- '- %s, %s processors, %s MiB of memory\n' "$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -1)" \
        "$(nproc)" "$(($(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo) / 1024))"
    printf -- '- Linux %s, %s\n' "$(uname -r)" "$(sed -n 's/^PRETTY_NAME="\(.*\)"$/\1/p' /etc/os-release)"
    printf -- '- %s, %s\n' "$("$BIN_DIR/postgres" --version)" "$(openssl version | sed 's/ (.*//')"
    printf -- '- load before the start: %s\n' "$(cut -d' ' -f1-3 /proc/loadavg)"
}

# ---- process start only: --version, against a program that is linked with libpq and does nothing ------
part_start() {
    title "Process start alone (--version), ratio to a program that only links libpq"
    local name
    {
        printf 'linked with libpq\t%s\t--version\n' "$scratch/floor"
        for name in "${programs[@]}"; do printf '%s\t%s\t--version\n' "$name" "${files[$name]}"; done
    } | "$scratch/runner" pairs "$rounds" | sed 's/\t[0-9]*$/\t0/' | # its code is 3, as that of other plugins
        "$root/tests/bench/ratios.pl" 'linked with libpq'
}

# ---- a whole check on loopback ----------------------------------------------------------------------
part_runs() {
    title "A check on loopback, ratio to the floor in the same round"
    lines_of "$PORT" floor "${programs[@]}" "${quick_peers[@]}" | "$scratch/runner" pairs "$rounds" |
        "$root/tests/bench/ratios.pl" floor
    [ ${#slow_peers[@]} -eq 0 ] || {
        printf '\n'
        lines_of "$PORT" floor "${slow_peers[@]}" | "$scratch/runner" pairs "$((rounds / 10 + 1))" |
            "$root/tests/bench/ratios.pl" floor
    }
}

# ---- what can be counted ------------------------------------------------------------------------------
# below NAME PORT [TOOL...]: runs it below another program.
below() {
    local name=$1 port=$2 words variables=()
    shift 2
    mapfile -t words < <(command_of "$name" "$port")
    while [[ ${words[0]} == *=* ]]; do
        variables+=("${words[0]}")
        words=("${words[@]:1}")
    done
    env -i PATH=/usr/bin:/bin "${variables[@]}" "$@" "${words[@]}"
}

instructions() { # NAME
    below "$1" "$PORT" valgrind --tool=callgrind --callgrind-out-file=/dev/null 2>&1 >/dev/null |
        sed -n 's/.*Collected : //p' || true
}

in_trace() { grep -cE -- "$1" "$scratch/trace" || true; }

part_counts() {
    title "Counted"
    start_proxy 20 # slow enough that what is sent together also arrives together
    local name collected base=
    printf '| | instructions | ratio | system calls | files opened | of them libraries | round trips | bytes sent | bytes received |\n'
    printf '|--|--|--|--|--|--|--|--|--|\n'
    for name in floor "${programs[@]}" "${quick_peers[@]}"; do
        collected=$(instructions "$name")
        base=${base:-$collected}
        below "$name" "$PORT" strace -f -qq -o "$scratch/trace" >/dev/null 2>&1 || true
        below "$name" "$proxy_port" >/dev/null 2>&1 || true
        printf '| %s | %s | %s | %s | %s | %s |' "$name" "$collected" \
            "$(awk -v a="$collected" -v b="$base" 'BEGIN { printf "%.3f", a / b }')" \
            "$(grep -vcE 'resumed>|\+\+\+|---' "$scratch/trace")" \
            "$(in_trace 'open(at)?\(.* = [0-9]+$')" "$(in_trace 'open(at)?\(.*\.so[.0-9]*".* = [0-9]+$')"
        read_link
        printf ' %s | %s | %s |\n' "${link[@]}"
    done
    stop_proxy
}

# start_proxy MILLISECONDS: sets proxy_port; what it counts comes by "counted".
start_proxy() {
    mkfifo "$scratch/link"
    "$scratch/proxy" "$PORT" "$1" >"$scratch/link" &
    proxy=$!
    exec {counted}<"$scratch/link"
    rm -f -- "$scratch/link"
    read -r proxy_port <&"$counted"
}

# read_link: round trips and bytes of the last connection that ended; those before it in the same run are added.
read_link() {
    local next
    link=(0 0 0)
    while IFS=$'\t' read -r -t 0.3 -a next <&"$counted"; do
        link=($((link[0] + next[0])) $((link[1] + next[1])) $((link[2] + next[2])))
    done
}

stop_proxy() {
    kill "$proxy"
    wait "$proxy" 2>/dev/null || true
    proxy=
    exec {counted}<&-
}

# ---- over a network -----------------------------------------------------------------------------------
part_network() {
    local milliseconds
    for milliseconds in 20 100; do
        title "A check at $milliseconds ms round trip, ratio to the floor in the same round"
        start_proxy "$milliseconds"
        lines_of "$proxy_port" floor "${programs[@]}" | "$scratch/runner" pairs "$((rounds / 2 / milliseconds + 3))" |
            "$root/tests/bench/ratios.pl" floor
        stop_proxy
    done
}

# ---- what it costs the server -------------------------------------------------------------------------
ticks() { awk '{ sub(/.*\) /, ""); print $14 + $15 }' "/proc/$(head -1 "$DATA_DIR/postmaster.pid")/stat"; }

sessions() { grep -c 'connection received' "$LOG_FILE" || true; }

part_server() {
    title "Cost for the server"
    local name before opened turn all=(floor "${programs[@]}" "${quick_peers[@]}")
    local -A used=() there=()
    for turn in 1 2 3 4; do # in turn, as the machine is not equally fast all the time
        for name in "${all[@]}"; do
            before=$(ticks) opened=$(sessions)
            line_of "$name" | "$scratch/runner" trail "$rounds"
            used[$name]=$((${used[$name]:-0} + $(ticks) - before))
            there[$name]=$((${there[$name]:-0} + $(sessions) - opened))
        done
    done
    printf '| | CPU ms a check | ratio | sessions a check |\n|--|--|--|--|\n'
    for name in "${all[@]}"; do
        awk -v name="$name" -v ticks="${used[$name]}" -v floor="${used[floor]}" -v opened="${there[$name]}" \
            -v rounds="$((turn * rounds))" -v hertz="$(getconf CLK_TCK)" \
            'BEGIN { printf "| %s | %.2f | %.3f | %.2f |\n", name, ticks * 1000 / hertz / rounds, ticks / floor, opened / rounds }'
    done
}

# ---- how many a second --------------------------------------------------------------------------------
part_rate() {
    title "Checks a second, by how many run at a time (client and server on this machine)"
    local parallel name all=(floor "${programs[@]}" "${peers[@]}")
    local -A cells=()
    for parallel in 1 2 4 8 16 32 64; do
        while IFS=$'\t' read -r name rate failed; do
            cells[$name]+=" $rate$([ "$failed" -eq 0 ] || printf ' (%s failed)' "$failed") |"
        done < <(lines_of "$PORT" "${all[@]}" | "$scratch/runner" rate 2 "$parallel")
    done
    printf '| | 1 | 2 | 4 | 8 | 16 | 32 | 64 |\n|--|--|--|--|--|--|--|--|\n'
    for name in "${all[@]}"; do printf '| %s |%s\n' "$name" "${cells[$name]}"; done
}

compile
fetch_peers
quick_peers=() slow_peers=()
for peer in "${peers[@]}"; do
    case $peer in
        check_postgres | check_pgactivity) slow_peers+=("$peer") ;;
        *) quick_peers+=("$peer") ;;
    esac
done
start_server "${server_options[@]}" >/dev/null
client=$(cd -- "$BIN_DIR" && pwd -P)
[ -x "$client/psql" ] || client=$(dirname -- "$(printf '%s\n' /usr/lib/postgresql/*/bin/psql | sort -V | tail -1)")
password=$(cat -- "$PASSWORD_FILE")
printf '%s\n' "$password" >"$scratch/password"
describe
for part in start runs counts network server rate; do
    ! wants "$part" || "part_$part"
done
