#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: cron.sh PROGRAM. contrib/cron: the real cron runs the table, and db-up-cron counts between its runs.
# shellcheck source=tests/support/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/lib.sh"
# shellcheck source=tests/support/root.sh
. "$root/tests/support/root.sh"

program=$(readlink -f -- "${DBUP_PROGRAM:-$1}")
table=$root/contrib/cron/db-up
wrapper=$root/contrib/cron/db-up-cron
tools=$root/build/tools/cron/usr
for tool in sbin/cron bin/crontab; do
    [ -x "$tools/$tool" ] || { echo "no $tool: scripts/test.sh fetches it into build/tools"; exit 1; }
done

# ---- the file ----
expect "cron takes a file of this name" matches '[A-Za-z0-9_-]+' "$(basename -- "$table")"
expect "it is no program" refuses test -x "$table"
expect "it has no password" refuses grep -nE '^[^#]*PASSWORD=' "$table"
expect "it says who gets the mails" grep -qE '^MAILTO=[^ ]+$' "$table"
expect "there is one entry" same 1 "$(grep -cE '^[*0-9@]' "$table")"

# ---- cron in a root of its own ----
make_root
owner=0 # of the job
[ "$(id -u)" -ne 0 ] || owner=65534
state=$scratch/state
mkdir -m 0700 -- "$state" "$scratch/counts" "$scratch/mails"
mkdir -p -- "$place"/{etc/cron.d,etc/db-up,etc/pam.d,run/mails,var/lib/db-up,var/spool/cron/crontabs}
printf 'db-up:x:%d:%d::/nonexistent:/bin/sh\n' "$owner" "$owner" >>"$place/etc/passwd"
printf 'crontab:x:0:\ndb-up:x:%d:\n' "$owner" >>"$place/etc/group"
printf '%s required pam_permit.so\n' auth account session >"$place/etc/pam.d/cron"
cp -- "$wrapper" "$tools/sbin/cron" "$tools/bin/crontab" "$place/usr/local/bin/"
touch -- "$place/run/program"
cat >"$place/usr/sbin/sendmail" <<'TEXT'
#!/bin/sh
cat >"/run/mails/$$"
TEXT
cat >"$place/usr/local/bin/db-up" <<'TEXT'
#!/bin/sh
/run/program "$@"
code=$?
env >/run/mails/environment
exit $code
TEXT
chmod 0755 -- "$place/usr/sbin/sendmail" "$place/usr/local/bin/db-up"
mounts+=("$program=run/program" "$state=var/lib/db-up" "$scratch/mails=run/mails")
give_away() { [ "$owner" -eq 0 ] || chown -R -- "$owner:$owner" "$@"; }

# Every line that is an entry, also those that wait behind a "#", as a user's table, which has no user in it.
sed -nE 's/^#?(([*0-9/]+ +){5})db-up  (.*)$/\1\3/p; /^[A-Z_]+=/p' "$table" >"$place/tmp/crontab"
sed 's|^\*/5|*/5,60|' "$place/tmp/crontab" >"$place/tmp/mistake"
expect "crontab reads all of its lines" in_root /usr/local/bin/crontab -n /tmp/crontab
expect "which are five entries" same 5 "$(grep -cE '^[*0-9]' "$place/tmp/crontab")"
expect "and would see a mistake" refuses in_root /usr/local/bin/crontab -n /tmp/mistake
expect "no % that cron would turn into a new line" refuses grep -E '(^|[^\\])%' "$place/tmp/crontab"

daemon=
stop_daemon() {
    [ -z "$daemon" ] || kill -KILL "$daemon" 2>/dev/null || true
    [ -z "$daemon" ] || wait "$daemon" 2>/dev/null || true
    daemon=
}
trap 'stop_daemon; clean_up' EXIT

job_ended() { [ -e "$scratch/mails/environment" ] && [ -z "$(cat "/proc/$daemon/task/$daemon/children")" ]; }

# by_cron LINE VARIABLE=VALUE...: starts cron with the table and this line, once. Sets mail, the text without headers.
by_cron() {
    local line=$1 file
    shift
    rm -rf -- "${scratch:?}/mails" "$place/run/crond.reboot"
    mkdir -m 0700 -- "$scratch/mails"
    give_away "$scratch/mails" "$state" "$place/etc/db-up"
    {
        sed -E '/^#?[*0-9]/d' "$table"
        printf '%s\n' "$@"
        printf '%s\n' "$line" | sed -E 's/^([^ ]+ +){5}/@reboot /' # cron itself looks at the clock every minute
    } >"$place/etc/cron.d/db-up"
    chmod 0644 -- "$place/etc/cron.d/db-up"
    enter /usr/local/bin/cron -f >"$scratch/cron.log" 2>&1 &
    daemon=$!
    expect "cron runs ${line##*db-up  }" wait_for 5 job_ended
    stop_daemon
    mail='' headers='' mails=0
    for file in "$scratch/mails"/[0-9]*; do
        [ -e "$file" ] || continue
        mails=$((mails + 1))
        headers=$(sed '/^$/,$d' "$file")
        mail=$(sed '1,/^$/d' "$file")
    done
}

start_server
cp -- "$PASSWORD_FILE" "$place/etc/db-up/password"
up=("DB_PORT=$PORT")
down=(DB_PORT=1 DB_MAX_RETRIES=0)

plain=$(grep -E '^\*.* db-up  ' "$table")
by_cron "$plain" "${up[@]}"
expect "no mail when the database is up" same '0:' "$mails:$mail"
expect "cron gives the table's settings" grep -qx 'DB_PASSWORD_FILE=/etc/db-up/password' "$scratch/mails/environment"
by_cron "$plain" "${up[@]}" DB_CHECK=settings
expect "a mail for a WARNING" matches 'DB-UP WARNING - .*' "${mail%%$'\n'*}"
by_cron "$plain" "${down[@]}"
expect "a mail that says what is wrong when it is down" \
    matches 'DB-UP CRITICAL - [^|]+ \[CONNECTION_REFUSED\] \| .*' "${mail%%$'\n'*}"
expect "to whom the table says" grep -qx 'To: root' <<<"$headers"
expect "with the settings in its headers, but no password" refuses grep -F -- "$(cat -- "$PASSWORD_FILE")" <<<"$headers"
by_cron "$plain" DB_PORT=x
expect "a mail when the settings are wrong" matches 'DB-UP UNKNOWN - .*\[CONFIG_ERROR\].*' "${mail%%$'\n'*}"

counting=$(sed -n 's/^#\(.* db-up  db-up-cron .*\)/\1/p' "$table")
by_cron "$counting" "${down[@]}"
by_cron "$counting" "${down[@]}"
expect "db-up-cron is silent for two failures" same 0 "$mails"
expect "which it has counted" same failures=2 "$(sed -n 1p "$state/mydb.state")"
by_cron "$counting" "${down[@]}"
expect "one mail for the third" matches 'db-up mydb: FAILED 3 times in a row since [0-9-]{10}T[0-9:]{8}Z' "${mail%%$'\n'*}"
expect "with what db-up says" grep -qE '^DB-UP CRITICAL - .*\[CONNECTION_REFUSED\] \| ' <<<"$mail"
by_cron "$counting" "${down[@]}"
expect "no second one" same 0 "$mails"
by_cron "$counting" "${up[@]}"
expect "one when it is over" matches 'db-up mydb: RECOVERED after 4 failures since .*' "${mail%%$'\n'*}"
expect "with what db-up says then" grep -qE '^DB-UP OK - .*PostgreSQL.* \| time=' <<<"$mail"
by_cron "$counting" "${up[@]}"
expect "and none after that" same 0 "$mails"

# ---- what cron has no part in ----
state=$scratch/counts
mkdir -- "$scratch/bin"
ln -s -- "$program" "$scratch/bin/db-up"
run() { # [VARIABLE=VALUE...] -- ARGUMENT...; sets code, output and errors
    local settings=(DB_HOST=localhost DB_NAME=mydb DB_USER=db_monitor "DB_PASSWORD_FILE=$PASSWORD_FILE")
    while [ "$1" != -- ]; do settings+=("$1"); shift; done
    shift
    code=0
    output=$(env -i "PATH=$scratch/bin:/usr/bin:/bin" "${settings[@]}" "$wrapper" -s "$state" "$@" \
        2>"$scratch/errors" </dev/null) || code=$?
    errors=$(cat -- "$scratch/errors")
}

run "${down[@]}" -- -j a -n 1
expect "-n 1 tells at once" matches '2:db-up a: FAILED 1 times .*' "$code:${output%%$'\n'*}"
run "${up[@]}" -- -j a -n 1
expect "the exit code is db-up's" matches '0:db-up a: RECOVERED .*' "$code:${output%%$'\n'*}"
run "${up[@]}" -- -j b -n 1 -- -w 0:0
expect "a WARNING is a failure" matches '1:db-up b: FAILED .*' "$code:${output%%$'\n'*}"
run "${up[@]}" -- -j c -n 1 -w -- -w 0:0
expect "but not with -w" same 1: "$code:$output"
run DB_PORT=x -- -j d -n 1
expect "wrong settings are one" matches '3:db-up d: FAILED .*CONFIG_ERROR.*' "$code:${output//$'\n'/ }"
mv -- "$scratch/bin/db-up" "$scratch/db-up"
run -- -j e -n 1
expect "so is a db-up that is not there" matches '3:db-up e: FAILED .*exit code 127.*' "$code:${output//$'\n'/ }"
mv -- "$scratch/db-up" "$scratch/bin/db-up"

printf 'failures=zwei\nsince=; rm -rf /\n\0\377told=maybe\n' >"$state/f.state"
run "${down[@]}" -- -j f -n 2
expect "a count that is rubbish begins anew" same "2::failures=1" "$code:$output:$(sed -n 1p "$state/f.state")"
expect "nothing is left beside the counts" same '' "$(find "$state" -type f ! -name '*.state' ! -name '*.lock')"

# shellcheck disable=SC2016
run "${down[@]}" -- -j g -n 1 -a 'echo "$DB_UP_EVENT $DB_UP_JOB" >>"$OUT"; cat >>"$OUT"'
expect "a command that fails is told" matches '2:.*Not sent: the command that tells it failed .*' "$code:${output//$'\n'/ }"
# shellcheck disable=SC2016
told='echo "$DB_UP_EVENT $DB_UP_JOB" >>"$OUT"; cat >>"$OUT"'
run "${down[@]}" "OUT=$scratch/out" -- -j g -n 1 -a "$told"
expect "and tried again" same '2::failed g' "$code:$output:$(head -n 1 "$scratch/out")"
expect "with all that a mail has" grep -q '^DB-UP CRITICAL' "$scratch/out"
run "${up[@]}" "OUT=$scratch/out" -- -j g -n 1 -a "$told"
expect "the end goes the same way" grep -q '^recovered g$' "$scratch/out"

# A run that has not ended: it waits for a reader of the pipe.
mkfifo -- "$scratch/pipe"
env -i "PATH=$scratch/bin:/usr/bin:/bin" "${down[@]}" DB_NAME=mydb "$wrapper" -s "$state" -j h -n 1 \
    -a ": >'$scratch/pipe.open'; cat >'$scratch/pipe'" >/dev/null 2>&1 &
first=$!
wait_for 10 test -e "$scratch/pipe.open" || true
run "${up[@]}" -- -j h
expect "a second run of a job is refused" matches '3::DB-UP-CRON UNKNOWN - .*has not ended.*' "$code:$output:$errors"
run "${up[@]}" -- -j i
expect "not that of another job" same 0: "$code:$output"
cat -- "$scratch/pipe" >/dev/null
wait "$first" || true
run "${up[@]}" -- -j h
expect "nor the next one" matches '0:db-up h: RECOVERED .*' "$code:${output%%$'\n'*}"

refuse() { # SENTENCE PATTERN ARGUMENT...
    local sentence=$1 pattern=$2
    shift 2
    run "${up[@]}" -- "$@"
    expect "refused: $sentence" matches "3::DB-UP-CRON UNKNOWN - .*$pattern.*" "$code:$output:$errors"
}
chmod 0777 -- "$state"
refuse "a folder that others can write to" 'must belong to'
chmod 0700 -- "$state"
refuse "a folder that is not there" 'there is no folder' -s "$scratch/nowhere"
refuse "a job that is a path" 'no name for a job' -j ../x
refuse "no number" 'no number of failures' -n 0
refuse "an unknown option" 'no such option' -x
finish
