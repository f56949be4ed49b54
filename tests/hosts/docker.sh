#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: docker.sh PROGRAM. contrib/docker: the last stage of its Dockerfile built by buildah and run as another user on
# a root that is read-only, the compose file read by docker-compose, the health check's command run for real. Images
# of others (Debian, PostgreSQL) are not fetched: the first stage is not built here, its files are collected here.
# shellcheck source=tests/support/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/lib.sh"
# shellcheck source=tests/support/roots.sh
. "$root/tests/support/roots.sh"

program=$(readlink -f -- "$1") # not DBUP_PROGRAM: an image has no libraries of sanitizers
folder=$root/contrib/docker
context=$scratch/context
image=$scratch/image

# ---- the image
mkdir -- "$context"
expect "the files are collected" "$folder/collect.sh" "$program" "$context/image"
expect "there is no shell among them" same '/usr/bin/check_db_up /usr/bin/db-up' \
    "$(cd -- "$context/image" && find . -path '*/bin/*' -printf '/%P\n' | sort | xargs)"
expect "and no file that is more than read or run" same '' "$(find "$context/image" -type f -perm /7022)"
expect "they are less than 30 MB" test "$(du -sm "$context/image" | cut -f1)" -lt 30
expect "the licence of every library is there" test -s "$context/image/usr/share/doc/libpq5/copyright"

# The stage after the last FROM, with what stood in its place before.
sed -n '/^FROM scratch/,$p' "$folder/Dockerfile" | sed 's|^COPY --from=build /image/|COPY image/|' >"$context/Dockerfile"
builder() {
    local command=(buildah --root "$scratch/store" --runroot "$scratch/run" --storage-driver vfs)
    [ "$(id -u)" -eq 0 ] || command=(as_root env BUILDAH_ISOLATION=chroot "${command[@]}")
    HOME=$scratch XDG_RUNTIME_DIR=$scratch "${command[@]}" "$@"
}
build() {
    local code=0
    builder bud --isolation chroot --tag db-up "$context" || code=$?
    chmod -R u+rwX -- "$scratch/store" # so that an ordinary user can remove it
    return "$code"
}
expect "buildah builds it" build
inspect() { builder inspect --type image --format "$1" localhost/db-up; }
expect "its user is nobody's" same 65534:65534 "$(inspect '{{.OCIv1.Config.User}}')"
expect "it starts db-up" same '[/usr/bin/db-up] [--help]' "$(inspect '{{.OCIv1.Config.Entrypoint}} {{.OCIv1.Config.Cmd}}')"
expect "its variables are a path" same '[PATH=/usr/bin]' "$(inspect '{{.OCIv1.Config.Env}}')"

# The layer of the image, unpacked: nothing of this machine is left in it.
extract() {
    builder push --quiet localhost/db-up "dir:$scratch/layers" || return 1
    mkdir -- "$image"
    find "$scratch/layers" -type f -size +1M -exec tar -C "$image" -xf {} \;
    diff -r --no-dereference -- "$context/image" "$image"
}
expect "its files are those that were collected" extract

# ---- the image as a container: another user, a root that nobody can write to, no /proc, no /dev
start_server
mkdir -p -- "$image/run/secrets"
install -m 0444 -- "$PASSWORD_FILE" "$image/run/secrets/monitor_password"
install -m 0444 -- "$CA_FILE" "$image/run/secrets/ca.crt"
run() { # [OPTION...]; sets code and output
    code=0
    # shellcheck disable=SC2016
    output=$(as_root unshare --mount sh -euc '
        mount --bind "$1" "$1"
        mount -o remount,bind,ro "$1"
        root=$1
        shift
        exec env -i /usr/bin/unshare --user --map-user=65534 --map-group=65534 --root="$root" "$@"' sh \
        "$image" /usr/bin/db-up -H 127.0.0.1 -d "$DATABASE" -U "$USER" \
        --password-file /run/secrets/monitor_password "$@" 2>&1 </dev/null) || code=$?
}
verify=(-p "$PORT" --ssl-mode verify-full --ssl-root-cert /run/secrets/ca.crt)
run "${verify[@]}"
expect "OK: 0" same 0 "$code"
expect "and a line with perfdata" matches 'DB-UP OK - [^|]+TLSv1\.3\) \| time=.*' "$output"
run "${verify[@]}" -w 0.000001
expect "WARNING: 1" same "1 DB-UP WARNING" "$code ${output%% -*}"
run -p 1 --max-retries 0
expect "CRITICAL: 2" same "2 DB-UP CRITICAL" "$code ${output%% -*}"
run -p "$PORT" --ssl-mode nonsense
expect "UNKNOWN: 3" same "3 DB-UP UNKNOWN" "$code ${output%% -*}"
run "${verify[@]}" --log-file /tmp/log
expect "it cannot write to its root" refuses test -e "$image/tmp/log"
expect "and says OK all the same" same 0 "$code"
run "${verify[@]}" -H localhost
expect "names are looked up (here none is known)" matches '2 DB-UP CRITICAL.*\[(DNS_ERROR|CONNECTION_REFUSED)\].*|0 DB-UP OK.*' "$code ${output%%$'\n'*}"

# ---- the first stage
packages() { tr ' ' '\n' | grep -E '^(g\+\+|cmake|ninja-build|pkg-config|lib[a-z-]+-dev|nlohmann-json3-dev)$' | sort; }
# shellcheck source=scripts/lib/common.sh
expect "it installs what builds the program, as the scripts do" same \
    "$(. "$root/scripts/lib/common.sh" && printf '%s\n' "${build_packages[@]}" | sort)" \
    "$(sed -n '/^RUN apt-get/,/[^\\]$/p' "$folder/Dockerfile" | packages)"
preset=$(sed -n 's/^ARG PRESET=//p' "$folder/Dockerfile")
expect "its preset is one" grep -q "\"name\": \"$preset\"" "$root/CMakePresets.json"
for file in Dockerfile Dockerfile.database; do
    expect "$file: every file that it copies from here is here" same '' "$(
        sed -nE 's|^COPY --from=build /src/([^ ]+) .*|\1|p; s|^RUN (contrib/[^ ]+) .*|\1|p' "$folder/$file" |
            while read -r name; do [ -e "$root/$name" ] || echo "$name"; done)"
done

# ---- the health check
health=$(sed -n '/^HEALTHCHECK/,$p' "$folder/Dockerfile.database")
mapfile -t words < <(sed -n 's/^ *CMD //p' <<<"$health" | /usr/bin/python3 -c '
import json, sys
print("\n".join(json.load(sys.stdin)))' | sed -e "s|^/var/run/postgresql$|$SOCKET_DIR|" -e "s|^/run/secrets/monitor_password$|$PASSWORD_FILE|")
expect "its command is a list for Docker" same db-up "${words[0]:-}"
expect "Docker waits longer than db-up" same '12s 10s' \
    "$(sed -nE 's/.*--timeout=([0-9]+s).*/\1/p' <<<"$health") $(printf '%s\n' "${words[@]}" | sed -n '/^--timeout$/{n;p}')"
health() { # [OPTION...]: sets code and output; the socket lets no role in here, so the address takes its place
    code=0
    output=$("$program" "${words[@]:1}" -H 127.0.0.1 "$@" 2>&1 </dev/null) || code=$?
}
health -p "$PORT"
expect "healthy: 0" same "0 DB-UP OK" "$code ${output%% -*}"
health -p "$PORT" -w 0.000001
expect "healthy with a WARNING: 0" same "0 DB-UP WARNING" "$code ${output%% -*}"
health -p 1 --max-retries 0
expect "unhealthy: 1, never 2" same "1 DB-UP CRITICAL" "$code ${output%% -*}"

# ---- compose
mkdir -m 0700 -- "$scratch/compose" && cp -r -- "$folder/." "$scratch/compose/"
compose() { (cd -- "$scratch/compose" && docker-compose "$@"); }
expect "docker-compose understands its file" compose config --quiet
expect "which has two services" same 'database monitor' "$(compose config --services 2>/dev/null | sort | xargs)"
sed -i 's/cap_drop:/cap_dropp:/' "$scratch/compose/compose.yaml"
expect "a mistake would be seen" refuses compose config --quiet
expect "no password is in any of the files" refuses grep -rnE "PASSWORD[=:] *['\"a-z0-9]|PGPASSWORD|password=" "$folder" --include='[Dcr]*'

# ---- the role
code=0
output=$(POSTGRES_DB=other "$BIN_DIR/psql" -X -At -h "$SOCKET_DIR" -p "$PORT" -U "$SUPERUSER" -d "$DATABASE" -c 'CREATE DATABASE other' 2>&1) || code=$?
sed -e "s|cat /run/secrets/monitor_password|cat $PASSWORD_FILE|" -e 's/db_monitor/db_monitor2/g' "$folder/role.sh" >"$scratch/role.sh"
expect "the role can be made" env PATH="$BIN_DIR:$PATH" PGHOST="$SOCKET_DIR" PGPORT="$PORT" POSTGRES_DB=other sh "$scratch/role.sh"
code=0
output=$("$program" -H 127.0.0.1 -p "$PORT" -d other -U db_monitor2 --password-file "$PASSWORD_FILE" --check activity 2>&1) || code=$?
expect "and can do a check" same "0 DB-UP OK" "$code ${output%% -*}"

# ---- the timer
mkdir -- "$scratch/bin" && printf '#!/bin/sh\necho "$@" >>"%s"\n' "$scratch/calls" >"$scratch/bin/db-up" && chmod 0755 "$scratch/bin/db-up"
PATH=$scratch/bin:$PATH "$folder/timer.sh" 0.1 --host=db1 &
timer=$!
called_twice() { [ "$(grep -cx -- --host=db1 "$scratch/calls")" -ge 2 ]; }
expect "the timer checks again and again" wait_for 20 called_twice
kill "$timer"
code=0
wait "$timer" || code=$?
expect "and ends when it is told to" same 0 "$code"
finish
