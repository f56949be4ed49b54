#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: nagios.sh PROGRAM. contrib/nagios in the real Nagios 4: it reads the files, runs every service once on
# a real server, and keeps state, output and perfdata as the program gave them.
# shellcheck source=tests/support/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/lib.sh"
# shellcheck source=tests/support/nagios.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/nagios.sh"

program=$(readlink -f -- "${DBUP_PROGRAM:-$1}")
nagios=$(command -v nagios4 || true)
[ -n "$nagios" ] || nagios=$root/build/tools/nagios4-core/usr/sbin/nagios4
[ -x "$nagios" ] || { echo "no nagios4: scripts/test.sh fetches it into build/tools"; exit 1; }
contrib=$root/contrib/nagios
tab=$'\t'
daemon=

# shellcheck disable=SC2317  # called by the trap
stop_nagios() {
    [ -z "$daemon" ] || kill "$daemon" 2>/dev/null || true
    [ -z "$daemon" ] || wait "$daemon" 2>/dev/null || true
    daemon=
}
trap 'stop_nagios; clean_up' EXIT

# Nagios gives up root before it runs anything: what it needs is where everybody can read it.
account=$(id -un)
[ "$account" != root ] || account=nobody
group=$(id -gn -- "$account")
[ "$account" != nobody ] || chmod 0711 -- "$scratch"

# What Debian's own configuration has, in its shortest form; the illegal characters are Debian's.
write_surroundings() { # FOLDER
    cat >"$1/nagios.cfg" <<TEXT
cfg_dir=$1/conf.d
resource_file=$1/resource.cfg
log_file=$1/nagios.log
check_result_path=$1
temp_path=$1
temp_file=$1/nagios.tmp
lock_file=$1/nagios.pid
object_cache_file=$1/objects.cache
status_file=$1/status.dat
state_retention_file=$1/retention.dat
command_file=$1/nagios.cmd
query_socket=$1/nagios.qh
nagios_user=$account
nagios_group=$group
illegal_macro_output_chars=\`~\$&|'"<>
illegal_object_name_chars=\`~!\$%^&*|'"<>?,()=
use_syslog=0
check_for_updates=0
check_external_commands=1
retain_state_information=1
service_inter_check_delay_method=n
host_inter_check_delay_method=n
status_update_interval=1
process_performance_data=1
service_perfdata_file=$1/results
service_perfdata_file_mode=a
service_perfdata_file_template=\$SERVICEDESC\$\t\$SERVICESTATEID\$\t\$SERVICEOUTPUT\$\t\$LONGSERVICEOUTPUT\$\t\$SERVICEPERFDATA\$
TEXT
    # shellcheck disable=SC2016
    printf '$USER1$=%s\n' "$scratch/plugins" >"$1/resource.cfg"
    nagios_surroundings db1 >"$1/conf.d/surroundings.cfg"
}

configuration() { # FOLDER FILE...: the files of contrib
    local folder=$1
    shift
    mkdir -p -- "$folder/conf.d"
    write_surroundings "$folder"
    cp -- "${@/#/$contrib/}" "$folder/conf.d/"
    [ "$(id -u)" -ne 0 ] || chown -R -- "$account:$group" "$folder"
}

# ---- Nagios reads all of it ---------------------------------------------------------------------------------
files=(commands.cfg templates.cfg services.cfg nrpe-services.cfg passive.cfg)
configuration "$scratch/right" "${files[@]}"
verdict=$("$nagios" -v "$scratch/right/nagios.cfg" 2>&1) || verdict+=" (exit code $?)"
examples=$(cat -- "$contrib"/{services,nrpe-services,passive}.cfg | grep -cE '^define service ')
expect "Nagios reads all of the services" grep -q "Checked $examples services" <<<"$verdict"
expect "Nagios reads the dependencies" grep -qE 'Checked [1-9][0-9]* service dependencies' <<<"$verdict"
expect "Nagios finds no error" grep -qE '^Total Errors: +0$' <<<"$verdict"
expect "Nagios has nothing to warn of" grep -qE '^Total Warnings: +0$' <<<"$verdict"

configuration "$scratch/broken" "${files[@]}"
sed -i 's/check_command  *check_db_up!/check_command check_db_upp!/' "$scratch/broken/conf.d/templates.cfg"
expect "Nagios would see a mistake" refuses "$nagios" -v "$scratch/broken/nagios.cfg"
expect "the definitions name no password" refuses grep -niE '(db|pg)_?password *=|--password ' -r "$contrib"

while IFS= read -r line; do
    expect "the manual's line is one of the examples: $line" grep -qF -- "$line" "$contrib/services.cfg"
done < <(sed -nE 's/^    check_command +//p' "$root/docs/deployment/nagios.md")

mapfile -t checks < <("$program" --help checks | sed -nE 's/^([a-z]+)$/\1/p')
expect "the program has checks" test "${#checks[@]}" -ge 12
for check in "${checks[@]}"; do
    expect "there is a template for the check $check" grep -qE "name +db-up-$check$" "$contrib/templates.cfg"
    expect "there is an example of the check $check" grep -qE "use +db-up-$check$" "$contrib/services.cfg"
done

# ---- the daemon, with the examples and some odd services, on a real server ------------------------------------
start_server
mkdir -m 0755 -- "$scratch/plugins"
mkdir -m 0777 -- "$scratch/runs"
install -m 0755 -- "$program" "$scratch/plugins/db-up"
install -m 0755 -- "$nagios" "$scratch/plugins/nagios4" # its workers are started after root was given up
install -m 0644 -- "$CA_FILE" "$scratch/plugins/ca.crt"
install -m 0600 -- "$PASSWORD_FILE" "$scratch/plugins/password"
# In the program's place: runs it, and keeps what it was given and what it said.
cat >"$scratch/plugins/check_db_up" <<TEXT
#!/bin/sh
run=\$(mktemp -d "$scratch/runs/XXXXXX")
printf '%s\\0' "\$@" >"\$run/arguments"
"$scratch/plugins/db-up" "\$@" >"\$run/output" 2>"\$run/errors"
code=\$?
cat "\$run/output" "\$run/errors"
echo "\$code" >"\$run/code"
exit "\$code"
TEXT
chmod 0755 -- "$scratch/plugins/check_db_up"

live=$scratch/live
configuration "$live" commands.cfg templates.cfg services.cfg passive.cfg
echo service_freshness_check_interval=1 >>"$live/nagios.cfg"
sed -i -E 's/^( *freshness_threshold ).*/\1 2/' "$live/conf.d/passive.cfg"
sed -i -E -e "s|^( *_DB_PORT ).*|\1$PORT|" -e "s|^( *_DB_PASSWORD_FILE ).*|\1$scratch/plugins/password|" \
    -e "s|^( *_DB_NAME +)mydb|\1$DATABASE|" -e "s|^( *_DB_USER +)db_monitor|\1$USER|" \
    -e "s|db1,db2|localhost,127.0.0.1|" "$live/conf.d/"{templates,services}.cfg
sed -e "s|@DATABASE@|$DATABASE|" -e "s|@FOLDER@|$scratch/plugins|" >"$live/conf.d/states.cfg" <<'TEXT'
define service {
    name                    state
    use                     db-up-connection
    host_name               db1
    register                0
    _DB_NAME                @DATABASE@
    _DB_TLS                 --ssl-mode verify-full --ssl-root-cert @FOLDER@/ca.crt
}
define service {
    use                     state
    service_description     state 0
}
define service {
    use                     state
    service_description     state 1
    check_command           check_db_up!connection!-w '@0:60' -c 'up=~:' -v
}
define service {
    use                     state
    service_description     state 2
    check_command           check_db_up!connection!--max-retries 1 --retry-delay 10ms
    _DB_PORT                1
}
define service {
    use                     state
    service_description     state 3
    check_command           check_db_up!query!--query 'SELECT 1' -w 'y=~:10'
}
define service {
    use                     state
    service_description     odd characters
    check_command           check_db_up!query!--query "SELECT -3 AS a, 5 AS b WHERE '\!' <> '\;~&|<>$$'" -w 'a=~:0' -w b=@1:2
}
TEXT
[ "$(id -u)" -ne 0 ] || chown -R -- "$account:$group" "$live" "$scratch/plugins/password"


services=$("$nagios" -v "$live/nagios.cfg" | sed -nE 's/.*Checked ([0-9]+) services\..*/\1/p')
(cd / && exec env -i PATH=/usr/bin:/bin "$scratch/plugins/nagios4" "$live/nagios.cfg") >"$live/says" 2>&1 &
daemon=$!
results_of() { grep -c "^$1$tab" "$live/results"; }
has_results() { [ "$(results_of "$1")" -ge "$2" ]; }
all_ran() { [ "$(cut -f 1 -- "$live/results" | sort -u | wc -l)" -ge "$services" ]; }
tell() { printf '[%s] %s\n' "$EPOCHSECONDS" "$1" >"$live/nagios.cmd"; }
expect "Nagios runs every service" wait_for 40 all_ran

# A failure is looked at three times before it is hard.
for attempt in 2 3; do
    tell "SCHEDULE_FORCED_SVC_CHECK;db1;state 2;$EPOCHSECONDS"
    expect "Nagios looks again, attempt $attempt" wait_for 20 has_results "state 2" "$attempt"
done

# What comes by itself: nothing for a while, then what the program said elsewhere.
expect "Nagios misses a result that does not come" grep -qP \
    '^PostgreSQL from outside\t3\tDB-UP UNKNOWN - no result has come\t\t$' "$live/results"
tell "DISABLE_SERVICE_FRESHNESS_CHECKS"
# shellcheck disable=SC2016
send=$(sed -n '/^    output=\$(db-up /,/nagios\.cmd$/s/^    //p' "$root/docs/deployment/nagios.md" |
    sed -e "s|db-up -H db1 -d mydb -U db_monitor|$scratch/plugins/check_db_up -H localhost -p $PORT -d $DATABASE -U $USER|" \
        -e "s|/etc/db-up/password|$scratch/plugins/password --check settings|" -e "s|/var/lib/nagios4/rw|$live|")
expect "the manual's way to send a result works" env -i PATH=/usr/bin:/bin sh -euc "$send"
expect "Nagios takes a result from outside" wait_for 20 grep -q "^PostgreSQL from outside${tab}1" "$live/results"

# ---- what Nagios kept is what the program said -------------------------------------------------------------------
declare -A said=() last=()
for run in "$scratch"/runs/*; do
    output=$(<"$run/output")
    first=${output%%$'\n'*}
    more=${output#"$first"}
    more=${more#$'\n'}
    # Nagios writes a semicolon of the first line as a colon, and a line's end as \n.
    text=${first%% | *}
    values=${first#"$text"}
    said["$(<"$run/code")$tab${text//;/:}$tab${more//$'\n'/\\n}$tab${values# | }"]=$run
done
was_said() { [ -n "${said[$1]:-}" ] || { printf 'Nagios: %s\n' "$1"; printf 'program: %s\n' "${!said[@]}"; return 1; }; }
number='-?[0-9]+(\.[0-9]+)?'
range="(@?(~|$number)?:?($number)?)?"
value="[a-z][a-z0-9_]{0,18}=$number(s|B|%|c)?(;$range(;$range(;$number?(;$number)?)?)?)?"
while IFS= read -r line; do
    service=${line%%"$tab"*}
    last[$service]=${line#*"$tab"}
    [[ $line != *"no result has come"* ]] || continue
    expect "Nagios kept what the program said: $service" was_said "${line#*"$tab"}"
    expect "every value of it is one: $service" matches "$value( $value)*" "${line##*"$tab"}"
done <"$live/results"
for state in 0 1 2 3; do
    expect "a service is in state $state" same "$state" "${last["state $state"]%%"$tab"*}"
done
expect "ranges with ~ and @ arrive as they were written" matches '.* a=-3;~:0 b=5;@1:2' "${last["odd characters"]:-}"
expect "the last lines are there" matches '.*\\nFix: .*' "${last["state 2"]:-}"

stored() { # FILE BLOCK: the services in the form of the results
    awk -v block="$2" -v OFS='\t' '$1 == block && $2 == "{" { inside = 1; split("", field) }
        inside { at = index($0, "="); name = substr($0, 1, at - 1); sub(/^[ \t]+/, "", name)
                 field[name] = substr($0, at + 1) }
        inside && $1 == "}" { inside = 0; print field["service_description"], field["current_state"],
            field["plugin_output"], field["long_plugin_output"], field["performance_data"] }' "$1" | sort
}
final() { tac -- "$live/results" | awk -F '\t' '!seen[$1]++' | sort; }
in_status() { [ "$(stored "$live/status.dat" servicestatus)" = "$(final)" ]; }
wait_for 10 in_status || true
expect "the status file has the same" same "$(final)" "$(stored "$live/status.dat" servicestatus)"

# One of them calls: the rest depends on it. The last one does not, and shows that Nagios has called by then.
logged() { grep -q "$1: .*db1;$2;CRITICAL;" "$live/nagios.log"; }
for service in "PostgreSQL connection" "PostgreSQL size" "state 0"; do
    for _ in 1 2 3 4; do tell "PROCESS_SERVICE_CHECK_RESULT;db1;$service;2;down"; done
    expect "Nagios takes it as down: $service" wait_for 20 logged "SERVICE ALERT" "$service"
done
expect "Nagios calls for what depends on nothing" wait_for 20 logged "SERVICE NOTIFICATION" "state 0"
expect "Nagios calls for the connection" logged "SERVICE NOTIFICATION" "PostgreSQL connection"
expect "Nagios does not call for what depends on it" refuses logged "SERVICE NOTIFICATION" "PostgreSQL size"
stop_nagios
expect "and what is kept over a restart" same "$(final)" "$(stored "$live/retention.dat" service)"
attempts() { sed -n "/^service_description=$1$/,/^}/{s/^current_attempt=//p;s/^state_type=//p}" "$live/retention.dat"; }
expect "the third failure was a hard one" same $'3\n1' "$(attempts "state 2")"
expect "one failure is a soft one" same $'1\n0' "$(attempts "state 3")"
expect "the program said nothing on stderr" same '' "$(cat -- "$scratch"/runs/*/errors)"

# ---- the command lines -----------------------------------------------------------------------------------------
accepts() { # RUN: the settings of a command line are right, by the program itself
    local arguments
    mapfile -d '' arguments <"$1/arguments"
    "$program" "${arguments[@]}" --dry-run
}
for run in "$scratch"/runs/*; do
    name=$(tr '\0' ' ' <"$run/arguments")
    expect "the program accepts its arguments: ${name#* -t }" accepts "$run"
    expect "no macro is left over" refuses grep -qE '\$[A-Z_]' "$run/arguments"
done
asked() { cat -- "$scratch"/runs/*/arguments | tr '\0' '\n' | grep -A 1 -x -e --check | grep -vx -e --check -e -- | sort -u; }
expect "every check was run" same "$(printf '%s\n' "${checks[@]}" | sort)" "$(asked)"
finish
