# SPDX-License-Identifier: MIT
# Folders that stand in for a machine of their own. Sourced after lib.sh.
# shellcheck shell=bash disable=SC2154

# A user namespace lets an ordinary user do what follows as root does it.
as_root() { unshare --user --map-root-user -- "$@"; }

# in_root FOLDER COMMAND...: with FOLDER as "/", and nothing of the caller's environment.
in_root() {
    local folder=$1
    shift
    as_root env -i PATH=/usr/sbin:/usr/bin chroot "$folder" "$@"
}

# listing FOLDER: every file, with mode, target and sum; not what package managers write of themselves.
listing() (
    cd -- "$1" || exit
    find . \( -path ./var/lib/dpkg -o -path ./var/lib/rpm -o -path ./var/log \) -prune -o -printf '%P %y %m %l\n' | sort
    find . \( -path ./var/lib/dpkg -o -path ./var/lib/rpm -o -path ./var/log \) -prune -o -type f -print0 | sort -z |
        xargs -0 -r sha256sum
)

# needed_packages NAME...: these packages of this machine, and all that they cannot be without: of alternatives,
# the first that is installed.
needed_packages() {
    # shellcheck disable=SC2016
    dpkg-query -W -f '${Package}\t${Pre-Depends},${Depends}\n' | awk -F '\t' -v start="$*" '
        { needs[$1] = $2 }
        END {
            count = split(start, queue, " ")
            for (at = 1; at <= count; at++) {
                if (seen[queue[at]]++) continue
                print queue[at]
                clauses = split(needs[queue[at]], clause, ",")
                for (i = 1; i <= clauses; i++) {
                    choices = split(clause[i], choice, "|")
                    for (k = 1; k <= choices; k++) {
                        gsub(/\([^)]*\)|:any|[ ]/, "", choice[k])
                        if (choice[k] in needs) { queue[++count] = choice[k]; break }
                    }
                }
            }
        }'
}

# copy_packages FOLDER NAME...: their files as they are on this machine, and what dpkg knows of them.
copy_packages() {
    local folder=$1 name
    shift
    mkdir -p -- "$folder/var/lib/dpkg/"{info,updates,triggers} "$folder/usr/"{bin,sbin,lib,lib64} "$folder/tmp"
    for name in bin sbin lib lib64; do ln -s -- "usr/$name" "$folder/$name"; done
    dpkg-query -L "$@" | grep -vE '^(/|/\.|/(bin|sbin|lib|lib64))$|/usr/share/(doc|man|locale)/|^(diverted|package)' |
        sort -u | sed 's|^/||' >"$scratch/copied"
    tar -C / --create --no-recursion --ignore-failed-read --files-from="$scratch/copied" 2>/dev/null |
        tar -C "$folder" --extract --keep-directory-symlink --no-same-owner
    dpkg-query -s "$@" >"$folder/var/lib/dpkg/status"
    for name in "$@"; do
        cp -- /var/lib/dpkg/info/"$name"{,:*}.list "$folder/var/lib/dpkg/info/" 2>/dev/null || true
    done
}

# make_package KIND PROGRAM: the package of the folder that PROGRAM was built in (DEB or RPM), twice. Sets package and version.
# shellcheck disable=SC2034
make_package() {
    local kind=$1 build name
    build=$(dirname -- "$(readlink -f -- "$2")")
    pack() { cpack --config "$build/CPackConfig.cmake" -G "$kind" -B "$scratch/$1"; }
    if ! pack first >"$scratch/cpack.log" 2>&1; then
        cat "$scratch/cpack.log"
        exit 1
    fi
    name=$(basename -- "$scratch/first/"*."${kind,,}")
    package=$scratch/first/$name
    version=$(sed -nE 's/^project\(db-up VERSION ([0-9.]+) .*/\1/p' "$root/CMakeLists.txt")
    TZ=Asia/Tokyo pack second >/dev/null 2>&1
    expect "the same build makes the same package, whatever folder and time zone" cmp -- "$package" "$scratch/second/$name"
}
