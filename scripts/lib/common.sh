# SPDX-License-Identifier: MIT
# Functions shared by quick-start.sh and test.sh. Sourced, not run. Needs "root" (the source tree) set.
# shellcheck shell=bash disable=SC2034

export LC_ALL=C.UTF-8

say() { printf '%s\n' "$*"; }

# problem WHAT [WHAT-TO-DO]: two lines on stderr, nothing ends.
problem() {
    printf 'FAILED: %s\n' "$1" >&2
    [ $# -lt 2 ] || printf 'To do:  %s\n' "$2" >&2
}

# show_end FILE: the last lines of a log, indented, on stderr.
show_end() { tail -n "${2:-25}" -- "$1" | sed 's/^/    | /' >&2; }

# new_scratch_dir: a new folder in "scratch_dir". Root's must be one that the server's user can enter.
new_scratch_dir() {
    local base=${TMPDIR:-/tmp}
    [ "$(id -u)" -ne 0 ] || base=/tmp
    scratch_dir=$(mktemp -d -- "$base/db-up.XXXXXX")
}

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# as_admin COMMAND...: as root, through sudo where we are not root.
as_admin() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif [ -t 0 ]; then
        sudo -- "$@"
    else
        sudo -n -- "$@"
    fi
}

# Runs as root, in one process, so that one trap undoes what was put down. Arguments: the packages.
# While it installs, two files keep new packages from starting or creating services. Both are gone at
# the end, and the first is left alone where somebody else has put it there:
#   /usr/sbin/policy-rc.d                                  no service is started
#   /etc/postgresql-common/createcluster.d/db-up.conf      no "main" cluster is created
# PgBouncer is wanted as a program only: where it is new, its service is switched off.
# shellcheck disable=SC2016
installer='
set -eu
policy=/usr/sbin/policy-rc.d
clusters=/etc/postgresql-common/createcluster.d
undo() {
    [ -z "${our_policy:-}" ] || rm -f "$policy"
    rm -f "$clusters/db-up.conf"
    for folder in ${our_folders:-}; do rmdir "$folder" 2>/dev/null || true; done
}
trap undo EXIT
trap "exit 130" INT
trap "exit 143" TERM HUP
if [ ! -e "$policy" ]; then
    our_policy=1
    printf "#!/bin/sh\nexit 101\n" >"$policy"
    chmod 0755 "$policy"
fi
for folder in "${clusters%/*}" "$clusters"; do
    [ -d "$folder" ] || { mkdir "$folder"; our_folders="$folder ${our_folders:-}"; }
done
printf "create_main_cluster = false\n" >"$clusters/db-up.conf"
export DEBIAN_FRONTEND=noninteractive
fetch() { apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=120 "$@"; }
command -v apt-get >/dev/null || { echo "apt-get is missing: this is not Debian"; exit 1; }
if ! apt-get install -s -q --no-install-recommends "$@" >/dev/null 2>&1; then
    apt-get update -q
    fetch "$@"
else
    fetch "$@" || { apt-get update -q; fetch "$@"; }
fi
for package in "$@"; do
    [ "$package" != pgbouncer ] || update-rc.d pgbouncer disable
done
'

# need_packages PACKAGE...: installs those that are missing; silent and offline where none is.
need_packages() {
    local package missing=()
    for package in "$@"; do
        installed "$package" || missing+=("$package")
    done
    if [ ${#missing[@]} -eq 0 ]; then
        say "packages: all $# are there"
        return 0
    fi
    say "packages: installing ${missing[*]} and what they depend on"
    local by_hand="as root: apt-get update && apt-get install --no-install-recommends ${missing[*]}"
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
        problem "packages are missing, and there is no sudo" "$by_hand"
        return 1
    fi
    local log
    log=$(mktemp)
    if ! as_admin sh -c "$installer" sh "${missing[@]}" >"$log" 2>&1; then
        show_end "$log"
        rm -f -- "$log"
        problem "apt-get could not install ${missing[*]}" "read the lines above, then $by_hand"
        return 1
    fi
    rm -f -- "$log"
}

# What compiles the program, and nothing else.
build_packages=(g++ cmake ninja-build pkg-config libpq-dev libfmt-dev libssl-dev libyaml-dev nlohmann-json3-dev)

# What the throw-away server needs; a server of any origin below /usr/lib/postgresql will do.
server_packages() {
    printf 'openssl\n'
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || printf 'postgresql\n'
}

# shellcheck disable=SC2154 # of the caller
tools=$root/build/tools # programs that tests run and nobody has to install

# fetch_tool PACKAGE FILE: unpacks a Debian package into build/tools; nothing is installed or started.
fetch_tool() {
    local package=$1 file=${2/@libraries@/$(gcc -print-multiarch)}
    [ ! -e "$tools/$package/$file" ] || return 0
    rm -rf -- "${tools:?}/$package"
    mkdir -p -- "$tools/$package"
    (
        cd -- "$tools/$package" || exit
        apt-get -q download "$package" || { as_admin apt-get -q update && apt-get -q download "$package"; }
        dpkg-deb -x ./"$package"_*.deb .
        rm -f -- ./"$package"_*.deb
        [ -e "$file" ]
    )
}
