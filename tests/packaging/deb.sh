#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: deb.sh PROGRAM. Makes the package of the folder that PROGRAM was built in; installs, runs and purges it in a
# root that has what the package says it needs, and nothing else.
# shellcheck source=tests/support/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/lib.sh"
# shellcheck source=tests/support/roots.sh
. "$root/tests/support/roots.sh"

machine=$scratch/machine
make_package DEB "$1"
expect "the file's name says version and machine" \
    same "db-up_$version-1_$(dpkg --print-architecture).deb" "$(basename -- "$package")"
expect "lintian has nothing to say, but for what cmake/package/lintian-overrides explains" same '' \
    "$(lintian --allow-root --display-info "$package" 2>&1)"
expect "nothing is run by installing it" same 'control md5sums' \
    "$(dpkg-deb --ctrl-tarfile "$package" | tar -t | sed 's|^\./||' | sort | xargs)"
depends=$(dpkg-deb -f "$package" Depends)
expect "it needs nothing but libc, libpq and OpenSSL" matches \
    'libc6 \(>= [^)]*\), libpq5 \(>= [^)]*\), libssl3(t64)? \(>= [^)]*\)' "$depends"
expect "apt would install it" grep -q '^Inst db-up ' <(apt-get -s -q install "$package" 2>&1)

# ---- a machine that has these packages only
mapfile -t needed < <(tr ',' '\n' <<<"$depends" | sed -E 's/ *\(.*//; s/ //g')
mapfile -t needed < <(needed_packages "${needed[@]}")
copy_packages "$machine" base-files "${needed[@]}" # base-files has the folders that every machine has
on_machine() { as_root dpkg --root="$machine" --path-include='/*' --force-not-root "$@"; }

mkdir -p -- "$scratch/empty/var/lib/dpkg/"{info,updates}
: >"$scratch/empty/var/lib/dpkg/status"
expect "a machine without these does not take it" refuses \
    as_root dpkg --root="$scratch/empty" --force-not-root --install "$package"

before=$(listing "$machine")
expect "dpkg installs it" on_machine --install "$package"
expect "every file is as it was packed" same '' "$(on_machine --verify db-up)"

version_of() { # PATH; --version exits 3, as the plugin interface asks
    local code=0 text
    text=$(in_root "$machine" "$1" --version 2>&1) || code=$?
    printf '%s %s\n' "$code" "${text%%$'\n'*}"
}
plugin=/usr/lib/nagios/plugins/check_db_up
expect "the program runs there" same "3 db-up $version" "$(version_of /usr/bin/db-up)"
expect "and under the plugin's name" same "3 db-up $version" "$(version_of $plugin)"
expect "the plugin is a link in Debian's folder of plugins" same ../../../bin/db-up "$(readlink -- "$machine$plugin")"
help=$(in_root "$machine" db-up --help) || true
expect "it explains itself" grep -q -- --password-file <<<"$help"

share=$machine/usr/share
page=$(gzip -dc -- "$share/man/man8/db-up.8.gz")
expect "the manual is the one of the tree" same "$(cat -- "$root/man/db-up.8")" "$page"
expect "the plugin has a manual of its name" same db-up.8.gz "$(readlink -- "$share/man/man8/check_db_up.8.gz")"
for file in bash-completion/completions/{db-up,check_db_up} fish/vendor_completions.d/{db-up,check_db_up}.fish \
    zsh/vendor-completions/_db-up doc/db-up/{copyright,README.md,changelog.gz,changelog.Debian.gz}; do
    expect "there is $file" test -s "$share/$file"
done
expect "the examples are all of contrib" diff -r -- "$root/contrib" "$share/doc/db-up/examples"
expect "the changes are those of the tree" cmp -- "$root/CHANGELOG.md" <(gzip -dc -- "$share/doc/db-up/changelog.gz")
expect "no configuration comes with it" refuses grep -q '^\./etc' <(dpkg-deb --fsys-tarfile "$package" | tar -t)

start_server
install -m 0600 -- "$PASSWORD_FILE" "$machine/tmp/password"
install -m 0644 -- "$CA_FILE" "$machine/tmp/ca.crt"
code=0
output=$(in_root "$machine" $plugin -H 127.0.0.1 -p "$PORT" -d "$DATABASE" -U "$USER" --password-file /tmp/password \
    --ssl-mode verify-full --ssl-root-cert /tmp/ca.crt 2>&1) || code=$?
expect "a check of a real server is OK" same 0 "$code"
expect "and says so" matches 'DB-UP OK - [^|]+TLSv1\.3\) \| time=.*' "$output"
rm -f -- "$machine/tmp/password" "$machine/tmp/ca.crt"

expect "dpkg purges it" on_machine --purge db-up
expect "nothing of it is left" diff <(printf '%s\n' "$before") <(listing "$machine")
expect "dpkg knows it no more" refuses grep -qx 'Package: db-up' "$machine/var/lib/dpkg/status"
finish
