#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: cron.sh PROGRAM. contrib/cron/db-up: its form, and its command run as cron runs it.
# shellcheck source=tests/packaging/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

program=$(readlink -f -- "$1")
table=$root/contrib/cron/db-up

expect "cron takes a file of this name" matches '[A-Za-z0-9_-]+' "$(basename -- "$table")"
expect "it is no program" refuses test -x "$table"
expect "its last line is complete" same '' "$(tail -c 1 -- "$table")"
expect "it has no password" refuses grep -nE '^[^#]*PASSWORD=' "$table"
expect "it says who gets the mails" grep -qE '^MAILTO=[^ ]+$' "$table"

number='[0-9]+(-[0-9]+)?(/[0-9]+)?'
field="(\*(/[0-9]+)?|$number(,$number)*)"
assignment='[A-Z_]+=[^"'\'']*'
entry="$field +$field +$field +$field +$field +[a-z_][a-z0-9_-]* +[^ ].*"
entries=0
while IFS= read -r line; do
    case $line in
        '' | '#'*) continue ;;
    esac
    if [[ $line =~ ^$assignment$ ]]; then
        continue
    fi
    expect "five time fields, a user and a command: $line" matches "$entry" "$line"
    expect "no % that cron would turn into a new line" refuses grep -qE '(^|[^\\])%' <<<"$line"
    entries=$((entries + 1))
done <"$table"
expect "there is one entry" same 1 "$entries"

# The command as cron runs it: /bin/sh, nothing in the environment but what the table sets, stdin a pipe.
command=$(sed -nE 's/^\*.* db-up  (.*)$/\1/p' "$table")
run() { # VARIABLE=VALUE...; sets output, which is what cron would mail
    output=$(: | env -i HOME=/nonexistent LOGNAME=db-up SHELL=/bin/sh "PATH=$scratch/bin:/usr/bin:/bin" "$@" \
        /bin/sh -c "$command" 2>&1) || true
}
mkdir -- "$scratch/bin"
ln -s -- "$program" "$scratch/bin/db-up"
start_server
settings=(DB_HOST=localhost "DB_NAME=$DATABASE" "DB_USER=$USER" "DB_PASSWORD_FILE=$PASSWORD_FILE")
for setting in "${settings[@]}"; do
    expect "the table sets ${setting%%=*}" grep -q "^${setting%%=*}=" "$table"
done

run "${settings[@]}" "DB_PORT=$PORT"
expect "no mail when the database is up" same '' "$output"
run "${settings[@]}" DB_PORT=1 DB_MAX_RETRIES=0
expect "a mail that says what is wrong when it is down" \
    matches 'DB-UP CRITICAL - [^|]+ \[CONNECTION_REFUSED\] \| .*' "${output%%$'\n'*}"
run "DB_PORT=$PORT"
expect "a mail when the settings are wrong" matches 'DB-UP UNKNOWN - .*\[CONFIG_ERROR\].*' "${output%%$'\n'*}"
finish
