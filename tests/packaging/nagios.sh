#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: nagios.sh PROGRAM. contrib/nagios: read by the real Nagios 4, and its command line run for real.
# shellcheck source=tests/packaging/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

program=$(readlink -f -- "$1")
nagios=$(command -v nagios4 || true)
[ -n "$nagios" ] || nagios=$root/build/tools/nagios4-core/usr/sbin/nagios4
[ -x "$nagios" ] || { echo "no nagios4: scripts/test.sh fetches it into build/tools"; exit 1; }

# What Debian's own configuration has, in its shortest form.
write_surroundings() { # FOLDER
    cat >"$1/nagios.cfg" <<TEXT
cfg_dir=$1/conf.d
log_file=$1/nagios.log
check_result_path=$1
temp_path=$1
object_cache_file=$1/objects.cache
illegal_macro_output_chars=\`~\$&|'"<>
nagios_user=$(id -un)
nagios_group=$(id -gn)
TEXT
    cat >"$1/conf.d/surroundings.cfg" <<'TEXT'
define timeperiod {
    timeperiod_name         24x7
    alias                   always
    monday                  00:00-24:00
}
define command {
    command_name            notify
    command_line            /bin/true
}
define contact {
    contact_name                    admin
    host_notification_commands      notify
    service_notification_commands   notify
    host_notification_period        24x7
    service_notification_period     24x7
    host_notification_options       d
    service_notification_options    c
}
define service {
    name                    generic-service
    register                0
    check_period            24x7
    notification_period     24x7
    contacts                admin
    notification_interval   0
}
define host {
    host_name               db1
    address                 localhost
    max_check_attempts      1
    check_period            24x7
    notification_period     24x7
    contacts                admin
}
TEXT
}

configuration() { # FOLDER
    mkdir -p -- "$1/conf.d"
    write_surroundings "$1"
    cp -- "$root/contrib/nagios/commands.cfg" "$root/contrib/nagios/services.cfg" "$1/conf.d/"
}

# command_line VARIABLE=VALUE...: the command of check_db_up with its macros replaced.
command_line() {
    local line pair
    line=$(sed -n '/command_name *check_db_up$/,/}/s/^ *command_line *//p' "$root/contrib/nagios/commands.cfg")
    for pair in "$@"; do
        line=${line//"\$${pair%%=*}\$"/"${pair#*=}"}
    done
    printf '%s\n' "$line"
}

run() { # LINE: as Nagios runs it; sets code and output
    code=0
    output=$(env -i PATH=/usr/bin:/bin sh -c "$1" 2>&1 </dev/null) || code=$?
}

configuration "$scratch/right"
verdict=$("$nagios" -v "$scratch/right/nagios.cfg" 2>&1) || verdict+=" (exit code $?)"
expect "Nagios reads all of the definitions" grep -q 'Checked 2 services' <<<"$verdict"
expect "Nagios finds no error" grep -qE '^Total Errors: +0$' <<<"$verdict"
expect "Nagios has nothing to warn of" grep -qE '^Total Warnings: +0$' <<<"$verdict"

configuration "$scratch/broken"
sed -i 's/check_command  *check_db_up/check_command check_db_upp/' "$scratch/broken/conf.d/services.cfg"
expect "Nagios would see a mistake" refuses "$nagios" -v "$scratch/broken/nagios.cfg"

expect "the definitions name no password" refuses grep -niE '(db|pg)_?password *=|--password ' \
    "$root/contrib/nagios/commands.cfg" "$root/contrib/nagios/services.cfg"

mkdir -p -- "$scratch/plugins"
ln -s -- "$program" "$scratch/plugins/check_db_up"
start_server
common=("USER1=$scratch/plugins" HOSTADDRESS=localhost "_SERVICEDB_NAME=$DATABASE" "_SERVICEDB_USER=$USER"
    "_SERVICEDB_PASSWORD_FILE=$PASSWORD_FILE" _SERVICEDB_WARNING=5 _SERVICEDB_CRITICAL=8)

run "$(command_line "${common[@]}" "_SERVICEDB_PORT=$PORT" _SERVICEDB_SSL_MODE=verify-full \
    "_SERVICEDB_OPTIONS=--ssl-root-cert $CA_FILE --role primary -w cert_days=30: -c cert_days=7:")"
expect "the command line is OK for a server that is up" same 0 "$code"
expect "and prints one line with perfdata" matches 'DB-UP OK - [^|]+\| time=[0-9.]+s;5;8;0;10 up=1;;;0;1 .*' "$output"

run "$(command_line "${common[@]}" _SERVICEDB_PORT=1 _SERVICEDB_SSL_MODE=require '_SERVICEDB_OPTIONS=--max-retries 0')"
expect "the command line is CRITICAL for a port where nobody listens" same 2 "$code"
expect "and says so" matches 'DB-UP CRITICAL - [^|]+ \[CONNECTION_REFUSED\] \| [^|]*up=0;;;0;1.*' "${output%%$'\n'*}"
# shellcheck disable=SC2016
expect "no macro is left over" refuses grep -q '\$_' <<<"$(command_line "${common[@]}" \
    _SERVICEDB_PORT=1 _SERVICEDB_SSL_MODE=require _SERVICEDB_OPTIONS=)"
finish
