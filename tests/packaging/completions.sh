#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: completions.sh PROGRAM. What the shells complete, asked of the shells themselves.
# shellcheck source=tests/support/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/lib.sh"

documents=$(dirname -- "$1")/documents
mkdir -- "$scratch/files"
touch -- "$scratch/files/ca one.pem" "$scratch/files/cb.pem"
cd -- "$scratch/files"
export HOME=$scratch TERM=dumb # shells write their histories there

# in_bash WORD...: what COMPREPLY holds when the last word is completed; bash splits at "=".
in_bash() {
    bash --norc --noprofile -c '
        compopt() { :; } # works only while bash itself completes
        . "$1"
        shift
        COMP_WORDS=(db-up "$@")
        COMP_CWORD=$#
        _db_up db-up
        printf "%s\n" "${COMPREPLY[@]}"
    ' bash "$documents/db-up.bash" "$@" | sort | paste -sd, -
}

# shellcheck disable=SC2016  # for fish to expand
in_fish() { # what stands before the tab is the candidate
    fish --no-config -c 'source $argv[1]; complete -C $argv[2]' "$documents/db-up.fish" "db-up $1" |
        cut -f 1 | sort | paste -sd, -
}

# A zsh at a terminal of its own, which gets each LINE and a tab. Its compadd writes down what it is given;
# what runs after a completion says on the terminal that it is over.
cat >"$scratch/ask.zsh" <<'ZSH'
zmodload zsh/zpty
documents=$1 given=$2
shift 2
zpty asked zsh -f -i
zpty -w asked "PS1= ; fpath=($documents \$fpath); autoload -Uz compinit; compinit -u -D"
zpty -w asked 'compadd() {
    local kind=${@[1,(i)(-|--)]}
    [[ $kind == *-(O|A|D)\ * ]] || { typeset -a __all; builtin compadd -A __all "$@"; print -rl -- $__all >>'$given'; }
    builtin compadd "$@"
}
over() { print; print -r OV""ER; comppostfuncs=(over) }
comppostfuncs=(over); print -r REA""DY'
zpty -r asked line '*READY*'
for typed; do
    print -r -- "= $typed" >>$given
    zpty -w -n asked "db-up $typed"$'\t'
    zpty -r asked line '*OVER*'
    zpty -w -n asked $'\C-u'
done
zpty -d asked
ZSH

# in_zsh LINE: one of those that ask_zsh was given.
ask_zsh() {
    timeout 30 zsh -f "$scratch/ask.zsh" "$documents" "$scratch/given" "$@" </dev/null >/dev/null
}
in_zsh() {
    awk -v line="= $1" '/^= /{on = ($0 == line); next} on && NF' "$scratch/given" | sort -u | paste -sd, -
}

modes=allow,disable,prefer,require,verify-ca,verify-full
expect "bash reads it" bash -n "$documents/db-up.bash"
expect "zsh reads it" zsh -n "$documents/_db-up"
expect "fish reads it" fish --no-execute "$documents/db-up.fish"

expect "bash completes an option" same "--ssl-cert,--ssl-key,--ssl-mode,--ssl-root-cert,--sslcert,--sslkey,--sslmode,--sslrootcert" "$(in_bash --ss)"
expect "bash completes a mode" same "$modes" "$(in_bash --ssl-mode '')"
expect "bash completes the beginning of a mode" same verify-ca,verify-full "$(in_bash --ssl-mode ver)"
expect "bash completes a mode behind =" same verify-ca,verify-full "$(in_bash --sslmode = ver)"
expect "bash completes everything behind =" same "$modes" "$(in_bash --ssl-mode =)"
expect "bash completes a class of errors" same "starting=" "$(in_bash -d x --state starti)"
expect "bash completes the state of a class" same "warning" "$(in_bash --state starting = w)"
expect "bash completes every state of a class" same "critical,ok,unknown,warning" "$(in_bash --state starting =)"
expect "bash completes the state of a class behind =" same "warning" "$(in_bash --state = starting = w)"
expect "bash completes a file" same "ca one.pem" "$(in_bash --ssl-root-cert ca)"
expect "bash completes a topic" same "ranges" "$(in_bash --help ra)"
expect "bash completes an option behind --help" same "--version" "$(in_bash --help --vers)"
expect "bash offers nothing for a free value" same "" "$(in_bash --database '')"
expect "bash offers options again behind a value" same "--role" "$(in_bash --ssl-mode require --ro)"

expect "fish completes an option" same "--ssl-cert,--ssl-key,--ssl-mode,--ssl-root-cert,--sslcert,--sslkey,--sslmode,--sslrootcert" "$(in_fish --ss)"
expect "fish completes a mode" same "$modes" "$(in_fish '--ssl-mode ')"
expect "fish completes a mode behind =" same "--ssl-mode=verify-ca,--ssl-mode=verify-full" "$(in_fish '--ssl-mode=ver')"
expect "fish completes the state of a class" same "starting=critical,starting=ok,starting=unknown,starting=warning" "$(in_fish '--state starting=')"
expect "fish completes a file" same "ca one.pem" "$(in_fish '--ssl-root-cert ca')"
expect "fish completes a topic" same "ranges" "$(in_fish '--help ra')"
# shellcheck disable=SC2016
expect "fish completes for the plugin's name" same "--version" \
    "$(fish --no-config -c 'source $argv[1]; complete -C "check_db_up --vers"' "$documents/db-up.fish" | cut -f 1)"

expect "zsh answers" ask_zsh --ss '--ssl-mode ' '--ssl-mode=ver' '--state starting=w' '--ssl-root-cert ca' '--help ra'
expect "zsh completes an option" same "--ssl-cert,--ssl-key,--ssl-mode,--ssl-root-cert,--sslcert,--sslkey,--sslmode,--sslrootcert" "$(in_zsh --ss)"
expect "zsh completes a mode" same "$modes" "$(in_zsh '--ssl-mode ')"
expect "zsh completes a mode behind =" same "verify-ca,verify-full" "$(in_zsh '--ssl-mode=ver')"
expect "zsh completes the state of a class" same "warning" "$(in_zsh '--state starting=w')"
expect "zsh completes a file" same 'ca\ one.pem' "$(in_zsh '--ssl-root-cert ca')"
expect "zsh completes a topic" same "ranges" "$(in_zsh '--help ra')"
finish
