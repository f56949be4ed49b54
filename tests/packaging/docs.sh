#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: docs.sh PROGRAM. What the pages tell people to type, typed: against a throw-away server. And every link, and the
# lines of the page on errors.
#
# A block of a page that begins with one of these is run as it stands:
#   ```sh run       by sh -e, each paragraph by itself; ends with 0
#   ```sh run 2     the same; ends with 2: one command in each paragraph
#   ```sql run      by psql, as a superuser, in the database that is checked
#   ```hba run      lines that the server accepts in its pg_hba.conf
# In README.md every command is in a block of "sh", and what has no "run" has a line in "elsewhere".
# shellcheck source=tests/support/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/lib.sh"

program=$(readlink -f -- "${DBUP_PROGRAM:-$1}")
python=/usr/bin/python3
place=$scratch/place # stands for /etc/db-up
mkdir -p -- "$scratch/bin" "$scratch/blocks" "$place" "$scratch/home"
ln -s -- "$program" "$scratch/bin/db-up"

# What README.md says and this test does not run: who does, and why not here.
declare -A elsewhere=(
    ["scripts/quick-start.sh"]="run below, with the program that is there in place of a compiler"
    ["scripts/test.sh"]="it is what runs this test"
    ["apt-get install g++"]="changes the system; the list is compared below"
    ["cmake -S . -B build"]="scripts/test.sh install: it compiles"
    ["cmake --install build"]="scripts/test.sh install, read by tests/packaging/installed.sh"
    ["db-up --setup"]="tests/integration/test_setup.cpp: it asks at a terminal"
)
declare -A used=()

# blocks PAGE: one line "NUMBER INFO" for each fenced block; its text is in the file blocks/NUMBER.
blocks() {
    rm -f -- "$scratch"/blocks/*
    awk -v to="$scratch/blocks/" '
        /^ *```/ {
            if (inside) { inside = 0; close(file); next }
            inside = 1; file = to NR; printf "" >file
            info = $0; sub(/^ *```/, "", info); print NR, info
            next
        }
        inside { print >file }' "$1"
}

superuser() { "$BIN_DIR/psql" -XqAt -v ON_ERROR_STOP=1 -h "$SOCKET_DIR" -p "$PORT" -U "$SUPERUSER" -d "$DATABASE" "$@"; }

# Names of the pages in terms of this place. Host, port, names and password of the "configuration" are the variables.
here() {
    sed -E "s#/etc/db-up#$place#g; s/\\bdb[12](\\.example\\.com)?\\b/localhost/g; s/\\b6432\\b/$bouncer_port/g" "$1"
}
type_in() { # FILE
    cd -- "$scratch/home" &&
        env -i "PATH=$scratch/bin:/usr/bin:/bin" "HOME=$scratch/home" LC_ALL=C.UTF-8 "DB_HOST=localhost" "DB_PORT=$PORT" \
            "DB_NAME=$DATABASE" "DB_USER=$USER" "DB_PASSWORD_FILE=$place/password" sh -e "$1" </dev/null
}
run_shell() { # FILE CODE
    local code paragraph wrong_ones=0
    rm -f -- "$scratch"/paragraph.*
    here "$1" | awk -v to="$scratch/paragraph." 'BEGIN { RS = "" } { print >(to NR) }'
    for paragraph in "$scratch"/paragraph.*; do
        code=0 count=$((count + 1))
        (type_in "$paragraph") || code=$?
        # Of several commands the first that fails would hide the others.
        { [ "$2" -eq 0 ] || same 1 "$(grep -c '^[^# ]' "$paragraph")"; } && same "$2" "$code" && continue
        cat -- "$paragraph"
        wrong_ones=$((wrong_ones + 1))
    done
    return "$wrong_ones"
}
run_sql() { # as another role: the one of the pages is there already
    sed 's/db_monitor/db_reader/g' "$1" >"$scratch/statements" && superuser -f "$scratch/statements"
}
run_hba() {
    grep -qE '^[a-z]' "$1" && # nothing can be wrong with no line
        here "$1" >>"$DATA_DIR/pg_hba.conf" &&
        superuser -c "SELECT line_number, error FROM pg_hba_file_rules WHERE error IS NOT NULL" >"$scratch/faults" &&
        same '' "$(cat -- "$scratch/faults")"
}
is_elsewhere() { # FILE: each command of it
    local line start known
    while IFS= read -r line; do
        case $line in '' | '#'*) continue ;; esac
        known=
        for start in "${!elsewhere[@]}"; do
            [[ $line != "$start"* ]] || { known=yes; used[$start]=yes; }
        done
        [ -n "$known" ] || { printf 'neither run here nor in the table: %s\n' "$line"; return 1; }
    done <"$1"
}

run_page() { # PAGE
    local page=$1 number info code
    while read -r number info; do
        case $info in
            'sh run' | 'sh run '[0-3])
                code=${info#sh run}
                code=$((code))
                expect "$page:$number can be typed, exit code $code" run_shell "$scratch/blocks/$number" "$code"
                ;;
            'sql run') expect "$page:$number is right SQL" run_sql "$scratch/blocks/$number" ;;
            'hba run') expect "$page:$number is right in pg_hba.conf" run_hba "$scratch/blocks/$number" ;;
            sh*)
                [ "$page" != README.md ] || is_elsewhere "$scratch/blocks/$number" ||
                    expect "$page:$number is run by something" false
                ;;
            *run*) expect "$page:$number is a kind of block that is known: $info" false ;;
        esac
    done < <(blocks "$root/$page")
}

# start_bouncer: PgBouncer before the server, with its certificate. It may not run as root.
bouncer=
trap '[ -z "$bouncer" ] || kill "$bouncer" 2>/dev/null || true; clean_up' EXIT
start_bouncer() {
    local folder=$scratch/bouncer as=()
    [ "$(id -u)" -ne 0 ] || as=(setpriv "--reuid=$SERVER_USER" "--regid=$(id -g -- "$SERVER_USER")" --clear-groups)
    mkdir -m 0700 -- "$folder"
    cp -- "$DATA_DIR/../server.crt" "$DATA_DIR/../server.key" "$folder"
    bouncer_port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    printf '"%s" "%s"\n' "$USER" "$(cat -- "$PASSWORD_FILE")" >"$folder/users"
    cat >"$folder/pgbouncer.ini" <<TEXT
[databases]
$DATABASE = host=127.0.0.1 port=$PORT
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $bouncer_port
unix_socket_dir =
auth_type = scram-sha-256
auth_file = $folder/users
stats_users = $USER
server_tls_sslmode = require
client_tls_sslmode = require
client_tls_cert_file = $folder/server.crt
client_tls_key_file = $folder/server.key
TEXT
    [ "$(id -u)" -ne 0 ] || chown -R -- "$SERVER_USER" "$folder"
    "${as[@]}" /usr/sbin/pgbouncer -q "$folder/pgbouncer.ini" >"$scratch/bouncer.log" 2>&1 &
    bouncer=$! # the checks try again until it listens
}

start_server --setting archive_mode=on --setting archive_command=/bin/true
install -m 0600 -- "$PASSWORD_FILE" "$place/password"
install -m 0644 -- "$CA_FILE" "$place/ca.crt"
superuser -c "GRANT pg_monitor TO \"$USER\""
start_bouncer
count=0
run_page README.md
while IFS= read -r page; do
    run_page "$page"
done < <(cd -- "$root" && find docs -name '*.md' | LC_ALL=C sort)
expect "the pages have commands: $count" test "$count" -ge 50
for start in "${!elsewhere[@]}"; do
    expect "README.md says: $start (${elsewhere[$start]})" test -n "${used[$start]:-}"
done
hidden() { # PAGE: commands that are in no block of "sh"
    awk '/^ *```/ { inside = !inside; next } !inside && /^    [^ -]/ { print FILENAME ":" NR ": " $0; found = 1 } END { exit !found }' "$1"
}
expect "README.md hides no command" refuses hidden "$root/README.md"

# ---- the lines of docs/errors.md are still what the program says -----------------------------------------------
normal() { # without what differs from run to run
    sed -E -e 's/ \| .*//' -e 's/, [0-9]+ attempts in [0-9.]+ m?s//' -e 's/\b(localhost|db1\.example\.com):[0-9]+/\1:PORT/g' \
        -e 's#/[^ ]*pgpass\b#PGPASS#g' -e 's/host "(::1|127\.0\.0\.1)"/host "ADDRESS"/'
}
normal <"$root/docs/errors.md" >"$scratch/errors"
says() { # CODE ARGUMENT...: every line of the answer is on the page
    local code=$1 line seen=
    shift
    while IFS= read -r line; do
        [[ $line != "DB-UP "*"[$code]" ]] || seen=yes
        grep -qxF -- "$line" "$scratch/errors" || { printf 'not on the page: %s\n' "$line"; return 1; }
    done < <(env -i "PATH=/usr/bin:/bin" "HOME=$scratch/home" LC_ALL=C.UTF-8 "$program" "$@" --max-retries 0 2>&1 </dev/null | normal)
    [ -n "$seen" ] || { printf 'no line has %s\n' "$code"; return 1; }
}
as_on_the_page() { expect "docs/errors.md has what is said: $1" says "$@"; }

printf 'wrong\n' >"$place/wrong"
printf 'localhost:*:*:*:x\n' >"$place/pgpass"
chmod 0644 "$place/pgpass"
cp -- "$DATA_DIR/../server.crt" "$place/other.crt"
where=(-H localhost -p "$PORT" -d "$DATABASE" -U "$USER")
complete=("${where[@]}" --password-file "$place/password")
superuser -c "CREATE DATABASE closed" -c "REVOKE CONNECT ON DATABASE closed FROM PUBLIC"
as_on_the_page CONFIG_ERROR
as_on_the_page CONNECTION_REFUSED "${complete[@]}" -p 1
as_on_the_page TLS_ERROR "${complete[@]}" --ssl-mode verify-full --ssl-root-cert "$place/other.crt"
as_on_the_page TLS_ERROR "${complete[@]}" --ssl-mode verify-full --ssl-root-cert "$CA_FILE" -H db1.example.com --hostaddr 127.0.0.1
as_on_the_page AUTHENTICATION_ERROR "${where[@]}" --password-file "$place/wrong"
as_on_the_page AUTHENTICATION_ERROR "${complete[@]}" --ssl-mode disable
as_on_the_page PASSWORD_MISSING "${where[@]}"
as_on_the_page PASSWORD_MISSING "${where[@]}" --passfile "$place/pgpass"
as_on_the_page PERMISSION_ERROR "${complete[@]}" -d closed
as_on_the_page DATABASE_NOT_FOUND "${complete[@]}" -d mydbb
as_on_the_page QUERY_TIMEOUT "${complete[@]}" --query "SELECT 1 FROM pg_sleep(60)" --statement-timeout 100ms
as_on_the_page QUERY_ERROR "${complete[@]}" --query "SELECT count(*) FROM public.ordres"
as_on_the_page UNEXPECTED_RESULT "${complete[@]}" --query "SELECT datname FROM pg_database"
as_on_the_page HARDENING_FAILED "${complete[@]}" --query "SELECT set_config('statement_timeout', '0', true)"
as_on_the_page ROLE_MISMATCH "${complete[@]}" --role standby
superuser -c "REVOKE pg_monitor FROM \"$USER\"" -c "ALTER ROLE \"$USER\" CONNECTION LIMIT 0"
as_on_the_page TOO_MANY_CONNECTIONS "${complete[@]}"
superuser -c "ALTER ROLE \"$USER\" CONNECTION LIMIT -1" -c "ALTER DATABASE closed SET session_preload_libraries = 'nope'" \
    -c "GRANT CONNECT ON DATABASE closed TO \"$USER\""
as_on_the_page PRIVILEGE_MISSING "${complete[@]}" --check activity
as_on_the_page SERVER_ERROR "${complete[@]}" -d closed

# ---- the commands that install and build --------------------------------------------------------------------
# shellcheck source=scripts/lib/common.sh
build_packages=() && . "$root/scripts/lib/common.sh"
wanted=$(printf '%s\n' "${build_packages[@]/ninja-build/make}" | sort)
found=$(sed -nE 's/^apt-get install //p' "$root/README.md" | tr ' ' '\n' | sort)
expect "README.md names the packages that the scripts install" same "$wanted" "$found"

# The Makefile: every word of its head is a target that calls something, and nothing else is one.
targets=$(sed -nE 's/^\.PHONY: //p' "$root/Makefile" | tr ' ' '\n' | sort)
words=$(sed -nE 's/^#   make \[?([a-z-]+).*/\1/p' "$root/Makefile" | sort)
expect "the Makefile tells of its targets" same "$targets" "$words"
calls() { # TARGET: commands that are there
    local command
    while read -r command _; do
        (cd -- "$root" && command -v -- "$command" >/dev/null) || { printf 'no such command: %s\n' "$command"; return 1; }
    done < <(cd -- "$root" && make --no-print-directory -n "$1" || echo "make-cannot-$1")
}
for target in $targets; do
    expect "make $target calls what is there" calls "$target"
done
expect "a target that calls what is not there would be seen" refuses calls nothing
in_the_source() { mkdir -- "$scratch/source" && cp -- "$root/CMakeLists.txt" "$root/Makefile" "$scratch/source" && cmake "$scratch/source" -B "$scratch/source"; }
expect "no build overwrites the Makefile" refuses in_the_source
expect "it is still the same" cmp -- "$root/Makefile" "$scratch/source/Makefile"
hooks() { # of pre-commit: nothing is fetched, and each calls what is there
    "$python" - "$root" <<'TEXT'
import pathlib, sys
import yaml

root = pathlib.Path(sys.argv[1])
repositories = yaml.safe_load((root / ".pre-commit-config.yaml").read_text())["repos"]
hooks = [hook for one in repositories for hook in one["hooks"]]
wrong = [one["repo"] for one in repositories if one["repo"] != "local"]
for hook in hooks:
    program = hook["entry"].split()[0]
    there = (root / program).exists() if "/" in program else program == "shellcheck"  # no test needs that one
    if hook["language"] != "system" or not there:
        wrong.append(hook["id"])
print(wrong)
sys.exit(1 if wrong or not hooks else 0)
TEXT
}
expect "the hooks of pre-commit call what is there" hooks

# quick-start.sh in a tree of its own, where "cmake" has the program ready.
mkdir -p -- "$scratch/tree"
cp -a -- "$root/scripts" "$scratch/tree/scripts"
cat >"$scratch/bin/cmake" <<TEXT
#!/bin/sh
mkdir -p "$scratch/tree/build/quick-start" && ln -sf "$program" "$scratch/tree/build/quick-start/db-up"
TEXT
chmod 0755 "$scratch/bin/cmake"
quick_start() { env -u DB_NAME -u DATABASE_URL "PATH=$scratch/bin:$PATH" "$scratch/tree/scripts/quick-start.sh"; }
says=$(quick_start 2>&1) || says+=" (exit code $?)"
expect "quick-start.sh shows a check that is OK" grep -qE '^DB-UP OK - mydb at localhost:[0-9]+ answers in ' <<<"$says"
expect "and ends well" same "check:    exit code 0 (OK)" "$(grep '^check:    exit code' <<<"$says")"

# ---- links ----------------------------------------------------------------------------------------------------
# Every relative link leads to a file, and every anchor to a heading, by GitHub's rule for their names.
links() { # FOLDER
    "$python" - "$1" <<'TEXT'
import pathlib, re, sys

root = pathlib.Path(sys.argv[1])
pages = sorted(p for p in root.rglob("*.md") if not {"build", ".git"} & set(p.relative_to(root).parts[:-1]))

def prose(page):  # without blocks and code, whose brackets are no links
    text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(), flags=re.M | re.S)
    return re.sub(r"`[^`\n]*`", lambda code: re.sub(r"[][()#]", "", code.group()), text)

def anchors(page):
    names = []
    for heading in re.findall(r"^#+ +(.*)$", prose(page), flags=re.M):
        heading = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        names.append(name if name not in names else f"{name}-{names.count(name)}")
    return names

count, wrong = 0, 0
for page in pages:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        count += 1
        path, _, anchor = target.partition("#")
        file = page if not path else page.parent / path
        missing = not file.exists() or root not in [file.resolve(), *file.resolve().parents]
        if missing or anchor and (file.suffix != ".md" or anchor not in anchors(file)):
            print(f"{page.relative_to(root)}: {target} leads nowhere")
            wrong += 1
print(f"{count} links in {len(pages)} pages")
sys.exit(1 if wrong or not count else 0)
TEXT
}
expect "every link leads somewhere" links "$root"
mkdir -- "$scratch/pages"
printf '# A page\n\n[here](#a-page) [there](#b-page)\n' >"$scratch/pages/page.md"
expect "a link that leads nowhere would be seen" refuses links "$scratch/pages"
listed() { # every page of docs has a link in docs/README.md
    local page absent=0
    while IFS= read -r page; do
        grep -qF "](${page#./})" "$root/docs/README.md" || { echo "not in docs/README.md: $page"; absent=1; }
    done < <(cd -- "$root/docs" && find . -name '*.md' ! -path ./README.md)
    return "$absent"
}
expect "docs/README.md lists every page" listed
finish
