#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: coverage.sh FOLDER: the lines of src that a coverage build in FOLDER has run, by room; line by line
# in FOLDER/coverage.html. Fails below 95 % of all, and below 100 % of what has to be exact.
set -euo pipefail

root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/../.." && pwd -P)
folder=$(readlink -f -- "${1:?usage: coverage.sh FOLDER}")
table=$folder/coverage.csv

cd -- "$root"
gcovr --root "$root" --filter "$root/src/" --object-directory "$folder" --csv "$table" \
    --html-details "$folder/coverage.html" "$folder" >/dev/null

# filename,line_total,line_covered,line_percent,…
awk -F, '
    BEGIN { split("scrub text range failure sqlstate", exact, " ")
            for (i in exact) whole["src/core/" exact[i] ".cpp"] = 1 }
    NR == 1 { next }
    {
        room = $1; sub(/^src\//, "", room); sub(/\/.*/, "", room); sub(/\.cpp$/, "", room)
        lines[room] += $2; hit[room] += $3; all += $2; all_hit += $3
        if ($1 in whole) { seen++; if ($3 < $2) { printf "%s: %d of %d lines; all are needed\n", $1, $3, $2; wrong = 1 } }
    }
    END {
        for (room in lines) printf "%-10s %5.1f %% of %d lines\n", room, 100 * hit[room] / lines[room], lines[room] | "sort"
        close("sort")
        if (all == 0 || seen < 5) { print "no coverage was counted"; exit 1 }
        printf "%-10s %5.1f %% of %d lines\n", "all", 100 * all_hit / all, all
        if (all_hit < 0.95 * all) { print "less than 95 %"; wrong = 1 }
        exit wrong
    }' "$table" | tee "$folder/lines.txt"
