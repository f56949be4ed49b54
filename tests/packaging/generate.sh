#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: generate.sh PROGRAM. What --generate prints, for a database with an odd name, read by the programs
# that it is for, and its commands run for real.
# shellcheck source=tests/support/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/lib.sh"
# shellcheck source=tests/support/nagios.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/nagios.sh"

program=$(readlink -f -- "${DBUP_PROGRAM:-$1}")
library_folder=usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || gcc -print-multiarch)

# tool PACKAGE FILE: where a program is; installed, or unpacked by scripts/test.sh.
tool() {
    local unpacked
    unpacked=$(compgen -G "$root/build/tools/$1/$2" || true)
    if command -v "${2##*/}" >/dev/null; then
        command -v "${2##*/}"
    elif [ -n "$unpacked" ]; then
        printf '%s\n' "$unpacked"
    else
        echo "no ${2##*/}: scripts/test.sh fetches $1 into build/tools" >&2
        exit 1
    fi
}
nagios=$(tool nagios4-core usr/sbin/nagios4)
icinga=$(tool icinga2-bin "$library_folder/icinga2/sbin/icinga2")
nrpe=$(tool nagios-nrpe-server usr/sbin/nrpe)
check_nrpe=$(tool nagios-nrpe-plugin usr/lib/nagios/plugins/check_nrpe)
zabbix=$(tool zabbix-agent usr/sbin/zabbix_agentd)
crontab=$(tool cron usr/bin/crontab)
python=/usr/bin/python3

# A database and a role whose names every target would misread if they were not quoted.
# shellcheck disable=SC2016
{
    odd_database='my %d'\''b"$x;!\y #ü:,-'
    odd_role='mo n'\''"%$HOME;!\\ö:#`x`'
}
start_server
superuser() { "$BIN_DIR/psql" -XqAt -v ON_ERROR_STOP=1 -h "$SOCKET_DIR" -p "$PORT" -U "$SUPERUSER" -d postgres "$@"; }
superuser -v "database=$odd_database" -v "role=$odd_role" -v "password=$(cat -- "$PASSWORD_FILE")" <<'SQL'
CREATE DATABASE :"database";
CREATE ROLE :"role" LOGIN PASSWORD :'password';
SQL

generate() { # KIND OPTION...
    local kind=$1
    shift
    "$program" --host localhost --port "$PORT" --database "$odd_database" --user "$odd_role" \
        --password-file "$PASSWORD_FILE" --ssl-mode verify-full --ssl-root-cert "$CA_FILE" \
        --interval 90 -w 9 -w cert_days=3: --no-retry-jitter --generate "$kind" "$@"
}
is_up() { # TEXT: a line of the program, and for the right database
    [[ $1 == *"DB-UP OK - my %d'b\"\$x;!\\y #ü:,- at localhost:$PORT answers in "* ]] || {
        printf 'found: %s\n' "$1"
        return 1
    }
}
run_line() { env -i PATH=/usr/bin:/bin sh -c "$1" 2>&1 </dev/null || true; }

# ---- Nagios ---------------------------------------------------------------------------------------------
mkdir -p -- "$scratch/nagios/conf.d"
generate nagios >"$scratch/nagios/conf.d/generated.cfg"
cat >"$scratch/nagios/nagios.cfg" <<TEXT
cfg_dir=$scratch/nagios/conf.d
log_file=$scratch/nagios/nagios.log
check_result_path=$scratch/nagios
temp_path=$scratch/nagios
object_cache_file=$scratch/nagios/objects.cache
precached_object_file=$scratch/nagios/objects.precache
illegal_macro_output_chars=\`~\$&|'"<>
illegal_object_name_chars=\`~!\$%^&*|'"<>?,()=
nagios_user=$(id -un)
nagios_group=$(id -gn)
TEXT
nagios_surroundings localhost >"$scratch/nagios/conf.d/surroundings.cfg"
verdict=$("$nagios" -vp "$scratch/nagios/nagios.cfg" 2>&1) || verdict+=" (exit code $?)"
expect "Nagios reads the service" grep -q 'Checked 1 services' <<<"$verdict"
expect "Nagios finds no error" grep -qE '^Total Errors: +0$' <<<"$verdict"
expect "Nagios has nothing to warn of" grep -qE '^Total Warnings: +0$' <<<"$verdict"
line=$(sed -nE 's/^\tcommand_line\t(.*db-up.*)$/\1/p' "$scratch/nagios/objects.precache")
expect "the command, as Nagios has read it, with its macros replaced, checks the database" \
    is_up "$(run_line "${line//\$\$/\$}")"
expect "no macro is in it" refuses grep -qE '\$[A-Z]' <<<"${line//\$\$/}"

# ---- Icinga 2 -------------------------------------------------------------------------------------------
mkdir -p -- "$scratch/icinga"/{data,cache,run,log,spool}
generate icinga2 >"$scratch/icinga/generated.conf"
includes=$root/build/tools/icinga2-common/usr/share/icinga2/include
[ -d "$includes" ] || includes=/usr/share/icinga2/include
cat - "$scratch/icinga/generated.conf" >"$scratch/icinga/icinga2.conf" <<'TEXT'
include <itl>
include <plugins>
object CheckerComponent "checker" { }
object Host "localhost" { check_command = "dummy" }
TEXT
icinga_says() { # FILE
    "$icinga" daemon -C -c "$1" -I "$includes" -D "DataDir=$scratch/icinga/data" -D "CacheDir=$scratch/icinga/cache" \
        -D "InitRunDir=$scratch/icinga/run" -D "LogDir=$scratch/icinga/log" -D "SpoolDir=$scratch/icinga/spool" \
        -D "RunAsUser=$(id -un)" -D "RunAsGroup=$(id -gn)" -D "ConfigDir=$scratch/icinga" \
        -D "VarsPath=$scratch/icinga/vars" -D PluginDir=/usr/lib/nagios/plugins 2>&1
}
verdict=$(icinga_says "$scratch/icinga/icinga2.conf") || verdict+=" (exit code $?)"
expect "Icinga reads the service" grep -q 'Instantiated 1 Service' <<<"$verdict"
expect "Icinga has nothing against it" refuses grep -qE 'warning/|critical/|exit code' <<<"$verdict"
sed 's/check_interval = /chek_interval = /' "$scratch/icinga/icinga2.conf" >"$scratch/icinga/mistake.conf"
expect "Icinga would see a mistake" refuses icinga_says "$scratch/icinga/mistake.conf"
# Its own parser tells what the variables are: "$$" is a dollar of a macro, everything else as it is.
sed -nE 's/^  vars\.db_up_(database|user) = (.*)$/\2 == "@\1@"/p' "$scratch/icinga/generated.conf" >"$scratch/icinga/names"
found=$(while IFS= read -r literal; do "$icinga" console --eval "${literal% == *}"; done <"$scratch/icinga/names" |
    "$python" -c 'import json, sys
for line in sys.stdin: print(json.loads(line).replace("$$", "$"))')
expect "the names are what they were" same "$odd_database"$'\n'"$odd_role" "$found"

# ---- NRPE: the daemon and its client ----------------------------------------------------------------------
# The daemon does not run as root: what it needs is where everybody can read it.
nrpe_user=$(id -un)
[ "$nrpe_user" != root ] || nrpe_user=nobody
public=$scratch/public
mkdir -m 0755 -- "$public"
install -m 0755 -- "$program" "$public/db-up"
install -m 0644 -- "$CA_FILE" "$public/ca.crt"
install -m 0600 -- "$PASSWORD_FILE" "$public/password"
[ "$(id -u)" -ne 0 ] || chown -- "$nrpe_user" "$public/password"
program=$public/db-up generate nrpe --password-file "$public/password" --ssl-root-cert "$public/ca.crt" \
    >"$scratch/nrpe.command"
nrpe_port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
{
    printf 'server_address=127.0.0.1\nserver_port=%s\nallowed_hosts=127.0.0.1\ncommand_timeout=20\n' "$nrpe_port"
    printf 'nrpe_user=%s\nnrpe_group=%s\npid_file=%s\n' "$nrpe_user" "$(id -gn -- "$nrpe_user")" "$scratch/nrpe.pid"
    cat "$scratch/nrpe.command"
} >"$scratch/nrpe.cfg"
"$nrpe" -n -f -c "$scratch/nrpe.cfg" >"$scratch/nrpe.log" 2>&1 &
nrpe_process=$!
command=$(sed -nE 's/^command\[(.*)\]=.*/\1/p' "$scratch/nrpe.command")
ask_nrpe() { "$check_nrpe" -n -H 127.0.0.1 -p "$nrpe_port" -t 25 -c "$command" 2>&1; }
listens() { (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; } # the daemon says nowhere that it does
wait_for 5 listens "$nrpe_port" || true
expect "check_nrpe gets the answer of the check" is_up "$(ask_nrpe || true)"
kill "$nrpe_process" 2>/dev/null || true
wait "$nrpe_process" 2>/dev/null || true

# ---- Zabbix: the agent asks itself -------------------------------------------------------------------------
generate zabbix >"$scratch/zabbix.parameters"
{
    printf 'Server=127.0.0.1\nHostname=x\nTimeout=30\nLogFile=%s\nPidFile=%s\n' "$scratch/zabbix.log" "$scratch/zabbix.pid"
    [ "$(id -u)" -ne 0 ] || echo AllowRoot=1
    cat "$scratch/zabbix.parameters"
} >"$scratch/zabbix.conf"
key() { sed -nE "s/^UserParameter=(db_up\.$1[^,]*),.*/\1/p" "$scratch/zabbix.parameters"; }
expect "the agent gets the line of the check" is_up "$("$zabbix" -c "$scratch/zabbix.conf" -t "$(key line)" 2>&1)"
expect "and its state" matches '.*\[t\|0\]' "$("$zabbix" -c "$scratch/zabbix.conf" -t "$(key state)" 2>&1)"

# ---- systemd ------------------------------------------------------------------------------------------------
mkdir -- "$scratch/units"
generate systemd >"$scratch/units.text"
file=/dev/null
while IFS= read -r line; do
    case $line in
        '# /etc/systemd/system/'*) file=$scratch/units/${line##*/} ;;
    esac
    printf '%s\n' "$line" >>"$file"
done <"$scratch/units.text"
verify() { # verify's exit code does not tell of unknown keys; its words do
    local words
    words=$(systemd-analyze --no-pager verify --man=no "$@" 2>&1) || { printf '%s\n' "$words"; return 1; }
    same '' "$words"
}
service=$scratch/units/db-up.service
expect "systemd has nothing to say against the units" verify "$service" "$scratch/units/db-up.timer"
expect "the sandbox is rated 1.5 or better" systemd-analyze --no-pager security --offline=true --threshold=15 "$service"
directives() { sed -n '/^DynamicUser=/,/^TasksMax=/p' "$1" | grep -v '^#'; }
expect "the sandbox is the one of contrib" same "$(directives "$root/contrib/systemd-timer/db-up.service")" "$(directives "$service")"
line=$(SYSTEMD_LOG_LEVEL=debug systemd-analyze --no-pager verify --man=no "$service" 2>&1 |
    sed -nE 's/^[[:space:]]*Command Line: (.*db-up .*)$/\1/p' | head -n 1)
# systemd writes it as for a shell; "$$" becomes "$" when it starts the program.
eval "words=($line)"
credentials=$scratch/credentials
mkdir -m 0700 -- "$credentials"
cp -- "$PASSWORD_FILE" "$credentials/db-password"
expect "the command, as systemd has read it, checks the database" \
    is_up "$(env -i "CREDENTIALS_DIRECTORY=$credentials" "${words[@]//\$\$/\$}" 2>&1 || true)"
expect "systemd hands over the file with the password" \
    grep -qxF "LoadCredential=db-password:$PASSWORD_FILE" "$service"

# ---- cron ---------------------------------------------------------------------------------------------------
generate cron >"$scratch/cron.table"
expect "the last line is complete" same '' "$(tail -c 1 -- "$scratch/cron.table")"
sed -E 's/^([^#]* )db-up (out=)/\1\2/' "$scratch/cron.table" >"$scratch/cron.personal" # a personal table names no user
install_table() { # FILE: in a world of its own, where nobody's tables are
    local namespace=(unshare --mount)
    [ "$(id -u)" -eq 0 ] || namespace=(unshare --user --map-root-user --mount)
    # shellcheck disable=SC2016
    "${namespace[@]}" sh -c 'mount -t tmpfs none /var/spool && mkdir -p -m 0700 /var/spool/cron/crontabs &&
        "$1" "$2" && cat /var/spool/cron/crontabs/*' sh "$crontab" "$1"
}
expect "crontab takes the table" install_table "$scratch/cron.personal"
sed -E 's/^\*/61/' "$scratch/cron.personal" >"$scratch/cron.mistake"
expect "crontab would see a mistake" refuses install_table "$scratch/cron.mistake"
entry=$(install_table "$scratch/cron.personal" | sed -nE 's/^\* \* \* \* \* (.*)$/\1/p')
expect "no % that cron would turn into a new line" refuses grep -qE '(^|[^\\])%' <<<"$entry"
command=${entry//\\%/%}
expect "no mail when the database is up" same '' "$(run_line "$command")"
expect "the command checks the database" is_up "$(run_line "${command/ || echo / ; echo }")"

# ---- containers -----------------------------------------------------------------------------------------------
generate docker-healthcheck >"$scratch/Dockerfile"
docker_words() { # the exec form is JSON
    "$python" -c 'import json, re, sys
text = re.search(r"^HEALTHCHECK .* CMD (.*)$", sys.stdin.read(), re.M).group(1)
sys.stdout.write("".join(word + "\0" for word in json.loads(text)))' <"$scratch/Dockerfile"
}
mapfile -d '' words < <(docker_words)
expect "the health check is our program" same db-up "${words[0]}"
expect "the health check is right" is_up "$("$program" "${words[@]:1}" 2>&1 || true)"

generate kubernetes >"$scratch/manifest.yaml"
kubernetes_words() { # MANIFEST: the container's command, as the kubelet reads it
    "$python" -c 'import sys, yaml
container = yaml.safe_load(sys.stdin)["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
assert container["env"][0]["valueFrom"]["secretKeyRef"] == {"name": "db-up", "key": "password"}
sys.stdout.write("".join(word.replace("$$", "$") + "\0" for word in container["command"]))' <"$1"
}
mapfile -d '' words < <(kubernetes_words "$scratch/manifest.yaml")
expect "the job is right" is_up "$(env -i "DB_PASSWORD=$(cat -- "$PASSWORD_FILE")" "$program" "${words[@]:1}" 2>&1 || true)"
probe_words() { # the example below the manifest
    sed -n '/readinessProbe/,$s/^#//p' "$1" | "$python" -c 'import sys, textwrap, yaml
probe = yaml.safe_load(textwrap.dedent(sys.stdin.read()))["readinessProbe"]
assert probe["periodSeconds"] == 90
sys.stdout.write("".join(word.replace("$$", "$") + "\0" for word in probe["exec"]["command"]))'
}
mapfile -d '' probe < <(probe_words "$scratch/manifest.yaml")
expect "the probe runs the same command" same "${words[*]}" "${probe[*]}"

# ---- what db-up, libpq and shells read themselves ---------------------------------------------------------------
(umask 077 && generate config >"$scratch/config.yaml" && generate env >"$scratch/env")
expect "the configuration file is right" is_up "$(env -i "$program" --config "$scratch/config.yaml" 2>&1 || true)"
expect "any YAML parser reads it" same "$odd_database" \
    "$("$python" -c 'import sys, yaml; print(yaml.safe_load(sys.stdin)["database"]["name"])' <"$scratch/config.yaml")"
for shell in sh bash; do
    expect "$shell finds no fault in the environment file" "$shell" -n "$scratch/env"
    # shellcheck disable=SC2016
    expect "the environment file is right in $shell" is_up \
        "$(env -i PATH=/usr/bin:/bin "$shell" -c 'set -a; . "$1"; exec "$2"' "$shell" "$scratch/env" "$program" 2>&1 || true)"
done
# systemd's own reader of such files; this program of it replaces variables, so without dollars.
mkdir -p -- "$scratch/systemd/environment.d"
"$program" -d "my %d'b\"x;!\\y #ü:,-" -U "it's \`x\`" --generate env >"$scratch/systemd/environment.d/db-up.conf"
found=$(env -i "XDG_CONFIG_HOME=$scratch/systemd" "HOME=$scratch" \
    /usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator)
eval "$found"
expect "systemd reads the same from the environment file" same "my %d'b\"x;!\\y #ü:,-|it's \`x\`" "${DB_NAME:-}|${DB_USER:-}"

password=$(cat -- "$PASSWORD_FILE")
(umask 077 && generate pgpass-line >"$scratch/pgpass")
sed -i "s/PASSWORD\$/$password/" "$scratch/pgpass"
expect "libpq finds the password by the line" is_up "$(env -i "$program" --host localhost --port "$PORT" \
    --database "$odd_database" --user "$odd_role" --passfile "$scratch/pgpass" \
    --ssl-mode verify-full --ssl-root-cert "$CA_FILE" 2>&1 || true)"
expect "no definition has the password" refuses grep -rqF -- "$password" "$scratch/nagios/conf.d" "$scratch/icinga" \
    "$scratch/nrpe.command" "$scratch/zabbix.parameters" "$scratch/units" "$scratch/cron.table" \
    "$scratch/Dockerfile" "$scratch/manifest.yaml" "$scratch/config.yaml" "$scratch/env"
finish
