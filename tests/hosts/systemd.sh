#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: systemd.sh PROGRAM. contrib/systemd-timer: read and rated by the real systemd-analyze, its sockets served by
# the real systemd-socket-activate. What only a running systemd can do (credentials, OnFailure=) is not run here.
# shellcheck source=tests/support/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/lib.sh"

program=$(readlink -f -- "${DBUP_PROGRAM:-$1}")
shipped=$root/contrib/systemd-timer
units=$scratch/units
mkdir -m 0700 -- "$units" "$scratch/bin" "$scratch/state"
cp -- "$shipped"/*.{service,timer,socket} "$units/"

# verify wants the programs to be there; where they are installed, systemd finds them by their names alone.
ln -s -- "$program" "$scratch/bin/db-up"
cp -- "$root/contrib/cron/db-up-cron" "$scratch/bin/"
sed -i "s|^\(#\?\)ExecStart=db-up|\1ExecStart=$scratch/bin/db-up|" "$units"/*.service

analyze() { systemd-analyze --no-pager "$@"; }
verify() { # verify's exit code does not tell of unknown keys; its words do
    local words
    words=$(analyze verify --man=no "$@" 2>&1) || { printf '%s\n' "$words"; return 1; }
    same '' "$words"
}
sandbox() { sed -n '/^DynamicUser=/,/^LimitCORE=/{/^#/d;p}' "$1"; }

services=(db-up.service db-up@.service db-up-http@.service db-up-alert@.service)
names=(db-up.{service,timer} db-up@orders.{service,timer} db-up-http.socket db-up-http@1.service
    db-up-alert@db-up@orders.service.service)
expect "these are all services" same "$(printf '%s\n' "${services[@]}" | sort)" "$(cd -- "$shipped" && printf '%s\n' *.service | sort)"
for name in "${names[@]}"; do expect "systemd has nothing to say against $name" verify "$units/$name"; done
for name in "${services[@]}"; do
    expect "$name starts a program by its name" grep -qE '^ExecStart=db-up(-cron)?( |$)' "$shipped/$name"
    expect "$name is rated better than 1.5" analyze security --offline=true --threshold=14 "$units/$name"
    expect "$name has the sandbox of the others" same "$(sandbox "$units/db-up.service")" "$(sandbox "$units/$name")"
    expect "$name names no password" refuses grep -nE '^[^#]*(PASSWORD|postgres(ql)?://)' "$units/$name"
done
expect "the sandbox is not empty" matches $'DynamicUser=yes\n.*LimitCORE=0' "$(sandbox "$units/db-up.service")"
for name in db-up{,@}.timer; do
    expect "the times of $name are understood" analyze calendar "$(sed -n 's/^OnCalendar=//p' "$units/$name")"
    expect "$name spreads the checks" grep -qx 'RandomizedDelaySec=[1-9][0-9]*' "$units/$name"
done

# What is behind a "#" is right, too.
mkdir -- "$scratch/more"
cp -- "$units"/* "$scratch/more/"
sed -i 's/^#\([A-Z][A-Za-z]*=\)/\1/' "$scratch/more"/*
for name in "${names[@]}"; do expect "nor against $name with all that it offers" verify "$scratch/more/$name"; done
expect "which is the messages, among others" grep -q '^OnFailure=db-up-alert@%n.service$' "$scratch/more/db-up@.service"

sed 's/^ProtectSystem=/ProtectSytem=/' "$units/db-up.service" >"$units/mistake.service"
expect "a mistake would be seen" refuses verify "$units/mistake.service"
sed '/^DynamicUser=/,$d' "$units/db-up.service" >"$units/open.service"
expect "an open service would be rated so" refuses analyze security --offline=true --threshold=14 "$units/open.service"

# ---- health over HTTP ----
activator=
stop_activator() {
    [ -z "$activator" ] || kill "$activator" 2>/dev/null || true
    [ -z "$activator" ] || wait "$activator" 2>/dev/null || true
    activator=
}
trap 'stop_activator; clean_up' EXIT

serve() { # VARIABLE=VALUE...: what db-up-http.socket and its service do, on a port that is free. Sets health.
    local words
    read -ra words <<<"$(sed -n 's/^ExecStart=//p' "$units/db-up-http@.service")"
    stop_activator
    for _ in 1 2 3 4 5; do
        health=$((20000 + RANDOM % 12000))
        rm -f -- "$scratch/activator.log" # the words of the one before
        systemd-socket-activate --accept --inetd --listen="127.0.0.1:$health" "${@/#/--setenv=}" "${words[@]}" \
            >"$scratch/activator.log" 2>&1 &
        activator=$!
        wait_for 10 grep -q '^Listening on' "$scratch/activator.log" && return 0
    done
    return 1
}
ask() { # CURL-OPTION...; sets code (of HTTP), body
    : >"$scratch/body"
    code=$(curl -q -sS --noproxy '*' --max-time 15 -D "$scratch/headers" -o "$scratch/body" -w '%{http_code}' "$@" \
        "http://127.0.0.1:$health/health") || code+=" curl: $?"
    body=$(cat -- "$scratch/body")
}
of_body() { /usr/bin/python3 -c 'import json, sys; b = json.loads(sys.argv[1]); print(eval(sys.argv[2]))' "$body" "$1" 2>&1; }

start_server
settings=(DB_HOST=localhost "DB_NAME=$DATABASE" "DB_USER=$USER" "DB_PASSWORD_FILE=$PASSWORD_FILE")
expect "requests are served" serve "${settings[@]}" "DB_PORT=$PORT"
ask
expect "200 when the database is up" same '200 OK up' "$code $(of_body 'b["state"] + " " + b["status"]')"
expect "it is JSON" grep -qi '^Content-Type: application/json' "$scratch/headers"
expect "nobody keeps the answer" grep -qi '^Cache-Control: no-store' "$scratch/headers"
ask --data "$(printf '%070000d' 0)"
expect "a long request is answered, too" same '200 OK' "$code $(of_body 'b["state"]')"
for caller in 1 2 3 4 5 6 7 8; do
    curl -q -s --noproxy '*' --max-time 15 -o /dev/null -w '%{http_code}\n' "http://127.0.0.1:$health/" >"$scratch/caller.$caller" &
    callers[caller]=$!
done
wait "${callers[@]}"
expect "as many at a time as the socket lets in" same "$(sed -n 's/^MaxConnections=//p' "$units/db-up-http.socket") 200" \
    "$(cat -- "$scratch"/caller.* | sort | uniq -c | sed 's/^ *//')"
expect "requests are served with other settings" serve "${settings[@]}" "DB_PORT=$PORT" DB_CHECK=settings
ask
expect "200 for a WARNING, which the body tells" same '200 WARNING degraded' "$code $(of_body 'b["state"] + " " + b["status"]')"
expect "requests are served while the database is down" serve "${settings[@]}" DB_PORT=1
ask
expect "503 when it is down" same '503 CRITICAL CONNECTION_REFUSED' "$code $(of_body 'b["state"] + " " + b["error_code"]')"
expect "requests are served with wrong settings" serve "${settings[@]}" DB_PORT=x
ask
expect "503 when the settings are wrong" same '503 UNKNOWN CONFIG_ERROR' "$code $(of_body 'b["state"] + " " + b["error_code"]')"
stop_activator
printf '<html>' >"$scratch/body"
body='<html>'
expect "another body would be seen" refuses of_body 'b["state"]'

# ---- the sandbox, compared with what the programs really do ----
# members SET: the system calls of one of systemd's sets, and of the sets in it.
members() {
    local name
    while read -r name; do
        case $name in
            @*) members "$name" ;;
            [a-z_]*) printf '%s\n' "$name" ;;
        esac
    done < <(analyze syscall-filter "$1" | sed '1,2d')
}
members @system-service | sort -u >"$scratch/given"
{ members @privileged; members @resources; } | sort -u >"$scratch/taken"
expect "the filter is the one compared here" same $'@system-service\n~@privileged @resources' \
    "$(sed -n 's/^SystemCallFilter=//p' "$units/db-up.service")"
comm -23 "$scratch/given" "$scratch/taken" >"$scratch/allowed"
# refused_calls TRACE: what the filter would have answered with EPERM.
refused_calls() { sed -nE 's/^[0-9]+ +([a-z_0-9]+)\(.*/\1/p' "$1" | sort -u | comm -23 - "$scratch/allowed"; }
harmless() { # TRACE. Netlink is refused: the C library then takes for granted that there is IPv4 and IPv6.
    expect "it makes system calls" test "$(wc -l <"$1")" -gt 100
    expect "which the filter allows" same '' "$(refused_calls "$1")"
    expect "on sockets that are allowed" same '' \
        "$(sed -nE 's/.* socket\((AF_[A-Z0-9]+),.*/\1/p' "$1" | sort -u | grep -vxE 'AF_INET6?|AF_UNIX' | grep -vx AF_NETLINK)"
    expect "and no memory that is written and executed" refuses grep -E 'PROT_WRITE\|PROT_EXEC|PROT_EXEC\|PROT_WRITE' "$1"
}
env -i "${settings[@]}" "DB_PORT=$PORT" strace -f -o "$scratch/trace" "$scratch/bin/db-up" >"$scratch/output" 2>&1 </dev/null || true
expect "a check is traced" matches 'DB-UP OK .*' "$(cat -- "$scratch/output")"
harmless "$scratch/trace"
printf '1 mount("a", "b") = 0\n1 read(0) = 0\n' >"$scratch/mounting"
expect "a call that is refused would be seen" same mount "$(refused_calls "$scratch/mounting")"
env -i "PATH=$scratch/bin:/usr/bin:/bin" DB_UP_WEBHOOK=https://localhost:1/ DB_UP_WEBHOOK_ALLOW='127.0.0.1 ::1' DB_UP_WEBHOOK_CA="$CA_FILE" \
    strace -f -o "$scratch/trace" "$scratch/bin/db-up-cron" -t >"$scratch/output" 2>&1 </dev/null || true
expect "a message is traced, up to curl" matches ".*Not sent: localhost did not take the message \\(curl's exit code 7, .*" \
    "$(tr '\n' ' ' <"$scratch/output")"
harmless "$scratch/trace"

# ---- messages: the command of db-up-alert@.service, with what systemd gives it ----
unit=db-up@orders.service
cat >"$scratch/bin/journalctl" <<'TEXT'
#!/bin/sh
case " $* " in *" _SYSTEMD_INVOCATION_ID=0123abcd "*) echo 'DB-UP CRITICAL - gone [CONNECTION_REFUSED] | up=0' ;; esac
TEXT
chmod 0755 -- "$scratch/bin/journalctl"
tell() { # RESULT STATUS [VARIABLE=VALUE...]; sets code and output
    local words
    read -ra words <<<"$(sed -n 's/^ExecStart=//p' "$units/db-up-alert@.service")"
    code=0
    output=$(env -i "PATH=$scratch/bin:/usr/bin:/bin" "STATE_DIRECTORY=$scratch/state" "MONITOR_UNIT=$unit" \
        "MONITOR_SERVICE_RESULT=$1" "MONITOR_EXIT_STATUS=$2" MONITOR_INVOCATION_ID=0123abcd \
        "${@:3}" "${words[@]//%i/$unit}" 2>&1) || code=$?
}
tell exit-code 2
tell exit-code 1
expect "two failures are not told" same 0: "$code:$output"
tell timeout TERM
expect "three are, with what the check printed" matches \
    "0:db-up $unit: FAILED 3 times in a row since .* DB-UP CRITICAL - gone .*" "$code:${output//$'\n'/ }"
tell exit-code 2
expect "but once" same 0: "$code:$output"
tell success 0
expect "and that it is over" matches "0:db-up $unit: RECOVERED after 4 failures since .*" "$code:${output%%$'\n'*}"
for _ in 1 2; do tell exit-code 2; done
tell exit-code 2 DB_UP_WEBHOOK=https://127.0.0.1/
expect "a message that cannot be sent is a failed unit" matches '1:.*Not sent: .* a private address' "$code:${output//$'\n'/ }"
finish
