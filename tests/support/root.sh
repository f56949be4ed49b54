# SPDX-License-Identifier: MIT
# A small root folder: the machine's programs and libraries, little of its settings. Sourced after lib.sh, not run.
# shellcheck shell=bash disable=SC2034,SC2154

place=$scratch/root
mounts=() # SOURCE=TARGET: what else is seen in there; TARGET, relative to the root, must be there

# Root has other users at hand. An ordinary user is root in there, and nobody else; setgroups() is then refused, and
# strace makes it succeed.
namespaces=(unshare --user --map-root-user --mount)
quiet=(strace -D -qq -f --seccomp-bpf -e trace=setgroups -e inject=setgroups:retval=0 -o /dev/null)
if [ "$(id -u)" -eq 0 ]; then
    namespaces=(unshare --mount)
    quiet=()
    chmod 0711 -- "$scratch"
fi

make_root() {
    local folder file problem
    mkdir -p -- "$place"/{etc/ssl,run,tmp,usr/sbin,usr/local/bin,var/tmp}
    ln -s -- /run "$place/var/run"
    for folder in bin lib lib32 lib64 libx32; do
        [ ! -L "/$folder" ] || cp -P -- "/$folder" "$place/$folder"
    done
    for folder in dev proc usr/bin usr/lib usr/lib64 usr/share bin lib lib64; do
        { [ -d "/$folder" ] && [ ! -L "/$folder" ]; } || continue
        mkdir -p -- "$place/$folder"
        mounts+=("/$folder=$folder")
    done
    printf 'root:x:0:0::/root:/bin/sh\n' >"$place/etc/passwd"
    printf 'root:x:0:\n' >"$place/etc/group"
    printf '127.0.0.1 localhost\n' >"$place/etc/hosts"
    printf 'passwd: files\ngroup: files\nhosts: files dns\n' >"$place/etc/nsswitch.conf"
    for file in ld.so.cache ssl/openssl.cnf ssl/certs; do # /etc/ssl/private is root's
        [ ! -e "/etc/$file" ] || cp -rL -- "/etc/$file" "$place/etc/$file"
    done
    problem=$( (enter /usr/bin/true) 2>&1) || { printf 'no root of our own here:\n%s\n' "$problem"; exit 1; }
}

# enter COMMAND...: this process becomes the command in there.
enter() {
    # shellcheck disable=SC2016
    exec "${namespaces[@]}" sh -c '
        cd "$1" || exit 1
        while shift; [ "$1" != -- ]; do mount --rbind "${1%%=*}" "${1#*=}" || exit 1; done
        shift
        exec "$@"' sh "$place" "${mounts[@]}" -- "${quiet[@]}" chroot . "$@"
}
in_root() (enter "$@")
