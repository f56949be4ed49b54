#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: installed.sh PREFIX. What "cmake --install" has put below PREFIX.
# shellcheck source=tests/support/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/lib.sh"

prefix=$1
program=$prefix/bin/db-up
plugin=$prefix/lib/nagios/plugins/check_db_up
page=$(find "$prefix" -path '*/man8/db-up.8*' -print -quit)

version_of() { # --version exits 3, as the plugin interface asks
    local code=0 text
    text=$("$1" --version </dev/null 2>&1) || code=$?
    printf '%s %s\n' "$code" "${text%%$'\n'*}"
}

expect "the program runs and says its version" matches '3 .*[0-9]+\.[0-9]+\.[0-9]+.*' "$(version_of "$program")"
expect "the plugin is a link" test -L "$plugin"
expect "the link is relative, so that the tree can be moved" matches '[^/].*' "$(readlink -- "$plugin")"
expect "the link leads to the program" same "$(readlink -f -- "$program")" "$(readlink -f -- "$plugin")"
expect "the plugin runs under its own name" same "$(version_of "$program")" "$(version_of "$plugin")"
expect "the manual page is there" test -s "$page"
expect "the manual page is clean" mandoc -T lint -W warning "$page"
for name in db-up check_db_up; do
    expect "bash can complete $name" bash -n "$prefix/share/bash-completion/completions/$name"
    expect "fish can complete $name" fish --no-execute "$prefix/share/fish/vendor_completions.d/$name.fish"
done
expect "zsh can complete both" grep -qx '#compdef db-up check_db_up' "$prefix/share/zsh/site-functions/_db-up"
expect "nothing else can be executed" same "$program" "$(find "$prefix" -path '*/examples/*' -prune -o -type f -perm /111 -print)"
expect "the examples are all of contrib" diff -r -- "$root/contrib" "$prefix/share/doc/db-up/examples"
finish
