#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A PostgreSQL server to throw away: own folder, own certificates, free port, never as root.
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: throwaway-postgres.sh start DIR [--database NAME] [--user NAME] [--setting NAME=VALUE]... [--bin DIR]
       throwaway-postgres.sh stop DIR

DIR is an empty folder of the caller's (mktemp -d), who removes it after "stop".
"start" writes DIR/env, to be read with ". DIR/env": HOST PORT SOCKET_DIR DATABASE USER
PASSWORD_FILE CA_FILE CA_KEY_FILE DATA_DIR LOG_FILE BIN_DIR SUPERUSER SERVER_USER.
--bin names the folder of another server's programs: initdb, pg_ctl, postgres.
The superuser (no password) exists on the socket only, in a folder of mode 0700.
TEXT
}

say() { printf 'throwaway-postgres: %s\n' "$*" >&2; }
fail() { say "$1"; [ $# -lt 2 ] || say "to do: $2"; exit 1; }

# Runs a program as the owner of the server, with nothing of the caller's environment.
as_server() {
    local run=()
    if [ "$(id -u)" -eq 0 ]; then
        run=(setpriv "--reuid=$server_user" "--regid=$(id -g "$server_user")" --clear-groups)
    fi
    (cd "$root" && exec env -i "PATH=$PATH" LC_ALL=C TZ=UTC "HOME=$root" "${run[@]}" "$@")
}

choose_server_user() {
    local name
    server_user=$(id -un)
    [ "$(id -u)" -eq 0 ] || return 0
    for name in postgres nobody; do
        if id -u "$name" >/dev/null 2>&1; then server_user=$name; return 0; fi
    done
    fail "no user to run the server as" "create one: adduser --system postgres"
}

find_programs() {
    local candidate newest=""
    while IFS= read -r candidate; do
        if [ -x "$candidate/initdb" ] && [ -x "$candidate/pg_ctl" ]; then newest=$candidate; fi
    done < <(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V)
    bin=${given_bin:-$newest}
    [ -n "$bin" ] || fail "no PostgreSQL server below /usr/lib/postgresql" "apt-get install postgresql"
    [ -x "$bin/initdb" ] || fail "no PostgreSQL server in $bin" "name another folder"
    command -v openssl >/dev/null || fail "openssl is missing" "apt-get install openssl"
    psql=$bin/psql
    [ -x "$psql" ] || psql=$newest/psql
    [ -x "$psql" ] || fail "psql is missing in $bin" "apt-get install postgresql-client"
}

make_certificates() {
    local ec=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -batch) log=$dir/tls/openssl.log
    mkdir -m 0755 "$dir/tls"
    if ! {
        openssl req -x509 "${ec[@]}" -days 90 -subj '/CN=db-up throw-away CA' \
            -keyout "$dir/tls/ca.key" -out "$dir/tls/ca.crt" &&
            openssl req -x509 "${ec[@]}" -days 80 -subj /CN=localhost \
                -CA "$dir/tls/ca.crt" -CAkey "$dir/tls/ca.key" -addext 'basicConstraints=critical,CA:FALSE' \
                -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1' \
                -keyout "$root/server.key" -out "$root/server.crt"
    } 2>"$log"; then
        cat "$log" >&2
        fail "openssl cannot make the certificates" "OpenSSL 3.0 or newer is needed"
    fi
    cp "$dir/tls/ca.crt" "$root/ca.crt"
    chmod 0600 "$root/server.key" "$dir/tls/ca.key"
}

initialise() {
    as_server "$bin/initdb" --pgdata="$root/data" --username=postgres --encoding=UTF8 --locale=C --no-sync \
        --auth-local=trust --auth-host=scram-sha-256 --wal-segsize=1 >"$root/initdb.log" 2>&1 ||
        { tail -n 20 "$root/initdb.log" >&2; fail "initdb failed" "read the lines above; is the disk full?"; }
    {
        cat <<'TEXT'
fsync = off
full_page_writes = off
password_encryption = 'scram-sha-256'
shared_buffers = 2MB
max_connections = 20
min_wal_size = 2MB
max_wal_size = 32MB
autovacuum = off
jit = off
log_connections = on
log_disconnections = on
log_line_prefix = '%m [%p] %q%u@%d '
ssl = on
ssl_cert_file = '../server.crt'
ssl_key_file = '../server.key'
ssl_ca_file = '../ca.crt'
TEXT
        printf "unix_socket_directories = '\"%s\"'\n" "${root//\'/\'\'}"
        printf "listen_addresses = '%s'\n" "$addresses"
        for setting in "${settings[@]}"; do printf '%s = %s\n' "${setting%%=*}" "'${setting#*=}'"; done
    } >>"$root/data/postgresql.conf"
    cat >"$root/data/pg_hba.conf" <<'TEXT'
# type    database     user      address        method
local     all          postgres                 trust
local     replication  postgres                 trust
local     all          all                      peer
hostssl   all          all       127.0.0.1/32   scram-sha-256
hostssl   all          all       ::1/128        scram-sha-256
TEXT
}

start_server() { # tries a few ports: another program may take one between the choice and the start
    local attempt
    for attempt in 1 2 3 4 5 6 7 8; do
        port=$((20000 + (RANDOM * 32768 + RANDOM + attempt) % 12000))
        : >"$root/log"
        [ "$(id -u)" -ne 0 ] || chown "$server_user" "$root/log"
        if as_server "$bin/pg_ctl" start -w -s -t 60 -D "$root/data" -l "$root/log" -o "-p $port" >/dev/null 2>&1 &&
            ! grep -q 'could not bind' "$root/log"; then
            return 0
        fi
        as_server "$bin/pg_ctl" stop -s -m immediate -D "$root/data" >/dev/null 2>&1 || true
        grep -q 'could not bind' "$root/log" || break
    done
    tail -n 20 "$root/log" >&2
    fail "the server does not start" "read its log above"
}

create_database() {
    local password
    password=$(openssl rand -hex 16)
    (umask 077 && printf '%s\n' "$password" >"$dir/password")
    as_server "$psql" -XqAt -v ON_ERROR_STOP=1 -v "role=$user" -v "database=$database" \
        -h "$root" -p "$port" -U postgres -d postgres >"$root/setup.log" 2>&1 <<TEXT ||
CREATE ROLE :"role" LOGIN PASSWORD '$password';
CREATE DATABASE :"database";
REVOKE CONNECT ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO :"role";
TEXT
        { cat "$root/setup.log" >&2; fail "cannot create role and database" "read the lines above"; }
}

write_env() {
    local pair
    for pair in HOST=localhost "PORT=$port" "SOCKET_DIR=$root" "DATABASE=$database" "USER=$user" \
        "PASSWORD_FILE=$dir/password" "CA_FILE=$dir/tls/ca.crt" "CA_KEY_FILE=$dir/tls/ca.key" \
        "DATA_DIR=$root/data" "LOG_FILE=$root/log" "BIN_DIR=$bin" SUPERUSER=postgres "SERVER_USER=$server_user"; do
        printf '%s=%q\n' "${pair%%=*}" "${pair#*=}"
    done >"$dir/env"
}

clean_up() {
    trap - EXIT INT TERM HUP
    if [ -n "${bin:-}" ] && [ -e "$root/data/postmaster.pid" ]; then
        as_server "$bin/pg_ctl" stop -s -m immediate -D "$root/data" >/dev/null 2>&1 || true
    fi
    rm -rf -- "$root" "$dir/tls" "$dir/password" "$dir/env"
}

start() {
    [ -d "$dir" ] || fail "there is no folder $dir" "make one with mktemp -d"
    [ -w "$dir" ] || fail "$dir is not yours to write to" "make one with mktemp -d"
    [ -z "$(ls -A -- "$dir")" ] || fail "$dir is not empty" "take a fresh one from mktemp -d"
    [ "${#root}" -le 85 ] || fail "the path of $dir is too long for a socket" "take a folder in /tmp"
    choose_server_user
    find_programs
    addresses=127.0.0.1
    ! grep -q '^00000000000000000000000000000001 ' /proc/net/if_inet6 2>/dev/null || addresses='127.0.0.1,::1'
    trap clean_up EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    mkdir -m 0700 "$root"
    make_certificates
    if [ "$(id -u)" -eq 0 ]; then
        chmod 0711 "$dir"
        chown -R "$server_user" "$root"
    fi
    as_server test -w "$root" 2>/dev/null || fail "user $server_user cannot enter $dir" "take a folder in /tmp"
    initialise
    start_server
    create_database
    write_env
    trap - EXIT INT TERM HUP
}

stop() {
    [ -e "$root/data/postmaster.pid" ] || return 0
    choose_server_user
    find_programs
    as_server "$bin/pg_ctl" stop -s -w -m immediate -D "$root/data" >/dev/null ||
        fail "the server in $dir does not stop" "end the process in the first line of $root/data/postmaster.pid"
}

[ $# -ge 2 ] || { usage >&2; exit 2; }
action=$1 dir=$2 database=mydb user=db_monitor given_bin="" settings=()
case $dir in /*) ;; *) dir=$PWD/$dir ;; esac
root=$dir/server
shift 2
while [ $# -gt 0 ]; do
    [ $# -ge 2 ] || { usage >&2; exit 2; }
    case $1 in
        --database) database=$2 ;;
        --user) user=$2 ;;
        --setting) settings+=("$2") ;;
        --bin) given_bin=$2 ;;
        *) usage >&2; exit 2 ;;
    esac
    shift 2
done
case $action in
    start) start ;;
    stop) stop ;;
    *) usage >&2; exit 2 ;;
esac
