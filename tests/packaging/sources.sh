#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: sources.sh PROGRAM. The archive of the sources, the version, the commit and the changelog.
# shellcheck source=tests/support/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/lib.sh"

program=$(readlink -f -- "$1")
declared=$(sed -nE 's/^project\(db-up VERSION ([0-9.]+) .*/\1/p' "$root/CMakeLists.txt")
said=$("$program" --version) || true
line() { sed -n "$1p" <<<"$said"; }

# ---- one version
expect "the program says the version of CMakeLists.txt first" same "db-up $declared" "$(line 1)"
expect "and its commit, or that it is unknown" matches 'commit ([0-9a-f]{12,40}(-dirty)?|unknown)' "$(line 2)"
expect "no time is in it" refuses grep -E '[0-9]{2}:[0-9]{2}' <<<"$(sed '/^OpenSSL/d' <<<"$said")"
expect "nobody writes the version a second time" same '' \
    "$(cd -- "$root" && grep -rnE "VERSION[^_]*\"?$declared" src cmake man/db-up.8.in scripts CMakeLists.txt | grep -v '^CMakeLists.txt:2:')"

# ---- the changelog
changes=$root/CHANGELOG.md
number='[0-9]+\.[0-9]+\.[0-9]+'
expect "the changelog has a heading for the version" grep -qE "^## \[$declared\]( - [0-9-]+)?$" "$changes"
expect "what is not released stands on top" same '## [Unreleased]' "$(grep -m 1 '^## ' "$changes")"
expect "its headings are versions, with the day of their release" same '' \
    "$(grep '^## ' "$changes" | grep -vE "^## \[(Unreleased|$declared|$number\] - [0-9]{4}-[0-9]{2}-[0-9]{2}$)")"
expect "the newest version comes first" same "$(grep -oE "^## \[$number" "$changes")" \
    "$(grep -oE "^## \[$number" "$changes" | sort -rV)"
expect "its parts are those of Keep a Changelog" same '' \
    "$(grep '^### ' "$changes" | grep -vxE '### (Added|Changed|Deprecated|Removed|Fixed|Security)')"

# ---- the commit: what cmake/commit.cmake finds
header=$scratch/commit.hpp
commit_of() { # FOLDER
    cmake "-DROOT=$1" "-DHEADER=$header" -P "$root/cmake/commit.cmake" && sed -nE 's/^#define DBUP_COMMIT "(.*)"$/\1/p' "$header"
}
mkdir -p -- "$scratch/nothing" "$scratch/strange" "$scratch/unpacked"
expect "without git and file it is unknown" same unknown "$(commit_of "$scratch/nothing")"
# shellcheck disable=SC2016
printf '$Format:%%H %%ct$\n' >"$scratch/strange/.commit"
expect "a file that git has not filled in is none" same unknown "$(commit_of "$scratch/strange")"
printf '"; #error %064d\n' 0 >"$scratch/strange/.commit"
expect "nor is one with other things" same unknown "$(commit_of "$scratch/strange")"

[ -e "$root/.git" ] || { # what follows is about a repository, and this is an archive of one
    wanted='[0-9a-f]{12}'
    ! grep -qF 'Format:' "$root/.commit" || wanted=unknown # a copy of the folder, not made by "git archive"
    expect "this archive says its commit" matches "$wanted" "$(commit_of "$root")"
    finish
    exit
}

# ---- the archive
# Who runs the tests need not own the repository: git would refuse to read it.
export HOME=$scratch/home
mkdir -- "$HOME" && git config --global safe.directory '*'
clone() { git clone --quiet --no-local --depth 1 "file://$root" "$1"; }
pack() { # CLONE FOLDER: with the script of the working tree, so that it is tested before it is committed
    cp -- "$root/scripts/source-archive.sh" "$1/scripts/source-archive.sh"
    mkdir -p -- "$2" && "$1/scripts/source-archive.sh" HEAD "$2" >/dev/null
}
clone "$scratch/one" && (umask 077 && clone "$scratch/another folder")
if ! pack "$scratch/one" "$scratch/first" || ! (umask 077 && TZ=Asia/Tokyo pack "$scratch/another folder" "$scratch/second"); then
    echo "no archive"
    exit 1
fi
archive=$(echo "$scratch/first/"*.tar.gz)
commit=$(git -C "$root" rev-parse HEAD)
expect "the archive's name has the version" same "db-up-$declared.tar.gz" "$(basename -- "$archive")"
expect "two clones make the same archive" cmp -- "$archive" "$scratch/second/$(basename -- "$archive")"
expect "everything is in one folder" same "db-up-$declared" "$(tar -tzf "$archive" | cut -d/ -f1 | sort -u)"
tar -xzf "$archive" -C "$scratch/unpacked"
sources=$scratch/unpacked/db-up-$declared
expect "it has the files of the commit, and no others" same "$(git -C "$root" ls-tree -r --name-only -z HEAD | tr '\0' '\n' | sort)" \
    "$(cd -- "$sources" && find . -type f -printf '%P\n' | sort)"
expect "nothing in it was built or fetched" same '' \
    "$(cd -- "$sources" && find . -type f \( -size +1024k -o -name '*.deb' -o -name '*.rpm' -o -name '*.log' -o -name '*.[ao]' \))"
expect "it says its commit" same "${commit:0:12}" "$(commit_of "$sources")"
git init --quiet "$scratch/unpacked" # as where somebody's home folder is a repository
expect "a repository around it does not count" same "${commit:0:12}" "$(commit_of "$sources")"

expect "a clone says its commit" matches "${commit:0:12}" "$(git -C "$scratch/one" checkout --quiet . && commit_of "$scratch/one")"
before=$(stat -c %y "$header")
commit_of "$scratch/one" >/dev/null
expect "the header is not written again while nothing changes" same "$before" "$(stat -c %y "$header")"
echo >>"$scratch/one/README.md"
expect "a change that is not committed is told" matches "${commit:0:12}-dirty" "$(commit_of "$scratch/one")"

expect "the archive alone can be configured" cmake -S "$sources" -B "$scratch/build" -DBUILD_TESTING=OFF
expect "and knows its commit then" grep -q "\"${commit:0:12}\"" "$scratch/build/generated/dbup_commit.hpp"
finish
