#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Everything a change has to pass. Ends with one line: "N passed, N failed".
set -euo pipefail

root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd -P)
# shellcheck source=scripts/lib/common.sh
. "$root/scripts/lib/common.sh"
cd -- "$root"

usage() {
    cat <<'TEXT'
usage: scripts/test.sh [PART]

Installs what the tests need (apt, as root or through sudo), runs them and ends with the counts.
Without PART: everything. PART is one of
  quick     format, release build, unit tests
  release   release build, all tests (hardening and packaging among them)
  asan      the same under the address and undefined behaviour sanitizers
  clang     builds with clang, warnings are errors
  tidy      clang-tidy over sources and tests
  format    clang-format over sources and tests
  install   plain build without presets and tests, and "cmake --install"
TEXT
}

test_packages=(make catch2 clang-14 clang-tidy-14 clang-format-14 pgbouncer mandoc systemd)
tools=$root/build/tools # programs that tests run and nobody has to install
jobs=$(nproc)
passed=0
failed=0
failures=()
scratch_dir=

# shellcheck disable=SC2317  # called by the trap
clean_up() {
    [ -z "$scratch_dir" ] || rm -rf -- "$scratch_dir"
}

count() { # NAME CODE
    if [ "$2" -eq 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        failures+=("$1")
    fi
}

# step NAME COMMAND...: counts as one; the command's output only when it fails.
step() {
    local name=$1 code=0 begin=$SECONDS
    shift
    "$@" >"$scratch_dir/log" 2>&1 </dev/null || code=$?
    [ "$code" -eq 0 ] || show_end "$scratch_dir/log" 80 2>&1
    printf '%-6s %s (%d s)\n' "$([ "$code" -eq 0 ] && echo ok || echo FAILED)" "$name" "$((SECONDS - begin))"
    count "$name" "$code"
    return "$code"
}

# suite PRESET [CTEST-OPTION...]: every test of it counts.
suite() {
    local preset=$1 log=$scratch_dir/ctest.log code=0 wrong total
    shift
    ctest --preset "$preset" -j "$jobs" --timeout 300 "$@" </dev/null 2>&1 | tee "$log" || code=$?
    read -r wrong total < <(
        sed -nE 's/^[0-9]+% tests passed, ([0-9]+) tests? failed out of ([0-9]+)$/\1 \2/p' "$log"
    ) || true
    if [ -z "${total:-}" ] || [ "$total" -eq 0 ]; then
        count "$preset: ctest ran no test" 1
        return
    fi
    passed=$((passed + total - wrong))
    failed=$((failed + wrong))
    while IFS= read -r line; do failures+=("$preset: $line"); done < <(
        sed -n '/^The following tests FAILED:/,/^Errors while/{s/^[[:space:]]*[0-9]* - //p}' "$log"
    )
    if [ "$wrong" -eq 0 ] && { [ "$code" -ne 0 ] || grep -q '(Skipped)\|(Disabled)' "$log"; }; then
        count "$preset: ctest skipped tests or ended with code $code" 1
    fi
}

sources() { # of the repository, not of the build folders
    find src tests man -name '*.?pp' -print0 | sort -z
}

part_format() {
    step "format" check_format || true
}

check_format() {
    sources | xargs -0 -r clang-format-14 --dry-run -Werror
}

build() { # PRESET
    step "$1: configure" cmake --preset "$1" && step "$1: build" cmake --build --preset "$1" -j "$jobs"
}

part_release() {
    build release || return 0
    suite release "$@"
}

part_asan() {
    build asan || return 0
    suite asan
}

# The program is built with clang; tests with it are compiled by clang-tidy, which shows every warning as an error.
part_clang() {
    step "clang: configure" cmake --preset clang && step "clang: build" cmake --build --preset clang --target db-up || true
}

# Without precompiled headers: clang-tidy reads every file as it stands.
part_tidy() {
    step "tidy: configure" cmake --preset clang -B build/lint -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON || return 0
    step "tidy" check_tidy || true
}

check_tidy() {
    sed -nE 's/^ *"file": "(.*)",?$/\1/p' build/lint/compile_commands.json | sort -u | tr '\n' '\0' |
        xargs -0 -r -n 1 -P "$jobs" clang-tidy-14 --quiet -p build/lint \
            --extra-arg=-Xclang --extra-arg=-analyzer-config --extra-arg=-Xclang --extra-arg=max-nodes=30000
}

part_install() {
    local build=$scratch_dir/plain target=$scratch_dir/root
    step "install: plain configure" cmake -S . -B "$build" -DBUILD_TESTING=OFF || return 0
    step "install: plain build" cmake --build "$build" -j "$jobs" || return 0
    step "install: install" env "DESTDIR=$target" cmake --install "$build" --prefix /usr || return 0
    step "install: what is installed" tests/packaging/installed.sh "$target/usr" || true
}

# fetch_tool PACKAGE FILE: unpacks a Debian package into build/tools; nothing is installed or started.
fetch_tool() {
    local package=$1 file=$2
    [ ! -x "$tools/$package/$file" ] || return 0
    rm -rf -- "${tools:?}/$package"
    mkdir -p -- "$tools/$package"
    (
        cd -- "$tools/$package"
        apt-get -q download "$package" || { as_admin apt-get -q update && apt-get -q download "$package"; }
        dpkg-deb -x ./"$package"_*.deb .
        rm -f -- ./"$package"_*.deb
        [ -x "$file" ]
    )
}

prepare() {
    local packages=("${build_packages[@]}")
    mapfile -t -O "${#packages[@]}" packages < <(server_packages)
    need_packages "${packages[@]}" "${test_packages[@]}" || return 1
    new_scratch_dir
    step "tools: nagios4" fetch_tool nagios4-core usr/sbin/nagios4 || true
}

part_quick() {
    part_format
    part_release -L unit
}

part_everything() {
    part_format
    part_release
    part_asan
    part_clang
    part_tidy
    part_install
}

part=${1:-everything}
case $part in
    everything | quick | release | asan | clang | tidy | format | install) ;;
    *)
        usage
        [ "$part" = -h ] || [ "$part" = --help ] || exit 2
        exit 0
        ;;
esac

trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

if ! prepare; then
    say "0 passed, 1 failed"
    exit 1
fi
"part_$part"

if [ "$failed" -gt 0 ]; then
    say
    say "failed:"
    printf '  %s\n' "${failures[@]}"
fi
say
say "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
