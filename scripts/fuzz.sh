#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds the fuzz targets and runs each on its seeds and on new inputs.
set -euo pipefail

root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd -P)
cd -- "$root"

usage() {
    cat <<'TEXT'
usage: scripts/fuzz.sh [SECONDS [TARGET...]]

Builds the targets of tests/fuzz (clang-14, libclang-rt-14-dev) and runs them for SECONDS in all (60),
one per processor at a time. TARGET is a name such as "range" or "session"; without it all of them.
One line per target, "ok" or "FAILED"; ends with 1 if one has failed.

  tests/fuzz/corpus/TARGET   seeds, part of the repository
  build/fuzz/inputs/TARGET   inputs found by earlier runs; a run goes on from there
  build/fuzz/findings        an input that failed, to be run again with
                             build/fuzz/tests/fuzz/db-up-fuzz-TARGET FILE
                             (DBUP_FUZZ_SHOW=1 shows what the program would print)

DBUP_FUZZ_SEED=NUMBER takes the same random numbers in every run, and as many inputs as a slow
machine tries in that time: what one machine finds, every machine finds.
TEXT
}

case ${1:-} in
    -h | --help)
        usage
        exit 0
        ;;
esac
seconds=${1:-60}
[ $# -eq 0 ] || shift
if ! [[ $seconds =~ ^[1-9][0-9]*$ ]]; then
    usage >&2
    exit 2
fi

jobs=$(nproc)
programs=$root/build/fuzz/tests/fuzz
findings=$root/build/fuzz/findings
export UBSAN_OPTIONS=print_stacktrace=1

# pace NAME: the inputs that a slow machine tries in a second.
pace() {
    case $1 in
        session) echo 40 ;;
        arguments | values) echo 100 ;;
        uri | yaml) echo 100 ;;
        messages | redaction) echo 400 ;;
        *) echo 2000 ;;
    esac
}

# Where it can be had, every run has the same addresses, too: the fuzzer learns from what is compared.
fixed=()
if [ -n "${DBUP_FUZZ_SEED:-}" ] && setarch -R true 2>/dev/null; then fixed=(setarch -R); fi

# run_target NAME SECONDS
run_target() {
    local name=$1 time=$2 code=0 begin=$SECONDS
    local inputs=$root/build/fuzz/inputs/$name log=$root/build/fuzz/$name.log options=()
    mkdir -p -- "$inputs" "$findings"
    [ ! -e "tests/fuzz/dict/$name.dict" ] || options+=("-dict=tests/fuzz/dict/$name.dict")
    [ -z "${DBUP_FUZZ_SEED:-}" ] || options+=("-runs=$(($(pace "$name") * time))")
    # libpq asks for as much memory as a server announces (the program has a limit for that, the target has not),
    # and loses a result where a message breaks off in the middle of it.
    local leaks=1
    [ "$name" != session ] || { leaks=0 && options+=("-malloc_limit_mb=4096" "-detect_leaks=0"); }
    ASAN_OPTIONS=detect_leaks=$leaks:strict_string_checks=1 "${fixed[@]}" "$programs/db-up-fuzz-$name" "-max_total_time=$time" "-seed=${DBUP_FUZZ_SEED:-0}" -timeout=20 -rss_limit_mb=1024 -max_len=4096 \
        -print_final_stats=1 "-artifact_prefix=$findings/$name-" "${options[@]}" \
        "$inputs" "tests/fuzz/corpus/$name" >"$log" 2>&1 </dev/null || code=$?
    if [ "$code" -eq 0 ]; then
        printf 'ok     fuzz: %s (%s inputs, %d s)\n' "$name" \
            "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" "$((SECONDS - begin))"
    else
        tail -n 60 -- "$log" | sed 's/^/    | /'
        printf 'FAILED fuzz: %s (%d s)\n' "$name" "$((SECONDS - begin))"
    fi
    return "$code"
}

cmake --preset fuzz >/dev/null
cmake --build --preset fuzz -j "$jobs" >&2

targets=("$@")
if [ $# -eq 0 ]; then
    for file in tests/fuzz/fuzz_*.cpp; do
        name=${file##*/fuzz_}
        targets+=("${name%.cpp}")
    done
fi
at_once=$((jobs < ${#targets[@]} ? jobs : ${#targets[@]}))
share=$((seconds * at_once / ${#targets[@]}))

failed=0
running=0
for name in "${targets[@]}"; do
    if [ "$running" -ge "$at_once" ]; then
        wait -n || failed=1
        running=$((running - 1))
    fi
    run_target "$name" "$((share > 0 ? share : 1))" &
    running=$((running + 1))
done
while [ "$running" -gt 0 ]; do
    wait -n || failed=1
    running=$((running - 1))
done
exit "$failed"
