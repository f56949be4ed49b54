#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The sources of one commit as db-up-VERSION.tar.gz: the same commit gives the same bytes, on every machine.
set -euo pipefail

root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd -P)

usage() {
    cat <<'TEXT'
usage: scripts/source-archive.sh [COMMIT] [FOLDER]

Writes FOLDER/db-up-VERSION.tar.gz (FOLDER: where you are) with the files of COMMIT (HEAD), and prints its name.
Changes that are not committed are not in it. The file .commit in it names the commit.
TEXT
}

case ${1:-} in
    -h | --help)
        usage
        exit 0
        ;;
esac
[ $# -le 2 ] || { usage >&2; exit 2; }
commit=$(git -C "$root" rev-parse --verify --quiet "${1:-HEAD}^{commit}") ||
    { echo "source-archive: no commit ${1:-HEAD} in $root" >&2; exit 1; }
folder=$(cd -- "${2:-.}" && pwd -P)
version=$(git -C "$root" show "$commit:CMakeLists.txt" | sed -nE 's/^project\(db-up VERSION ([0-9.]+) .*/\1/p')
archive=$folder/db-up-$version.tar.gz

# Nobody's settings of git: neither modes nor attributes nor ends of lines. gzip -n: no name and no time.
GIT_ATTR_NOSYSTEM=1 git -C "$root" -c tar.umask=0022 -c core.autocrlf=false \
    -c core.attributesFile=/dev/null archive --format=tar --prefix="db-up-$version/" "$commit" |
    gzip -9n >"$archive.new"
mv -- "$archive.new" "$archive"
printf '%s\n' "$archive"
