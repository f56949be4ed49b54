#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: icinga2.sh PROGRAM. contrib/icinga2 in three real Icingas: a master that knows everything, a satellite
# that has it from the master, and an agent that runs the real program when the satellite asks for it.
# shellcheck source=tests/support/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/lib.sh"

program=$(readlink -f -- "${DBUP_PROGRAM:-$1}")
contrib=$root/contrib/icinga2
library_folder=usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || gcc -print-multiarch)
icinga=$root/build/tools/icinga2-bin/$library_folder/icinga2/sbin/icinga2
[ -x "$icinga" ] || icinga=/$library_folder/icinga2/sbin/icinga2
[ -x "$icinga" ] || { echo "no icinga2: scripts/test.sh fetches it into build/tools"; exit 1; }
common=$root/build/tools/icinga2-common
[ -d "$common/usr/share/icinga2/include" ] || common=
master=master1.example.org
satellite=satellite1.example.org
agent=db1.example.org
groups=()

# Nothing of them is to be kept: at once, and all that they have started.
stop_all() {
    local group
    for group in "${groups[@]}"; do kill -KILL -- "-$group" || true; done
    wait
}
trap 'stop_all 2>/dev/null; clean_up' EXIT

# ---- certificates --------------------------------------------------------------------------------------------
# As "icinga2 pki new-ca" and the others make them, but for the keys: theirs take some seconds each.
tls=$scratch/tls
mkdir -- "$tls"
key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -batch -days 10)
openssl req -x509 "${key[@]}" -subj '/CN=Icinga CA' -keyout "$tls/ca.key" -out "$tls/ca.crt" 2>"$tls/log"
certify() { # NAME
    openssl req -x509 "${key[@]}" -subj "/CN=$1" -CA "$tls/ca.crt" -CAkey "$tls/ca.key" -addext "subjectAltName=DNS:$1" \
        -addext 'basicConstraints=critical,CA:FALSE' -keyout "$tls/$1.key" -out "$tls/$1.crt" 2>>"$tls/log"
}

# ---- nodes ---------------------------------------------------------------------------------------------------
read -r master_port satellite_port agent_port silent_port < <(/usr/bin/python3 -c 'import socket
all = [socket.socket() for _ in range(4)]
for one in all: one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in all))')

on_loopback() { # contrib's addresses are those of documents (RFC 5737)
    sed -E -e "s/host = \"192\.0\.2\.10\"/host = \"127.0.0.1\"; port = \"$master_port\"/" \
        -e "s/host = \"192\.0\.2\.20\"/host = \"127.0.0.1\"; port = \"$satellite_port\"/" \
        -e 's/address = "192\.0\.2\.30"/address = "127.0.0.1"/' "$1"
}

make_node() { # NAME ZONES PORT: what Debian's package and "icinga2 node setup" make, in its shortest form
    local folder=$scratch/$1
    mkdir -p -- "$folder"/{cache,run,log,spool,plugins} "$folder/data/certs" "$folder/etc"
    certify "$1"
    cp -- "$tls/ca.crt" "$tls/$1.crt" "$tls/$1.key" "$folder/data/certs"
    on_loopback "$contrib/zones/$2.conf" >"$folder/etc/zones.conf"
    cat >"$folder/etc/icinga2.conf" <<TEXT
include <itl>
include <plugins>
include "zones.conf"
object ApiListener "api" {
  bind_host = "127.0.0.1"
  bind_port = $3
  accept_config = true
  accept_commands = true
}
object CheckerComponent "checker" { }
object ApiUser "test" {
  password = "loopback"
  permissions = [ "*" ]
}
TEXT
}

icinga() { # NODE WORD...
    local folder=$scratch/$1
    shift
    env -i PATH=/usr/bin:/bin "$icinga" "$@" -c "$folder/etc/icinga2.conf" -I "$common/usr/share/icinga2/include" \
        -D "NodeName=${folder##*/}" -D "ConfigDir=$folder/etc" -D "ZonesDir=$folder/etc/zones.d" -D "DataDir=$folder/data" -D "CacheDir=$folder/cache" \
        -D "InitRunDir=$folder/run" -D "LogDir=$folder/log" -D "SpoolDir=$folder/spool" -D "PluginDir=$folder/plugins" \
        -D "VarsPath=$folder/vars" -D "RunAsUser=$(id -un)" -D "RunAsGroup=$(id -gn)" -D Concurrency=2
}

in_background() { # LOG COMMAND...: in a group of its own, so that it is stopped with all that it has started
    local log=$1
    shift
    set -m
    "$@" >"$log" 2>&1 </dev/null &
    set +m
    groups+=("$!")
}
start_node() { in_background "$scratch/$1/log/console" icinga "$1" daemon; }

make_node "$master" master "$master_port"
make_node "$satellite" satellite "$satellite_port"
make_node "$agent" agent "$agent_port"
cat >>"$scratch/$master/etc/icinga2.conf" <<TEXT
object NotificationComponent "notification" { }
include "commands.conf"
TEXT
zones=$scratch/$master/etc/zones.d
mkdir -p -- "$zones"/{master,satellite,global-templates} "$scratch/$master/etc/scripts"
cp -- "$common/etc/icinga2/conf.d/commands.conf" "$scratch/$master/etc/"
cp -- "$contrib/command.conf" "$contrib/services.conf" "$zones/global-templates/"
cp -- "$contrib/notifications.conf" "$zones/master/"
on_loopback "$contrib/hosts.conf" >"$zones/satellite/hosts.conf"

# ---- contrib as it is ------------------------------------------------------------------------------------------
verdict=$(icinga "$master" daemon -C 2>&1) || verdict+=" (exit code $?)"
expect "Icinga reads the services of the example" grep -q 'Instantiated 3 Services' <<<"$verdict"
expect "each has its notification" grep -q 'Instantiated 3 Notifications' <<<"$verdict"
expect "Icinga has nothing against the files" refuses grep -E 'warning/|critical/|exit code' <<<"$verdict"
sed -i 's/"activity" = /"actvity" = /' "$zones/satellite/hosts.conf"
expect "a check that there is not is named" grep -qF "db-up has no check 'actvity'" <<<"$(icinga "$master" daemon -C 2>&1)"

# ---- what this test lets them check ------------------------------------------------------------------------------
start_server
"$BIN_DIR/psql" -Xq -h "$SOCKET_DIR" -p "$PORT" -U "$SUPERUSER" -d postgres -c "GRANT pg_monitor TO \"$USER\""
on_loopback "$contrib/hosts.conf" | sed -e "s|\"mydb\"|\"$DATABASE\"|" -e 's|db_up_host = .*|db_up_host = "localhost"|' \
    -e "s|\"5432\"|\"$PORT\"|" -e "s|\"db_monitor\"|\"$USER\"|" -e "s|/etc/icinga2/db-up.password|$PASSWORD_FILE|" \
    -e "s|/etc/icinga2/db-up-ca.crt|$CA_FILE|" >"$zones/satellite/hosts.conf"
cat >"$zones/satellite/states.conf" <<TEXT
object Host "states" {
  check_command = "dummy"
  vars.dummy_state = 0
  address = "localhost"
  vars.agent_endpoint = "$agent"
  var server = {
    db_up_port = $PORT
    db_up_user = "$USER"
    db_up_password_file = "$PASSWORD_FILE"
    db_up_ssl_mode = "verify-full"
    db_up_ssl_root_cert = "$CA_FILE"
  }
  vars.postgresql["$DATABASE"] = server + {
    checks = {
      "connection" = { db_up_warning = "0" }
      "query" = {
        db_up_query = "SELECT 7 AS answer, '\$\$1 \"a b\"; c' AS text"
        db_up_expect = 7
        db_up_warning = [ "answer=10:20", "time=3" ]
        db_up_application_name = "Icinga's 50 %"
        db_up_show_queries = false
        db_up_no_hints = true
      }
      "replication" = { }
      "archive" = { }
      "write" = { }
      "wraparound" = { }
      "sequences" = { }
      "statistics" = { }
    }
  }
  vars.postgresql["nobody"] = server + {
    db_up_port = 1
    db_up_max_retries = 0
    max_check_attempts = 1
    checks = { "connection" = { } }
  }
  vars.postgresql["mistake"] = server + {
    checks = { "connection" = { db_up_critical = "no_such_label=1" } }
  }
  vars.postgresql["silent"] = server + {
    db_up_port = $silent_port
    db_up_timeout = "30s"
    db_up_connect_timeout = "30s"
    check_timeout = 2s
    checks = { "connection" = { } }
  }
}
TEXT

# The plugin of the agent is the program, with a witness of what it was given and has printed.
mkdir -- "$scratch/seen"
install -m 0755 /dev/stdin "$scratch/$agent/plugins/check_db_up" <<TEXT
#!/bin/bash
seen=\$(mktemp -d "$scratch/seen/XXXXXX")
printf '%s\0' "\$@" >"\$seen/arguments"
exec > >(tee "\$seen/output")
exec "$program" "\$@"
TEXT
install -m 0755 /dev/stdin "$scratch/$master/etc/scripts/mail-service-notification.sh" <<TEXT
#!/bin/sh
printf '%s\n' "\$@" >>"$scratch/mails"
TEXT
printf '#!/bin/sh\necho PING OK\n' | install -m 0755 /dev/stdin "$scratch/$satellite/plugins/check_ping"
in_background "$scratch/silent.log" /usr/bin/python3 -c "import signal, socket
peer = socket.create_server(('127.0.0.1', $silent_port))
signal.pause()"

# ---- they meet ---------------------------------------------------------------------------------------------------
call() { # NODE PATH CURL-OPTION...
    local node=$1_port path=$2
    shift 2
    curl -sS --fail --max-time 10 --cacert "$tls/ca.crt" -u test:loopback -H 'Accept: application/json' \
        --connect-to "::127.0.0.1:${!node}" "$@" "https://${names[${node%_port}]}/v1/$path"
}
declare -A names=([master]=$master [satellite]=$satellite [agent]=$agent)
tell() { # NODE EXPRESSION: what that Icinga says of an expression of its own language, in JSON
    local expression=${2//\"/\\\"}
    call "$1" console/execute-script -d "{ \"session\": \"test\", \"command\": \"${expression//$'\n'/ }\" }"
}
is_true() { [[ $(tell "$1" "$2") == *'"result":true'* ]]; } # NODE EXPRESSION

start_node "$master"
wait_for 30 is_true master true
start_node "$satellite"
expect "the satellite has its hosts from the master" wait_for 60 is_true satellite 'get_host("states") != null'
start_node "$agent"
expect "the agent has the command from them" wait_for 60 is_true agent 'get_check_command("db-up") != null'
expect "the agent is connected" wait_for 60 is_true satellite "get_object(Endpoint, \"$agent\").connected"

# ---- what the master knows of each service, and what the program has said ---------------------------------------------
force() { # HOST SERVICE...: checked now, not when it is their turn
    local host=$1 service list=
    shift
    for service in "$@"; do list+="${list:+,}\"$host!$service\""; done
    call satellite actions/reschedule-check -d '{ "type": "Service", "force": true, "filter":
        "service.__name in names", "filter_vars": { "names": ['"$list"'] } }' >/dev/null
}
checked() { is_true master "get_service(\"$1\", \"$2\").last_check_result.check_source == \"$agent\""; }
# What is asked for while a connection is being made is lost.
checked_now() { checked "$@" || { force "$@" && false; }; }

# usage: compare STATE EXIT-CODE PATTERN <ANSWER: the check result that the master has is what one of the runs has printed.
cat >"$scratch/compare.py" <<'PYTHON'
import json, os, re, sys

folder, state, code, pattern = sys.argv[1:]
known = json.load(sys.stdin)["results"][0]["result"]
wrong = []
if [known["state"], known["exit"]] != [int(state), int(code)]:
    wrong.append("state %s, exit code %s" % (known["state"], known["exit"]))
if not re.fullmatch(pattern, known["output"].split("\n")[0]):
    wrong.append("pattern: %s\nfound:   %s" % (pattern, known["output"]))

output = known["output"]
printed = None
for run in os.listdir(folder):
    if not all(os.path.exists(os.path.join(folder, run, name)) for name in ("arguments", "output")):
        continue  # it has just begun
    read = lambda name: open(os.path.join(folder, run, name), encoding="utf-8").read()
    if read("arguments").split("\0")[:-1] == known["command"][1:]:
        first, *more = read("output").rstrip("\n").split("\n")
        text, _, numbers = first.partition("|")
        if "\n".join([text] + more) == output and numbers.split() == known["raw"]:
            printed = numbers.split()
if printed is None:
    wrong.append("none of the runs printed this: " + json.dumps(known, indent=1))
    printed = []
if len(printed) != len(known["numbers"]) or not printed and "[CONFIG_ERROR]" not in output:
    wrong.append("%d numbers printed, %d known" % (len(printed), len(known["numbers"])))

UNITS = {"": ("", 1), "s": ("seconds", 1), "ms": ("seconds", 1e-3), "us": ("seconds", 1e-6), "B": ("bytes", 1),
         "%": ("percent", 1), "c": ("", 1)}
def plain(text, factor):  # a limit that is no plain number is dropped
    return float(text) * factor if re.fullmatch(r"-?[0-9.]+", text) else None
def equal(a, b):
    return a == b or (isinstance(a, float) and b is not None and abs(a - b) <= 1e-9 * max(1, abs(a)))
for token, number in zip(printed, known["numbers"]):
    label, _, rest = token.partition("=")
    value, *limits = rest.split(";")
    digits, unit = re.fullmatch(r"(-?[0-9.]+)(.*)", value).groups()
    name, factor = UNITS[unit]
    limits = [plain(limit, factor) for limit in limits + [""] * (4 - len(limits))]
    counts = number["counter"] if unit == "c" else False  # Icinga 2.13 takes a counter for a plain number, 2.12 did not
    wanted = [label, float(digits) * factor, name, counts] + limits
    found = [number["label"], number["value"], number["unit"] or "", number["counter"]] + [
        number[limit] for limit in ("warn", "crit", "min", "max")]
    if not all(map(equal, wanted, found)):
        wrong.append("%s: wanted %s, found %s" % (token, wanted, found))
sys.exit("\n".join(wrong) if wrong else 0)
PYTHON

is_known_as() { # HOST SERVICE STATE PATTERN [EXIT-CODE]
    local host=$1 service=$2 answer
    expect "$service of $host is checked by the agent" wait_for 60 checked_now "$host" "$service"
    answer=$(tell master "var r = get_service(\"$host\", \"$service\").last_check_result; { state = r.state
        ; exit = r.exit_status; output = r.output; raw = r.performance_data; command = r.command
        ; numbers = r.performance_data.map(n => parse_performance_data(n)) }")
    expect "its state is $3, text and every number are those of the program" \
        /usr/bin/python3 "$scratch/compare.py" "$scratch/seen" "$3" "${5:-$3}" "$4" <<<"$answer"
}
force "$agent" "db-up-$DATABASE-"{connection,activity,size}
force states "db-up-$DATABASE-"{connection,query,replication,archive,write,wraparound,sequences,statistics} \
    db-up-{nobody,mistake,silent}-connection
is_known_as "$agent" "db-up-$DATABASE-connection" 0 "DB-UP OK - $DATABASE at localhost:$PORT answers in .*"
is_known_as "$agent" "db-up-$DATABASE-activity" 0 'DB-UP OK - activity: .*'
is_known_as "$agent" "db-up-$DATABASE-size" 0 'DB-UP OK - size: .*'
is_known_as states "db-up-$DATABASE-connection" 1 "DB-UP WARNING - time is .* answers in .*"
is_known_as states "db-up-$DATABASE-query" 1 'DB-UP WARNING - answer is 7 \(below 10\), query: .*'
for kind in replication write wraparound sequences statistics; do
    is_known_as states "db-up-$DATABASE-$kind" 0 "DB-UP OK - $kind: .*"
done
is_known_as states "db-up-$DATABASE-archive" 1 'DB-UP WARNING - .*archive: .*'
is_known_as states db-up-nobody-connection 2 'DB-UP CRITICAL - .* \[CONNECTION_REFUSED\] '
is_known_as states db-up-mistake-connection 3 'DB-UP UNKNOWN - .* \[CONFIG_ERROR\]'
# Icinga ends it. Whether what the program says to SIGTERM still gets into the result is a race within Icinga: not wanted here.
expect "a run that Icinga ends is known" wait_for 60 checked_now states db-up-silent-connection
expect "as UNKNOWN, and as ended" is_true master "var r = get_service(\"states\", \"db-up-silent-connection\").last_check_result
    ; r.state == 3 && r.exit_status == 128 && match(\"<Timeout exceeded.>*\", r.output)"

mailed() { grep -qx -- "$1" "$scratch/mails"; }
expect "a mail is sent for what is down" wait_for 30 mailed 'DB-UP CRITICAL - .* \[CONNECTION_REFUSED\] *'
expect "with the reason" mailed 'Reason: Connection refused'
expect "and what to do" mailed 'Fix: Check that PostgreSQL runs there .*'
expect "the password went to no command line" refuses grep -rqF -- "$(cat -- "$PASSWORD_FILE")" "$scratch/seen" "$scratch/mails"
finish
