#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The same faults for db-up and the programs that it is compared with, as a Markdown table on stdout.
# Nothing is installed: the programs come from their Debian packages, unpacked into build/tools.
# shellcheck disable=SC2153  # PORT, DATABASE and others come from the server's env file
set -euo pipefail

root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/../.." && pwd -P)
# shellcheck source=scripts/lib/common.sh
. "$root/scripts/lib/common.sh"
here=$root/tests/peers
limit=15 # seconds, then a program is killed; each is told to give up after 3

usage() {
    cat <<'TEXT'
usage: tests/peers/compare.sh DB-UP >TABLE

DB-UP is the built program, for example build/release/db-up. Needs PostgreSQL's server and client,
PgBouncer and perl; as root also the rows that need another name server. It takes about six minutes.
TEXT
}

if [ $# -ne 1 ] || [ ! -x "$1" ]; then
    usage
    exit 2
fi
db_up=$(readlink -f -- "$1")

scratch_dir=
servers=()

stop_servers() {
    local pid
    for pid in "${servers[@]}"; do
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    servers=()
}

clean_up() {
    stop_servers
    [ -z "$scratch_dir" ] || "$root/scripts/throwaway-postgres.sh" stop "$scratch_dir/server" >/dev/null 2>&1 || true
    [ -z "$scratch_dir" ] || rm -rf -- "$scratch_dir"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# serve MODE: a misbehaving server; sets "port".
serve() {
    local line=$scratch_dir/port
    rm -f -- "$line"
    mkfifo "$line"
    "$here/server.pl" "$1" >"$line" &
    servers+=($!)
    read -r port <"$line"
}

as_superuser() { # SQL
    psql -X -q -At -h "$SOCKET_DIR" -p "$PORT" -U "$SUPERUSER" -d postgres -c "$1"
}

# The command line of PROGRAM for what stands in host, port, database, user, password; sets "command"
# and "from_environment".
compose() {
    from_environment=()
    case $1 in
        db-up)
            command=("$db_up" -H "$host" -p "$port" -d "$database" -U "$user" -t 3
                --password-file "$scratch_dir/password" --ssl-mode prefer) ;;
        check_pgsql)
            command=("$tools/monitoring-plugins-standard/usr/lib/nagios/plugins/check_pgsql"
                -H "$host" -P "$port" -d "$database" -l "$user" -p "$password" -t 3) ;;
        check_postgres)
            command=("$tools/check-postgres/usr/bin/check_postgres" --action=connection --host="$host"
                --port="$port" --dbname="$database" --dbuser="$user" --dbpass="$password" --timeout=3) ;;
        check_pgactivity)
            from_environment=("PGPASSWORD=$password")
            command=("$tools/check-pgactivity/usr/lib/nagios/plugins/check_pgactivity"
                -s connection -h "$host" -p "$port" -d "$database" -U "$user" -t 3s) ;;
        pg_isready)
            from_environment=("PGPASSWORD=$password")
            command=("$(command -v pg_isready)" -h "$host" -p "$port" -d "$database" -U "$user" -t 3) ;;
    esac
}

programs=(db-up check_pgsql check_postgres check_pgactivity pg_isready)
# shellcheck disable=SC2034  # read by their names
declare -A longest unclean leftovers secret_seen killed
for program in "${programs[@]}"; do
    longest[$program]=0 unclean[$program]=0 leftovers[$program]=0 secret_seen[$program]=no killed[$program]=0
done

word_of() { # PROGRAM CODE
    case $1:$2 in
        *:killed) echo "killed after $limit s" ;;
        *:signal*) echo "died of $2" ;;
        pg_isready:*) echo "exit $2" ;;
        *:0) echo OK ;;
        *:1) echo WARNING ;;
        *:2) echo CRITICAL ;;
        *:3) echo UNKNOWN ;;
        *) echo "exit $2" ;;
    esac
}

# sessions of the monitoring role that the real server still has, a moment after the program's end
sessions() {
    as_superuser "SELECT count(*) FROM pg_stat_activity WHERE usename = '$USER' AND backend_type = 'client backend'"
}

# row NAME [STDOUT [PREFIX...]]: one case against every program.
row() {
    local name=$1 stdout=${2:-read} program cell code seconds clean left told open
    shift $(($# < 2 ? $# : 2))
    printf '| %s |' "$name"
    for program in "${programs[@]}"; do
        compose "$program"
        IFS=$'\t' read -r code seconds clean left told < <(
            env "PEERS_SCRATCH=$scratch_dir" "PEERS_SECRET=$password" "${from_environment[@]}" \
                "$here/measure.pl" "$limit" "$stdout" "$@" "${command[@]}"
        )
        cell="$(word_of "$program" "$code")"
        [ "$code" = killed ] && killed[$program]=$((killed[$program] + 1)) || cell+=" $seconds s"
        if [ "$clean" = no ] && [ "$program" != pg_isready ] && [ "$code" != killed ]; then
            cell+=', unclean'
            unclean[$program]=$((unclean[$program] + 1))
        fi
        open=$(sessions)
        if [ "$left" -gt 0 ]; then cell+=", leaves $left process(es)"; fi
        if [ "$open" -gt 0 ]; then
            cell+=", leaves $open session(s)"
            as_superuser "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '$USER'" >/dev/null
        fi
        if [ "$left" -gt 0 ] || [ "$open" -gt 0 ]; then leftovers[$program]=$((leftovers[$program] + 1)); fi
        # shellcheck disable=SC2034
        [ "$told" = no ] || secret_seen[$program]=yes
        longest[$program]=$(printf '%s\n' "${longest[$program]}" "$seconds" | sort -g | tail -1)
        printf ' %s |' "$cell"
    done
    printf '\n'
}

peer_row() { # NAME MODE
    serve "$2"
    row "$1"
    stop_servers
}

for program in monitoring-plugins-standard:usr/lib/nagios/plugins/check_pgsql check-postgres:usr/bin/check_postgres \
    check-pgactivity:usr/lib/nagios/plugins/check_pgactivity; do
    fetch_tool "${program%%:*}" "${program#*:}" >/dev/null 2>&1 || { problem "cannot fetch ${program%%:*}" "apt-get update"; exit 1; }
done
new_scratch_dir
chmod 0755 "$scratch_dir"
mkdir "$scratch_dir/server"
"$root/scripts/throwaway-postgres.sh" start "$scratch_dir/server" >/dev/null 2>&1
# shellcheck disable=SC1091  # written a moment ago
. "$scratch_dir/server/env"
export PATH=$BIN_DIR:$PATH
password=$(cat "$PASSWORD_FILE")
printf '%s\n' "$password" >"$scratch_dir/password"
host=127.0.0.1 database=$DATABASE user=$USER port=$PORT

printf '| case |%s\n' "$(printf ' %s |' "${programs[@]}")"
printf '|--|%s\n' "$(printf -- '--|%.0s' "${programs[@]}")"
row 'a healthy server'
port=1
row 'nobody listens'
peer_row 'requests are swallowed (black hole)' 'black hole'
peer_row 'silent after the connection' 'silent'
peer_row 'silent in the TLS handshake' 'silent TLS'
peer_row 'silent after the login' 'silent login'
peer_row 'one byte in 0.2 s' 'drip'
peer_row 'an HTTP server' 'http'
peer_row 'notices without end' 'notices'
peer_row 'an error with bars, newlines and colours' 'garbage'
peer_row 'starting up' 'starting'

port=$PORT
right=$password password=wrong-password
printf '%s\n' "$password" >"$scratch_dir/password"
row 'a wrong password'
password=$right
printf '%s\n' "$password" >"$scratch_dir/password"
database=nosuchdb
row 'no such database'
database=$DATABASE

for _ in {1..17}; do
    as_superuser 'SELECT pg_sleep(600)' >/dev/null 2>&1 &
    servers+=($!)
done
until [ "$(as_superuser "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)'")" = 17 ]; do :; done
row 'no slot is free'
as_superuser "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)'" >/dev/null
stop_servers

as_superuser_of_database() {
    psql -X -q -h "$SOCKET_DIR" -p "$PORT" -U "$SUPERUSER" -d "$DATABASE" -c "$1"
}
as_superuser_of_database 'BEGIN; LOCK TABLE pg_catalog.pg_proc IN ACCESS EXCLUSIVE MODE; SELECT 1; SELECT pg_catalog.pg_sleep(600)' >/dev/null 2>&1 &
holder=$!
servers+=("$holder")
until [ "$(as_superuser "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 1255")" -gt 0 ]; do :; done
row 'a query waits for a lock'
stop_servers
as_superuser "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '$DATABASE'" >/dev/null

bouncer=$scratch_dir/bouncer
mkdir "$bouncer"
port=$((PORT + 1))
printf '[databases]\n%s = host=127.0.0.1 port=1\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %s\nunix_socket_dir =\nauth_type = scram-sha-256\nauth_file = %s/users\nlogfile = %s/log\npidfile = %s/pid\n' \
    "$DATABASE" "$port" "$bouncer" "$bouncer" "$bouncer" >"$bouncer/ini"
printf '"%s" "%s"\n' "$USER" "$password" >"$bouncer/users"
run=()
if [ "$(id -u)" -eq 0 ]; then
    chown -R "$SERVER_USER" "$bouncer"
    run=(setpriv "--reuid=$SERVER_USER" "--regid=$(id -g "$SERVER_USER")" --clear-groups)
fi
"${run[@]}" "$(PATH=$PATH:/usr/sbin command -v pgbouncer)" -q "$bouncer/ini" >/dev/null 2>&1 &
servers+=($!)
until [ -s "$bouncer/pid" ]; do :; done
row 'PgBouncer before a dead server'
stop_servers

port=$PORT
row 'stdout is closed' closed
row 'stdout is a full disk' full

if [ "$(id -u)" -eq 0 ]; then
    "$here/server.pl" 'no name' >/dev/null &
    servers+=($!)
    printf 'nameserver 127.0.0.99\n' >"$scratch_dir/resolv.conf"
    host=db.example.org
    # shellcheck disable=SC2016
    row 'the name server does not answer' read unshare -m sh -c \
        'mount --make-rprivate / && mount --bind "$0" /etc/resolv.conf && exec "$@"' "$scratch_dir/resolv.conf"
    stop_servers
fi

printf '\n| over all cases |%s\n' "$(printf ' %s |' "${programs[@]}")"
printf '|--|%s\n' "$(printf -- '--|%.0s' "${programs[@]}")"
total() { # NAME ARRAY
    local -n values=$2
    local program
    printf '| %s |' "$1"
    for program in "${programs[@]}"; do printf ' %s |' "${values[$program]}"; done
    printf '\n'
}
total 'longest run, seconds (told to give up after 3)' longest
total "killed after $limit s" killed
total 'unclean outputs' unclean
total 'runs that left something behind' leftovers
total 'password seen in a command line' secret_seen
