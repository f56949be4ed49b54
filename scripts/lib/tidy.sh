#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: tidy.sh FOLDER: runs clang-tidy over every file of FOLDER/compile_commands.json.
#
# Most of clang-tidy's time goes into headers, which it reads and looks at again for every file. So
# files with the same flags are looked at together, as one file that includes them: those that define
# no name twice in their anonymous namespaces. What such a heap complains of does not count: its files
# are then looked at one by one.
set -euo pipefail

folder=$(readlink -f -- "${1:?usage: tidy.sh FOLDER}")
heaps=$folder/heaps
most=8 # files in a heap
jobs=$(nproc)
rm -rf -- "$heaps"
mkdir -p -- "$heaps"

# The commands with their files: "FLAGS <tab> FILE <tab> ENTRY-NUMBER", flags as they stand in the JSON text.
commands() {
    sed -nE 's/^ *"command": "(.*) -o [^ ]+ -c [^ ]+",?$/\1/p' "$folder/compile_commands.json" >"$heaps/flags"
    sed -nE 's/^ *"file": "(.*)",?$/\1/p' "$folder/compile_commands.json" >"$heaps/files"
    paste -- "$heaps/flags" "$heaps/files" | sort -u
}

# The names that a file defines at the left edge inside of anonymous namespaces, one per line.
names() { # FILE
    awk '
        /^int main\(/ { print "main" }
        /^void one_input\(/ { print "one_input" }
        /^namespace \{/ { inside = 1; next }
        /^\} \/\/ namespace$/ { inside = 0; next }
        !inside || !/^[A-Za-z_\[]/ || /^template/ || /^[A-Z_]+\(/ || /^using [a-z_:]+::/ || /^using enum/ { next }
        {
            head = $0
            sub(/[({=;].*/, "", head)
            sub(/<[^>]*> *$/, "", head)
            if (match(head, /[A-Za-z_][A-Za-z0-9_]* *$/)) {
                name = substr(head, RSTART)
                gsub(/ /, "", name)
                print name
            }
        }' "$1" | sort -u
}

# Puts every file into the first heap with the same flags that has room and none of its names.
gather() {
    local flags file known i name clash
    local -a heap_flags=() heap_names=() heap_sizes=() heap_files=()
    while IFS=$'\t' read -r flags file; do
        mapfile -t known < <(names "$file")
        for ((i = 0; ; i++)); do
            if [ "$i" -eq "${#heap_flags[@]}" ]; then
                heap_flags+=("$flags")
                heap_names+=(" ")
                heap_sizes+=(0)
                heap_files+=("")
            fi
            if [ "${heap_flags[i]}" != "$flags" ] || [ "${heap_sizes[i]}" -ge "$most" ]; then
                continue
            fi
            clash=
            for name in "${known[@]}"; do
                [[ ${heap_names[i]} != *" $name "* ]] || clash=1
            done
            [ -n "$clash" ] || break
        done
        heap_names[i]+="${known[*]} "
        heap_sizes[i]=$((heap_sizes[i] + 1))
        heap_files[i]+="$file"$'\n'
    done < <(commands)

    local separator='[' where
    for ((i = 0; i < ${#heap_flags[@]}; i++)); do
        where=$heaps/$i.cpp
        # The tests have a configuration of their own, found from where a file stands.
        case ${heap_files[i]} in
            */tests/*)
                mkdir -p -- "$heaps/tests"
                cp -- tests/.clang-tidy "$heaps/tests/"
                where=$heaps/tests/$i.cpp
                ;;
        esac
        while IFS= read -r file; do
            printf '#include "%s" // NOLINT(bugprone-suspicious-include)\n' "$file"
        done < <(printf '%s' "${heap_files[i]}") >"$where"
        printf '%s\n{ "directory": "%s", "command": "%s -o heap.o -c %s", "file": "%s" }' \
            "$separator" "$folder" "${heap_flags[i]}" "$where" "$where"
        separator=,
    done >"$heaps/compile_commands.json"
    printf '\n]\n' >>"$heaps/compile_commands.json"
}

check() { # DATABASE FILE [OPTION...]
    local database=$1 file=$2
    shift 2
    clang-tidy-14 --quiet -p "$database" --extra-arg=-Xclang --extra-arg=-analyzer-config \
        --extra-arg=-Xclang --extra-arg=max-nodes=30000 "$@" "$file"
}

check_heap() { # HEAP
    local code=0 file
    # A name of one file may be a parameter in another; each by itself is compiled with -Wshadow.
    check "$heaps" "$1" --extra-arg=-Wno-shadow >"$1.log" 2>&1 || code=$?
    if [ "$code" -eq 0 ]; then
        printf 'ok      %s\n' "$1"
        return 0
    fi
    code=0
    while IFS= read -r file; do
        if check "$folder" "$file" >"$1.alone.log" 2>&1; then
            printf 'ok      %s\n' "$file"
        else
            cat -- "$1.alone.log"
            printf 'WRONG   %s\n' "$file"
            code=1
        fi
    done < <(sed -E 's/^#include "(.*)" .*/\1/' "$1")
    return "$code"
}

gather
export folder heaps
export -f check check_heap
# shellcheck disable=SC2016 # expands in the shell that is started
find "$heaps" -name '*.cpp' -print0 | sort -z | xargs -0 -r -n 1 -P "$jobs" bash -c 'check_heap "$1"' bash
