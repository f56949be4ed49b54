#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: apparmor.sh PROGRAM. contrib/apparmor: the real parser compiles the profile, and every file that the real
# program opens in many kinds of runs is allowed by it. No kernel has to know AppArmor.
# shellcheck source=tests/support/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/lib.sh"
# shellcheck source=tests/support/root.sh
. "$root/tests/support/root.sh"

program=$(readlink -f -- "${DBUP_PROGRAM:-$1}")
profile=$root/contrib/apparmor/db-up
tool=$root/build/tools/apparmor
[ -x "$tool/sbin/apparmor_parser" ] || { echo "no apparmor_parser: scripts/test.sh fetches it into build/tools"; exit 1; }

parser=("$tool/sbin/apparmor_parser" --config-file=/dev/null --skip-kernel-load --skip-cache --base "$tool/etc/apparmor.d")
parse() { # OPTION... FILE: its complaints are part of what it prints
    local words code=0
    words=$("${parser[@]}" "$@" 2>&1) || code=$?
    sed '/^Cache read\/write disabled: interface file missing/d' <<<"$words" # that is: this kernel has no AppArmor
    return "$code"
}
silent() { same '' "$("$@" || echo "exit code $?")"; }
expect "AppArmor has nothing to say against the profile" silent parse "$profile"
expect "which is called db-up" same db-up "$(parse --names "$profile")"
expect "it compiles to something" test "$("${parser[@]}" --stdout "$profile" 2>/dev/null | wc -c)" -gt 5000
sed 's/network inet stream/network inet straem/' "$profile" >"$scratch/mistake"
expect "a mistake would be seen" refuses parse "$scratch/mistake"
expect "nothing is executed, no capability is given" refuses grep -nE '^ *(capability|ptrace|mount)|[[:space:]][rwmlkiPUCpuc]*[xX],$' "$profile"

parse --preprocess "$profile" >"$scratch/rules"
allows=$root/tests/support/apparmor_allows.py
expect "our reader understands the rules" same "$(printf '%s\n' 'yes r /etc/hosts' 'yes r /etc/db-up/a/b' 'no r /etc/db-up/' \
    'no w /etc/db-up/password' 'no r /etc/shadow' 'yes r /home/me/.pgpass' 'no r /home/me/x/.pgpass' 'yes r /root/.pgpass' \
    'yes m /usr/lib/x86_64-linux-gnu/libpq.so.5.15' 'yes a /var/log/db-up/x.log' 'no r /var/log/db-up/x.log' \
    'no w /var/log/syslog' 'no r /proc/17/mem' 'yes w /run/postgresql/.s.PGSQL.5432' \
    'no x /usr/bin/bash' 'no w /usr/bin/db-up' 'yes w /dev/null')" "$(/usr/bin/python3 "$allows" "$scratch/rules" <<'TEXT'
r /etc/hosts
r /etc/db-up/a/b
r /etc/db-up/
w /etc/db-up/password
r /etc/shadow
r /home/me/.pgpass
r /home/me/x/.pgpass
r /root/.pgpass
m /usr/lib/x86_64-linux-gnu/libpq.so.5.15
a /var/log/db-up/x.log
r /var/log/db-up/x.log
w /var/log/syslog
r /proc/17/mem
w /run/postgresql/.s.PGSQL.5432
x /usr/bin/bash
w /usr/bin/db-up
w /dev/null
TEXT
)"

# ---- what the program opens, in a root where things are where they are meant to be ----
start_server
make_root
home=home/monitor
mkdir -p -- "$place"/{etc/db-up,etc/postgresql-common,$home/.postgresql,run/{postgresql,trace,credentials/db-up.service},var/log/db-up,var/lib/prometheus/node-exporter}
touch -- "$place/usr/local/bin/db-up"
cp -- "$CA_FILE" "$place/etc/db-up/ca.crt"
cp -- "$CA_FILE" "$place/$home/.postgresql/root.crt"
cp -- "$PASSWORD_FILE" "$place/etc/db-up/password"
cp -- "$PASSWORD_FILE" "$place/run/credentials/db-up.service/db-password"
printf 'database:\n  host: localhost\n  port: %s\n  name: mydb\n  user: db_monitor\n' "$PORT" >"$place/etc/db-up/orders.yaml"
printf '[orders]\nhost=localhost\nport=%s\ndbname=mydb\nuser=db_monitor\n' "$PORT" >"$place/etc/postgresql-common/pg_service.conf"
cp -- "$place/etc/postgresql-common/pg_service.conf" "$place/$home/.pg_service.conf"
printf 'localhost:*:*:db_monitor:%s\n' "$(cat -- "$PASSWORD_FILE")" >"$place/$home/.pgpass"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -batch -days 2 -subj /CN=db_monitor \
    -CA "$CA_FILE" -CAkey "$CA_KEY_FILE" -keyout "$place/$home/.postgresql/postgresql.key" \
    -out "$place/$home/.postgresql/postgresql.crt" 2>/dev/null
chmod 0600 -- "$place"/etc/db-up/* "$place"/run/credentials/*/* "$place/$home"/{.pgpass,.postgresql/*}
printf 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n' >"$place/etc/resolv.conf"
printf 'UTC0' >"$place/etc/localtime"
mounts+=("$program=usr/local/bin/db-up" "$SOCKET_DIR=run/postgresql")

# run SENTENCE WANTED [VARIABLE=VALUE...] -- ARGUMENT...: WANTED is what the output begins with. All of the trace is kept.
quiet=()
traces=0
run() {
    local sentence=$1 wanted=$2 settings=() output refused
    shift 2
    while [ "$1" != -- ]; do settings+=("$1"); shift; done
    shift
    traces=$((traces + 1))
    output=$(in_root /usr/bin/env -i "${settings[@]}" /usr/bin/strace -f -y -e trace=%file,mmap,connect -o "/run/trace/$traces" \
        /usr/local/bin/db-up "$@" 2>&1 </dev/null) || true
    expect "$sentence: the run is what it should be" matches "$wanted.*" "$output"
    refused=$(/usr/bin/python3 "$allows" "$scratch/rules" "$place/run/trace/$traces" 2>&1)
    expect "$sentence: all files are allowed" matches '[1-9][0-9]+ files' "$refused"
}
target=(-H localhost -p "$PORT" -d mydb -U db_monitor)
run "password and CA of /etc" 'DB-UP OK' -- "${target[@]}" --password-file /etc/db-up/password --ssl-mode verify-full \
    --ssl-root-cert /etc/db-up/ca.crt --log-file /var/log/db-up/mydb.log
expect "it has written its log" test -s "$place/var/log/db-up/mydb.log"
run "configuration file, credential of systemd" 'DB-UP OK' CREDENTIALS_DIRECTORY=/run/credentials/db-up.service -- \
    --config /etc/db-up/orders.yaml
run "all of the home folder" 'DB-UP OK' HOME=/home/monitor -- --service orders --ssl-mode verify-full
run "service file of the machine" 'DB-UP OK' PGSYSCONFDIR=/etc/postgresql-common -- --service orders --password-file /etc/db-up/password
run "authorities of the system" 'DB-UP CRITICAL' -- "${target[@]}" --ssl-mode verify-full --max-retries 0 \
    --ssl-root-cert /etc/ssl/certs/ca-certificates.crt
run "local socket" 'DB-UP ' -- -H /run/postgresql -p "$PORT" -d mydb -U db_monitor --max-retries 0
run "name server" 'DB-UP CRITICAL' -- -H db.example.invalid -d mydb --max-retries 0 -t 4
run "nobody listens" 'DB-UP CRITICAL' -- -H localhost -p 1 -d mydb --max-retries 0
run "textfile collector" '' -- "${target[@]}" --password-file /etc/db-up/password --output prometheus \
    --output-file /var/lib/prometheus/node-exporter/db-up.prom
expect "it has written its metrics" grep -q '^db_up{.*} 1$' "$place/var/lib/prometheus/node-exporter/db-up.prom"
run "JSON of another check" '\{"schema"' -- "${target[@]}" --password-file /etc/db-up/password --check settings --output json
run "version" '' -- --info
run "nothing else" 'DB-UP UNKNOWN' --

# What is missed where it should be: a file elsewhere, and a rule less.
cp -- "$PASSWORD_FILE" "$place/tmp/password"
(in_root /usr/bin/strace -f -y -e trace=%file,mmap,connect -o /run/trace/x /usr/local/bin/db-up "${target[@]}" \
    --password-file /tmp/password --max-retries 0) >/dev/null 2>&1 || true
expect "a file that is nowhere allowed would be seen" grep -qx 'r /tmp/password' \
    <<<"$(/usr/bin/python3 "$allows" "$scratch/rules" "$place/run/trace/x")"
grep -vF '/etc/db-up/** r,' "$scratch/rules" >"$scratch/fewer"
expect "and a rule that is missing" grep -qx 'r /etc/db-up/password' \
    <<<"$(/usr/bin/python3 "$allows" "$scratch/fewer" "$place/run/trace/1")"
finish
