#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: logrotate.sh PROGRAM. contrib/logrotate: the real logrotate takes the log away from runs that go on writing.
# shellcheck source=tests/support/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/lib.sh"

program=$(readlink -f -- "${DBUP_PROGRAM:-$1}")
snippet=$root/contrib/logrotate/db-up
logrotate=$root/build/tools/logrotate/usr/sbin/logrotate
[ -x "$logrotate" ] || { echo "no logrotate: scripts/test.sh fetches it into build/tools"; exit 1; }

# As root the log is somebody else's, as on a real machine.
user=$(id -un) group=$(id -gn) as_user=()
if [ "$(id -u)" -eq 0 ]; then
    user=nobody group=$(id -gn nobody)
    as_user=(setpriv "--reuid=$user" "--regid=$group" --clear-groups)
    chmod 0711 -- "$scratch"
fi
logs=$scratch/logs
install -d -m 0750 -o "$user" -g "$group" -- "$logs"
sed "s|/var/log/db-up|$logs|; s/db-up db-up$/$user $group/" "$snippet" >"$scratch/snippet"
[ ${#as_user[@]} -gt 0 ] || sed -i '/^ *su /d' "$scratch/snippet" # an ordinary user cannot become himself
chmod 0644 -- "$scratch/snippet"

expect "logrotate takes a file of this name" matches '[A-Za-z0-9_-]+' "$(basename -- "$snippet")"
expect "it is no program" refuses test -x "$snippet"
rotate() { "$logrotate" --state "$scratch/state" "$@" "$scratch/snippet"; }
expect "logrotate reads it" rotate --debug
expect "and has nothing against it" refuses grep -i error <<<"$(rotate --debug 2>&1)"
sed 's/delaycompress/delaycompres/' "$scratch/snippet" >"$scratch/mistake"
chmod 0644 -- "$scratch/mistake"
expect "a mistake would be seen" grep -qi error <<<"$("$logrotate" --debug --state "$scratch/state" "$scratch/mistake" 2>&1)"

# write COUNT: so many runs, one line each.
write() {
    local number
    for ((number = 0; number < $1; number++)); do
        env -i "${as_user[@]}" "$program" -H 127.0.0.1 -p 1 -d mydb --max-retries 0 --log-file "$logs/mydb.log" \
            >/dev/null 2>>"$scratch/errors" || true
    done
}
lines() { # FILE...
    zcat -f -- "$@" | wc -l
}
all_lines() { lines "$logs"/*; }

write 3
expect "each run is a line" same 3 "$(lines "$logs/mydb.log")"
expect "logrotate takes them away" rotate --force
expect "the file begins anew, the user's own" same "0 640 $user" "$(stat -c '%s %a %U' "$logs/mydb.log")"
expect "the lines are in the old one, which may still be written to" same 3 "$(lines "$logs/mydb.log.1")"
write 2
expect "db-up writes to the new one" same 2 "$(lines "$logs/mydb.log")"
rotate --force
expect "the older one is compressed" same "3 yes" "$(lines "$logs/mydb.log.2.gz") $(gzip -t "$logs/mydb.log.2.gz" && echo yes)"

write 12 &
first=$!
write 12 &
second=$!
for wanted in 7 13; do
    wait_for 20 eval "[ \"\$(all_lines)\" -ge $wanted ]" || true
    rotate --force
done
wait "$first" "$second"
expect "no line is lost while two write and logrotate renames" same 29 "$(all_lines)"
expect "and none is broken" same 29 "$(zcat -f -- "$logs"/* | grep -cE '^[0-9-]{10}[T ][0-9:.]+Z? .*CONNECTION_REFUSED')"
expect "db-up has nothing to complain of" same '' "$(cat -- "$scratch/errors")"
for _ in 1 2 3 4; do
    write 1
    rotate --force
done
expect "five old files are kept" same 5 "$(find "$logs" -name 'mydb.log.*' | wc -l)"
write 1
before=$(stat -c %i "$logs/mydb.log")
rotate
expect "what is young and small stays" same "$before" "$(stat -c %i "$logs/mydb.log")"
sed -i -E 's/ [0-9]+-[0-9]+-[0-9]+-/ 2001-1-1-/' "$scratch/state"
rotate
expect "what is older than a week goes" refuses test "$before" = "$(stat -c %i "$logs/mydb.log")"
write 1
before=$(stat -c %i "$logs/mydb.log")
head -c 10485761 /dev/zero | tr '\0' '\n' >>"$logs/mydb.log"
rotate
expect "what is larger than 10 MB goes" refuses test "$before" = "$(stat -c %i "$logs/mydb.log")"
finish
