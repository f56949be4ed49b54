#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: zabbix.sh PROGRAM. contrib/zabbix: the template is imported by the real frontend of Zabbix, the real server
# asks the real agent 2, which runs the program against a real PostgreSQL.
# shellcheck source=tests/support/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/lib.sh"

program=$(readlink -f -- "${DBUP_PROGRAM:-$1}")
tools=$root/build/tools
contrib=$root/contrib/zabbix
template=$contrib/template.yaml
python=/usr/bin/python3
agent2=$tools/zabbix-agent2/usr/sbin/zabbix_agent2
agentd=$tools/zabbix-agent/usr/sbin/zabbix_agentd
zabbix=$tools/zabbix-server-pgsql/usr
frontend=$tools/zabbix-frontend-php/usr/share/zabbix
php=$tools/php8.2-cli/usr/bin/php8.2
for file in "$agent2" "$agentd" "$zabbix/sbin/zabbix_server" "$frontend/api_jsonrpc.php" "$php"; do
    [ -e "$file" ] || { echo "no ${file##*/}: scripts/test.sh fetches it into build/tools"; exit 1; }
done
# Zabbix knows no ports above 32767.
read -r agent_port server_port frontend_port silent_port < <("$python" -c '
import random, socket
held = []
while len(held) < 4:
    try:
        held.append(socket.create_server(("127.0.0.1", random.randint(20000, 32767))))
    except OSError:
        pass
print(*(one.getsockname()[1] for one in held))')
started=()

# shellcheck disable=SC2317  # called by the trap
stop_daemons() {
    local process
    for process in "${started[@]}"; do kill -- "$process" 2>/dev/null || true; done
    for process in "${started[@]}"; do wait "$process" 2>/dev/null || true; done
    clean_up
}
trap stop_daemons EXIT

api() { "$python" "$root/tests/hosts/zabbix.py" "$@"; }
gate() { [ "$wrong" -eq 0 ] || finish; } # nothing that comes after can be right
is_open() { (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# ---- the template, as a file ----------------------------------------------------------------------------------
expect "the template is what docs/checks makes of it (target \"manual\" renews it)" \
    diff -u "$template" <("$python" "$root/scripts/zabbix-template.py")
expect "each object has a UUIDv4, each key is there once" api identities "$template"
expect "each macro is defined and described" api described "$template"
expect "the files of contrib name no password" refuses grep -niE '(db|pg)_?password *=|--password ' -r "$contrib"
expect "and do not allow unsafe parameters" refuses grep -nE '^ *UnsafeUserParameters' -r "$contrib"

# ---- the agent ------------------------------------------------------------------------------------------------
start_server --setting max_connections=60
superuser() { "$BIN_DIR/psql" -XqAt -v ON_ERROR_STOP=1 -h "$SOCKET_DIR" -p "$PORT" -U "$SUPERUSER" "$@"; }
superuser -d postgres -c "GRANT pg_monitor TO \"$USER\"" -c "CREATE DATABASE zabbix" \
    -c "GRANT EXECUTE ON FUNCTION pg_control_system() TO \"$USER\""

# Of the initial data the tables that the API needs: the templates of Zabbix' own would take ten times as long.
{
    echo 'BEGIN;'
    zcat -- "$zabbix/share/zabbix-server-pgsql/schema.sql.gz"
    zcat -- "$zabbix/share/zabbix-server-pgsql/data.sql.gz" |
        grep -aE '^INSERT INTO (role|role_rule|users|usrgrp|users_groups|hstgrp|config|config_autoreg_tls) .*;$'
    echo 'COMMIT;'
} | superuser -d zabbix >/dev/null & # while the agent is asked
loading=$!

# The program, with a copy of what it prints.
mkdir -- "$scratch/printed"
cat >"$scratch/db-up" <<TEXT
#!/bin/sh
printed=\$('$program' "\$@" 2>&1)
code=\$?
printf '%s\n' "\$printed" >'$scratch/printed/'\$\$
printf '%s\n' "\$printed"
exit \$code
TEXT
chmod 0755 -- "$scratch/db-up"
sed -e "s|/usr/local/bin/db-up|$scratch/db-up|; s|/etc/zabbix/db-up.password|$PASSWORD_FILE|" \
    "$contrib/db-up.conf" >"$scratch/db-up.conf"
sed -nE -e "s|/usr/local/bin/db-up|$scratch/db-up --port $PORT|; s|/etc/zabbix/db-up.password|$PASSWORD_FILE|" \
    -e 's/^ {4}(UserParameter=)/\1/p' "$root/docs/deployment/zabbix.md" >>"$scratch/db-up.conf"
cat >"$scratch/agent.conf" <<TEXT
LogFile=$scratch/agent.log
PidFile=$scratch/agent.pid
Server=127.0.0.1
ListenIP=127.0.0.1
ListenPort=$agent_port
Hostname=agent
Include=$scratch/db-up.conf
TEXT
cat - "$scratch/agent.conf" >"$scratch/agent2.conf" <<TEXT
ControlSocket=$scratch/agent.socket
PluginSocket=$scratch/plugin.socket
TEXT
[ "$(id -u)" -ne 0 ] || echo AllowRoot=1 >>"$scratch/agent.conf"

in_service() { exec env -i HOME=/nonexistent PATH=/usr/bin:/bin "$@"; } # as the service of Debian has it
in_service "$agent2" -c "$scratch/agent2.conf" >"$scratch/agent2.out" 2>&1 &
started+=($!)
expect "the agent listens" wait_for 10 is_open "$agent_port"
gate
get() { "$zabbix/bin/zabbix_get" -s 127.0.0.1 -p "$agent_port" -t 15 -k "$1" 2>&1; }
answers() { # STATE FILTER PARAMETERS: the state, and what the filter of jq says of the rest
    local found
    found=$(get "db-up.json[$3]")
    [ "$(jq --arg state "$1" ".state == \$state and ($2)" <<<"$found")" = true ] ||
        { printf '%s\n' "$found"; return 1; }
}
expect "the agent gets OK" answers OK '.metrics.up == 1' "localhost,$PORT,$DATABASE,connection,$USER"
expect "with the defaults where a parameter is empty" answers OK '.metrics.up == 1' ",$PORT,$DATABASE,,,,,"
expect "WARNING" answers WARNING '.perfdata[0].warning == "0.000001"' ",$PORT,$DATABASE,,,1us retries=5,"
expect "CRITICAL, with several limits" answers CRITICAL '.perfdata[0].critical == "0.000001"' \
    ",$PORT,$DATABASE,,,9 retries=5,1us cert_days=1:"
expect "CRITICAL where nobody listens" answers CRITICAL '.error_code == "CONNECTION_REFUSED"' ",$silent_port,$DATABASE"
expect "CRITICAL for the wrong role" answers CRITICAL '.error_code == "ROLE_MISMATCH"' ",$PORT,$DATABASE,,,,,standby"
expect "UNKNOWN for a wrong limit" answers UNKNOWN '.error_code == "CONFIG_ERROR"' ",$PORT,$DATABASE,,,rubbish,"
expect "a value with a blank and a leading dash stays a value" answers CRITICAL '.error_code == "DATABASE_NOT_FOUND"' \
    ",$PORT,--query my db"
# shellcheck disable=SC2016
for bad in '$(id)' '`id`' 'a;id' 'a|id' 'a&id' "a'b" 'a*' '~:10' '@2:5' 'a>b'; do
    expect "the agent refuses $bad" matches 'ZBX_NOTSUPPORTED: .*is not allowed.*' "$(get "db-up.json[,$PORT,$bad]")"
done
number() { get "db-up.value[,$PORT,$DATABASE,$1]"; }
expect "one number is a number" matches '0\.[0-9]+' "$(number connection,time)"
expect "the state is one" same 0 "$(number ,)"
expect "that of another role too" same 2 "$(number connection,state,,standby)"
expect "a query of the page is asked" same 0 "$(get db-up.waiting)"
expect "where there is no number a line says why" matches 'no cert_days: connection refused .*' \
    "$(get "db-up.value[,$silent_port,$DATABASE,,cert_days]")"
patience=$(sed -n 's/^Timeout=//p' "$contrib/db-up.conf")
mapfile -t limits < <(sed -nE 's/.* --timeout ([0-9]+) .*/\1/p' "$contrib/db-up.conf")
for limit in "${limits[@]}"; do
    expect "the agent waits $patience s, longer than the $limit s of the program" test "$patience" -gt "$limit"
done
expect "the older agent has the same user parameter" \
    matches '.*\[t\|\{"schema":1,"status":"up","state":"OK".*' \
    "$(in_service "$agentd" -c "$scratch/agent.conf" -t "db-up.json[,$PORT,$DATABASE]")"

# ---- the frontend, which imports the template ------------------------------------------------------------------
expect "its database is there" wait "$loading"
cat >"$scratch/zabbix.conf.php" <<TEXT
<?php
\$DB = ['TYPE' => 'POSTGRESQL', 'SERVER' => '$SOCKET_DIR', 'PORT' => '$PORT', 'DATABASE' => 'zabbix',
    'USER' => '$SUPERUSER', 'PASSWORD' => '', 'SCHEMA' => '', 'ENCRYPTION' => false, 'DOUBLE_IEEE754' => true];
\$IMAGE_FORMAT_DEFAULT = IMAGE_FORMAT_PNG;
TEXT
# Debian's frontend knows one place for its configuration only.
cat >"$scratch/prepare.php" <<TEXT
<?php
eval('?>'.str_replace("'/etc/zabbix/zabbix.conf.php'", "'$scratch/zabbix.conf.php'",
    file_get_contents('$frontend/include/classes/core/CConfigFile.php')));
TEXT
{
    printf 'zend_extension = %s\nopcache.enable_cli = 1\n' "$tools"/php8.2-opcache/usr/lib/php/*/opcache.so
    printf 'date.timezone = UTC\nmemory_limit = 512M\nlog_errors = 1\nerror_log = %s\nauto_prepend_file = %s\n' \
        "$scratch/php.log" "$scratch/prepare.php"
    for extension in bcmath ctype gettext mbstring pgsql; do
        printf 'extension = %s\n' "$tools"/php8.2-*/usr/lib/php/*/"$extension.so"
    done
} >"$scratch/php.ini"
"$php" -c "$scratch/php.ini" -S "127.0.0.1:$frontend_port" -t "$frontend" >"$scratch/frontend.log" 2>&1 &
started+=($!)
expect "the frontend listens" wait_for 10 is_open "$frontend_port"
export ZABBIX_API=http://127.0.0.1:$frontend_port/api_jsonrpc.php
ZABBIX_SESSION=$(api login)
export ZABBIX_SESSION

expect "Zabbix imports the template" api import-template "$template"
expect "with everything that is in it" api counts "$template"
expect "a second time it changes what is there" api import-template "$template"
expect "and adds nothing" api counts "$template"
gate

# ---- the server -------------------------------------------------------------------------------------------------
common=("DBUP.PORT=$PORT" "DBUP.DATABASE=$DATABASE" "DBUP.USER=$USER" DBUP.INTERVAL=1s DBUP.INTERVAL.SLOW=1s
    'DBUP.ATTEMPTS=#2')
# shellcheck disable=SC2016
api hosts "$agent_port" \
    good all "${common[@]/=1s/=3s}" "DBUP.CLUSTER.PORT=$PORT" "DBUP.CLUSTER.DATABASE=$DATABASE" \
    "DBUP.CLUSTER.USER=$USER" DBUP.SETTINGS.WARNING=findings=99 DBUP.ARCHIVE.WARNING=archive_off=1 \
    DBUP.ACTIVITY.WARNING=total_connections=999 -- \
    slow connection "${common[@]}" DBUP.CONNECTION.WARNING=1us -- \
    down connection "${common[@]/$PORT/$silent_port}" -- \
    blind connection "${common[@]}" DBUP.CONNECTION.WARNING=rubbish -- \
    refused connection "${common[@]}" 'DBUP.ROLE=$(id)'
cat >"$scratch/server.conf" <<TEXT
LogFile=$scratch/server.log
PidFile=$scratch/server.pid
SocketDir=$scratch
ListenIP=127.0.0.1
ListenPort=$server_port
DBHost=$SOCKET_DIR
DBPort=$PORT
DBName=zabbix
DBUser=$SUPERUSER
Timeout=10
FpingLocation=/bin/true
CacheUpdateFrequency=1
StartPollers=4
StartPollersUnreachable=1
StartPingers=0
StartTrappers=1
StartDiscoverers=0
StartHTTPPollers=0
StartDBSyncers=1
StartPreprocessors=1
StartLLDProcessors=1
StartEscalators=1
StartAlerters=1
StartHistoryPollers=1
StartODBCPollers=0
TEXT
[ "$(id -u)" -ne 0 ] || echo AllowRoot=1 >>"$scratch/server.conf"
"$zabbix/sbin/zabbix_server" -f -c "$scratch/server.conf" >"$scratch/server.out" 2>&1 &
started+=($!)

# Whether something has come is asked of the database; what it is, of the API.
ask() { [ "$(superuser -d zabbix -c "SELECT $1")" = t ]; }
has_problem() {
    ask "count(*) > 0 FROM problem p JOIN functions f ON f.triggerid = p.objectid JOIN items i USING (itemid)
        JOIN hosts h USING (hostid) WHERE h.host = '$1' AND p.source = 0 AND p.object = 0 AND p.r_eventid IS NULL"
}
has_results() { # HOST NUMBER: of each enabled check
    ask "min(n) >= $2 FROM (SELECT count(t.itemid) AS n FROM hosts h JOIN items i USING (hostid)
        LEFT JOIN history_text t USING (itemid) WHERE h.host = '$1' AND i.key_ LIKE 'db-up.json[%' AND i.status = 0
        GROUP BY i.itemid) AS each"
}
has_none() { refuses has_problem "$1"; }
for name in slow down blind refused; do
    expect "the host $name gets a problem" wait_for 30 has_problem "$name"
done
expect "every check of the host good gets a result" wait_for 30 has_results good 1
at="on $DATABASE at localhost"
is() { matches "$2 $at: $3.*" "$(api problems "$1")"; } # HOST PROBLEM MESSAGE
expect "WARNING has its problem" is slow "2 db-up: connection is WARNING" "time is "
expect "CRITICAL has its problem" is down "4 db-up: connection is CRITICAL" "connection refused "
expect "UNKNOWN has its problem" is blind "3 db-up: connection is UNKNOWN" "--warning: 'rubbish' is not "
expect "so has what the agent refuses" is refused "3 db-up: connection is UNKNOWN" "the agent has no result"
expect "OK has none" same "" "$(api problems good)"
for name in good slow down blind; do
    expect "every item of $name has what the program printed" api compare "$name" "$scratch/printed"
done
expect "no result is no value" same NO_RESULT "$(api last refused db-up.connection.code)"

# One number in place of the result: what is no number makes the item "not supported", with its text.
numbers=("db-up.value[,$PORT,$DATABASE,size,size]" "db-up.value[,$silent_port,$DATABASE,,cert_days]")
for key in "${numbers[@]}"; do api number-item good "$key"; done

# What explains another problem keeps it quiet; what is well again ends it.
api switch down connection,wraparound
api change slow DBUP.CONNECTION.WARNING=
api change blind DBUP.CONNECTION.WARNING=
for name in slow blind; do
    expect "the problem of $name ends" wait_for 20 has_none "$name"
done
expect "another check of the server that is down gets results" wait_for 20 has_results down 2
expect "its state is CRITICAL" same 2 "$(api last down db-up.wraparound.state)"
expect "and there is one problem still" matches "4 db-up: connection is CRITICAL [^"$'\n'"]*" "$(api problems down)"
api change down "DBUP.PORT=$PORT"
expect "which ends when the server is up" wait_for 20 has_none down
expect "an item of one number has it" matches '[1-9][0-9]{5,}' "$(api last good "${numbers[0]}")"
expect "or its error says why there is none" \
    matches '.*Value "no cert_days: connection refused .*' "$(api error good "${numbers[1]}")"

# ---- the steps of preprocessing that no run reaches ---------------------------------------------------------------
step() { "$zabbix/bin/zabbix_js" -s "$scratch/$1.js" -p "$2" 2>&1 | grep .; }
expect "the template has two scripts" api scripts "$template" "$scratch"
expect "a result passes as it is" same '{"state":"OK"}' "$(step result '{"state":"OK"}')"
for text in 'sh: 1: /usr/local/bin/db-up: not found' '' '[1]' '{"a":1}' 'null'; do
    expect "'$text' becomes a result" same "UNKNOWN not an answer of db-up: $text" \
        "$(step result "$text" | jq -r '"\(.state) \(.message)"')"
done
expect "a state that nobody knows is UNKNOWN" same 3 "$(step state FINE)"
finish
