#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: rpm.sh PROGRAM. Makes the RPM of the folder that PROGRAM was built in; installs and erases it in an empty root.
# Debian has no packages that an RPM could depend on: its needs are read, not satisfied.
# shellcheck source=tests/support/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/lib.sh"
# shellcheck source=tests/support/roots.sh
. "$root/tests/support/roots.sh"

export HOME=$scratch # rpm makes a folder there
machine=$scratch/machine
make_package RPM "$1"
expect "the file's name says version and machine" same "db-up-$version-1.$(uname -m).rpm" "$(basename -- "$package")"

query() { rpm -qp --qf "$1" "$package"; }
expect "it says name, version, release and licence" same "db-up $version 1 MIT" \
    "$(query '%{NAME} %{VERSION} %{RELEASE} %{LICENSE}')"
expect "its sums are right" rpm --checksig --nosignature "$package"
expect "nothing is run by installing it" same '' "$(rpm -qp --scripts --triggers "$package")"
expect "no file of it is configuration" same '' "$(rpm -qp --configfiles "$package")"
expect "everything is root's" same 'root root' "$(query '[%{FILEUSERNAME} %{FILEGROUPNAME}\n]' | sort -u)"
expect "nobody else may write" same '' "$(query '[%{FILEMODES:perms} %{FILENAMES}\n]' | grep -v '^l' | grep -E '^.{5}w|^.{8}w')"
expect "it needs no library but those of libc, libpq and OpenSSL" same \
    'ld-linux-x86-64.so.2 libc.so.6 libcrypto.so.3 libpq.so.5 libssl.so.3' \
    "$(rpm -qp --requires "$package" | sed -nE 's/^([^(]*\.so\.[0-9]+)\(.*/\1/p' | sort -u | xargs)"
expect "and nothing else" same '' \
    "$(rpm -qp --requires "$package" | grep -vE '\.so\.[0-9]+\(|^rpmlib\(|^rtld\(GNU_HASH\)$')"

# What Fedora's package "filesystem" has already.
mkdir -p -- "$machine/usr/"{bin,lib64} "$machine/var/lib/rpm" \
    "$machine/usr/share/"{doc,licenses,man/man8,bash-completion/completions,fish/vendor_completions.d,zsh/site-functions}
on_machine() { as_root rpm --root="$machine" --dbpath=/var/lib/rpm "$@"; }
alone=(--nodeps --noscripts --notriggers) # its needs cannot be met here, and an empty root has no programs
as_root rpmdb --root="$machine" --dbpath=/var/lib/rpm --initdb
before=$(listing "$machine")
expect "rpm installs it" on_machine --install "${alone[@]}" --nosignature "$package"
expect "every file is as it was packed" on_machine --verify --nodeps --noscripts db-up
expect "rpm knows it" same "db-up-$version-1.$(uname -m)" "$(on_machine -q db-up)"

plugin=$machine/usr/lib64/nagios/plugins/check_db_up
expect "the plugin is a link in Fedora's folder of plugins" same ../../../bin/db-up "$(readlink -- "$plugin")"
code=0
output=$("$plugin" --version 2>&1) || code=$?
expect "which leads to the program" same "3 db-up $version" "$code ${output%%$'\n'*}"
share=$machine/usr/share
for file in man/man8/{db-up,check_db_up}.8.gz bash-completion/completions/{db-up,check_db_up} licenses/db-up/LICENSE \
    fish/vendor_completions.d/{db-up,check_db_up}.fish zsh/site-functions/_db-up doc/db-up/{README.md,CHANGELOG.md.gz}; do
    expect "there is $file" test -s "$share/$file"
done
expect "the examples are all of contrib" diff -r -- "$root/contrib" "$share/doc/db-up/examples"
expect "the licence names what is inside the program" grep -q LibYAML "$share/licenses/db-up/LICENSE"

expect "rpm erases it" on_machine --erase "${alone[@]}" db-up
expect "nothing of it is left" diff <(printf '%s\n' "$before") <(listing "$machine")
expect "rpm knows it no more" refuses on_machine -q db-up
finish
