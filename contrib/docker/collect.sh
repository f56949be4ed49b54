#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: collect.sh PROGRAM FOLDER. Puts into FOLDER what an image needs to run PROGRAM: its libraries, the loader,
# a user, the order in which names are looked up, and the licences of all of them. Nothing else: no shell.
set -eu

program=$1
folder=$2
mkdir -p "$folder/etc" "$folder/tmp" "$folder/usr/bin" "$folder/usr/lib64" "$folder/usr/share/doc"
chmod 1777 "$folder/tmp"
ln -s usr/lib "$folder/lib"
ln -s usr/lib64 "$folder/lib64"
install -m 0755 "$program" "$folder/usr/bin/db-up"
strip "$folder/usr/bin/db-up"
ln -s db-up "$folder/usr/bin/check_db_up"

# Lines of ldd: "libpq.so.5 => /lib/x86_64-linux-gnu/libpq.so.5 (0x…)" and "/lib64/ld-linux-x86-64.so.2 (0x…)".
libraries=$(ldd "$program" | sed -nE 's/^[^/]*(\/[^ ]+) \(0x.*/\1/p')
for library in $libraries; do
    install -D -m 0755 "$library" "$folder/usr/${library#/usr}"
done
# shellcheck disable=SC2046,SC2086  # words; a library is known as /lib/… or as /usr/lib/…
dpkg-query -S $libraries $(printf '%s\n' $libraries | sed 's|^|/usr|') 2>/dev/null | cut -d: -f1 | sort -u |
    while read -r package; do
        install -D -m 0644 "/usr/share/doc/$package/copyright" "$folder/usr/share/doc/$package/copyright"
    done

echo 'db-up:x:65534:65534:db-up:/nonexistent:/nonexistent' >"$folder/etc/passwd"
echo 'db-up:x:65534:' >"$folder/etc/group"
echo 'hosts: files dns' >"$folder/etc/nsswitch.conf"
