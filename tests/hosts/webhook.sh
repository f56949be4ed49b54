#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: webhook.sh PROGRAM. contrib/cron/db-up-cron: where it posts to, what, and where it does not.
# shellcheck source=tests/support/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/lib.sh"

program=$(readlink -f -- "${DBUP_PROGRAM:-$1}")
wrapper=$root/contrib/cron/db-up-cron
mkdir -m 0700 -- "$scratch/state" "$scratch/bin"
ln -s -- "$program" "$scratch/bin/db-up"

# ---- addresses: the functions themselves, by tables ----
# shellcheck source=contrib/cron/db-up-cron
which_open() (. "$wrapper"; for address; do ! public "$address" || printf '%s ' "$address"; done)
# shellcheck source=contrib/cron/db-up-cron
parts() (. "$wrapper"; for address; do ! split_address "$address" || printf '%s %s %s\n' "$address" "$host" "$port"; done)

closed=(
    0.0.0.0 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.255.255.254 169.254.0.1 169.254.169.254
    172.16.0.1 172.31.255.255 192.0.0.1 192.0.2.1 192.168.0.1 192.168.255.255 198.18.0.1 198.19.255.255 198.51.100.1
    203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
    :: ::1 ::7f00:1 ::127.0.0.1 fc00::1 fdff:ffff::1 fe80::1 febf::1 fec0::1 ff02::1 100::1 2001:0:1::1 2001:db8::1
    2002:7f00:1::1 3fff::1 4000::1 ::ffff:10.0.0.1 ::ffff:7f00:1 ::FFFF:169.254.169.254 64:ff9b::10.0.0.1 64:ff9b::a00:1
    64:ff9b:1::1
    # no address, or not in its plain form
    2130706433 0x7f000001 0x7f.0.0.1 0177.0.0.1 127.1 8.8.8 8.8.8.8.8 8.8.8.256 8.8.8.08 1e9 localhost fe80::1%eth0
    1:2:3:4:5:6:7 1:2:3:4:5:6:7:8:9 2606::1::1 2606:::1 26060::1 ::g '' ' '
)
open=(
    1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.1 100.63.255.255 100.128.0.1 126.255.255.255 128.0.0.1 169.253.0.1 169.255.0.1
    172.15.255.255 172.32.0.1 192.167.255.255 192.169.0.1 198.17.255.255 198.20.0.1 223.255.255.255
    2001:4860:4860::8888 2606:4700:4700::1111 2a00:1450:4001:82a::200e 2003::1 ::ffff:8.8.8.8 64:ff9b::8.8.8.8
)
expect "${#closed[@]} addresses are closed" same '' "$(which_open "${closed[@]}")"
expect "${#open[@]} addresses are open" same "${open[*]} " "$(which_open "${open[@]}")"

export DB_UP_WEBHOOK_ALLOW='10.1.2.0/23 192.168.7.7 fd12::/16 0.0.0.0/0 ::/0'
mine='10.1.2.1 10.1.3.255 192.168.7.7 fd12::1 127.0.0.1 ::1 '
# shellcheck disable=SC2086
expect "networks can be allowed, but none that is link-local" same "$mine" \
    "$(which_open $mine 169.254.169.254 ::ffff:169.254.169.254 fe80::1)"
export DB_UP_WEBHOOK_ALLOW='10.1.2.0/23 192.168.7.7 fd12::/16'
expect "and nothing beside them" same '' "$(which_open 10.1.1.255 10.1.4.0 192.168.7.8 fd13::1 127.0.0.1)"
unset DB_UP_WEBHOOK_ALLOW

no_address=(
    http://example.com/ HTTPS://example.com/ ftp://example.com/ file:///etc/passwd example.com //example.com/ https:// ''
    https://user@example.com/ https://user:password@example.com/ 'https://example.com\@10.0.0.1/' https://example.com./
    'https://example.com/a b' 'https://example.com/#x' 'https://example.com/"' 'https://example.com/{a,b}'
    https://127.1/ https://0x7f.0.0.1/ https://0x7f000001/ https://2130706433/ https://0177.0.0.1/ https://1.2.3.4.5/
    https://example.com:123456/ https://example.com:/ 'https://[fe80::1%25eth0]/' https://-x.example.com/ https://ex%61mple.com/
    $'https://example.com/\nurl = "http://10.0.0.1/"' https://exämple.com/ 'https://example.com?x=1'
)
expect "${#no_address[@]} texts are no webhook" same '' "$(parts "${no_address[@]}")"
webhooks='https://example.com example.com 443
https://hooks.example.com:8443/services/T0/B0/x?y=1&z=%20 hooks.example.com 8443
https://192.0.2.1/ 192.0.2.1 443
https://[2001:db8::1]:444/x 2001:db8::1 444'
# shellcheck disable=SC2046
expect "and these are" same "$webhooks" "$(parts $(cut -d ' ' -f 1 <<<"$webhooks"))"

# ---- a real receiver ----
receiver=
stop_receiver() {
    [ -z "$receiver" ] || kill "$receiver" 2>/dev/null || true
    [ -z "$receiver" ] || wait "$receiver" 2>/dev/null || true
}
trap 'stop_receiver; clean_up' EXIT
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -batch -days 2 -subj /CN=localhost \
    -addext 'subjectAltName=DNS:localhost,DNS:hooks.example,IP:127.0.0.1' \
    -keyout "$scratch/key" -out "$scratch/ca" 2>/dev/null
/usr/bin/python3 "$root/tests/support/webhook_receiver.py" "$scratch" "$scratch/ca" "$scratch/key" &
receiver=$!
start_server
wait_for 20 test -e "$scratch/port"
port=$(cat -- "$scratch/port")
secret=https://localhost:$port/T0secret/B0

run() { # [VARIABLE=VALUE...] -- ARGUMENT...; sets code, output (stdout and stderr) and requests, a number
    local settings=("DB_PORT=$PORT" DB_HOST=localhost DB_NAME=mydb DB_USER=db_monitor "DB_PASSWORD_FILE=$PASSWORD_FILE"
        "DB_UP_WEBHOOK=$secret" DB_UP_WEBHOOK_ALLOW=127.0.0.0/8 "DB_UP_WEBHOOK_CA=$scratch/ca")
    while [ "$1" != -- ]; do settings+=("$1"); shift; done
    shift
    code=0
    rm -f -- "$scratch/requests"
    output=$(env -i "PATH=$scratch/bin:/usr/bin:/bin" "${settings[@]}" "$wrapper" -s "$scratch/state" "$@" 2>&1 </dev/null) ||
        code=$?
    requests=0
    [ ! -e "$scratch/requests" ] || requests=$(wc -l <"$scratch/requests")
}
down=(DB_PORT=1 DB_MAX_RETRIES=0)

# posted EXPRESSION: of the last request, "r" (the request) and "b" (its body, read as JSON).
posted() {
    /usr/bin/python3 -c 'import json, sys
r = json.loads(open(sys.argv[1], encoding="utf-8").readlines()[-1])
b = json.loads(r["body"])
print(eval(sys.argv[2]))' "$scratch/requests" "$1"
}

run "${down[@]}" -- -j orders -n 2
expect "nothing is posted before it is time" same 2:0: "$code:$requests:$output"
run "${down[@]}" -- -j orders -n 2
expect "one message after two failures, and no mail" same 2:1: "$code:$requests:$output"
expect "it is posted as JSON" same 'POST /T0secret/B0 application/json' \
    "$(posted '"%s %s %s" % (r["method"], r["path"], r["headers"]["Content-Type"])')"
expect "it says what has happened" same "failed orders 2 $HOSTNAME" "$(posted '"%(event)s %(job)s %(failures)d %(monitor)s" % b')"
expect "since when" matches '[0-9-]{10}T[0-9:]{8}Z' "$(posted 'b["failing_since"]')"
expect "in a sentence, too" matches 'db-up orders: FAILED 2 times in a row since .*' "$(posted 'b["text"]')"
expect "all of db-up's JSON follows" same "1 CRITICAL down CONNECTION_REFUSED 0" \
    "$(posted '"%(schema)d %(state)s %(status)s %(error_code)s" % b + " %d" % b["metrics"]["up"]')"
expect "it holds no secret" refuses grep -F -e "$(cat -- "$PASSWORD_FILE")" -e T0secret <<<"$(posted 'r["body"]')"
run "${down[@]}" -- -j orders -n 2
expect "no second message" same 2:0: "$code:$requests:$output"
run -- -j orders -n 2
expect "one when it is over" same 0:1: "$code:$requests:$output"
expect "which says so" same "recovered 3 OK up 15" \
    "$(posted '"%(event)s %(failures)d %(state)s %(status)s" % b + " " + b["database_version"].split(".")[0]' )"
run -- -j orders -n 2
expect "and none after that" same 0:0: "$code:$requests:$output"

run DB_UP_WEBHOOK_DETAILS=no "${down[@]}" -- -j less -n 1
expect "details can be kept back" same "CRITICAL ['event', 'failing_since', 'failures', 'job', 'monitor', 'state', 'text']" \
    "$(posted 'b["state"] + " " + str(sorted(b))')"
run -- -t
expect "-t sends a test message" same 0:test "$code:$(posted 'b["event"]')"

# What db-up can never say, from something else of its name.
mv -- "$scratch/bin/db-up" "$scratch/db-up"
printf '#!/bin/sh\nprintf %s; exit 2\n' "'{\"no JSON: \\001\\t\\\\ \"\\377\\303\\244\\nline 2\\n'" >"$scratch/bin/db-up"
chmod 0755 -- "$scratch/bin/db-up"
run -- -j odd -n 1
expect "what is no JSON is quoted" same $'{"no JSON:  \\ "\u00e4\nline 2 CRITICAL' "$(posted 'b["message"] + " " + b["state"]')"
printf '#!/bin/sh\nprintf "{\\"x\\":\\""; head -c 20000 /dev/zero | tr "\\0" x; printf "\\"}"; exit 2\n' >"$scratch/bin/db-up"
run -- -j long -n 1
expect "what is too long is left out" same "True CRITICAL failed" \
    "$(posted 'str(len(r["body"]) < 1000) + " " + b["state"] + " " + b["event"]')"
mv -- "$scratch/db-up" "$scratch/bin/db-up"

# ---- what goes wrong ----
not_sent() { # SENTENCE PATTERN REQUESTS VARIABLE=VALUE...
    local sentence=$1 pattern=$2 wanted=$3
    shift 3
    rm -f -- "$scratch/state/wrong.state"
    run "${down[@]}" "$@" -- -j wrong -n 1
    expect "$sentence: mailed, with the reason" matches \
        "db-up wrong: FAILED 1 times .*\"error_code\":\"CONNECTION_REFUSED\".*Not sent: $pattern" "${output//$'\n'/ }"
    expect "$sentence: $wanted requests" same "$wanted" "$requests"
    expect "$sentence: the address stays a secret" refuses grep -F T0secret <<<"$output"
}
here=https://localhost:$port
not_sent "a private address" 'localhost is 127\.0\.0\.1, a private address' 0 DB_UP_WEBHOOK_ALLOW=
not_sent "a private address, written as one" '127\.0\.0\.1 is 127\.0\.0\.1, a private address' 0 \
    DB_UP_WEBHOOK_ALLOW=10.0.0.0/8 "DB_UP_WEBHOOK=https://127.0.0.1:$port/T0secret"
not_sent "a name without an address" 'the name .* has no address' 0 DB_UP_WEBHOOK=https://nowhere.invalid/T0secret
not_sent "a certificate of somebody else" 'localhost did not take the message .*' 0 DB_UP_WEBHOOK_CA=
not_sent "a redirect" 'localhost did not take the message .*HTTP status 302\)' 1 "DB_UP_WEBHOOK=$here/302"
not_sent "an error" 'localhost did not take the message .*HTTP status 404\)' 1 "DB_UP_WEBHOOK=$here/404"
run "${down[@]}" "DB_UP_WEBHOOK=$here/404" -- -j wrong -n 1
expect "the next run tries again and mails nothing" same 2:1: "$code:$requests:$output"
run "${down[@]}" -- -j wrong -n 1
expect "until it is taken" same 'failed 3' "$(posted '"%(event)s %(failures)d" % b')"
run "DB_UP_WEBHOOK=$here/404" -- -j wrong -n 1
expect "so it is with the end" matches '0:1:db-up wrong: RECOVERED .*Not sent: .*' "$code:$requests:${output//$'\n'/ }"
run -- -j wrong -n 1
expect "which is sent by the next run" same '0::recovered 3' "$code:$output:$(posted '"%(event)s %(failures)d" % b')"

run "DB_UP_WEBHOOK=$here/503-once" -- -t
expect "a receiver that is busy is asked again" same 0:2: "$code:$requests:$output"
run https_proxy=http://127.0.0.1:1 HTTPS_PROXY=http://127.0.0.1:1 ALL_PROXY=http://127.0.0.1:1 "HOME=$scratch" -- -t
expect "no proxy stands between" same 0:1: "$code:$requests:$output"
printf -- '--proxy http://127.0.0.1:1\n--header "X-Rc: 1"\n' >"$scratch/.curlrc"
run "HOME=$scratch" "CURL_HOME=$scratch" -- -t
expect "nor somebody's .curlrc" same 0:False "$code:$(posted '"X-Rc" in r["headers"]')"

# A name server that says one thing to the check and another to curl: curl never asks.
# shellcheck disable=SC2016
printf '#!/bin/sh\n[ "$2" = hooks.example ] && echo "127.0.0.1 STREAM hooks.example"\n' >"$scratch/bin/getent"
chmod 0755 -- "$scratch/bin/getent"
run "DB_UP_WEBHOOK=https://hooks.example:$port/" -- -t
expect "the connection goes to the address that was looked at" same "0::hooks.example:$port" \
    "$code:$output:$(posted 'r["headers"]["Host"]')"
printf '#!/bin/sh\nprintf "8.8.8.8 STREAM\\n10.0.0.1 STREAM\\n"\n' >"$scratch/bin/getent"
run -- -t
expect "one private address among several is enough" matches '1:0:.*localhost is 10\.0\.0\.1, a private address' \
    "$code:$requests:${output//$'\n'/ }"
rm -- "$scratch/bin/getent"

# ---- the address is a secret ----
printf '%s' "$secret" >"$scratch/webhook"
chmod 0600 -- "$scratch/webhook"
run DB_UP_WEBHOOK= "DB_UP_WEBHOOK_FILE=$scratch/webhook" -- -t
expect "it may stand in a file" same 0:1 "$code:$requests"
run DB_UP_WEBHOOK= "CREDENTIALS_DIRECTORY=$scratch" -- -t
expect "or be a credential of systemd" same 0:1 "$code:$requests"
# shellcheck disable=SC2016
printf '#!/bin/sh\ntr "\\0" " " </proc/$PPID/cmdline >>%q; tr "\\0" " " </proc/$$/cmdline >>%q\nexec /usr/bin/curl "$@"\n' \
    "$scratch/lines" "$scratch/lines" >"$scratch/bin/curl"
chmod 0755 -- "$scratch/bin/curl"
run -- -t
expect "it stands in no command line" refuses grep -F T0secret "$scratch/lines"
expect "which were looked at" grep -qF -- '--proto =https' "$scratch/lines"
chmod 0644 -- "$scratch/webhook"
run DB_UP_WEBHOOK= "DB_UP_WEBHOOK_FILE=$scratch/webhook" -- -t
expect "a file that everybody can read is refused" matches '3:0:DB-UP-CRON UNKNOWN - everybody can read .*chmod o=.*' \
    "$code:$requests:$output"
run DB_UP_WEBHOOK=http://localhost/T0secret -- -t
expect "so is http://" same '3:0:DB-UP-CRON UNKNOWN - the webhook is no plain https:// address' "$code:$requests:$output"
run DB_UP_WEBHOOK_ALLOW=localhost -- -t
expect "so is a name among the networks" matches '3:0:DB-UP-CRON UNKNOWN - DB_UP_WEBHOOK_ALLOW: no network: localhost' \
    "$code:$requests:$output"
finish
