#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: hardening.sh PROGRAM. Reads what the compiler and the linker put into the released program.
# shellcheck source=tests/support/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/lib.sh"

program=$1
header=$(readelf -hW "$program")
segments=$(readelf -lW "$program")
dynamic=$(readelf -dW "$program")
symbols=$(readelf --dyn-syms -W "$program")

has() { grep -qE -- "$1" <<<"$2" || { printf 'no %s in:\n%s\n' "$1" "$2"; return 1; }; }

expect "is position independent" has 'Type: +DYN' "$header"
expect "says that it is a program (PIE)" has 'FLAGS_1.*PIE' "$dynamic"
expect "resolves every symbol at the start (BIND_NOW)" has 'FLAGS_1.*NOW' "$dynamic"
expect "has relocations that become read-only (RELRO)" has 'GNU_RELRO' "$segments"
expect "has a stack that cannot be executed" has 'GNU_STACK .* RW +0x' "$segments"
expect "has no segment that can be written and executed" refuses has ' RWE ' "$segments"
expect "has stack protectors" has '__stack_chk_fail' "$symbols"
expect "has fortified calls" has '__[a-z]+_chk@' "$symbols"
expect "takes no library from a path of its own" refuses has 'RPATH|RUNPATH' "$dynamic"
expect "names no folder of the machine that built it" refuses grep -qF -- "$(dirname -- "$(readlink -f -- "$program")")" "$program"
expect "nor that of the sources" refuses grep -qF -- "$root/" "$program"
finish
