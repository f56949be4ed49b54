#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Gives C++ files the form that the tests ask for.
set -euo pipefail

root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd -P)

usage() {
    cat <<'TEXT'
usage: scripts/format.sh [--check] [FILE...]

Formats the C++ files FILE, or all of the repository, by clang-format 14 and .clang-format. With --check
it changes nothing, shows what is wrong, and ends with 1 if anything is.
TEXT
}

options=(-i)
case ${1:-} in
    -h | --help)
        usage
        exit 0
        ;;
    --check)
        options=(--dry-run -Werror)
        shift
        ;;
    -*)
        usage >&2
        exit 2
        ;;
esac

if [ $# -gt 0 ]; then
    clang-format-14 "${options[@]}" "$@"
else # not the build folders
    cd -- "$root"
    find src tests man -name '*.?pp' -print0 | sort -z | xargs -0 -r clang-format-14 "${options[@]}"
fi
