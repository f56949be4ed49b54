#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: systemd.sh PROGRAM. contrib/systemd-timer: read and rated by the real systemd-analyze.
# shellcheck source=tests/packaging/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

program=$(readlink -f -- "$1")
units=$scratch/units
mkdir -- "$units"
cp -- "$root/contrib/systemd-timer/"db-up.{service,timer} "$units/"

# verify wants the program to be there; where it is installed, systemd finds it by its name alone.
ln -s -- "$program" "$scratch/db-up"
sed -i "s|^ExecStart=db-up|ExecStart=$scratch/db-up|" "$units/db-up.service"

analyze() { systemd-analyze --no-pager "$@"; }
verify() { # verify's exit code does not tell of unknown keys; its words do
    local words
    words=$(analyze verify --man=no "$@" 2>&1) || { printf '%s\n' "$words"; return 1; }
    same '' "$words"
}

expect "the service's command is the program's name" grep -qx 'ExecStart=db-up' "$root/contrib/systemd-timer/db-up.service"
expect "systemd has nothing to say against the units" verify "$units/db-up.service" "$units/db-up.timer"
expect "the sandbox is rated 1.5 or better" analyze security --offline=true --threshold=15 "$units/db-up.service"

sed 's/^ProtectSystem=/ProtectSytem=/' "$units/db-up.service" >"$units/mistake.service"
expect "a mistake would be seen" refuses verify "$units/mistake.service"
expect "the times of the timer are understood" analyze calendar \
    "$(sed -n 's/^OnCalendar=//p' "$units/db-up.timer")"
expect "no password in the units" refuses grep -nE '^[^#]*(PASSWORD|postgres(ql)?://)' "$units/db-up.service"
finish
