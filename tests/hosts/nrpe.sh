#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: nrpe.sh PROGRAM. contrib/nagios/nrpe.cfg in the real NRPE daemon, asked over TLS by the real check_nrpe
# with the command line of contrib/nagios/commands.cfg: what arrives is what the program said.
# shellcheck source=tests/support/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/lib.sh"

program=$(readlink -f -- "${DBUP_PROGRAM:-$1}")
contrib=$root/contrib/nagios
tools=$root/build/tools
daemon=

# shellcheck disable=SC2317  # called by the trap
stop_nrpe() {
    [ -z "$daemon" ] || kill "$daemon" 2>/dev/null || true
    [ -z "$daemon" ] || wait "$daemon" 2>/dev/null || true
    daemon=
}
trap 'stop_nrpe; clean_up' EXIT

for file in nagios-nrpe-server/usr/sbin/nrpe nagios-nrpe-server/etc/nagios/nrpe.cfg \
    nagios-nrpe-plugin/usr/lib/nagios/plugins/check_nrpe; do
    [ -e "$tools/$file" ] || { echo "no $tools/$file: scripts/test.sh fetches it"; exit 1; }
done

# The daemon gives up root: what it needs is where everybody can read it.
account=$(id -un)
[ "$account" != root ] || account=nobody
start_server
plugins=$scratch/plugins
mkdir -m 0755 -- "$plugins"
mkdir -m 0777 -- "$scratch/runs"
install -m 0755 -- "$program" "$plugins/db-up"
install -m 0755 -- "$tools/nagios-nrpe-plugin/usr/lib/nagios/plugins/check_nrpe" "$plugins/check_nrpe"
install -m 0600 -- "$PASSWORD_FILE" "$plugins/password"
[ "$(id -u)" -ne 0 ] || chown -- "$account" "$plugins/password"
# In the program's place: runs it, and keeps what it was given and what it said.
cat >"$plugins/check_db_up" <<TEXT
#!/bin/sh
run=$scratch/runs/\$2
mkdir "\$run" && env -0 >"\$run/environment" && printf '%s\\0' "\$@" >"\$run/arguments"
"$plugins/db-up" "\$@" >"\$run/output" 2>"\$run/errors"
code=\$?
cat "\$run/output" "\$run/errors"
echo "\$code" >"\$run/code"
exit "\$code"
TEXT
chmod 0755 -- "$plugins/check_db_up"

# shellcheck disable=SC2153  # of start_server
server_port=$PORT
# Debian's own configuration, with the folder, port and user of the test, and the fragment in its place.
mkdir -- "$scratch/nrpe.d"
sed -e "s|/usr/lib/nagios/plugins/check_db_up|$plugins/check_db_up|" -e "s|/etc/nagios/db-up.password|$plugins/password|" \
    -e "s|-H localhost -p 6432|-H localhost|" -e "s|-H db1,db2|-H localhost,127.0.0.1|" -e "s|-H [^ ]*|& -p $server_port|" \
    -e "s|-d mydb|-d $DATABASE|" -e "s|-U db_monitor|-U $USER|" "$contrib/nrpe.cfg" >"$scratch/nrpe.d/db-up.cfg"
start_nrpe() { # on a port that was free a moment ago
    port=$(/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    sed -E -e "s|^pid_file=.*|pid_file=$scratch/nrpe.pid|" -e "s|^server_port=.*|server_port=$port\nserver_address=127.0.0.1|" \
        -e "s|^nrpe_user=.*|nrpe_user=$account|" -e "s|^nrpe_group=.*|nrpe_group=$(id -gn -- "$account")|" \
        -e "s|^include_dir=.*|include_dir=$scratch/nrpe.d|" -e '/^include=/d' -e 's|^(disable_syslog=).*|\11|' \
        "$tools/nagios-nrpe-server/etc/nagios/nrpe.cfg" >"$scratch/nrpe.cfg"
    (cd / && exec env -i PATH=/usr/bin:/bin HOME=/ "DB_PASSWORD=of-the-environment" DB_HOST=elsewhere.invalid \
        PGPASSWORD=of-the-environment "$tools/nagios-nrpe-server/usr/sbin/nrpe" -f -c "$scratch/nrpe.cfg") >"$scratch/nrpe.log" 2>&1 &
    daemon=$!
}
# The command line of Nagios, with its macros replaced; the port is the test's.
line=$(sed -n '/command_name *check_db_up_nrpe$/,/}/s/^ *command_line *//p' "$contrib/commands.cfg")
ask() { # COMMAND: as Nagios asks; sets code, leaves the output in a file
    local words=${line//\$USER1\$/$plugins}
    words=${words//\$HOSTADDRESS\$/127.0.0.1}
    words=${words//\$ARG1\$/$1}
    [[ $words != *\$* ]] || expect "no macro is left over" same '' "$words"
    code=0
    env -i PATH=/usr/bin:/bin sh -c "$words -p $port" >"$scratch/answer" 2>&1 </dev/null || code=$?
}

port=1
ask check_db_up_connection
expect "no NRPE is UNKNOWN, not CRITICAL" same 3 "$code"
listens() { (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }
lives() { kill -0 "$daemon" 2>/dev/null; }
decided() { listens || ! lives; }
for _ in 1 2 3; do # somebody else may have taken the port
    start_nrpe
    wait_for 10 decided || true
    ! lives || break
done
expect "the daemon listens" listens
expect "without TLS nothing is answered" refuses "$plugins/check_nrpe" -n -H 127.0.0.1 -p "$port" -t 5 -c check_db_up_connection
rm -rf -- "$scratch"/runs/*

declare -A states=()
mapfile -t checks < <("$program" --help checks | sed -nE 's/^([a-z]+)$/\1/p')
expect "the program has checks" test "${#checks[@]}" -ge 12
for check in "${checks[@]}"; do
    ask "check_db_up_$check"
    states[$code]=$check
    run=$scratch/runs/$check
    expect "$check: NRPE runs it" test -e "$run/code"
    expect "$check: the exit code is the program's" same "$(<"$run/code")" "$code"
    expect "$check: every byte is the program's" cmp -- "$run/output" "$scratch/answer"
    expect "$check: it is a line of the check with perfdata" \
        matches 'DB-UP (OK|WARNING|CRITICAL|UNKNOWN) - [^|]+ \| time=[0-9.]+s;6;9;0;8 up=[01];;;0;1 .*' "$(head -n 1 -- "$scratch/answer")"
    expect "$check: nothing on stderr" same '' "$(<"$run/errors")"
    expect "$check: nothing of the daemon's environment" refuses grep -zqE '^(DB_|PG)' "$run/environment"
    mapfile -d '' arguments <"$run/arguments"
    expect "$check: the program accepts its arguments" "$program" "${arguments[@]}" --dry-run
done
for state in 0 1 2 3; do
    expect "one of them is in state $state" test -n "${states[$state]:-}"
done
expect "a quoted range arrives" grep -zqxF 'total_locks=~:' "$scratch/runs/activity/arguments"
expect "a quoted query arrives" grep -zq '^SELECT .* granted$' "$scratch/runs/query/arguments"
ask check_db_up_nothing
expect "a command that is not there is UNKNOWN" same 3 "$code"

# db-up ends first, then check_nrpe, then Nagios or Naemon (service_check_timeout=60).
patience=$(sed -nE "s/.* -t ([0-9]+):UNKNOWN .*/\1/p" <<<"$line")
most=$(grep -oE ' -t [0-9]+' "$contrib/nrpe.cfg" | tr -dc '0-9\n' | sort -n | tail -n 1)
expect "every command of the fragment has a time limit" same "$(grep -c '^command' "$contrib/nrpe.cfg")" \
    "$(grep -cE '^command.* -t [0-9]+' "$contrib/nrpe.cfg")"
expect "db-up ends before check_nrpe" test "$most" -lt "$patience"
expect "check_nrpe ends before Nagios" test "$patience" -lt 60
while IFS= read -r name; do
    expect "NRPE knows the example $name" grep -qF "command[$name]=" "$contrib/nrpe.cfg"
done < <(sed -nE 's/.*check_db_up_nrpe!(.*)/\1/p' "$contrib/nrpe-services.cfg")
finish
