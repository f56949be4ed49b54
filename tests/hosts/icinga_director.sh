#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: icinga_director.sh PROGRAM. contrib/icinga2/director-basket.json: restored by the real Icinga Director, and
# the command that it makes of it compared with contrib's own by the real Icinga.
# shellcheck source=tests/support/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/lib.sh"

contrib=$root/contrib/icinga2
library_folder=usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || gcc -print-multiarch)
icinga=$root/build/tools/icinga2-bin/$library_folder/icinga2/sbin/icinga2
[ -x "$icinga" ] || { echo "no icinga2: scripts/test.sh fetches it into build/tools"; exit 1; }

# One tree of all the packages: they look for each other beside themselves.
web=$scratch/web
modules=(director incubator reactbundle)
mkdir -p -- "$web/configuration/modules/director" "$web/configuration/enabledModules"
for package in icingacli icinga-php-library icinga-php-thirdparty php-icinga "${modules[@]/#/icingaweb2-module-}"; do
    cp -r -- "$root/build/tools/$package/usr" "$web/"
done
for module in "${modules[@]}"; do
    ln -s -- "$web/usr/share/icingaweb2/modules/$module" "$web/configuration/enabledModules/$module"
done

start_server
superuser() { "$BIN_DIR/psql" -XqAt -v ON_ERROR_STOP=1 -h "$SOCKET_DIR" -p "$PORT" -U "$SUPERUSER" "$@"; }
superuser -d postgres -c "CREATE ROLE director LOGIN PASSWORD 'director'" -c 'CREATE DATABASE director OWNER director'
superuser -d director -c 'CREATE EXTENSION pgcrypto'
cat >"$web/configuration/resources.ini" <<TEXT
[director]
type = "db"
db = "pgsql"
host = "localhost"
port = "$PORT"
dbname = "director"
username = "director"
password = "director"
charset = "utf8"
TEXT
printf '[db]\nresource = "director"\n' >"$web/configuration/modules/director/config.ini"
printf '[global]\nmodule_path = "%s"\n' "$web/usr/share/icingaweb2/modules" >"$web/configuration/config.ini"
cat >"$web/icingacli.php" <<TEXT
<?php
error_reporting(E_ERROR); // its own deprecations are not our subject
require_once 'Icinga/Application/Cli.php';
Icinga\\Application\\Cli::start('$web/usr/share/icingaweb2')->dispatch();
TEXT
director() {
    env -i PATH=/usr/bin:/bin "ICINGAWEB_CONFIGDIR=$web/configuration" "ICINGAWEB_LIBDIR=$web/usr/share/icinga-php" \
        php -d "include_path=$web/usr/share/php" "$web/icingacli.php" director "$@"
}
expect "the Director makes its tables" director migration run
restore() { director basket restore <"$contrib/director-basket.json"; }
expect "the Director restores the basket" restore
expect "and once more over itself" restore
options=$(grep -c '^    "--' "$contrib/command.conf")
expect "a field for every option, linked to the command, and none twice" same "1|$options|$options|$options" \
    "$(superuser -d director -c 'SELECT (SELECT count(*) FROM icinga_command), (SELECT count(*) FROM icinga_command_argument),
        (SELECT count(*) FROM director_datafield), (SELECT count(*) FROM icinga_command_field)')"

# As Icinga reads them, so that what is compared is what they mean: the object itself tells at its end what it holds.
director command show db-up >"$scratch/deployed.conf"
meaning() { # FILE
    local folder=$scratch/icinga
    mkdir -p -- "$folder/cache"
    {
        printf 'include <itl>\n'
        sed '/^}$/,$d' "$1"
        printf 'log(LogCritical, "meaning", Json.encode([ command, timeout, arguments, vars ]))\n}\n'
    } >"$folder/one.conf"
    env -i PATH=/usr/bin:/bin "$icinga" daemon -C -c "$folder/one.conf" \
        -I "$root/build/tools/icinga2-common/usr/share/icinga2/include" -D "DataDir=$folder" \
        -D "CacheDir=$folder/cache" -D "InitRunDir=$folder" -D "LogDir=$folder" -D "SpoolDir=$folder" \
        -D "ConfigDir=$folder" -D "VarsPath=$folder/vars" -D "RunAsUser=$(id -un)" -D "RunAsGroup=$(id -gn)" \
        -D PluginDir=/usr/lib/nagios/plugins >"$folder/log" 2>&1 || { cat "$folder/log"; return 1; }
    sed -n 's|^.*critical/meaning: ||p' "$folder/log" | /usr/bin/python3 -m json.tool --sort-keys
}
ours=$(meaning "$contrib/command.conf") || true
expect "contrib's command is read" grep -q -- --password-file <<<"$ours"
expect "the command that the Director deploys means the same" same "$ours" "$(meaning "$scratch/deployed.conf")"
finish
